import { deliver } from '../support/deliver.mts';
import type { SparkLoopEvent } from '../../sandbox/events.mts';
import { importWorkflow } from '../../scripts/story/importing.mts';
import { killAndRestart, setGround, type Ground } from '../../scripts/story/stage.mts';
import { Peer } from '../support/peer.mts';

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
		'The contact was not written: it answered with status 500. SparkLoop sends the event again.',
	);
}, 30_000);

it('says so when the fields are not where it looks for them, rather than take everything for new', async () => {
	const { n8n, credentials } = ground;
	const odd = await Peer.start(() => ({ status: 200, body: { data: { custom: {} } } }));
	const elsewhere = await importWorkflow(n8n.api, credentials, 'sparkloop-to-your-esp.json', {
		contactUrl: `${odd.url}/contacts/{email}`,
	});
	// It has the same entrance.
	await n8n.api.unpublish(workflowId);
	await n8n.api.publish(elsewhere.id);
	expect(await send(sync('odd@example.com', 1))).toBe(500);
	await n8n.api.unpublish(elsewhere.id);
	await n8n.api.publish(workflowId);
	await odd.stop();
	expect(odd.received.map(({ method }) => method)).toEqual(['GET']);
	expect(await lastError(elsewhere.id)).toMatch(
		/^The contact was not written: the fields are not where 'Find its fields' looks for them\./,
	);
}, 30_000);

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
