import { getEventListeners } from 'node:events';

import { SURROUNDINGS, unlessAborted } from '../../nodes/SparkLoop/transport/surroundings';

const never = new Promise<void>(() => {});
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('waiting unless aborted', () => {
	it('ends with the promise, and leaves no listener', async () => {
		const { signal } = new AbortController();
		await unlessAborted(Promise.resolve(), signal);
		await expect(unlessAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
		expect(listeners(signal)).toBe(0);
	});

	it('ends when the signal aborts, and leaves no listener', async () => {
		const cancel = new AbortController();
		const waiting = unlessAborted(never, cancel.signal);
		expect(listeners(cancel.signal)).toBe(1);
		cancel.abort();
		await waiting;
		expect(listeners(cancel.signal)).toBe(0);
	});

	it('does not begin when the signal aborted before', async () => {
		await unlessAborted(never, AbortSignal.abort());
	});
});

describe('a pause', () => {
	it('lasts as long as it is to, over several timers too', async () => {
		const { signal } = new AbortController();
		for (const ms of [0, 30, 1_050]) {
			const started = performance.now();
			await SURROUNDINGS.pause(ms, signal);
			expect(performance.now() - started).toBeGreaterThanOrEqual(ms);
		}
		expect(listeners(signal)).toBe(0);
	});

	it('of more milliseconds than a timer can count does not end at once', async () => {
		const cancel = new AbortController();
		let over = false;
		const pause = SURROUNDINGS.pause(1e12, cancel.signal).then(() => (over = true));
		// The timer that cannot count so far fires after a millisecond, so before this one.
		await SURROUNDINGS.pause(10, cancel.signal);
		expect(over).toBe(false);
		cancel.abort();
		await pause;
		const timers = jest.spyOn(globalThis, 'setTimeout');
		try {
			const another = new AbortController();
			const waiting = SURROUNDINGS.pause(1e12, another.signal);
			another.abort();
			await waiting;
			expect(timers.mock.calls.map(([, ms]) => ms)).toEqual([1_000]);
		} finally {
			timers.mockRestore();
		}
		await SURROUNDINGS.pause(1e12, cancel.signal);
	});
});
