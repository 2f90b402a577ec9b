import { killAndRestart, setGround, type Ground } from '../../scripts/story/stage.mts';
import type { Sandbox } from '../../sandbox/server.mts';
import {
	ReconcileInService,
	WENT_THROUGH,
	WORLDS,
	type World,
} from '../support/reconcileInService.mts';
import { until } from '../support/until.mts';

const LONG_AGO = 1_735_689_600;
const PEOPLE = 120;

let ground: Ground;
const newsletters: ReconcileInService[] = [];

beforeAll(async () => {
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
}, 180_000);
afterAll(async () => {
	await ground?.close();
	await Promise.all(newsletters.map(async (one) => await one.close()));
}, 60_000);

async function newsletter(world: World, name: string): Promise<ReconcileInService> {
	const one = await ReconcileInService.start(ground, {
		name,
		file: 'reconcile.json',
		world,
		values: ({ espUrl }) => ({ contactsUrl: `${espUrl}/contacts` }),
	});
	newsletters.push(one);
	return one;
}

/** Equal lists, and then each kind of difference. */
function letDiffer({ program, esp }: Sandbox): void {
	const people = Array.from({ length: PEOPLE }, (_, index) => `p${index}@example.com`);
	const join = (email: string) => {
		const { subscriber } = program.subscribe({ email, createdAt: LONG_AGO });
		const { referral_link: link } = program.describe(subscriber);
		esp.upsert(email, { RH_SUBID: subscriber.id, RH_REFLINK: link });
	};
	people.forEach(join);
	const some = (from: number, count: number) => people.slice(from, from + count);
	for (const email of some(0, 7)) {
		// Left, and both know it.
		esp.upsert(email, {}, { status: 'unsubscribed' });
		program.unsubscribe(email);
	}
	for (const email of some(10, 25)) esp.upsert(email, {}, { status: 'unsubscribed' });
	for (const email of some(40, 6)) esp.upsert(email, {}, { email: `new.${email}` });
	for (const email of some(50, 4)) program.unsubscribe(email);
	for (const email of some(60, 3)) esp.upsert(email, { RH_REFLINK: '' });
	for (let index = 0; index < 30; index += 1) esp.upsert(`lost${index}@example.com`, {});
	for (const name of ['ann', 'ben']) {
		program.subscribe({ email: `unknown.${name}@example.com`, createdAt: LONG_AGO });
	}
	// Told under a new address as if it was another person.
	program.subscribe({ email: 'twice@example.com', createdAt: LONG_AGO });
	esp.upsert(people[70], {}, { email: 'twice@example.com' });
	// Not told of yet.
	esp.upsert('odd"address@example.com', {});
}

const stateOf = ({ program }: Sandbox) =>
	program.subscribers.map(({ id, email, status }) => `${id} ${email} ${status}`).join('\n');

/** Who is active in the ESP is confirmed in SparkLoop, and who has left is not. */
function expectAgreement({ program, esp }: Sandbox): void {
	for (const { email, status } of esp.contacts) {
		if (email.includes('"')) continue;
		const known = program.find(email)?.status;
		if (status === 'active') expect([email, known]).toEqual([email, 'confirmed']);
		else expect([email, known === 'confirmed']).toEqual([email, false]);
	}
}

describe.each(WORLDS)('where SparkLoop lists %s', (world) => {
	it('reports everything in a dry run, repairs it, and finds nothing the next night', async () => {
		const one = await newsletter(world, `${world} of them`);
		const { sandbox } = one;
		letDiffer(sandbox);
		// Where the list does not say who has left, it looks as if nobody had.
		const silent = world === 'all';
		const found = {
			contacts: PEOPLE + 31,
			subscribers: { all: PEOPLE + 3, withStatus: PEOPLE + 3, confirmedOnly: PEOPLE - 8 }[world],
			lost: { all: 31, withStatus: 31, confirmedOnly: 35 }[world],
			changed: 6,
			stillBilled: silent ? 32 : 25,
			returned: world === 'withStatus' ? 4 : 0,
			unknown: 2,
			twoSubscribers: 1,
			sharedId: 0,
			withoutLink: 3,
		};

		await one.set({ onDemand: 'dry run' });
		const before = stateOf(sandbox);
		expect(await one.run()).toEqual(WENT_THROUGH);
		expect(stateOf(sandbox)).toBe(before);
		expect(await one.rows('reports')).toMatchObject([
			{ ...found, mode: 'dry run', outcome: 'done', repaired: 0 },
		]);

		await one.set({ thorough: silent ? 'yes' : 'no', batchSize: 100 });
		expect(await one.run()).toEqual(WENT_THROUGH);
		const [, repaired] = await one.rows('reports');
		expect(repaired).toMatchObject({ ...found, mode: 'repair', failed: 1, saved: 25 });
		expectAgreement(sandbox);
		for (const name of ['p40', 'p45']) {
			expect(sandbox.program.find(`${name}@example.com`)).toBeUndefined();
		}
		const people = await one.rows('toLookAt');
		expect(people.map(({ kind, email }) => `${kind} ${email}`).sort()).toEqual(
			[
				'lost odd"address@example.com',
				'twoSubscribers twice@example.com',
				...['unknown.ann', 'unknown.ben'].map((person) => `unknown ${person}@example.com`),
				...['p60', 'p61', 'p62'].map((person) => `withoutLink ${person}@example.com`),
			].sort(),
		);

		await one.set({ unsubscribeUnknown: 'yes', askForLinks: 'yes' });
		expect(await one.run()).toEqual(WENT_THROUGH);
		expect((await one.rows('reports'))[2]).toMatchObject({
			changed: 0,
			returned: 0,
			stillBilled: 0,
			unknown: 2,
			saved: 2,
			lost: 1,
			withoutLink: 33,
			repaired: 35,
		});
		await one.set({ unsubscribeUnknown: 'yes' });
		expect(await one.run()).toEqual(WENT_THROUGH);
		expect((await one.rows('reports'))[3]).toMatchObject({ unknown: 0, repaired: 0, saved: 0 });
		const told = { all: 34, withStatus: 0, confirmedOnly: 0 }[world];
		expect(await one.rows('told')).toHaveLength(told);
		expect(sandbox.calls.log.filter(({ status }) => status === 429)).toEqual([]);
	}, 90_000);
});

