import { setTimeout as sleep } from 'node:timers/promises';

export interface Call {
	url: string;
	headers: Record<string, string>;
	body: unknown;
}

export interface Answers {
	/** How long each was waited for, sorted, in milliseconds. */
	milliseconds: number[];
	/** How many were not 200. */
	refused: number;
	seconds: number;
}

const AT_ONCE = 10;
const WITHIN_MS = 120_000;

/** Makes calls, ten at once, each of which takes the place of one that was answered. */
export async function tenAtOnce(calls: readonly Call[]): Promise<Answers> {
	let next = 0;
	return await answersTo(async (make) => {
		const caller = async () => {
			while (next < calls.length) await make(calls[next++]);
		};
		await Promise.all(Array.from({ length: AT_ONCE }, caller));
	});
}

/**
 * Makes calls at a steady pace, however long the answers take.
 *
 * @param perSecond how many are begun in a second
 */
export async function atPace(calls: readonly Call[], perSecond: number): Promise<Answers> {
	const began = performance.now();
	return await answersTo(async (make) => {
		const made = calls.map(async (call, index) => {
			await sleep(Math.max(1, began + (index * 1000) / perSecond - performance.now()));
			await make(call);
		});
		await Promise.all(made);
	});
}

async function answersTo(
	work: (make: (call: Call) => Promise<void>) => Promise<void>,
): Promise<Answers> {
	const milliseconds: number[] = [];
	let refused = 0;
	const began = performance.now();
	await work(async ({ url, headers, body }) => {
		const since = performance.now();
		const answer = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json', ...headers },
			body: JSON.stringify(body),
			signal: AbortSignal.timeout(WITHIN_MS),
		});
		await answer.arrayBuffer();
		milliseconds.push(performance.now() - since);
		if (answer.status !== 200) refused += 1;
	});
	return {
		milliseconds: milliseconds.sort((one, other) => one - other),
		refused,
		seconds: (performance.now() - began) / 1000,
	};
}

/** The value that a share of all sorted values does not exceed. */
export const quantile = (sorted: readonly number[], share: number): number =>
	sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
