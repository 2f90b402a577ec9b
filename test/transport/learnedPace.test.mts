import fc from 'fast-check';

import { deliver, type Answer, type Parcel } from '../../nodes/SparkLoop/transport/delivery';
import { LearnedPace } from '../../nodes/SparkLoop/transport/learnedPace';
import { StillTime } from '../support/stillTime.mts';

interface Limit {
	/** How many are taken in any stretch of `window` milliseconds. */
	calls: number;
	window: number;
	/** How long an answer takes, in milliseconds. */
	takes: number;
	/** Seconds; the window by itself. */
	retryAfter?: number;
}

/** Hands parcels of as many persons to a server with a limit. */
async function sendTo({ calls, window, takes, retryAfter }: Limit, count: number) {
	const time = new StillTime();
	const taken: number[] = [];
	let refused = 0;
	const attempt = async (): Promise<Answer> => {
		await time.wait(takes);
		const now = time.now();
		const isFree = taken.filter((at) => at > now - window).length < calls;
		if (isFree) taken.push(now);
		else refused += 1;
		const headers = isFree ? {} : { 'retry-after': String(retryAfter ?? window / 1000) };
		return { status: isFree ? 200 : 429, headers, text: '' };
	};
	const parcels = Array.from(
		{ length: count },
		(_, index): Parcel => ({
			persons: [String(index)],
			attempt,
		}),
	);
	const settings = {
		concurrency: 10,
		maxAttempts: 5,
		maxPause: 60_000,
		continueAfterFailure: true,
	};
	const outcomes = await time.until(deliver(parcels, settings, time));
	const delivered = outcomes.filter((outcome) => outcome?.kind === 'delivered').length;
	return { delivered, refused, seconds: (taken.at(-1)! - taken[0]) / 1000 };
}

describe('a pace that was learned from a refusal', () => {
	it('makes nearly as much of a limit as it allows, with hardly a refusal', async () => {
		const limit = { calls: 100, window: 1_000, takes: 2 };
		const { delivered, refused, seconds } = await sendTo(limit, 2_000);
		expect(delivered).toBe(2_000);
		expect(refused).toBeLessThanOrEqual(10);
		expect(1_900 / seconds).toBeGreaterThan(95);
	});

	it('delivers everything, whatever the limit is and whatever pause is asked for', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.integer({ min: 10, max: 150 }),
				fc.integer({ min: 1, max: 5 }),
				fc.integer({ min: 1, max: 60 }),
				fc.integer({ min: 1, max: 10 }),
				async (calls, seconds, takes, retryAfter) => {
					const limit = { calls, window: seconds * 1_000, takes };
					const exact = await sendTo(limit, 300);
					expect(exact.delivered).toBe(300);
					const longer = await sendTo({ ...limit, retryAfter: seconds + retryAfter }, 300);
					expect(longer.delivered).toBe(300);
				},
			),
			{ numRuns: 40 },
		);
	}, 60_000);

	const never = new AbortController().signal;
	const enterAll = async (pace: LearnedPace, count: number) => {
		for (let index = 0; index < count; index += 1) {
			await pace.enter(never);
			pace.leave(true);
		}
	};

	it('is learned from what got through within the time that was asked for, if that was enough', async () => {
		const seconds = async (before: number) => {
			const time = new StillTime();
			const pace = new LearnedPace(time);
			await time.until(enterAll(pace, before));
			pace.learn(1_000);
			const began = time.now();
			await time.until(enterAll(pace, 100));
			return (time.now() - began) / 1_000;
		};
		expect(await seconds(19)).toBe(0);
		expect(await seconds(20)).toBe(5);
		expect(await seconds(50)).toBe(2);
	});

	it('is not learned for times too long to wait for', async () => {
		const time = new StillTime();
		const pace = new LearnedPace(time);
		await time.until(enterAll(pace, 50));
		pace.learn(60_001);
		const began = time.now();
		await time.until(enterAll(pace, 100));
		expect(time.now()).toBe(began);
	});

	it('tries one tenth more after thirty windows without a refusal', async () => {
		const time = new StillTime();
		const pace = new LearnedPace(time);
		await time.until(enterAll(pace, 50));
		pace.learn(1_000);
		const began = time.now();
		await time.until(enterAll(pace, 50 * 29));
		expect(time.now() - began).toBe(29_000);
		await time.until(enterAll(pace, 50 + 55 * 20));
		expect(time.now() - began).toBeLessThanOrEqual(51_000);
	});

	it('counts calls whose answers are still to come', async () => {
		const time = new StillTime();
		const pace = new LearnedPace(time);
		await time.until(enterAll(pace, 20));
		pace.learn(1_000);
		await time.until(time.wait(1_001));
		for (let index = 0; index < 20; index += 1) await time.until(pace.enter(never));
		let entered = false;
		void pace.enter(never).then(() => (entered = true));
		await time.until(time.wait(3_000));
		expect(entered).toBe(false);
		pace.leave(true);
		await time.until(time.wait(1_100));
		expect(entered).toBe(true);
	});

	it('lets nobody in once the execution is cancelled', async () => {
		const time = new StillTime();
		const pace = new LearnedPace(time);
		const execution = new AbortController();
		pace.quiet(10_000);
		const waiting = pace.enter(execution.signal);
		execution.abort();
		expect(await waiting).toBe(false);
		expect(time.now()).toBe(new StillTime().now());
	});
});
