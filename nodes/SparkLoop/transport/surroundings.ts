import { sleep } from 'n8n-workflow';

/** Time and chance, so that tests can hold them still. */
export interface Surroundings {
	/** Milliseconds since 1970. */
	now(): number;
	/** Ends early when the signal aborts. `ms`: milliseconds. */
	pause(ms: number, signal: AbortSignal): Promise<void>;
	/** From 0 to below 1. */
	random(): number;
}

/** Milliseconds. A timer outlives the wait for it, and one of more than 24 days fires at once. */
const LONGEST_TIMER = 1_000;

/** Those of the process. */
export const SURROUNDINGS: Surroundings = {
	now: () => Date.now(),
	random: () => Math.random(),
	pause: async (ms, signal) => {
		const end = performance.now() + ms;
		for (let left = ms; left > 0 && !signal.aborted; left = end - performance.now()) {
			await unlessAborted(sleep(Math.min(left, LONGEST_TIMER)), signal);
		}
	},
};

/** Waits for the promise, or until the signal aborts if that comes first. */
export async function unlessAborted(promise: Promise<unknown>, signal: AbortSignal): Promise<void> {
	if (signal.aborted) return;
	let stop = () => {};
	const aborted = new Promise<void>((resolve) => {
		stop = resolve;
		signal.addEventListener('abort', stop);
	});
	try {
		await Promise.race([promise, aborted]);
	} finally {
		// One signal serves a whole execution: thousands of forgotten listeners would stay with it.
		signal.removeEventListener('abort', stop);
	}
}
