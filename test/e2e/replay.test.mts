import { importWorkflow } from '../../scripts/story/importing.mts';
import { setGround, type Ground } from '../../scripts/story/stage.mts';

const ENTRANCE = 'When SparkLoop sends an event';

let ground: Ground;
let replayWith: (
	values: Record<string, string | number>,
) => Promise<{ status: string; message?: string }>;
let flows: { first: string; copy: string };

beforeAll(async () => {
	ground = await setGround(
		{ n8nPort: 0, sandboxPort: 0, progress: () => {} },
		{ rewards: [{ name: 'Mug', referrals: 2, recurring: true, coupon: true }] },
	);
	const { n8n, sandbox, credentials } = ground;
	const bring = async (address: string) =>
		await importWorkflow(n8n.api, credentials, 'sparkloop-to-your-esp.json', {
			contactUrl: `${sandbox.espUrl}/contacts/${address}`,
			record: 'yes',
		});
	const workflow = await bring('{email}');
	// The same entrance, and another ESP behind it: only one of them is published at a time.
	flows = { first: workflow.id, copy: (await bring('copy.{email}')).id };
	await n8n.api.publish(flows.first);
	await n8n.api.waitForWebhook(workflow.path(ENTRANCE));
	const webhookUrl = n8n.url + workflow.path(ENTRANCE);
	sandbox.setWebhooks([{ url: webhookUrl }]);

	const tokenHeader = {
		type: 'httpHeaderAuth',
		id: await n8n.api.importCredential({
			name: 'Token of SparkLoop',
			type: 'httpHeaderAuth',
			data: { name: 'SparkLoop-Token', value: sandbox.webhookToken },
		}),
	};
	replayWith = async (values) => {
		const replay = await importWorkflow(
			n8n.api,
			{ ...credentials, espKey: tokenHeader },
			'replay.json',
			{ webhookUrl, ...values },
			// As it is, n8n forgets its runs, and could not be asked how they ended.
			{ settings: { saveManualExecutions: true, saveDataSuccessExecution: 'all' } },
		);
		const { status, data } = await n8n.api.waitForExecution(
			await n8n.api.runWorkflow(replay.id, 'Replay'),
			120_000,
		);
		return { status, message: data.resultData.error?.message };
	};
}, 180_000);
afterAll(async () => await ground?.close(), 60_000);

const contacts = (copy: boolean) =>
	Object.fromEntries(
		ground.sandbox.esp.contacts
			.filter(({ email }) => email.startsWith('copy.') === copy)
			.map(({ email, fields }) => [email.replace(/^copy\./, ''), fields])
			.sort(),
	) as Record<string, unknown>;
const recordings = async () => {
	const { dataTables } = ground.n8n.api;
	const [{ id }] = await dataTables.list('SparkLoop recordings');
	return await dataTables.rows(id);
};

it('records what was handled, in the order in which it was', async () => {
	const { sandbox } = ground;
	sandbox.faults.outbound.randomly({
		duplicate: 0.3,
		reorder: 0.3,
		reorderTypes: ['new_referral', 'reward_unlocked'],
	});
	const { subscriber } = sandbox.program.subscribe({ email: 'ann@example.com' });
	await sandbox.deliveries.idle(60_000);
	sandbox.faults.inbound.failNext(2, { kind: 'esp' });
	for (let friend = 1; friend <= 5; friend += 1) {
		sandbox.program.subscribe({
			email: `friend${friend}@example.com`,
			referrerCode: subscriber.referralCode,
		});
	}
	await sandbox.deliveries.idle(60_000);
	const taken = sandbox.deliveries.log.filter(({ ok }) => ok);
	const rows = await recordings();
	expect(rows).toHaveLength(taken.length);
	expect(rows.map(({ payload }) => JSON.parse(String(payload)) as object)).toEqual(
		expect.arrayContaining(taken.map(({ event }) => event)),
	);
	expect(contacts(false)).toMatchObject({ 'ann@example.com': { RH_TOTREF: 5 } });
}, 90_000);

it('ends in the same state when everything is replayed, once or twice, or into an empty ESP', async () => {
	const { api } = ground.n8n;
	const before = contacts(false);
	const recorded = (await recordings()).length;
	expect(Object.keys(before)).toHaveLength(6);
	// Two that were handled at the same time may have been recorded in either order.
	ground.sandbox.program.syncAll();
	await ground.sandbox.deliveries.idle(60_000);
	expect(await replayWith({})).toEqual({ status: 'success' });
	expect(contacts(false)).toEqual(before);

	await api.unpublish(flows.first);
	await api.publish(flows.copy);
	// What is replayed is recorded too.
	expect(await replayWith({})).toEqual({ status: 'success' });
	expect(contacts(true)).toEqual(before);
	expect((await recordings()).length).toBeGreaterThan(2 * recorded);
}, 180_000);

it('stops at the first event that is not taken, and says from where to go on', async () => {
	ground.sandbox.faults.inbound.down({ kind: 'esp' });
	const [first] = await recordings();
	const stopped = await replayWith({});
	ground.sandbox.faults.clear();
	expect(stopped).toEqual({
		status: 'error',
		message: `The trigger answered event ${first.id} of the recordings with status 500. Everything before it was replayed. Once the reason is mended, write ${Number(first.id) - 1} into Settings → after, and go on from there.`,
	});
	const calls = ground.sandbox.calls.log.length;
	const rows = await recordings();
	expect(await replayWith({ after: Number(rows.at(-2)?.id), to: '2000-01-01' })).toEqual({
		status: 'success',
	});
	expect(ground.sandbox.calls.log.length).toBe(calls);
	expect(await replayWith({ after: Number(rows.at(-2)?.id) })).toEqual({ status: 'success' });
	expect(ground.sandbox.calls.log.length).toBeGreaterThan(calls);
}, 120_000);
