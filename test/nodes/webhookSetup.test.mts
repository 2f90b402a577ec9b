import type { INode, WorkflowActivateMode } from 'n8n-workflow';

import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { node, Registration } from '../support/engine.mts';
import { Peer, type Behaviour, type Reply } from '../support/peer.mts';

const EVENTS = ['sync_subscriber', 'new_referral', 'reward_unlocked'];
const API_KEY = 'key_of_the_account';

let sandbox: Sandbox;
beforeEach(async () => {
	sandbox = await startSandbox({ rateLimit: false, secrets: { apiKey: API_KEY } });
});
afterEach(async () => await sandbox.close());

const trigger = (parameters: object = {}, webhookId = 'w'): INode =>
	node(
		'SparkLoop Trigger',
		'n8n-nodes-sparkloop.sparkLoopTrigger',
		{ webhookSetup: 'automatic', events: EVENTS, ...parameters },
		{ webhookId, credentials: { sparkLoopApi: { id: '1', name: 'API' } } },
	);

const registration = (parameters: object = {}, baseUrl = sandbox.apiUrl): Registration =>
	new Registration(trigger(parameters), { sparkLoopApi: { apiKey: API_KEY, baseUrl } });

/** URL and events of every row. */
const rows = () => sandbox.deliveries.webhooks.map(({ url, events }) => ({ url, events }));
const uuids = () => sandbox.deliveries.webhooks.map(({ uuid }) => uuid);
const calls = () =>
	sandbox.calls.log.map(({ method, path }) => `${method} ${path.replace(/webhook_\w+/, '…')}`);

describe('publishing', () => {
	it('registers the chosen events that the API knows, once', async () => {
		const one = registration();
		await one.publish();
		await one.publish();
		expect(rows()).toEqual([{ url: one.url(), events: ['new_referral', 'reward_unlocked'] }]);
	});

	it('repairs the events when others are chosen', async () => {
		const one = registration();
		await one.publish();
		const before = uuids();
		one.trigger = trigger({ events: ['new_partner_referral', 'sync_subscriber'] });
		await one.publish();
		expect(rows()).toEqual([{ url: one.url(), events: ['new_partner_referral'] }]);
		expect(uuids()).toEqual(before);
	});

	it.each([
		['the address of n8n', (one: Registration) => (one.base = 'https://n8n.example/')],
		['the path', (one: Registration) => (one.trigger = trigger({}, 'other'))],
	])('repairs the address when %s has changed', async (_, change) => {
		const one = registration();
		await one.publish();
		const [before] = uuids();
		change(one);
		await one.publish();
		expect(rows()).toEqual([{ url: one.url(), events: ['new_referral', 'reward_unlocked'] }]);
		expect(uuids()).toEqual([before]);
	});

	it('registers it again when somebody has deleted it', async () => {
		const one = registration();
		await one.publish();
		sandbox.setWebhooks([]);
		await one.publish();
		expect(rows()).toHaveLength(1);
		await one.unpublish();
		expect(rows()).toEqual([]);
	});

	it('touches no webhook of somebody else', async () => {
		const others = [
			{ url: 'https://x.org/', events: ['new_referral'] },
			{ url: 'https://x.org/all' },
		];
		sandbox.setWebhooks(others);
		const before = uuids();
		const one = registration();
		await one.publish();
		await one.publish();
		await one.unpublish();
		expect(rows()).toEqual(others);
		expect(uuids()).toEqual(before);
	});

	it('leaves the row of the dashboard alone that is for the other events', async () => {
		const one = registration();
		const byHand = { url: one.url(), events: ['sync_subscriber'] };
		sandbox.setWebhooks([byHand]);
		await one.publish();
		await one.publish();
		const registered = { url: one.url(), events: ['new_referral', 'reward_unlocked'] };
		expect(rows()).toEqual([byHand, registered]);
		await one.unpublish();
		expect(rows()).toEqual([byHand]);
	});

	it('registers nothing that a row of the dashboard sends already, and keeps that row', async () => {
		const one = registration();
		const byHand = { url: one.url(), events: ['sync_subscriber', 'new_referral'] };
		sandbox.setWebhooks([byHand]);
		await one.publish();
		expect(rows()).toEqual([byHand, { url: one.url(), events: ['reward_unlocked'] }]);
		one.trigger = trigger({ events: ['sync_subscriber', 'new_referral'] });
		await one.publish();
		expect(rows()).toEqual([byHand]);
		await one.unpublish();
		expect(rows()).toEqual([byHand]);
	});

	it('asks SparkLoop nothing when the webhook is set up by hand', async () => {
		const one = registration({ webhookSetup: 'manual' });
		await one.publish();
		await one.listen();
		await one.stopListening();
		await one.unpublish();
		expect(calls()).toEqual([]);
		expect(one.staticData).toEqual({});
	});

	it('is refused when the API knows none of the events, and says what to do', async () => {
		const one = registration({ events: ['sync_subscriber', 'other'] });
		await expect(one.publish()).rejects.toMatchObject({
			message: expect.stringMatching(
				/can register none of the chosen events\. .*'Manual'.*Account settings → .*'New Referral'/,
			) as string,
		});
		expect(calls()).toEqual([]);
	});

	it('is refused at an http address, before SparkLoop is asked', async () => {
		const one = registration();
		one.base = 'http://n8n.example/';
		await expect(one.publish()).rejects.toThrow(/start with http:.*https:.*WEBHOOK_URL.*proxy/);
		expect(calls()).toEqual([]);
	});
});

