import fc from 'fast-check';

import { Pacer, type Pace } from '../../nodes/SparkLoop/transport/pacer';
import { StillTime } from '../support/stillTime.mts';

const NEVER = new AbortController().signal;

/** A server that counts the calls of the last window and refuses what is too much. */
class Server {
	readonly admitted: number[] = [];
	refusals = 0;
	private readonly time: StillTime;
	private readonly pace: Pace;

	constructor(time: StillTime, pace: Pace) {
		this.time = time;
		this.pace = pace;
	}

	/** @returns whether it was admitted */
	take(): boolean {
		const since = this.time.now() - this.pace.window;
		const admitted = this.admitted.filter((at) => at > since).length < this.pace.calls;
		if (admitted) this.admitted.push(this.time.now());
		else this.refusals += 1;
		return admitted;
	}
}

/** One call: waits for its place, is on its way, is counted, is on its way back. Again when it was refused. */
async function call(
	time: StillTime,
	pacer: Pacer,
	server: Server,
	[there, back]: [number, number],
	asked?: number,
): Promise<void> {
	for (;;) {
		await pacer.enter(NEVER);
		await time.wait(there);
		const admitted = server.take();
		await time.wait(back);
		if (admitted) return pacer.leave();
		pacer.refused(asked);
	}
}

const latencies = fc.array(
	fc.tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: 900 })),
	{ minLength: 1, maxLength: 60 },
);

describe('the pacer', () => {
	it('never has a call refused, however long each is on its way', async () => {
		await fc.assert(
			fc.asyncProperty(
				latencies,
				fc.integer({ min: 1, max: 8 }),
				fc.integer({ min: 100, max: 2_000 }),
				async (ways, calls, window) => {
					const time = new StillTime();
					const server = new Server(time, { calls, window });
					const pacer = new Pacer({ calls, window }, time);
					await time.until(Promise.all(ways.map((way) => call(time, pacer, server, way))));
					expect(server.refusals).toBe(0);
					expect(server.admitted).toHaveLength(ways.length);
				},
			),
			{ numRuns: 60 },
		);
	});

	it('makes nearly all the calls that are allowed', async () => {
		const time = new StillTime();
		const pace = { calls: 120, window: 60_000 };
		const server = new Server(time, pace);
		const pacer = new Pacer(pace, time);
		const started = time.now();
		const all = Array.from({ length: 1_200 }, () => call(time, pacer, server, [100, 100]));
		await time.until(Promise.all(all));
		const minutes = (time.now() - started) / 60_000;
		// The first 120 go at once, so ten windows begin within nine.
		expect(1_080 / 120 / minutes).toBeGreaterThan(0.98);
		expect(server.refusals).toBe(0);
	});

	it('lets nobody pass before those who asked earlier', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 1_000 }, time);
		const order: number[] = [];
		const all = [0, 1, 2, 3].map(async (number) => {
			await pacer.enter(NEVER);
			order.push(number);
			pacer.leave();
		});
		await time.until(Promise.all(all));
		expect(order).toEqual([0, 1, 2, 3]);
	});

	it('gets everything through beside somebody who uses half of the limit, with few refusals', async () => {
		const time = new StillTime();
		const pace = { calls: 20, window: 10_000 };
		const server = new Server(time, pace);
		const pacer = new Pacer(pace, time);
		let done = false;
		const other = (async () => {
			while (!done) {
				server.take();
				await time.wait(1_000);
			}
		})();
		const refusedOfOther = () => server.refusals;
		const all = Array.from({ length: 200 }, () => call(time, pacer, server, [10, 10]));
		await time.until(
			Promise.all(all).then(async () => {
				done = true;
				await other;
			}),
		);
		expect(server.admitted.length).toBeGreaterThanOrEqual(200);
		expect(refusedOfOther()).toBeLessThan(100);
	});

	it('makes nobody call while the other side asks for quiet', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 10, window: 1_000 }, time);
		const started = time.now();
		await pacer.enter(NEVER);
		expect(pacer.refused(7_000)).toBe(7_000);
		await time.until(pacer.enter(NEVER));
		expect(time.now() - started).toBe(7_000);
	});

	it.each([
		['the window of the oldest call that got through', 1, 1_000],
		['a whole window when none did', 0, 1_000],
	])('without such a wish it waits for %s', async (_, through, expected) => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 10, window: 1_000 }, time);
		for (let number = 0; number < through; number += 1) {
			await pacer.enter(NEVER);
			pacer.leave();
		}
		await pacer.enter(NEVER);
		expect(pacer.refused(undefined)).toBe(expected);
	});

	it('makes as many calls again as it may, one tenth of the limit with each quiet window', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 10, window: 1_000 }, time);
		await pacer.enter(NEVER);
		pacer.refused(undefined);
		const started = time.now() + 1_000;
		const inWindow = Array.from({ length: 12 }, () => 0);
		for (let window = 0; window < 12; ) {
			await time.until(pacer.enter(NEVER));
			pacer.leave();
			window = Math.floor((time.now() - started) / 1_000);
			if (window < 12) inWindow[window] += 1;
		}
		expect(inWindow.slice(0, 3)).toEqual([1, 2, 3]);
		expect(inWindow.slice(9)).toEqual([10, 10, 10]);
	});

	it('gives the place of somebody who was cancelled to the next, at once', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 60_000 }, time);
		const started = time.now();
		await pacer.enter(NEVER);
		pacer.leave();
		const head = new AbortController();
		const second = new AbortController();
		const waiting = [pacer.enter(head.signal), pacer.enter(second.signal), pacer.enter(NEVER)];
		second.abort();
		await expect(waiting[1]).resolves.toBe(false);
		expect(time.now()).toBe(started);
		head.abort();
		await expect(waiting[0]).resolves.toBe(false);
		expect(time.now()).toBe(started);
		await expect(time.until(waiting[2])).resolves.toBe(true);
		expect(time.now() - started).toBe(60_000);
	});

	it('counts a call that is under way', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 100 }, time);
		await pacer.enter(NEVER);
		let entered = false;
		const next = pacer.enter(NEVER).then(() => (entered = true));
		await time.until(time.wait(10_000));
		expect(entered).toBe(false);
		pacer.leave();
		await time.until(next);
		expect(entered).toBe(true);
	});

	it('takes another pace from now on', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 60_000 }, time);
		const started = time.now();
		await pacer.enter(NEVER);
		pacer.leave();
		pacer.set({ calls: 2, window: 60_000 });
		await time.until(pacer.enter(NEVER));
		expect(time.now()).toBe(started);
	});
});