describe('what stands in the way', () => {
	const address = (index: number) => `p${index}@example.com`;
	const sent = ({ calls }: Sandbox) =>
		calls.log.filter(
			({ kind, method, status }) => kind === 'rest' && method !== 'GET' && Number(status) === 200,
		);
	let one: ReconcileInService;
	const fill = ({ program, esp }: Sandbox, people: number, lost: number) => {
		for (let index = 0; index < people; index += 1) {
			if (index >= lost) program.subscribe({ email: address(index), createdAt: LONG_AGO });
			esp.upsert(address(index), { RH_REFLINK: 'https://example.com?rh_ref=1' });
		}
	};

	beforeAll(async () => {
		one = await newsletter('withStatus', 'Troubled newsletter');
		fill(one.sandbox, 100, 50);
	}, 60_000);
	afterEach(() => one.sandbox.faults.clear());

	it('nothing is changed beyond the brake, until somebody allows it', async () => {
		await one.set({ brakePeople: 20 });
		const before = stateOf(one.sandbox);
		const { status, message } = await one.run();
		expect(status).toBe('error');
		expect(message).toMatch(/^50 of 100 contacts would be subscribed\. .*brakePercent/);
		expect(stateOf(one.sandbox)).toBe(before);
		expect(await one.rows('reports')).toMatchObject([
			{ outcome: 'stopped', lost: 50, repaired: 0 },
		]);
	}, 60_000);

	it('an answer of the ESP that cannot be understood changes nothing, and says what to correct', async () => {
		const before = stateOf(one.sandbox);
		await one.set({ contactsUrl: `${one.sandbox.espUrl}/contacts/${address(1)}` });
		expect(await one.run()).toMatchObject({
			status: 'error',
			message: expect.stringMatching(
				/^Your ESP's contacts could not be read \(from node 'Read a page of contacts' on\): .*holds no list of contacts.*Nothing is lost/,
			),
		});
		expect(stateOf(one.sandbox)).toBe(before);
	}, 60_000);

	it('what SparkLoop did not take, because it went down, is found and repaired by the next run', async () => {
		await one.set({ brakePercent: 100, batchSize: 10 });
		one.sandbox.faults.inbound.slow(50, { kind: 'rest' });
		const from = sent(one.sandbox).length;
		const running = one.run();
		await until(() => sent(one.sandbox).length > from + 12);
		one.sandbox.faults.inbound.down({ kind: 'rest' });
		expect(await running).toMatchObject({
			status: 'error',
			message: expect.stringMatching(/^SparkLoop did not answer/),
		});
		const [, cut] = await one.rows('reports');
		expect(cut).toMatchObject({ outcome: 'stopped', lost: 50 });
		expect(Number(cut.repaired)).toBeGreaterThan(0);
		expect(Number(cut.repaired)).toBeLessThan(50);
	}, 60_000);

	it('a run that n8n was killed in leaves nothing behind but its lease', async () => {
		one.sandbox.faults.inbound.slow(100, { kind: 'rest' });
		const from = sent(one.sandbox).length;
		const killed = one.run().catch(() => 'killed');
		await until(() => sent(one.sandbox).length > from + 5);
		await killAndRestart(ground);
		expect(await killed).toBe('killed');
		one.sandbox.faults.clear();

		expect(await one.run()).toMatchObject({
			status: 'error',
			message: expect.stringMatching(/^Another run is at work/),
		});
		await one.lease(0);
		expect(await one.run()).toEqual(WENT_THROUGH);
		expectAgreement(one.sandbox);
		expect(one.sandbox.program.subscribers).toHaveLength(100);
	}, 90_000);

	it('of two runs at the same time one works', async () => {
		const runs = await Promise.all([one.run(), one.run()]);
		expect(runs.map(({ status }) => status).sort()).toEqual(['error', 'success']);
	}, 60_000);

	it('once published, it repairs by itself if told so for the nights', async () => {
		const { sandbox } = one;
		sandbox.esp.upsert(address(7), {}, { status: 'unsubscribed' });
		const id = await one.set(
			{ nightly: 'repair', onDemand: 'dry run' },
			{ 'Every night': { rule: { interval: [{ field: 'seconds', secondsInterval: 3 }] } } },
		);
		const { api } = ground.n8n;
		await api.publish(id);
		const before = (await one.rows('reports')).length;
		await until(async () => (await one.rows('reports')).length > before);
		await api.unpublish(id);
		expect((await one.rows('reports'))[before]).toMatchObject({ mode: 'repair', saved: 1 });
		expect(sandbox.program.find(address(7))?.status).toBe('unsubscribed');
	}, 60_000);
});
