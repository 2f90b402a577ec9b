import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something is so, and throws when it is not within so many milliseconds. */
export async function until(
	isSo: () => boolean | Promise<boolean>,
	within = 20_000,
): Promise<void> {
	const deadline = Date.now() + within;
	while (!(await isSo())) {
		if (Date.now() > deadline) throw new Error('It did not come true in time');
		await sleep(20);
	}
}
