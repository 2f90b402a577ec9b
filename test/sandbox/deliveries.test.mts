import { Deliveries, type DeliveryOptions } from '../../sandbox/deliveries.mts';
import { MONTH_MS } from '../../sandbox/deliverySchedule.mts';
import { OutboundFaults } from '../../sandbox/outboundFaults.mts';
import { createRandom } from '../../sandbox/random.mts';
import type { Send } from '../../sandbox/sender.mts';
import { FakeClock, settle } from './support/fakeClock.mts';

const URL_ONE = 'http://127.0.0.1:1/one';

/** Deliveries to a receiver that answers with `statuses` in turn, then with the last for good. */
function setUp(statuses: number[], options: DeliveryOptions = {}, seed = 1) {
	const clock = new FakeClock();
	const sent: Array<{ at: number; url: string; headers: Record<string, string>; type: string }> =
		[];
	const answers = [...statuses];
	const send: Send = async (url, headers, body) => {
		const { type } = JSON.parse(body) as { type: string };
		sent.push({ at: clock.now(), url, headers, type });
		return answers.length > 1 ? (answers.shift() ?? 200) : answers[0];
	};
	const faults = new OutboundFaults(createRandom(seed, 'outbound faults'));
	const deliveries = new Deliveries({ token: 't0ken', clock, faults, options, send });
	deliveries.setWebhooks([{ url: URL_ONE }]);
	return { clock, sent, faults, deliveries, types: () => sent.map(({ type }) => type) };
}

function publish(deliveries: Deliveries, ...types: string[]): void {
	for (const type of types) deliveries.publish({ type });
}

describe('a delivery', () => {
	it('carries the token and the event as JSON, and is logged', async () => {
		const { deliveries, sent } = setUp([200]);

		publish(deliveries, 'new_referral');
		await deliveries.idle();

		expect(sent).toEqual([
			{
				at: expect.any(Number),
				url: URL_ONE,
				headers: { 'content-type': 'application/json', 'SparkLoop-Token': 't0ken' },
				type: 'new_referral',
			},
		]);
		expect(deliveries.log).toMatchObject([
			{ type: 'new_referral', url: URL_ONE, attempt: 1, status: 200, ok: true, error: null },
		]);
	});

	it('goes to the rows that want its type', async () => {
		const { deliveries, sent } = setUp([200]);
		deliveries.setWebhooks([
			{ url: 'http://127.0.0.1:1/a', events: ['new_referral'] },
			{ url: 'http://127.0.0.1:1/b', events: ['sync_subscriber'] },
			{ url: 'http://127.0.0.1:1/c' },
		]);

		publish(deliveries, 'sync_subscriber');
		await deliveries.idle();

		expect(sent.map(({ url }) => url.at(-1))).toEqual(['b', 'c']);
	});

	it.each([201, 202, 204, 301, 400, 404, 410, 500])('answered %i is an error', async (status) => {
		const { deliveries, clock } = setUp([status, 200]);

		publish(deliveries, 'new_referral');
		await settle();

		expect(deliveries.log).toMatchObject([
			{ status, ok: false, error: expect.stringContaining(String(status)) },
		]);
		await clock.advance(1000);
		expect(deliveries.log.at(-1)).toMatchObject({ attempt: 2, ok: true });
		expect(deliveries.pending).toBe(0);
	});

	it('without an answer is given up after the time-out and tried again', async () => {
		const clock = new FakeClock();
		const send: Send = async (_url, _headers, _body, signal) =>
			await new Promise((_resolve, reject) => {
				signal.addEventListener('abort', () => reject(new Error('aborted')));
			});
		const faults = new OutboundFaults(createRandom(1, 'outbound faults'));
		const options = { timeoutMs: 5000 };
		const deliveries = new Deliveries({ token: 't', clock, faults, options, send });
		deliveries.setWebhooks([{ url: URL_ONE }]);

		publish(deliveries, 'new_referral');
		await clock.advance(4999);
		expect(deliveries.log).toEqual([]);
		await clock.advance(1);

		expect(deliveries.log).toMatchObject([
			{ status: null, ok: false, error: 'no answer in 5000 ms', durationMs: 5000 },
		]);
		expect(deliveries.pending).toBe(1);
		deliveries.close();
	});

	it('waits its turn when too many are under way', async () => {
		const clock = new FakeClock();
		const answers: Array<() => void> = [];
		const send: Send = async () =>
			await new Promise((resolve) => {
				answers.push(() => resolve(200));
			});
		const faults = new OutboundFaults(createRandom(1, 'outbound faults'));
		const options = { concurrency: 2 };
		const deliveries = new Deliveries({ token: 't', clock, faults, options, send });
		deliveries.setWebhooks([{ url: URL_ONE }]);

		publish(deliveries, 'a', 'b', 'c');
		await settle();
		expect(answers).toHaveLength(2);
		answers[0]();
		await settle();

		expect(answers).toHaveLength(3);
		answers[1]();
		answers[2]();
		await deliveries.idle();
	});
});