describe('unpublishing', () => {
	it('deletes the webhook and forgets it', async () => {
		const one = registration();
		await one.publish();
		await one.unpublish();
		expect(rows()).toEqual([]);
		await one.unpublish();
		expect(calls().filter((call) => call.startsWith('DELETE'))).toEqual(['DELETE /v2/webhooks/…']);
	});

	it('is content when the webhook is gone already', async () => {
		const one = registration();
		await one.publish();
		sandbox.setWebhooks([]);
		await one.unpublish();
		await one.publish();
		expect(rows()).toHaveLength(1);
	});

	it('says what is left when SparkLoop is down, and goes on from there', async () => {
		const one = registration();
		await one.publish();
		const before = uuids();
		sandbox.faults.inbound.failNext(1, { kind: 'rest', status: 503 });
		await expect(one.unpublish()).rejects.toThrow(
			/^The webhook may still be in SparkLoop: delete it under Account settings.*status 503/,
		);
		await one.publish();
		expect(uuids()).toEqual(before);
		await one.unpublish();
		expect(rows()).toEqual([]);
	});
});

describe('a registration whose answer is lost', () => {
	const byHand = (url: string) => ({ uuid: 'hand', url, events: { new_referral: null } });
	let peer: Peer;
	let one: Registration;
	let webhooks: Array<{ uuid: string; url: string; events: object }>;
	beforeEach(async () => {
		peer = await Peer.start(({ method, path, body }) => {
			if (method === 'GET') return { status: 200, body: { webhooks } };
			webhooks = webhooks.filter(({ uuid }) => path !== `/webhooks/${uuid}`);
			if (method === 'DELETE') return { status: 200 };
			const { url, ...events } = body as { url: string };
			webhooks = [{ uuid: 'ours', url, events }, ...webhooks];
			return 'drop';
		});
		one = registration({}, peer.url);
		webhooks = [byHand(one.url())];
		await expect(one.publish()).rejects.toThrow(/connection was closed without an answer/);
		expect(webhooks).toHaveLength(2);
	});
	afterEach(async () => await peer.stop());

	it('is taken back, as n8n wants after a failure', async () => {
		await one.unpublish();
		expect(webhooks).toEqual([byHand(one.url())]);
	});

	it('is found when the workflow is published again, and deleted in the end', async () => {
		await one.publish();
		expect(webhooks).toHaveLength(2);
		const later = { ...byHand(one.url()), uuid: 'later' };
		webhooks = [later, ...webhooks];
		await one.unpublish();
		expect(webhooks).toEqual([later, byHand(one.url())]);
	});
});

describe('listening for a test event', () => {
	it.each([
		['n8n keeps the static data of both apart, as it does', false],
		['n8n kept it in one', true],
	])('leaves the production webhook alone, when %s', async (_, shared) => {
		const one = registration();
		await one.publish();
		const production = rows();
		const kept = one.staticData;

		if (!shared) one.staticData = {};
		await one.listen();
		expect(rows()).toEqual([...production, { ...production[0], url: one.url(true) }]);
		await one.stopListening();
		expect(rows()).toEqual(production);

		if (!shared) one.staticData = kept;
		await one.unpublish();
		expect(rows()).toEqual([]);
	});

	it('leaves it alone also when the Test URL could not be registered', async () => {
		const one = registration();
		await one.publish();
		const production = rows();
		sandbox.faults.inbound.failNext(1, { kind: 'rest', status: 503 });
		await expect(one.listen()).rejects.toThrow(/status 503/);
		await one.stopListening();
		expect(rows()).toEqual(production);
	});

	it('logs what it cannot clean up, because n8n could not bear an error there', async () => {
		const one = registration();
		await one.listen();
		sandbox.faults.inbound.failNext(1, { kind: 'rest', status: 503 });
		await one.stopListening();
		expect(one.log).toEqual([expect.stringMatching(/may still be in SparkLoop.*status 503/)]);
		await one.listen();
		await one.stopListening();
		expect(rows()).toEqual([]);
	});
});

