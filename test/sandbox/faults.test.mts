import { InboundFaults } from '../../sandbox/inboundFaults.mts';
import { createRandom } from '../../sandbox/random.mts';
import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { FakeClock, settle } from './support/fakeClock.mts';
import { callsOf } from './support/sandbox.mts';

let sandbox: Sandbox;
let clock: FakeClock;
beforeEach(async () => {
	clock = new FakeClock();
	sandbox = await startSandbox({ clock });
});
afterEach(async () => await sandbox.close());

const subscribe = (email = 'a@x.org') =>
	callsOf(sandbox).incoming({ type: 'subscribe', subscriber: { email } });
const campaigns = () => callsOf(sandbox).rest('GET', '/campaigns');
const contacts = () => callsOf(sandbox).esp('GET', '/contacts');

describe('faults on the way in', () => {
	it('fail the next calls with a status and Retry-After, without carrying them out', async () => {
		sandbox.faults.inbound.failNext(1, { status: 429, retryAfter: 7 });

		const failed = await subscribe();

		expect(failed.status).toBe(429);
		expect(failed.headers.get('retry-after')).toBe('7');
		expect(sandbox.program.subscribers).toEqual([]);
		expect((await subscribe()).status).toBe(200);
	});

	it('concern only the calls that are named', async () => {
		sandbox.faults.inbound.failNext(1, { status: 503, kind: 'rest' });

		expect((await subscribe()).status).toBe(200);
		expect((await contacts()).status).toBe(200);
		expect((await campaigns()).status).toBe(503);
		expect((await campaigns()).status).toBe(200);
	});

	it('drop the connection before the call is carried out', async () => {
		sandbox.faults.inbound.dropNext(1);

		await expect(subscribe()).rejects.toThrow('fetch failed');

		expect(sandbox.program.subscribers).toEqual([]);
		expect(sandbox.calls.log).toMatchObject([{ kind: 'incomingWebhook', status: null }]);
	});

	it('drop it afterwards, so that only the answer is lost', async () => {
		sandbox.faults.inbound.dropNext(1, { afterHandling: true });

		await expect(subscribe()).rejects.toThrow('fetch failed');

		expect(sandbox.program.subscribers).toHaveLength(1);
		expect(sandbox.calls.log).toMatchObject([{ status: null }]);
	});

	it('drop everything while down', async () => {
		const { inbound } = sandbox.faults;
		inbound.down();
		await expect(subscribe()).rejects.toThrow('fetch failed');
		await expect(campaigns()).rejects.toThrow('fetch failed');
		await expect(contacts()).rejects.toThrow('fetch failed');

		inbound.up({ kind: 'esp' });
		await expect(campaigns()).rejects.toThrow('fetch failed');
		expect((await contacts()).status).toBe(200);

		inbound.up();
		expect((await campaigns()).status).toBe(200);
	});

	it('make answers slow', async () => {
		sandbox.faults.inbound.slow(5000, { kind: 'rest' });
		let status = 0;
		const answered = campaigns().then((answer) => (status = answer.status));

		// Another call's answer shows that the slow one has had its time.
		await contacts();
		await settle();
		expect(status).toBe(0);
		while (status === 0) {
			await clock.advance(5000);
			await Promise.race([answered, settle()]);
		}

		expect(status).toBe(200);
		expect(sandbox.calls.log.at(-1)?.durationMs).toBeGreaterThanOrEqual(5000);
	});

	it('end when cleared', async () => {
		const { faults } = sandbox;
		faults.inbound.down();
		faults.inbound.failNext(3);
		faults.inbound.failRandomly(1);
		faults.inbound.slow(1000);

		faults.clear();

		expect((await campaigns()).status).toBe(200);
	});

	it('fail a share of calls, the same under the same seed', () => {
		const draw = (seed: number) => {
			const inbound = new InboundFaults(createRandom(seed, 'faults'));
			inbound.failRandomly(0.3, { status: 503 });
			return Array.from({ length: 200 }, () => inbound.decide('rest').action);
		};
		const failed = draw(1).filter((action) => action === 'fail').length;

		expect(draw(1)).toEqual(draw(1));
		expect(draw(2)).not.toEqual(draw(1));
		expect(failed).toBeGreaterThan(40);
		expect(failed).toBeLessThan(80);
	});
});
