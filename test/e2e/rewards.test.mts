import { deliver } from '../support/deliver.mts';
import type { Row } from '../../scripts/n8n/dataTables.mts';
import { importWorkflow, type ImportedWorkflow } from '../../scripts/story/importing.mts';
import { killAndRestart, setGround, type Ground } from '../../scripts/story/stage.mts';
import { Peer, type Behaviour, type Reply } from '../support/peer.mts';

const ENTRANCE = 'When somebody wins a reward';

let ground: Ground;
let shop: Peer;
let answer: () => ReturnType<Behaviour>;
let workflow: ImportedWorkflow;
let repeating: ImportedWorkflow;

const ACCEPTED: Reply = { status: 201, body: { ok: true } };

beforeAll(async () => {
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
	shop = await Peer.start(() => answer());
	workflow = await bring({});
	// Not published: it has the same entrance. Its schedule is run by hand.
	repeating = await bring({ repeatable: 'yes' });
	await ground.n8n.api.publish(workflow.id);
	await ground.n8n.api.waitForWebhook(workflow.path(ENTRANCE));
}, 180_000);
afterAll(async () => {
	await shop?.stop();
	await ground?.close();
}, 60_000);
beforeEach(() => {
	answer = () => ACCEPTED;
});

const bring = async (
	values: Record<string, string>,
	options: Parameters<typeof importWorkflow>[4] = {},
) => {
	const settings = {
		fulfilUrl: `${shop.url}/rewards`,
		timeout: 1_000,
		claimFor: 2_000,
		leaseFor: 5_000,
		...values,
	};
	const { api } = ground.n8n;
	return await importWorkflow(api, ground.credentials, 'reward-fulfilment.json', settings, options);
};

const win = (email: string, referrals: number, coupon: string | null = `c${referrals}`) => ({
	type: 'reward_unlocked',
	campaign_id: 'MF1',
	subscriber: { id: `sub_${email}`, email, tot_referrals: referrals },
	reward: { id: 'reward_mug', name: 'Mug', referrals: 3, recurring: true },
	coupon_code: coupon,
});
const send = async (event: object): Promise<number> =>
	await deliver(ground, workflow.path(ENTRANCE), event);
const ledger = async (email: string): Promise<Row[]> => {
	const [{ id }] = await ground.n8n.api.dataTables.list('SparkLoop rewards');
	return (await ground.n8n.api.dataTables.rows(id)).filter((row) => row.email === email);
};
const orders = (email: string) =>
	shop.received.filter(({ body }) => (body as { email: string }).email === email);
const check = async (which = workflow) => {
	const { api } = ground.n8n;
	const run = await api.waitForExecution(await api.runWorkflow(which.id, 'Every five minutes'));
	return { status: run.status, message: run.data.resultData.error?.message };
};
const until = async (time: unknown) => {
	const pause = Number(time) - Date.now();
	if (pause >= 0) await new Promise((next) => setTimeout(next, pause + 10));
};

it('fulfils each win once: the same one ten times at once, again later, and the next of the same reward', async () => {
	const email = 'mug@example.com';
	const answers = await Promise.all(Array.from({ length: 10 }, () => send(win(email, 3))));
	expect(answers).toEqual(Array.from({ length: 10 }, () => 200));
	expect(await send(win(email, 3))).toBe(200);
	expect(await send(win(email, 6))).toBe(200);
	expect(orders(email)).toMatchObject([
		{ body: { email, reward: 'reward_mug', reward_name: 'Mug', coupon: 'c3', referrals: 3 } },
		{ body: { coupon: 'c6', referrals: 6 } },
	]);
	const rows = await ledger(email);
	expect(rows).toMatchObject([
		{ state: 'fulfilled', note: 'status 201', coupon: 'c3', referrals: 3 },
		{ state: 'fulfilled', coupon: 'c6', referrals: 6 },
	]);
	expect(orders(email).map(({ headers }) => headers['idempotency-key'])).toEqual(
		rows.map((row) => row.win),
	);
}, 60_000);

it('fulfils many wins of many people at the same time', async () => {
	const people = Array.from({ length: 12 }, (_, index) => `crowd${index}@example.com`);
	await Promise.all(people.flatMap((email) => [send(win(email, 3)), send(win(email, 3))]));
	for (const email of people) {
		expect([email, orders(email).length, (await ledger(email)).length]).toEqual([email, 1, 1]);
	}
}, 60_000);

it('tries again what was refused, when SparkLoop repeats the event', async () => {
	const email = 'refused@example.com';
	answer = () => ({ status: 422 });
	expect(await send(win(email, 3))).toBe(500);
	expect(await ledger(email)).toMatchObject([{ state: 'open', note: 'status 422' }]);
	answer = () => ACCEPTED;
	expect(await send(win(email, 3))).toBe(200);
	expect(await ledger(email)).toMatchObject([{ state: 'fulfilled' }]);
	expect(orders(email)).toHaveLength(2);
});

