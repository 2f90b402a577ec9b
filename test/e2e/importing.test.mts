import { setTimeout as sleep } from 'node:timers/promises';

import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { importCredentials } from '../../scripts/story/importing.mts';
import { killAndRestart, setGround, type Ground } from '../../scripts/story/stage.mts';
import {
	bringImport,
	FAST_PACE,
	ImportIntoSandbox,
	SCHEDULE,
	SET_UP,
} from '../support/importInService.mts';
import { until } from '../support/until.mts';

let ground: Ground;
const sandboxes: Sandbox[] = [];
beforeAll(async () => {
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
}, 180_000);
afterAll(async () => {
	await Promise.allSettled([ground?.close(), ...sandboxes.map((one) => one.close())]);
}, 60_000);

/** A newsletter with its own SparkLoop and ESP, and the workflow that imports the one into the other. */
class Newsletter extends ImportIntoSandbox {
	/** Imported and set up, not published. */
	static async begin(
		name: string,
		settings: Readonly<Record<string, string | number>> = {},
		parameters: Readonly<Record<string, object>> = {},
	): Promise<Newsletter> {
		const sandbox = await startSandbox({ rateLimit: FAST_PACE.rateLimit });
		sandboxes.push(sandbox);
		const id = await bringImport(
			ground,
			'import-existing-subscribers.json',
			name,
			{ contactsUrl: `${sandbox.espUrl}/contacts`, ...FAST_PACE.settings, ...settings },
			{ parameters },
			await importCredentials(ground.n8n.api, sandbox),
		);
		return new Newsletter(sandbox, ground, id, name);
	}

	/** Contacts of the ESP: so many active ones, with addresses of that name. */
	add(count: number, kind = 'reader'): string[] {
		return Array.from({ length: count }, (_, index) => {
			const email = `${kind}${index}@example.com`;
			this.sandbox.esp.upsert(email, {}, { name: `Reader ${index}` });
			return email;
		});
	}

	expectNoneRefusedForRate(): void {
		expect(this.sandbox.calls.log.filter(({ status }) => status === 429)).toEqual([]);
	}
}

it('imports everybody who is subscribed, and tells of all others what became of them', async () => {
	const letter = await Newsletter.begin('All kinds');
	const { program, esp } = letter.sandbox;
	const there = program.subscribe({ email: 'there@example.com' }).subscriber;
	const readers = letter.add(150);
	esp.upsert('There@example.com', {});
	for (let index = 0; index < 20; index += 1) {
		esp.upsert(`left${index}@example.com`, {}, { status: 'unsubscribed' });
	}
	esp.upsert('no address', {});
	esp.upsert('friend-by-code@example.com', { referred_by: there.referralCode });
	esp.upsert('friend-by-address@example.com', { referred_by: readers[3] });
	esp.upsert('next-to-friend@example.com', { referred_by: 'friend-by-code@example.com' });
	esp.upsert('friend-of-nobody@example.com', { referred_by: 'nobody@example.com' });

	expect(await letter.row()).toMatchObject({ state: 'waiting', progress: 'Not begun' });
	expect(await letter.run(SET_UP)).toEqual({ status: 'success' });
	expect(await letter.run()).toEqual({ status: 'success' });

	const friends = ['friend-by-code', 'friend-by-address', 'next-to-friend'];
	expect(letter.addresses).toEqual(
		[...readers, 'there@example.com', ...friends.map((name) => `${name}@example.com`)].sort(),
	);
	const [byCode, byAddress, next] = friends.map((name) => program.find(`${name}@example.com`)!);
	expect(byCode.referrerId).toBe(there.id);
	expect(byAddress.referrerId).toBe(program.find(readers[3])!.id);
	expect(next.referrerId).toBe(byCode.id);
	expect(program.find(readers[0])).toMatchObject({
		name: 'Reader 0',
		createdAt: Math.floor(Date.parse(esp.find(readers[0])!.createdAt) / 1000),
	});
	expect(await letter.row()).toMatchObject({
		state: 'done',
		done: 176,
		total: 176,
		imported: 153,
		alreadyThere: 1,
		refused: 2,
		skipped: 20,
		problem: '',
		progress: 'Done: 176 people read, 153 imported, 1 already there, 2 refused, 20 not subscribed',
	});
	expect(await letter.refusals()).toMatchObject([
		{ contact: '172', email: 'no address', reason: expect.stringMatching(/'Email' /) },
		{
			contact: '176',
			email: 'friend-of-nobody@example.com',
			reason: expect.stringMatching(/SparkLoop does not know the referrer/),
		},
	]);

	const calls = letter.sandbox.calls.log.length;
	expect(await letter.run()).toEqual({ status: 'success' });
	expect(letter.sandbox.calls.log).toHaveLength(calls);
	letter.expectNoneRefusedForRate();
}, 60_000);

it('goes on where it was killed, twice in the middle of a page, and imports nobody twice', async () => {
	const letter = await Newsletter.begin('Killed', { atOnce: 40 });
	const readers = letter.add(150);
	letter.sandbox.faults.inbound.slow(60, { kind: 'rest' });
	for (const first of [60, 105]) {
		const killed = letter.run().catch(() => 'killed');
		await until(() => letter.creations.length >= first);
		await killAndRestart(ground);
		expect(await killed).toBe('killed');
		const row = await letter.row();
		expect(row).toMatchObject({ state: 'running', done: expect.any(Number) });
		expect(Number(row.done) % 40).toBe(0);

		const before = letter.creations.length;
		expect(await letter.run()).toEqual({ status: 'success' });
		expect(letter.creations).toHaveLength(before);
		await letter.letLeaseRunOut();
	}
	letter.sandbox.faults.clear();
	expect(await letter.run()).toEqual({ status: 'success' });

	expect(letter.addresses).toEqual([...readers].sort());
	const { imported, alreadyThere, ...row } = await letter.row();
	expect(row).toMatchObject({ state: 'done', done: 150, total: 150, refused: 0, skipped: 0 });
	expect(Number(imported) + Number(alreadyThere)).toBe(150);
	expect(Number(alreadyThere)).toBeGreaterThan(0);
	expect(letter.creations.filter((status) => status === 200)).toHaveLength(150);
	letter.expectNoneRefusedForRate();
}, 120_000);

