import fc from 'fast-check';

import {
	deliver,
	retryAfter,
	type Answer,
	type DeliverySettings,
	type NoAnswer,
	type Parcel,
} from '../../nodes/SparkLoop/transport/delivery';
import { StillTime } from '../support/stillTime.mts';

const SETTINGS: DeliverySettings = {
	concurrency: 10,
	maxAttempts: 5,
	maxPause: 60_000,
	continueAfterFailure: true,
};

const answer = (status: number, headers: Record<string, string> = {}): Answer => ({
	status,
	headers,
	text: '',
});
const OK = answer(200);
const LOST: NoAnswer = { noAnswer: 'the connection was refused' };

interface Call {
	name: string;
	at: number;
	end: number;
}

/** Parcels whose answers are scripted: the last one repeats. */
class Script {
	readonly calls: Call[] = [];
	underWay = 0;
	mostUnderWay = 0;

	private readonly time: StillTime;
	private readonly takes: number;

	constructor(time: StillTime, takes = 0) {
		this.time = time;
		this.takes = takes;
	}

	parcel(name: string, persons: string[], ...answers: Array<Answer | NoAnswer>): Parcel {
		let turn = 0;
		return {
			persons,
			attempt: async () => {
				const call = { name, at: this.time.now(), end: Number.POSITIVE_INFINITY };
				this.calls.push(call);
				this.mostUnderWay = Math.max(this.mostUnderWay, (this.underWay += 1));
				if (this.takes > 0) await this.time.wait(this.takes);
				this.underWay -= 1;
				call.end = this.time.now();
				return answers[Math.min(turn++, answers.length - 1)];
			},
		};
	}
}

const send = async (time: StillTime, parcels: Parcel[], settings: Partial<DeliverySettings> = {}) =>
	await time.until(deliver(parcels, { ...SETTINGS, ...settings }, time));