it('tries again by itself what is open and due', async () => {
	const email = 'open@example.com';
	answer = () => ({ status: 429 });
	expect(await send(win(email, 3))).toBe(500);
	answer = () => ACCEPTED;
	expect(await check()).toMatchObject({ status: 'success' });
	expect(await ledger(email)).toMatchObject([{ state: 'open' }]);
	const [{ id: table }] = await ground.n8n.api.dataTables.list('SparkLoop rewards');
	const [row] = await ledger(email);
	expect(Number(row.until) - Date.now()).toBeGreaterThan(50_000);
	await ground.n8n.api.dataTables.update(table, ['id', row.id], { until: 1 });
	// SparkLoop repeats the event in the same moment.
	const [again, ...runs] = await Promise.all([send(win(email, 3)), check(), check(), check()]);
	expect(again).toBe(200);
	expect(runs.map(({ status }) => status)).toEqual(['success', 'success', 'success']);
	expect(await ledger(email)).toMatchObject([{ state: 'fulfilled' }]);
	expect(orders(email)).toHaveLength(2);
}, 60_000);

it.each([
	['breaks', (): Reply | 'hang' => ({ status: 500 }), 'status 500'],
	['does not answer', (): Reply | 'hang' => 'hang', 'no answer'],
])(
	'says that it is unclear when the shop %s, and does not repeat it',
	async (_, fails, note) => {
		const email = `unclear.${note.replace(' ', '')}@example.com`;
		answer = fails;
		expect(await send(win(email, 3))).toBe(500);
		answer = () => ACCEPTED;
		expect(await send(win(email, 3))).toBe(200);
		expect(await check()).toMatchObject({ status: 'success' });
		expect(await ledger(email)).toMatchObject([{ state: 'unclear', note }]);
		expect(orders(email)).toHaveLength(1);
		const { executions } = {
			executions: await ground.n8n.api.listExecutions({ status: ['error'] }),
		};
		const { data } = await ground.n8n.api.getExecution(executions[0].id);
		expect(data.resultData.error?.message).toMatch(
			/1 rewards were not fulfilled \(node 'Fulfil it': (status \d{3}|no answer)\)\. .*unclear/,
		);
		expect(data.resultData.error?.message).not.toMatch(/example\.com/);
	},
	30_000,
);

it.each([
	['fulfilled', 'when it says so', '({ json: { accepted: true } })', 'done'],
	['unclear', 'when it fails', 'nobody', 'no answer'],
	[
		'unclear',
		'when it says why not',
		"({ json: { error: 'The mail server is down' } })",
		'no answer',
	],
])(
	'takes a win that another node hands out for %s %s',
	async (state, why, result, note) => {
		const email = `${why.replaceAll(' ', '.')}@example.com`;
		const mailing = await bring(
			{},
			{
				inPlaceOf: {
					'Fulfil it': {
						type: 'n8n-nodes-base.code',
						typeVersion: 2,
						parameters: { jsCode: `return $input.all().map(() => ${result});` },
					},
				},
			},
		);
		answer = () => ({ status: 422 });
		expect(await send(win(email, 3))).toBe(500);
		const [{ id: table }] = await ground.n8n.api.dataTables.list('SparkLoop rewards');
		const [row] = await ledger(email);
		await ground.n8n.api.dataTables.update(table, ['id', row.id], { until: 1 });
		await check(mailing);
		expect(await ledger(email)).toMatchObject([{ state, note }]);
		expect(orders(email)).toHaveLength(1);
	},
	30_000,
);

it('reports what n8n was killed in the middle of, and finishes it where that is safe', async () => {
	const people = ['killed@example.com', 'safe@example.com'];
	const [killed, safe] = people;
	answer = () => 'hang';
	const before = shop.received.length;
	const waiting = people.map((email) => send(win(email, 3)).catch(() => 'no answer'));
	while (shop.received.length < before + 2) await new Promise((next) => setTimeout(next, 20));
	await killAndRestart(ground);
	expect(await Promise.all(waiting)).toEqual(['no answer', 'no answer']);
	answer = () => ACCEPTED;
	for (const email of people) {
		expect(await send(win(email, 3))).toBe(200);
		expect(await ledger(email)).toMatchObject([{ state: 'claimed' }]);
		await until((await ledger(email))[0].until);
	}
	const [{ id: table }] = await ground.n8n.api.dataTables.list('SparkLoop rewards');
	const [row] = await ledger(safe);
	await ground.n8n.api.dataTables.update(table, ['id', row.id], { until: Date.now() + 600_000 });
	expect(await check()).toEqual({
		status: 'error',
		message: expect.stringMatching(/^1 rewards were being fulfilled when n8n ended\. Nobody knows/),
	});
	expect(await ledger(killed)).toMatchObject([{ state: 'unclear' }]);
	expect(orders(killed)).toHaveLength(1);

	await ground.n8n.api.dataTables.update(table, ['id', row.id], { until: 1 });
	expect(await check(repeating)).toMatchObject({ status: 'success' });
	expect(await ledger(safe)).toMatchObject([{ state: 'fulfilled' }]);
	expect(orders(safe).map(({ headers }) => headers['idempotency-key'])).toEqual([row.win, row.win]);
}, 120_000);

it('does not let a win of more than 31 days ago hold back one with the same key', async () => {
	const email = 'month@example.com';
	expect(await send(win(email, 3, null))).toBe(200);
	const [{ id: table }] = await ground.n8n.api.dataTables.list('SparkLoop rewards');
	const [row] = await ledger(email);
	await ground.n8n.api.dataTables.update(table, ['id', row.id], {
		at: Date.now() - 32 * 86_400_000,
	});
	expect(await send(win(email, 3, null))).toBe(200);
	expect(orders(email)).toHaveLength(2);
	expect(await ledger(email)).toHaveLength(2);
});
