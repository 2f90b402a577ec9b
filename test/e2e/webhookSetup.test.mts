import { setTimeout as sleep } from 'node:timers/promises';

import { setGround, type Ground } from '../../scripts/story/stage.mts';
import type { SavedWorkflow } from '../../scripts/n8n/api.mts';
import { deliver } from '../support/deliver.mts';
import { sample } from '../support/samples.mts';

const EVENTS = ['sync_subscriber', 'new_referral', 'reward_unlocked'];
const REGISTERED = ['new_referral', 'reward_unlocked'];

let ground: Ground;
let id: string;
beforeAll(async () => {
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
	const { n8n, credentials } = ground;
	id = await n8n.api.importWorkflow({
		name: 'Registers itself',
		nodes: [
			{
				id: 'trigger',
				name: 'Trigger',
				type: 'n8n-nodes-sparkloop.sparkLoopTrigger',
				typeVersion: 1,
				position: [0, 0],
				webhookId: 'first',
				parameters: { webhookSetup: 'automatic', events: EVENTS },
				credentials: {
					sparkLoopWebhookTokenApi: { id: credentials.token.id, name: 'Token' },
					sparkLoopApi: { id: credentials.api.id, name: 'API' },
				},
			},
			{
				id: 'next',
				name: 'Next',
				type: 'n8n-nodes-base.noOp',
				typeVersion: 1,
				position: [200, 0],
				parameters: {},
			},
		],
		connections: { Trigger: { main: [[{ node: 'Next', type: 'main', index: 0 }]] } },
		settings: { executionOrder: 'v1' },
	});
}, 180_000);
afterAll(async () => await ground?.close(), 60_000);

const rows = () => ground.sandbox.deliveries.webhooks;
const url = (webhookId: string, endpoint = 'webhook') =>
	`${ground.n8n.url}/${endpoint}/${webhookId}/webhook`;

/** Saves the workflow with another path for its trigger. */
async function changePath(webhookId: string): Promise<void> {
	const { rest } = ground.n8n.api;
	const { nodes, connections, versionId } = await ground.n8n.api.getWorkflow(id);
	const changed = (nodes as Array<{ name: string }>).map((node) =>
		node.name === 'Trigger' ? { ...node, webhookId } : node,
	);
	const body = { nodes: changed, connections, versionId };
	await rest.call<SavedWorkflow>('PATCH', `/rest/workflows/${id}`, body);
}

it('a published workflow is registered at SparkLoop, whose events run it', async () => {
	const { n8n, sandbox } = ground;
	await n8n.api.publish(id);
	expect(rows()).toEqual([
		{ url: url('first'), events: REGISTERED, uuid: expect.stringMatching(/^webhook_/) as string },
	]);

	const { subscriber } = sandbox.program.subscribe({ email: 'ann@example.com' });
	sandbox.program.subscribe({
		email: 'bob@example.com',
		referrerCode: subscriber.referralCode,
	});
	await sandbox.deliveries.idle(20_000);
	expect(sandbox.deliveries.log).toMatchObject([
		{ type: 'new_referral', url: url('first'), ok: true },
	]);
	expect(await n8n.api.listExecutions({ workflowId: id })).toMatchObject([{ status: 'success' }]);
});

it('listening for a test event registers the Test URL beside it, for as long as it takes', async () => {
	const { n8n } = ground;
	const before = rows();
	await n8n.api.rest.call('POST', `/rest/workflows/${id}/run`, {
		triggerToStartFrom: { name: 'Trigger' },
	});
	expect(rows()).toEqual([
		...before,
		{
			url: url('first', 'webhook-test'),
			events: REGISTERED,
			uuid: expect.not.stringMatching(`^${before[0].uuid}$`) as string,
		},
	]);

	const event = sample('fromSparkLoop/new_referral.docs');
	expect(await deliver(ground, '/webhook-test/first/webhook', event)).toBe(200);
	for (let asked = 0; rows().length > 1 && asked < 100; asked += 1) await sleep(50);
	expect(rows()).toEqual(before);
});

it('an unpublished one is gone, and publishing again registers one', async () => {
	const { api } = ground.n8n;
	await api.unpublish(id);
	expect(rows()).toEqual([]);
	await api.publish(id);
	await api.publish(id);
	expect(rows()).toMatchObject([{ url: url('first'), events: REGISTERED }]);
});

it('a changed path is repaired', async () => {
	await changePath('second');
	await ground.n8n.api.publish(id);
	expect(rows()).toMatchObject([{ url: url('second'), events: REGISTERED }]);
});

it('a workflow can be unpublished while SparkLoop is down, and takes up its webhook later', async () => {
	const { n8n, sandbox } = ground;
	const [{ uuid }] = rows();
	sandbox.faults.inbound.down({ kind: 'rest' });
	await n8n.api.unpublish(id);
	expect(await deliver(ground, '/webhook/second/webhook', {})).toBe(404);
	expect(n8n.log()).toContain('The webhook may still be in SparkLoop');
	expect(rows()).toHaveLength(1);

	sandbox.faults.inbound.up({ kind: 'rest' });
	await changePath('third');
	await n8n.api.publish(id);
	expect(rows()).toEqual([{ url: url('third'), events: REGISTERED, uuid }]);
	await n8n.api.unpublish(id);
	expect(rows()).toEqual([]);
});