describe('the pacer, while the other side wants no call for long', () => {
	it('makes nobody wait who would not wait that long, however many they are', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 1_000 }, time);
		const started = time.now();
		await pacer.enter(NEVER);
		const waiting = Array.from({ length: 50 }, () => pacer.enter(NEVER, 60_000));
		pacer.refused(3_600_000);
		await expect(time.until(Promise.all(waiting))).resolves.toEqual(waiting.map(() => false));
		expect(time.now() - started).toBeLessThanOrEqual(1_000);
		expect(pacer.quiet).toBe(3_600_000 - (time.now() - started));
		await expect(time.until(pacer.enter(NEVER, 3_600_000))).resolves.toBe(true);
		expect(pacer.quiet).toBe(0);
	});

	it.each([
		[60_000, true],
		[59_999, false],
	])('lets who would wait %i ms for 60 seconds have a place: %s', async (longest, entered) => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 1_000 }, time);
		await pacer.enter(NEVER);
		pacer.refused(60_000);
		await expect(time.until(pacer.enter(NEVER, longest))).resolves.toBe(entered);
	});

	it('makes no more calls because of those that got through beside a refusal', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 5, window: 1_000 }, time);
		for (let number = 0; number < 5; number += 1) await pacer.enter(NEVER);
		pacer.refused(0);
		for (let number = 0; number < 3; number += 1) pacer.leave();
		pacer.refused(0);
		const started = time.now();
		const next = [1, 2, 3].map(() => pacer.enter(NEVER));
		await time.until(next[1]);
		expect(time.now() - started).toBe(1_000);
		let third = false;
		void next[2].then(() => (third = true));
		await time.until(time.wait(900));
		expect(third).toBe(false);
	});

	it('lets the key be used again after a day, whatever was asked', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 1_000 }, time);
		await pacer.enter(NEVER);
		expect(pacer.refused(1e12)).toBe(1e12);
		expect(pacer.quiet).toBe(86_400_000);
	});

	it('waits for the longest that was asked, and is slow until a window after it', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 2, window: 1_000 }, time);
		await pacer.enter(NEVER);
		await pacer.enter(NEVER);
		expect(pacer.refused(9_000)).toBe(9_000);
		expect(pacer.refused(2_000)).toBe(9_000);
		const started = time.now();
		const both = [pacer.enter(NEVER), pacer.enter(NEVER)];
		await time.until(both[0]);
		expect(time.now() - started).toBe(9_000);
		pacer.leave();
		await time.until(both[1]);
		expect(time.now() - started).toBe(10_000);
	});

	it('makes everybody wait for a window', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 1_000 }, time);
		await pacer.enter(NEVER);
		expect(pacer.refused(undefined)).toBe(1_000);
		await expect(time.until(pacer.enter(NEVER, 0))).resolves.toBe(true);
	});
});