describe('a restart of n8n', () => {
	it('keeps the trigger in service while SparkLoop is down', async () => {
		const one = registration();
		await one.publish();
		sandbox.faults.inbound.failNext(1, { kind: 'rest', status: 503 });
		await one.publish('init');
		expect(one.log).toEqual([expect.stringMatching(/was not asked.*status 503/)]);
	});

	it.each<[string, WorkflowActivateMode, (one: Registration) => void]>([
		['publishing', 'activate', () => {}],
		['a new address', 'init', (one: Registration) => (one.base = 'https://n8n.example/')],
		['nothing registered', 'init', (one: Registration) => (one.staticData = {})],
		[
			'a registration that was not answered',
			'init',
			(one: Registration) => {
				const webhook = { url: one.url(), others: [] };
				one.staticData = { 'node:SparkLoop Trigger': { webhook } };
			},
		],
	])('is another thing than %s', async (_, activation, change) => {
		const one = registration();
		await one.publish();
		change(one);
		sandbox.faults.inbound.failNext(1, { kind: 'rest', status: 503 });
		await expect(one.publish(activation)).rejects.toThrow(/status 503/);
	});
});

describe('a SparkLoop that answers differently', () => {
	let peer: Peer | undefined;
	afterEach(async () => await peer?.stop());
	const against = async (behaviour: Behaviour) => {
		peer = await Peer.start(behaviour);
		return registration({}, peer.url);
	};
	const answering = (webhook: unknown) => (request: { method: string }) => ({
		status: 200,
		body: request.method === 'GET' ? { webhooks: [] } : { webhook },
	});

	it.each([
		[{ new_referral: true, reward_unlocked: null }, "'Reward Unlocked'. Take it"],
		[
			{ new_referral: 'false', reward_unlocked: 'false' },
			"'New Referral', 'Reward Unlocked'. Take them",
		],
		[null, "'New Referral', 'Reward Unlocked'. Take them"],
	])('with the flags %j is told which were not registered', async (events, named) => {
		const one = await against(answering({ uuid: 'webhook_1', url: '', events }));
		await expect(one.publish()).rejects.toThrow(
			`SparkLoop did not register ${named} out of 'Events'. Or set 'Webhook Setup' to 'Manual'`,
		);
		await one.unpublish();
		expect(peer!.received.at(-1)).toMatchObject({ method: 'DELETE', path: '/webhooks/webhook_1' });
	});

	it('is fine with more keys, flags as texts and null for what was not asked', async () => {
		const events = { new_referral: 'true', reward_unlocked: true, reward_redeemed: null, x: 1 };
		const one = await against(
			answering({ uuid: 'webhook_1', url: 'https://else', events, more: 1 }),
		);
		await one.publish();
		expect(peer!.received.map(({ method }) => method)).toEqual(['GET', 'GET', 'POST']);
	});

	it('finds our webhook also when the list leaves it out', async () => {
		const events = { new_referral: true, reward_unlocked: true };
		const one: Registration = await against(({ method, path }): Reply => {
			const webhook = { uuid: 'webhook_1', url: one.url(), events };
			if (method === 'GET' && path === '/webhooks') return { status: 200, body: { webhooks: [] } };
			return { status: 200, body: { webhook } };
		});
		await one.publish();
		await one.publish();
		expect(peer!.received.filter(({ method }) => method === 'POST')).toHaveLength(1);
	});

	it('registers it anew when our webhook vanishes while it is repaired', async () => {
		const url = 'https://old';
		const one: Registration = await against(({ method, path }, count): Reply => {
			if (method === 'PUT') return { status: 404, body: { error: 'Not found' } };
			const events = { new_referral: true, reward_unlocked: true };
			if (method === 'POST') return { status: 200, body: { webhook: { uuid: 'b', url, events } } };
			const webhooks = count === 1 ? [{ uuid: 'a', url, events }] : [];
			return { status: 200, body: path === '/webhooks' ? { webhooks } : {} };
		});
		one.staticData = { 'node:SparkLoop Trigger': { webhook: { url, uuid: 'a' } } };
		await one.publish();
		expect(peer!.received.map(({ method }) => method)).toEqual([
			'GET',
			'PUT',
			'GET',
			'GET',
			'POST',
		]);
	});

	it('never shows the key', async () => {
		const one = await against(() => ({ status: 401, body: { error: `Unknown key ${API_KEY}` } }));
		await expect(one.publish()).rejects.toThrow(/status 401: Unknown key ….*'API Key'/);
	});
});