describe('one parcel', () => {
	it.each([200, 201, 202, 204])('is delivered by %s, in one attempt', async (status) => {
		const time = new StillTime();
		const script = new Script(time);
		const [outcome] = await send(time, [script.parcel('a', ['a'], answer(status))]);
		expect(outcome).toMatchObject({ kind: 'delivered', attempts: 1 });
		expect(script.calls).toHaveLength(1);
	});

	it.each([408, 425, 429, 500, 502, 503, 504])('is tried again after %s', async (status) => {
		const time = new StillTime();
		const script = new Script(time);
		const [outcome] = await send(time, [script.parcel('a', ['a'], answer(status), OK)]);
		expect(outcome).toMatchObject({ kind: 'delivered', attempts: 2 });
	});

	it.each([301, 304, 400, 401, 403, 404, 409, 410, 422])(
		'is refused by %s at once',
		async (status) => {
			const time = new StillTime();
			const script = new Script(time);
			const [outcome] = await send(time, [script.parcel('a', ['a'], answer(status), OK)]);
			expect(outcome).toEqual({ kind: 'refused', attempts: 1, answer: answer(status) });
			expect(time.pauses).toEqual([]);
		},
	);

	it('is given up after the chosen number of attempts, and says why', async () => {
		const time = new StillTime();
		const script = new Script(time);
		const outcomes = await send(
			time,
			[script.parcel('a', ['a'], answer(503)), script.parcel('b', ['b'], LOST)],
			{ maxAttempts: 3 },
		);
		expect(outcomes).toEqual([
			{ kind: 'exhausted', attempts: 3, answer: answer(503), reason: 'status 503' },
			{ kind: 'exhausted', attempts: 3, answer: undefined, reason: 'the connection was refused' },
		]);
		expect(script.calls).toHaveLength(6);
	});

	it('waits between none and twice as long each time, up to the longest pause', async () => {
		const longest = new StillTime(() => 0.999999);
		await send(longest, [new Script(longest).parcel('a', ['a'], LOST)], {
			maxAttempts: 6,
			maxPause: 10_000,
		});
		expect(longest.pauses.map(Math.round)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000]);
		const shortest = new StillTime(() => 0);
		await send(shortest, [new Script(shortest).parcel('a', ['a'], LOST)]);
		expect(shortest.pauses).toEqual([0, 0, 0, 0]);
	});

	it('waits as long as it is asked to, in seconds or until a date', async () => {
		for (const header of ['7', new Date(Date.UTC(2026, 0, 1, 0, 0, 7)).toUTCString()]) {
			const time = new StillTime();
			const script = new Script(time);
			const busy = answer(503, { 'retry-after': header });
			await send(time, [script.parcel('a', ['a'], busy, OK)]);
			expect(script.calls[1].at - script.calls[0].at).toBe(7_000);
		}
	});

	it('is given up when it is asked to wait longer than the longest pause', async () => {
		const time = new StillTime();
		const busy = answer(503, { 'retry-after': '3600' });
		const [outcome] = await send(time, [new Script(time).parcel('a', ['a'], busy, OK)]);
		expect(outcome).toMatchObject({ kind: 'exhausted', attempts: 1, retryAfter: 3600 });
		expect(time.pauses).toEqual([]);
	});

	it('waits when it is asked for just the longest pause', async () => {
		const time = new StillTime();
		const busy = answer(503, { 'retry-after': '60' });
		const [outcome] = await send(time, [new Script(time).parcel('a', ['a'], busy, OK)]);
		expect(outcome).toMatchObject({ kind: 'delivered', attempts: 2 });
	});

	it('says in whole seconds, never too few, how long it was asked to wait', async () => {
		const time = new StillTime();
		const date = new Date(time.now() + 7_200_000).toUTCString();
		const script = new Script(time, 500);
		const busy = answer(503, { 'retry-after': date });
		const [outcome] = await send(time, [script.parcel('a', ['a'], busy)]);
		expect(outcome).toMatchObject({ kind: 'exhausted', retryAfter: 7200 });
	});

	it.each([
		['was delivered all the same', OK, { kind: 'delivered', attempts: 1, answer: OK }],
		['was refused', answer(422), { kind: 'refused', attempts: 1, answer: answer(422) }],
		['got no answer', LOST, undefined],
	])('that %s when the execution was cancelled says so', async (_, result, outcome) => {
		const cancel = new AbortController();
		const parcel: Parcel = {
			persons: ['a'],
			attempt: async () => {
				cancel.abort();
				return result;
			},
		};
		const settings = { signal: cancel.signal, maxAttempts: 1 };
		expect(await send(new StillTime(), [parcel], settings)).toEqual([outcome]);
	});
});

