import { deliver } from '../support/deliver.mts';
import type { SparkLoopEvent } from '../../sandbox/events.mts';
import { importWorkflow } from '../../scripts/story/importing.mts';
import { killAndRestart, setGround, type Ground } from '../../scripts/story/stage.mts';
import { Peer, type Reply } from '../support/peer.mts';

const ENTRANCE = 'When SparkLoop sends an event';

let ground: Ground;
let entrance: string;
let workflowId: string;
beforeAll(async () => {
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
	const { n8n, sandbox, credentials } = ground;
	const workflow = await importWorkflow(n8n.api, credentials, 'sparkloop-to-your-esp.json', {
		contactUrl: `${sandbox.espUrl}/contacts/{email}`,
		timeout: 1_000,
		leaseFor: 8_000,
	});
	await n8n.api.publish(workflow.id);
	await n8n.api.waitForWebhook(workflow.path(ENTRANCE));
	workflowId = workflow.id;
	entrance = workflow.path(ENTRANCE);
}, 180_000);
afterAll(async () => await ground?.close(), 60_000);
afterEach(() => ground.sandbox.faults.clear());

const send = async (event: object): Promise<number> => await deliver(ground, entrance, event);

const referral = (email: string, tot: number): Partial<SparkLoopEvent> =>
	({
		type: 'new_referral',
		subscriber: { id: `sub_friend${tot}`, email: `friend${tot}.of.${email}`, tot_referrals: 0 },
		referrer: { id: 'sub_1', email, tot_referrals: tot, referral_code: `code${tot}` },
	}) as never;
const sync = (email: string, tot: number) => ({
	type: 'sync_subscriber',
	subscriber: { id: 'sub_1', email, tot_referrals: tot, referral_code: 'code' },
});
async function lastError(workflow: string): Promise<string | undefined> {
	const { api } = ground.n8n;
	const [failed] = await api.listExecutions({ workflowId: workflow, status: ['error'] });
	return (await api.getExecution(failed.id)).data.resultData.error?.message;
}
const fields = (email: string) => ground.sandbox.esp.find(email)?.fields ?? {};

it('writes what is new, and of a late event nothing', async () => {
	const email = 'late@example.com';
	expect(await send(sync(email, 0))).toBe(200);
	expect(fields(email)).toMatchObject({ RH_TOTREF: 0, RH_CODE: 'code' });
	expect(await send(referral(email, 4))).toBe(200);
	expect(await send(referral(email, 3))).toBe(200);
	expect(fields(email)).toMatchObject({ RH_TOTREF: 4, RH_CODE: 'code4' });
	expect(ground.sandbox.esp.find(email)?.writes).toBe(2);
	expect(await send(sync(email, 0))).toBe(200);
	expect(fields(email)).toMatchObject({ RH_TOTREF: 0 });
});

it('ends with the largest count when twenty events of a person arrive at the same time', async () => {
	const email = 'crowd@example.com';
	ground.sandbox.faults.inbound.slow(20);
	const counts = Array.from({ length: 20 }, (_, index) => 1 + ((index * 7) % 20));
	const answers = await Promise.all(counts.map((tot) => send(referral(email, tot))));
	expect(answers).toEqual(counts.map(() => 200));
	expect(fields(email)).toMatchObject({ RH_TOTREF: 20, RH_CODE: 'code20' });
}, 60_000);

it('tells SparkLoop when the ESP fails, and holds nobody up after that', async () => {
	const email = 'failing@example.com';
	ground.sandbox.faults.inbound.failNext(3, { kind: 'esp', status: 500 });
	expect(await send(sync(email, 1))).toBe(500);
	ground.sandbox.faults.clear();
	const since = Date.now();
	expect(await send(sync(email, 1))).toBe(200);
	expect(Date.now() - since).toBeLessThan(4_000);
	expect(fields(email)).toMatchObject({ RH_TOTREF: 1 });
	expect(await lastError(workflowId)).toBe(
		"The contact was not written: your ESP answered with status 500 (node 'Read the contact'). SparkLoop sends the event again.",
	);
}, 30_000);