describe('retries', () => {
	it('wait twice as long each time, up to the longest', async () => {
		const { deliveries, clock, sent } = setUp([500], { longestRetryMs: 10_000 });

		publish(deliveries, 'new_referral');
		await clock.advance(60_000);

		const waits = sent.slice(1).map(({ at }, index) => at - sent[index].at);
		expect(waits.slice(0, 6)).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
		deliveries.close();
	});

	it('end after a month', async () => {
		const { deliveries, clock, sent } = setUp([500]);

		publish(deliveries, 'new_referral');
		await clock.advance(2 * MONTH_MS);

		expect(deliveries.pending).toBe(0);
		expect(deliveries.log.at(-1)).toMatchObject({ ok: false, nextAttemptAt: null });
		const lasted = (sent.at(-1)?.at ?? 0) - sent[0].at;
		expect(lasted).toBeLessThanOrEqual(MONTH_MS);
		expect(lasted).toBeGreaterThan(MONTH_MS - 6 * 60 * 60 * 1000 - 1);
	});

	it('take a fraction of the time when it is compressed', async () => {
		const timeScale = 1000;
		const { deliveries, clock, sent } = setUp([500], { timeScale });

		publish(deliveries, 'new_referral');
		await clock.advance(15);
		expect(sent.map(({ at }) => at - sent[0].at)).toEqual([0, 1, 3, 7, 15]);
		await clock.advance(MONTH_MS / timeScale);

		expect(deliveries.pending).toBe(0);
	});

	it('name the time of the next attempt', async () => {
		const { deliveries, clock } = setUp([500]);

		publish(deliveries, 'new_referral');
		await settle();

		expect(deliveries.log[0].nextAttemptAt).toBe(new Date(clock.now() + 1000).toISOString());
		deliveries.close();
	});
});

describe('idle', () => {
	it('comes only when the last retry succeeded', async () => {
		const { deliveries, clock } = setUp([500, 500, 200]);
		let idle = false;
		publish(deliveries, 'new_referral');
		void deliveries.idle().then(() => (idle = true));

		await clock.advance(2999);
		expect(idle).toBe(false);
		await clock.advance(1);

		expect(idle).toBe(true);
	});

	it('comes at once when everything is stopped', async () => {
		const { deliveries } = setUp([500]);
		publish(deliveries, 'new_referral', 'new_referral');
		const idle = deliveries.idle();

		deliveries.close();

		await idle;
		expect(deliveries.pending).toBe(0);
	});

	it('throws when it takes too long', async () => {
		const { deliveries, clock } = setUp([500]);
		publish(deliveries, 'new_referral');

		const idle = expect(deliveries.idle(100)).rejects.toThrow('1 deliveries are pending');
		await clock.advance(100);

		await idle;
		deliveries.close();
	});
});

describe('faults on the way out', () => {
	it('send the next events twice', async () => {
		const { deliveries, faults, types } = setUp([200]);
		faults.duplicateNext(2);

		publish(deliveries, 'a', 'b', 'c');
		await deliveries.idle();

		expect(types()).toEqual(['a', 'a', 'b', 'b', 'c']);
		expect(deliveries.log.map(({ duplicate }) => duplicate)).toEqual([
			false,
			true,
			false,
			true,
			false,
		]);
	});

	it('only of the types that are named', async () => {
		const { deliveries, faults, types } = setUp([200]);
		faults.duplicateNext(1, ['b']);

		publish(deliveries, 'a', 'b', 'b');
		await deliveries.idle();

		expect(types()).toEqual(['a', 'b', 'b', 'b']);
	});

	it('let later events overtake', async () => {
		const { deliveries, faults, types } = setUp([200], { concurrency: 1 });
		faults.reorderNext(1);

		publish(deliveries, 'held', 'b', 'c', 'd', 'e');
		await deliveries.idle();

		expect(types().indexOf('held')).toBeGreaterThan(0);
		expect([...types()].sort()).toEqual(['b', 'c', 'd', 'e', 'held']);
	});

	it('do not hold an event back for ever', async () => {
		const { deliveries, faults, types, clock } = setUp([200], { longestHoldMs: 500 });
		faults.reorderNext(1);

		publish(deliveries, 'held');
		await clock.advance(499);
		expect(types()).toEqual([]);
		await clock.advance(1);

		expect(types()).toEqual(['held']);
		expect(deliveries.pending).toBe(0);
	});

	it('draw the same under the same seed, and others under another', async () => {
		const run = async (seed: number) => {
			const { deliveries, faults, types, clock } = setUp([200], { concurrency: 1 }, seed);
			faults.randomly({ duplicate: 0.3, reorder: 0.3 });
			publish(deliveries, ...Array.from({ length: 60 }, (_, index) => `e${index}`));
			await clock.advance(1000);
			await deliveries.idle();
			return types();
		};
		const first = await run(1);

		expect(await run(1)).toEqual(first);
		expect(await run(2)).not.toEqual(first);
		expect(new Set(first).size).toBe(60);
		expect(first.length).toBeGreaterThan(60);
	});

	it('end when cleared', async () => {
		const { deliveries, faults, types } = setUp([200]);
		faults.duplicateNext(5);
		faults.reorderNext(5);
		faults.randomly({ duplicate: 1, reorder: 1 });
		faults.clear();

		publish(deliveries, 'a', 'b');
		await deliveries.idle();

		expect(types()).toEqual(['a', 'b']);
	});
});
