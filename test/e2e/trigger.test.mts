import fc from 'fast-check';
import { request as httpRequest } from 'node:http';

import { setGround, type Ground } from '../../scripts/story/stage.mts';
import { anyBody } from '../support/arbitraries.mts';
import { Peer } from '../support/peer.mts';
import { sample } from '../support/samples.mts';

let stage: Ground;
let token: string;
beforeAll(async () => {
	stage = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
	token = stage.sandbox.webhookToken;
}, 180_000);
afterAll(async () => await stage?.close(), 60_000);

interface Answer {
	status: number;
	body: string;
}

/** Sends raw headers, so that one can be sent twice. */
const send = async (url: string, body: string, headers: string[]): Promise<Answer> =>
	await new Promise((resolve, reject) => {
		const { host } = new URL(url);
		const all = ['host', host, 'content-length', String(Buffer.byteLength(body)), ...headers];
		const request = httpRequest(url, { method: 'POST', headers: all as never }, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
			response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
		});
		request.on('error', reject);
		request.end(body);
	});

const JSON_BODY = ['content-type', 'application/json'];
const withToken = () => [...JSON_BODY, 'sparkloop-token', token];
const SYNC = JSON.stringify(sample('fromSparkLoop/sync_subscriber.article'));
const executions = async () => (await stage.n8n.api.listExecutions()).length;

/** A published workflow of nothing but the trigger and a node behind its first output. */
async function publishTrigger(name: string, parameters: object, failing = false): Promise<string> {
	const { api, url } = stage.n8n;
	const webhookId = `trigger-${name}`;
	const [{ id: credential }] = (
		await api.rest.call<Array<{ id: string; type: string }>>('GET', '/rest/credentials')
	).filter(({ type }) => type === 'sparkLoopWebhookTokenApi');
	const id = await api.importWorkflow({
		name,
		nodes: [
			{
				id: 'trigger',
				name: 'Trigger',
				type: 'n8n-nodes-sparkloop.sparkLoopTrigger',
				typeVersion: 1,
				position: [0, 0],
				webhookId,
				parameters,
				credentials: { sparkLoopWebhookTokenApi: { id: credential, name: 'Token' } },
			},
			{
				id: 'next',
				name: 'Next',
				type: failing ? 'n8n-nodes-base.stopAndError' : 'n8n-nodes-base.noOp',
				typeVersion: 1,
				position: [200, 0],
				parameters: failing ? { errorMessage: 'The ESP is down' } : {},
			},
		],
		connections: { Trigger: { main: [[{ node: 'Next', type: 'main', index: 0 }]] } },
		settings: { executionOrder: 'v1' },
	});
	await api.publish(id);
	await api.waitForWebhook(`/webhook/${webhookId}/webhook`);
	return `${url}/webhook/${webhookId}/webhook`;
}

describe('the trigger of a published workflow', () => {
	let url: string;
	beforeAll(async () => {
		url = await publishTrigger('default', {});
	});

	it.each([
		['no token', () => JSON_BODY],
		['a wrong token', () => [...JSON_BODY, 'sparkloop-token', 'wrong']],
		['an empty token', () => [...JSON_BODY, 'sparkloop-token', '']],
		['the token sent twice', () => [...withToken(), 'SparkLoop-Token', token]],
	])('answers %s with 401, starts no execution, and logs nothing of it', async (_, headers) => {
		const before = await executions();
		const log = stage.n8n.log().length;
		const answer = await send(url, SYNC, headers());
		expect(answer).toEqual({
			status: 401,
			body: '{"message":"SparkLoop-Token is missing or wrong"}',
		});
		expect(await executions()).toBe(before);
		expect(stage.n8n.log().slice(log)).not.toMatch(/token|john\.doe/i);
	});

	it.each([
		['null', 'The body is null, not a JSON object'],
		['[]', 'The body is an array, not a JSON object'],
		['"text"', 'The body is a string, not a JSON object'],
		['', 'The body is empty, not a JSON object'],
		['{}', "The body has no text under 'type'"],
		['{"type":["sync_subscriber"]}', "The body has no text under 'type'"],
		['{"type":"sync_subscriber"}', "The sync_subscriber event has no 'subscriber.email'"],
		[
			'{"type":"reward_unlocked","subscriber":{"id":"sub_1"}}',
			"The reward_unlocked event has no 'subscriber.email'",
		],
		[
			`{"type":"x","a":${'['.repeat(5000)}${']'.repeat(5000)}}`,
			'The body is nested deeper than 64 levels',
		],
	])('answers %.60s with 400 and one line, and starts no execution', async (body, message) => {
		const before = await executions();
		expect(await send(url, body, withToken())).toEqual({
			status: 400,
			body: JSON.stringify({ message }),
		});
		expect(await executions()).toBe(before);
	});

	it('answers an event that was not chosen with a blank 200, and starts no execution', async () => {
		const before = await executions();
		const body = '{"type":"new_offer_lead","lead":{"email":"a@b.co"}}';
		expect(await send(url, body, withToken())).toEqual({ status: 200, body: '' });
		expect(await executions()).toBe(before);
	});

	it('answers a chosen event with a blank 200 when the workflow has finished', async () => {
		expect(await send(url, SYNC, withToken())).toEqual({ status: 200, body: '' });
		const [{ id, status }] = await stage.n8n.api.listExecutions();
		expect(status).toBe('success');
		const { data } = await stage.n8n.api.getExecution(id);
		expect(data.resultData.runData.Next[0].data?.main?.[0]?.[0].json).toMatchObject({
			event: 'sync_subscriber',
			email: 'john.doe@email.com',
			fields: { RH_CODE: 'ada90f39' },
		});
	});

	it('answers any of 200 generated bodies with 200 or 400', async () => {
		await fc.assert(
			fc.asyncProperty(anyBody, async (body) => {
				const text = body === undefined ? '' : JSON.stringify(body);
				expect([200, 400]).toContain((await send(url, text, withToken())).status);
			}),
			{ numRuns: 200 },
		);
	}, 120_000);
});