describe('an ESP that answers otherwise', () => {
	const NOBODY = { status: 404, body: {} };
	let answers: { GET: Reply | 'drop'; PUT?: Reply };
	let peer: Peer;
	let elsewhere: string;
	beforeAll(async () => {
		const { n8n, credentials } = ground;
		peer = await Peer.start(({ method }) => answers[method as 'GET'] ?? { status: 200, body: {} });
		const workflow = await importWorkflow(n8n.api, credentials, 'sparkloop-to-your-esp.json', {
			contactUrl: `${peer.url}/contacts/{email}`,
		});
		elsewhere = workflow.id;
		// It has the same entrance.
		await n8n.api.unpublish(workflowId);
		await n8n.api.publish(elsewhere);
	}, 30_000);
	beforeEach(() => peer.received.splice(0));
	afterAll(async () => {
		await ground.n8n.api.unpublish(elsewhere);
		await ground.n8n.api.publish(workflowId);
		await peer.stop();
	}, 30_000);

	const CREDENTIAL = 'Check the credential of that node. ';
	const LOOK = 'Look in the execution at what that node sent. ';

	it.each<[string, typeof answers, string]>([
		[
			'the reading with 401',
			{ GET: { status: 401, body: {} } },
			`your ESP answered with status 401 (node 'Read the contact'). ${CREDENTIAL}`,
		],
		[
			'the reading with 400',
			{ GET: { status: 400, body: {} } },
			`your ESP answered with status 400 (node 'Read the contact'). ${LOOK}`,
		],
		[
			'the reading with 429',
			{ GET: { status: 429, body: {} } },
			"your ESP answered with status 429 (node 'Read the contact'). ",
		],
		[
			'the reading with nothing at all',
			{ GET: 'drop' },
			"socket hang up (node 'Read the contact'). ",
		],
		[
			'the reading with fields where nobody looks for them, rather than all is taken for new',
			{ GET: { status: 200, body: { data: { custom: {} } } } },
			"the fields are not where 'Find its fields' looks for them. ",
		],
		[
			'the writing with 403',
			{ GET: NOBODY, PUT: { status: 403, body: { message: 'Not odd@example.com' } } },
			`your ESP answered 403 - "{\\"message\\":\\"Not …@example.com\\"}" (node 'Write the fields'). ${CREDENTIAL}`,
		],
		[
			'the writing with 422',
			{ GET: NOBODY, PUT: { status: 422, body: {} } },
			`your ESP answered 422 - "{}" (node 'Write the fields'). ${LOOK}`,
		],
		[
			'the writing with 429',
			{ GET: NOBODY, PUT: { status: 429, body: {} } },
			"your ESP answered with status 429 (node 'Write the fields'). ",
		],
	])('is named with the node and what to do: %s', async (_, replies, reason) => {
		answers = replies;
		expect(await send(sync('odd@example.com', 1))).toBe(500);
		expect(await lastError(elsewhere)).toBe(
			`The contact was not written: ${reason}SparkLoop sends the event again.`,
		);
		expect(peer.received.some(({ method }) => method === 'PUT')).toBe('PUT' in replies);
	});

	it('is nothing that SparkLoop sends again when somebody has started it by hand', async () => {
		const { api } = ground.n8n;
		answers = { GET: { status: 401, body: {} } };
		const { mode, data } = await api.waitForExecution(await api.runWorkflow(elsewhere, ENTRANCE));
		expect(mode).toBe('manual');
		expect(data.resultData.error?.message).toBe(
			`The contact was not written: your ESP answered with status 401 (node 'Read the contact'). ${CREDENTIAL}It ran in the editor: only what SparkLoop sent to the Test URL is sent again.`,
		);
	});
});

it('writes each contact to its own address, whatever is in it', async () => {
	const email = "o'hara+news/x@example.com";
	const from = ground.sandbox.calls.log.length;
	expect(await send(sync(email, 1))).toBe(200);
	expect(ground.sandbox.calls.log.slice(from)).toMatchObject([
		{ method: 'GET', path: "/esp/contacts/o'hara%2Bnews%2Fx%40example.com", status: 404 },
		{ method: 'PUT', path: "/esp/contacts/o'hara%2Bnews%2Fx%40example.com", status: 200 },
	]);
	expect(fields(email)).toMatchObject({ RH_TOTREF: 1 });
});

it('gives the lease of a killed n8n to the next one, once it has run out', async () => {
	const email = 'killed@example.com';
	ground.sandbox.faults.inbound.slow(900);
	const asked = ground.sandbox.calls.log.length;
	const killed = send(referral(email, 1)).catch(() => 'no answer');
	while (ground.sandbox.calls.log.length === asked)
		await new Promise((next) => setTimeout(next, 20));
	await killAndRestart(ground);
	expect(await killed).toBe('no answer');
	ground.sandbox.faults.clear();
	const answers: number[] = [];
	while (answers.at(-1) !== 200 && answers.length < 60)
		answers.push(await send(referral(email, 1)));
	expect(answers.at(-1)).toBe(200);
	expect(fields(email)).toMatchObject({ RH_TOTREF: 1 });
}, 90_000);