describe('the pacer, given another pace', () => {
	it.each([
		['the window', (pacer: Pacer) => pacer.leave()],
		['a call under way', () => {}],
	])('lets who waits for %s go on at once', async (_, answered) => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 86_400_000 }, time);
		await pacer.enter(NEVER);
		answered(pacer);
		const next = pacer.enter(NEVER);
		await new Promise((done) => setImmediate(done));
		pacer.set({ calls: 2, window: 86_400_000 });
		await expect(next).resolves.toBe(true);
	});

	it('forgets what it made of refusals, but not when it is the same', async () => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 3, window: 1_000 }, time);
		await pacer.enter(NEVER);
		pacer.refused(0);
		pacer.set({ calls: 3, window: 1_000 });
		await pacer.enter(NEVER);
		let second = false;
		const entered = pacer.enter(NEVER).then(() => (second = true));
		await new Promise((done) => setImmediate(done));
		expect(second).toBe(false);
		pacer.set({ calls: 3, window: 1_001 });
		await entered;
	});
});

it('no place is lost and nobody is passed, whoever is cancelled and whatever is refused', async () => {
	const people = fc.array(
		fc.record({
			asks: fc.integer({ min: 0, max: 3_000 }),
			way: fc.integer({ min: 0, max: 500 }),
			refusals: fc.array(fc.option(fc.integer({ min: 0, max: 2_000 }), { nil: undefined }), {
				maxLength: 2,
			}),
			cancelledAfter: fc.option(fc.integer({ min: 0, max: 4_000 })),
			longest: fc.constantFrom(0, 1_500, Infinity),
		}),
		{ minLength: 1, maxLength: 25 },
	);
	await fc.assert(
		fc.asyncProperty(
			people,
			fc.integer({ min: 1, max: 5 }),
			fc.integer({ min: 50, max: 1_000 }),
			async (plan, calls, window) => {
				const time = new StillTime();
				const pacer = new Pacer({ calls, window }, time);
				const asked: number[] = [];
				const entered: number[] = [];
				let underWay = 0;
				const answeredAt: number[] = [];
				await time.until(
					Promise.all(
						plan.map(async ({ asks, way, refusals, cancelledAfter, longest }) => {
							await time.wait(asks);
							const cancel = new AbortController();
							if (cancelledAfter !== null) {
								void time.wait(cancelledAfter).then(() => cancel.abort());
							}
							for (const refusal of [...refusals, null]) {
								const turn = asked.push(0);
								if (!(await pacer.enter(cancel.signal, longest))) return;
								entered.push(turn);
								underWay += 1;
								const counted = answeredAt.filter((at) => at + window > time.now());
								expect(underWay + counted.length).toBeLessThanOrEqual(calls);
								await time.wait(way);
								underWay -= 1;
								if (refusal === null) {
									answeredAt.push(time.now());
									return pacer.leave();
								}
								expect(pacer.refused(refusal)).toBe(pacer.quiet);
							}
						}),
					),
				);
				expect(entered).toEqual([...entered].sort((a, b) => a - b));

				// All of the limit is there again once it was quiet for long enough.
				await time.until(time.wait(window * 15 + 10_000));
				const all = Array.from({ length: calls }, () => pacer.enter(NEVER));
				const before = time.now();
				await time.until(Promise.all(all));
				expect(time.now()).toBe(before);
			},
		),
		{ numRuns: 150 },
	);
});