describe('many parcels', () => {
	it('are never under way in a larger number than chosen, and use all of it', async () => {
		const time = new StillTime();
		const script = new Script(time, 100);
		const parcels = Array.from({ length: 50 }, (_, i) => script.parcel(`${i}`, [`${i}`], OK));
		const begin = time.now();
		await send(time, parcels, { concurrency: 10 });
		expect(script.mostUnderWay).toBe(10);
		expect(time.now() - begin).toBe(500);
	});

	it('all wait when a 429 asks one to', async () => {
		const time = new StillTime();
		const script = new Script(time, 10);
		const busy = answer(429, { 'retry-after': '30' });
		await send(
			time,
			[
				script.parcel('a', ['a'], busy, OK),
				script.parcel('b', ['b'], OK),
				script.parcel('c', ['c'], OK),
			],
			{ concurrency: 1 },
		);
		expect(script.calls.map(({ name }) => name)).toEqual(['a', 'a', 'b', 'c']);
		expect(script.calls[1].at - script.calls[0].end).toBe(30_000);
	});

	it('go on while one waits for another reason', async () => {
		const time = new StillTime();
		const script = new Script(time, 10);
		const busy = answer(503, { 'retry-after': '30' });
		const begin = time.now();
		await send(
			time,
			[
				script.parcel('a', ['a'], busy, OK),
				script.parcel('b', ['b'], OK),
				script.parcel('c', ['c'], OK),
			],
			{ concurrency: 2 },
		);
		const [c] = script.calls.filter(({ name }) => name === 'c');
		expect(c.at - begin).toBe(10);
	});

	it('wait for the longest of the pauses that they were asked for, also when it comes later', async () => {
		const time = new StillTime();
		const begin = time.now();
		const starts: Record<string, number[]> = {};
		const parcel = (name: string, takes: number, ...answers: Answer[]): Parcel => ({
			persons: [name],
			attempt: async () => {
				(starts[name] ??= []).push(time.now() - begin);
				await time.wait(takes);
				return answers.shift() ?? OK;
			},
		});
		const busy = (seconds: string) => answer(429, { 'retry-after': seconds });
		await send(
			time,
			[
				parcel('first', 1_000, busy('5')),
				parcel('longest', 2_000, busy('30')),
				parcel('shorter', 3_000, busy('10')),
				parcel('quick', 1_000),
				parcel('next', 1_000),
			],
			{ concurrency: 4 },
		);
		expect(starts).toEqual({
			first: [0, 32_000],
			longest: [0, 32_000],
			shorter: [0, 32_000],
			quick: [0],
			next: [32_000],
		});
	});

	it('stop waiting for a 429 when the execution is cancelled', async () => {
		const time = new StillTime();
		const cancel = new AbortController();
		const script = new Script(time);
		let pauses = 0;
		const surroundings = {
			now: time.now,
			random: time.random,
			pause: async () => {
				cancel.abort();
				if ((pauses += 1) > 100) throw new Error('It goes on waiting');
			},
		};
		const busy = answer(429, { 'retry-after': '30' });
		const parcels = [script.parcel('a', ['a'], busy, OK), script.parcel('b', ['b'], OK)];
		const settings = { ...SETTINGS, concurrency: 1, signal: cancel.signal };
		expect(await deliver(parcels, settings, surroundings)).toEqual([undefined, undefined]);
		expect(script.calls).toHaveLength(1);
	});

	it('of one person wait behind one that is given up, those of others do not', async () => {
		const time = new StillTime();
		const script = new Script(time);
		const outcomes = await send(time, [
			script.parcel('sign-up', ['old@b.co'], answer(503)),
			script.parcel('change', ['new@b.co', 'old@b.co'], OK),
			script.parcel('unsubscribe', ['new@b.co'], OK),
			script.parcel('somebody else', ['x@b.co'], OK),
		]);
		expect(outcomes.map((outcome) => outcome?.kind)).toEqual([
			'exhausted',
			'heldBack',
			'heldBack',
			'delivered',
		]);
		expect(outcomes[2]).toEqual({ kind: 'heldBack', attempts: 0, behind: 0 });
		expect(script.calls.filter(({ name }) => name !== 'sign-up')).toHaveLength(1);
	});

	it('of one person go on behind one that is refused', async () => {
		const time = new StillTime();
		const script = new Script(time);
		const outcomes = await send(time, [
			script.parcel('a', ['p'], answer(422)),
			script.parcel('b', ['p'], OK),
		]);
		expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['refused', 'delivered']);
	});

	it('are not started after a failure when that ends the work', async () => {
		const time = new StillTime();
		const script = new Script(time, 10);
		const parcels = ['a', 'b', 'c'].map((name) => script.parcel(name, [name], answer(422)));
		const outcomes = await send(time, parcels, { concurrency: 1, continueAfterFailure: false });
		expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['refused', undefined, undefined]);
		expect(script.calls).toHaveLength(1);
	});

	it('are not started after a failure either when another one got through since', async () => {
		const time = new StillTime();
		const parcel = (person: string, takes: number, result: Answer): Parcel => ({
			persons: [person],
			attempt: async () => {
				await time.wait(takes);
				return result;
			},
		});
		const outcomes = await send(
			time,
			[parcel('a', 10, answer(422)), parcel('b', 20, OK), parcel('b', 10, OK)],
			{ continueAfterFailure: false },
		);
		expect(outcomes.map((outcome) => outcome?.kind)).toEqual(['refused', 'delivered', undefined]);
	});

	it('stop when the execution is cancelled, in the middle of a pause too', async () => {
		const time = new StillTime();
		const script = new Script(time);
		const cancel = new AbortController();
		const busy: Parcel = {
			persons: ['a'],
			attempt: async () => {
				setImmediate(() => cancel.abort());
				return await script.parcel('a', ['a'], answer(503)).attempt();
			},
		};
		const outcomes = await send(time, [busy, script.parcel('b', ['a'], OK)], {
			signal: cancel.signal,
		});
		expect(outcomes).toEqual([undefined, undefined]);
		expect(script.calls.map(({ name }) => name)).toEqual(['a']);
	});

	it('keep the order of each person, end once each, and never exceed the limits, whatever happens', async () => {
		const people = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), {
			minLength: 1,
			maxLength: 2,
		});
		const turns = fc.array(fc.constantFrom<Answer | NoAnswer>(OK, answer(503), answer(422), LOST), {
			minLength: 1,
			maxLength: 4,
		});
		await fc.assert(
			fc.asyncProperty(
				fc.array(fc.tuple(people, turns), { maxLength: 12 }),
				fc.integer({ min: 1, max: 4 }),
				async (plan, concurrency) => {
					const time = new StillTime();
					const script = new Script(time, 10);
					const parcels = plan.map(([persons, answers], index) =>
						script.parcel(String(index), persons, ...answers),
					);
					const outcomes = await send(time, parcels, { concurrency, maxAttempts: 3 });

					expect(outcomes).toHaveLength(plan.length);
					expect(outcomes).not.toContain(undefined);
					expect(script.mostUnderWay).toBeLessThanOrEqual(concurrency);
					for (const person of ['a', 'b', 'c', 'd'] as const) {
						const calls = script.calls.filter(({ name }) => plan[Number(name)][0].includes(person));
						calls.slice(1).forEach((call, index) => {
							expect(Number(call.name)).toBeGreaterThanOrEqual(Number(calls[index].name));
							expect(call.at).toBeGreaterThanOrEqual(calls[index].end);
						});
					}
					plan.forEach((_, index) => {
						const calls = script.calls.filter(({ name }) => Number(name) === index);
						expect(calls).toHaveLength(outcomes[index]!.attempts);
					});
				},
			),
			{ numRuns: 60 },
		);
	});
});