describe("the trigger's settings", () => {
	it('answer 500 when the workflow fails, so that SparkLoop sends the event again', async () => {
		const url = await publishTrigger('failing', {}, true);
		expect((await send(url, SYNC, withToken())).status).toBe(500);
	});

	it('answer a blank 200 before the workflow fails, when told to respond at once', async () => {
		const url = await publishTrigger('immediately', { respond: 'onReceived' }, true);
		expect(await send(url, SYNC, withToken())).toEqual({ status: 200, body: '' });
	});

	it('answer a blank 200 for an event whose output leads nowhere', async () => {
		const url = await publishTrigger('per-event', { outputs: 'perEvent' });
		const won = JSON.stringify(sample('fromSparkLoop/reward_unlocked.docs'));
		expect(await send(url, won, withToken())).toEqual({ status: 200, body: '' });
		expect(await send(url, SYNC, withToken())).toEqual({ status: 200, body: '' });
		const [{ id }] = await stage.n8n.api.listExecutions();
		const { data } = await stage.n8n.api.getExecution(id);
		expect(Object.keys(data.resultData.runData)).toEqual(['Trigger', 'Next']);
	});

	it.each([
		['no-events', { events: [] }, /required parameters: events/],
		[
			'same-name',
			{ options: { extraFields: { field: [{ source: 'name', name: 'RH_CODE' }] } } },
			/The field name 'RH_CODE' is used twice/,
		],
	])(
		'that cannot work (%s) are refused when the workflow is published',
		async (name, parameters, message) => {
			await expect(publishTrigger(name, parameters)).rejects.toThrow(message);
		},
	);
});

describe('testing a credential', () => {
	const test = async (type: string, data: Record<string, unknown>) =>
		await stage.n8n.api.testCredential({ name: 'Tested', type, data });

	it.each([
		['http://hooks.example/secret', /has to start with https/],
		['hooks', /is not a URL/],
		['https://does-not-exist.invalid/secret', /ENOTFOUND|EAI_AGAIN/],
		['http://127.0.0.1:9/secret', /ECONNREFUSED/],
	])(
		'of a wrong Incoming Webhook URL %s says so, without the secret',
		async (webhookSecretUrl, message) => {
			const result = await test('sparkLoopIncomingWebhookApi', { webhookSecretUrl });
			expect(result).toMatchObject({
				status: 'Error',
				message: expect.stringMatching(message) as string,
			});
			expect(result.message).not.toContain('secret');
		},
	);

	it.each(['sparkLoopApi', 'sparkLoopIncomingWebhookApi'])(
		'of the type %s follows no redirect, which would take the secret along',
		async (type) => {
			const elsewhere = await Peer.start();
			const moved = await Peer.start(() => ({
				status: 302,
				headers: { location: `${elsewhere.url}/campaigns` },
			}));
			try {
				await test(type, { apiKey: 'k3y', baseUrl: moved.url, webhookSecretUrl: moved.url });
				expect(moved.received).toHaveLength(1);
				expect(elsewhere.received).toEqual([]);
			} finally {
				await Promise.all([moved.stop(), elsewhere.stop()]);
			}
		},
	);

	it('of a right Incoming Webhook URL sends no event', async () => {
		const { sandbox } = stage;
		const before = sandbox.calls.log.length;
		const data = { webhookSecretUrl: sandbox.incomingWebhookUrl };
		expect(await test('sparkLoopIncomingWebhookApi', data)).toMatchObject({ status: 'OK' });
		const calls = sandbox.calls.log.slice(before);
		expect(calls.filter(({ method }) => method === 'POST')).toEqual([]);
	});

	it('of an API key asks SparkLoop', async () => {
		const { apiKey, apiUrl: baseUrl } = stage.sandbox;
		expect(await test('sparkLoopApi', { apiKey, baseUrl })).toMatchObject({ status: 'OK' });
		const refused = await test('sparkLoopApi', { apiKey: 'x', baseUrl });
		expect(refused).toMatchObject({ status: 'Error' });
		expect(refused.message).not.toMatch(/not found/i);
	});

	it.each([
		['tok_1', 'OK'],
		['', 'Error'],
		['two words', 'Error'],
	])('of the token %j tells whether it could be one: %s', async (webhookToken, status) => {
		expect(await test('sparkLoopWebhookTokenApi', { webhookToken })).toMatchObject({ status });
	});
});
