import { setTimeout as sleep } from 'node:timers/promises';

import type { Locator } from 'playwright-core';

const WITHIN_MS = 15_000;
const PAUSE_MS = 50;

/** Waits until a part of a page neither moves nor grows: n8n's editor zooms and slides its panels for a while. */
export async function still(moving: Locator): Promise<void> {
	let before: string | undefined;
	await until(`${moving} stands still`, async () => {
		const box = JSON.stringify(await moving.boundingBox());
		if (box === before) return true;
		before = box;
		await sleep(300);
		return false;
	});
}

/**
 * Asks again and again. What is asked may also act: the editor draws itself anew at any time, and a click on what is just
 * being replaced is lost, so acts are repeated until what they are for is so.
 *
 * @param what is waited for, for the message
 * @param ask may throw, which is a no
 * @throws when it has not been so within 15 seconds, with what was thrown last
 */
export async function until(what: string, ask: () => Promise<boolean>): Promise<void> {
	const deadline = Date.now() + WITHIN_MS;
	for (;;) {
		let cause: unknown;
		try {
			if (await ask()) return;
		} catch (error) {
			cause = error;
		}
		if (Date.now() > deadline) {
			throw new Error(`Not within ${WITHIN_MS / 1000} seconds: ${what}`, { cause });
		}
		await sleep(PAUSE_MS);
	}
}