it('stops before the checkpoint while SparkLoop fails or refuses the key, and says what to do', async () => {
	const letter = await Newsletter.begin('Trouble', { atOnce: 30 });
	const readers = letter.add(60);
	const { inbound } = letter.sandbox.faults;

	inbound.failNext(35, { kind: 'rest', status: 401 });
	const unauthorized = await letter.run();
	expect(unauthorized.status).toBe('error');
	expect(unauthorized.message).toMatch(
		/^The import "Trouble" stands at 0 people: 30 of 30 people could not be imported\. .*status 401.*Check 'API Key' in the credential\. Nobody is skipped/,
	);
	expect(await letter.row()).toMatchObject({
		...{ state: 'waiting', done: 0, refused: 0, cursor: '', tries: 1, heldUntil: 0 },
		problem: expect.stringMatching(/401/),
	});
	inbound.clear();

	inbound.slow(50, { kind: 'rest' });
	const broken = letter.run();
	await until(() => letter.creations.filter((status) => status === 200).length > 35);
	inbound.down({ kind: 'rest' });
	expect((await broken).message).toMatch(
		/stands at 30 people: \d+ of 30 people could not be imported\. .*The next run tries again/,
	);
	expect(await letter.row()).toMatchObject({ done: 30, imported: 30, tries: 1 });
	inbound.clear();

	inbound.down({ kind: 'esp' });
	expect((await letter.run()).status).toBe('error');
	inbound.clear();
	await letter.letLeaseRunOut();

	expect(await letter.run()).toEqual({ status: 'success' });
	expect(letter.addresses).toEqual([...readers].sort());
	const { imported, alreadyThere, ...row } = await letter.row();
	expect(row).toMatchObject({ state: 'done', done: 60, refused: 0, problem: '', tries: 0 });
	expect(Number(imported) + Number(alreadyThere)).toBe(60);
	expect(Number(alreadyThere)).toBeGreaterThan(0);
	expect(await letter.refusals()).toEqual([]);
}, 60_000);

it('stops when all are refused, since that is hardly their fault', async () => {
	const letter = await Newsletter.begin('Mistaken');
	for (let index = 0; index < 12; index += 1) letter.sandbox.esp.upsert(`nobody ${index}`, {});
	const { status, message } = await letter.run();
	expect([status, message]).toEqual([
		'error',
		expect.stringMatching(/all of 12 people were refused.*Find the people in it/),
	]);
	expect(await letter.row()).toMatchObject({ done: 0, refused: 0 });
	expect(await letter.refusals()).toEqual([]);
}, 30_000);

it('imports each person once when several runs start at the same time', async () => {
	const letter = await Newsletter.begin('Crowd', { atOnce: 20 });
	const readers = letter.add(60);
	letter.sandbox.faults.inbound.slow(50, { kind: 'rest' });
	const runs = await Promise.all([letter.run(), letter.run(), letter.run(), letter.run()]);
	expect(runs.map(({ status }) => status)).toEqual(['success', 'success', 'success', 'success']);
	expect(letter.creations).toEqual(readers.map(() => 200));
	expect(await letter.row()).toMatchObject({ state: 'done', imported: 60, alreadyThere: 0 });
}, 30_000);

it('lets a run that has lost its lease change nothing', async () => {
	const letter = await Newsletter.begin('Late', { atOnce: 30 });
	letter.add(60);
	letter.sandbox.faults.inbound.slow(100, { kind: 'rest' });
	const late = letter.run();
	await until(() => letter.creations.length > 5);
	await letter.letLeaseRunOut();
	expect(await letter.run()).toEqual({ status: 'success' });
	expect(await late).toEqual({
		status: 'error',
		message: expect.stringMatching(/another one has taken over/),
	});
	const { imported, alreadyThere, done } = await letter.row();
	expect([Number(imported) + Number(alreadyThere), done]).toEqual([60, 60]);
	expect(letter.addresses).toHaveLength(60);
}, 60_000);

it('begins when it is published, rests when it is not, and goes on when it is again', async () => {
	const everySecond = { rule: { interval: [{ field: 'seconds', secondsInterval: 1 }] } };
	const letter = await Newsletter.begin(
		'Published',
		{ atOnce: 20, runFor: 1 },
		{
			[SCHEDULE]: everySecond,
		},
	);
	const readers = letter.add(90);
	const done = async () => Number((await letter.row()).done);
	await letter.publish();
	await until(async () => (await done()) >= 20);
	await letter.unpublish();
	await until(async () => (await letter.executions()).every(({ status }) => status !== 'running'));
	const rested = await done();
	expect(rested).toBeLessThan(90);
	expect(await letter.row()).toMatchObject({
		state: 'waiting',
		progress: expect.stringMatching(/^\d0 of 90 \(\d+ %\), (about|less)/),
	});
	await sleep(2_500);
	expect(await done()).toBe(rested);

	await letter.publish();
	await until(async () => (await letter.row()).state === 'done');
	expect(letter.addresses).toEqual([...readers].sort());
	expect(letter.creations).toEqual(readers.map(() => 200));
	await letter.unpublish();
	letter.expectNoneRefusedForRate();
}, 60_000);