describe('Retry-After', () => {
	const now = Date.UTC(2026, 0, 1);
	it.each([
		['120', 120_000],
		['0', 0],
		['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
		['Wed, 31 Dec 2025 23:00:00 GMT', 0],
		[['5'], 5_000],
		[['5', '7'], 5_000],
		['1234567890', undefined],
		['', undefined],
		[undefined, undefined],
		['-5', undefined],
		['soon', undefined],
		['1.5', undefined],
	])('%j means %s ms', (header, ms) => {
		expect(retryAfter(header, now)).toBe(ms);
	});
});

describe('what must not be done twice', () => {
	const NOTHING: NoAnswer = { noAnswer: 'the connection was closed without an answer' };

	it.each([
		['no answer', NOTHING],
		['status 500', answer(500)],
		['status 408', answer(408)],
	])('is not tried again after %s, and nobody knows whether it was done', async (_, first) => {
		const time = new StillTime();
		const script = new Script(time);
		const parcel = { ...script.parcel('a', ['a'], first, OK), once: true };
		expect(await send(time, [parcel])).toMatchObject([
			{ kind: 'exhausted', attempts: 1, unsure: true },
		]);
	});

	it.each([
		['it certainly did not arrive', { noAnswer: 'the connection was refused', unsent: true }],
		['it was refused for its rate', answer(429)],
		['it came too early', answer(425)],
	])('is tried again when %s', async (_, first) => {
		const time = new StillTime();
		const script = new Script(time);
		const parcel = { ...script.parcel('a', ['a'], first, OK), once: true };
		expect(await send(time, [parcel])).toMatchObject([{ kind: 'delivered', attempts: 2 }]);
	});
});

it('a pause that this side decided on counts in place of the header', async () => {
	const time = new StillTime();
	const script = new Script(time);
	const busy = { ...answer(429, { 'retry-after': '50' }), pause: 1_500 };
	expect(await send(time, [script.parcel('a', ['a'], busy, OK)])).toMatchObject([
		{ kind: 'delivered', attempts: 2 },
	]);
	expect(time.pauses).toEqual([1_500]);
});
