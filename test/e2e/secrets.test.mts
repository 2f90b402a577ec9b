import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import type { Execution } from '../../scripts/n8n/api.mts';
import { fillIn } from '../../scripts/story/fillIn.mts';
import { setGround, type Ground } from '../../scripts/story/stage.mts';
import { alerts } from '../../scripts/workflows/alerts.mts';
import { Canvas } from '../../scripts/workflows/canvas.mts';
import { FAILURES_TABLE, noteFailures } from '../../scripts/workflows/failures.mts';
import { Peer, type Behaviour } from '../support/peer.mts';

/** What is planted in credentials, and must be readable nowhere. */
const SECRETS = {
	token: 'tok3n9f1c2d3e5a6b7c8d',
	wrongToken: 'wr0ngtok3n5a6b7c8d9e',
	key: 'k3y7a8b9c0d1e2f3a4b5c6',
	incomingUrl: 'w3bh00k4f5a6b7c8d9e0f1',
	unsavedKey: 'uns4v3d1a2b3c4d5e6f7',
};
/** Beginnings of addresses that are planted in items. In an item they may stay; in words about it they may not. */
const PEOPLE = ['zoe.planted', 'yan.planted'];

/** What SparkLoop, or something in front of it, may answer: all that it was sent, repeated. */
const answering =
	(status: number): Behaviour =>
	({ path: asked, headers, body }) => ({
		status,
		// Of a long answer only the beginning is shown.
		body: {
			error: `No: ${headers['x-api-key']} ${asked} ${JSON.stringify(body)} ${JSON.stringify(headers)}`,
		},
	});

const FAILURES: Readonly<Record<string, Behaviour>> = {
	'repeats all in a 400': answering(400),
	'repeats all in a 401': answering(401),
	'repeats all in a 404': answering(404),
	'repeats all in a 422': answering(422),
	'repeats all in a 429': answering(429),
	'repeats all in a 503': answering(503),
	'answers something else': () => ({ status: 200, body: { page: 'Welcome' } }),
	'redirects to itself': (request) => ({ status: 302, headers: { location: request.path } }),
	'closes the connection': () => 'drop',
	'never answers': () => 'hang',
};

const byEmail = { __rl: true, mode: 'email', value: '={{ $json.body.email }}' };
const email = '={{ $json.body.email }}';

/** Each way in which the node calls SparkLoop. */
const CALLS: Readonly<Record<string, object>> = {
	'subscribe through the webhook': {
		resource: 'subscriber',
		operation: 'subscribe',
		sendThrough: 'incomingWebhook',
		email,
		additionalFields: { name: '={{ $json.body.name }}' },
	},
	'update through the API': {
		resource: 'subscriber',
		operation: 'update',
		sendThrough: 'api',
		email,
		previousEmail: '={{ $json.body.previous }}',
		additionalFields: {},
	},
	get: { resource: 'subscriber', operation: 'get', subscriber: byEmail },
	list: { resource: 'subscriber', operation: 'getAll', returnAll: true },
	event: {
		resource: 'event',
		operation: 'create',
		subscriber: byEmail,
		campaign: { __rl: true, mode: 'id', value: 'MF1' },
		value: 1,
		additionalFields: {},
	},
	import: {
		resource: 'import',
		operation: 'throughApi',
		email,
		additionalFields: { referrerCode: '={{ $json.body.previous }}' },
	},
};

/** Each way in which its parameters can be wrong. */
const WRONG: Readonly<Record<string, object>> = {
	'no address': {
		resource: 'subscriber',
		operation: 'unsubscribe',
		sendThrough: 'incomingWebhook',
		email: '={{ $json.body.email }}, {{ $json.body.previous }}',
	},
	'an expression that fails': {
		resource: 'subscriber',
		operation: 'unsubscribe',
		sendThrough: 'incomingWebhook',
		email: '={{ $json.body.email.nothing.there }}',
	},
	'an event that is none': {
		resource: 'subscriber',
		operation: 'sendAsIs',
		sendThrough: 'api',
		event: '={{ JSON.stringify($json.body) + "}" }}',
	},
	compare: { resource: 'contact', operation: 'compare', event: '={{ $json.body }}' },
};

let ground: Ground;
let sparkLoop: Peer;
let behaviour: Behaviour = answering(400);
let answers: string[] = [];
let seen = 0;
let alertsId: string;
let receiver: string;
const callers: string[] = [];
const mistaken: string[] = [];
/** Quick, also after a refusal for the rate. */
const OPTIONS = { maxAttempts: 2, longestPause: 0, timeout: 0.2, rateLimit: 1000, rateWindow: 0.1 };

beforeAll(async () => {
	sparkLoop = await Peer.start((request, count) => behaviour(request, count));
	ground = await setGround({
		n8nPort: 0,
		sandboxPort: 0,
		progress: () => {},
		// All that n8n can be asked to log, and the file in which it keeps it.
		env: { N8N_LOG_LEVEL: 'debug', N8N_LOG_OUTPUT: 'console,file' },
	});
	const { api } = ground.n8n;
	const store = async (type: string, data: Record<string, unknown>) => ({
		[type]: { id: await api.importCredential({ name: type, type, data }), name: type },
	});
	const url = `${sparkLoop.url}/in/${SECRETS.incomingUrl}/end`;
	const credentials = {
		...(await store('sparkLoopIncomingWebhookApi', { webhookSecretUrl: url })),
		...(await store('sparkLoopApi', { apiKey: SECRETS.key, baseUrl: `${sparkLoop.url}/v2` })),
	};
	const token = await store('sparkLoopWebhookTokenApi', { webhookToken: SECRETS.token });

	const alarm = structuredClone(alerts());
	fillIn(alarm, { alertUrl: `${ground.sandbox.url}/nobody`, settle: 0 });
	alertsId = await api.importWorkflow({ ...alarm });
	await api.waitForExecution(await api.runWorkflow(alertsId, 'Set up (run once)'));

	const bring = async (name: string, parameters: object, onError: string) => {
		const canvas = new Canvas(`${name}, ${onError}`);
		const entrance = `${name} ${onError}`.replace(/\W/g, '-');
		canvas.node('In', 'webhook', [0, 0], {
			httpMethod: 'POST',
			path: entrance,
			responseMode: 'lastNode',
			responseData: 'allEntries',
			options: {},
		});
		canvas.node(
			'SparkLoop',
			'n8n-nodes-sparkloop.sparkLoop',
			[1, 0],
			{ ...parameters, options: OPTIONS },
			{ credentials, onError },
		);
		canvas.chain('In', 'SparkLoop');
		noteFailures(canvas, [0, 2]);
		await api.publish(await api.importWorkflow({ ...canvas.toFile() }));
		await api.waitForWebhook(`/webhook/${entrance}`);
		return `/webhook/${entrance}`;
	};
	for (const onError of ['stopWorkflow', 'continueErrorOutput']) {
		for (const [name, parameters] of Object.entries(CALLS)) {
			callers.push(await bring(name, parameters, onError));
		}
		for (const [name, parameters] of Object.entries(WRONG)) {
			mistaken.push(await bring(name, parameters, onError));
		}
	}
	const canvas = new Canvas('Receives');
	canvas.node(
		'Trigger',
		'n8n-nodes-sparkloop.sparkLoopTrigger',
		[0, 0],
		{},
		{ credentials: token },
	);
	canvas.node('Break', 'stopAndError', [1, 0], { errorMessage: 'The ESP is down' });
	canvas.chain('Trigger', 'Break');
	noteFailures(canvas, [0, 2]);
	await api.publish(await api.importWorkflow({ ...canvas.toFile() }));
	receiver = `/webhook/${canvas.webhookIdOf('Trigger')}/webhook`;
	await api.waitForWebhook(receiver);
}, 240_000);
afterAll(async () => {
	await ground?.close();
	await sparkLoop?.stop();
}, 60_000);
async function post(entrance: string, body: object, headers: Record<string, string> = {}) {
	const response = await fetch(ground.n8n.url + entrance, {
		method: 'POST',
		headers: { 'content-type': 'application/json', ...headers },
		body: JSON.stringify(body),
	});
	answers.push(`${response.status} ${await response.text()}`);
	return response.status;
}

const person = {
	email: `${PEOPLE[0]}@private.example`,
	previous: `${PEOPLE[1]}@private.example`,
	name: 'Zoe',
};

/** All that n8n wrote to its folder: database, logs, settings. */
function filesOfN8n(): Array<[file: string, content: string]> {
	const folder = ground.n8n.userFolder;
	return readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
		.map((entry) => path.join(entry.parentPath, entry.name))
		.map((file) => [path.relative(folder, file), readFileSync(file, 'latin1')]);
}

const found = (text: string, wanted: string[]): string[] =>
	wanted.filter((one) =>
		[one, encodeURIComponent(one), btoa(one)].some((way) => text.includes(way)),
	);

/** Those that nobody asked for yet, all ended. */
async function newExecutions(): Promise<Execution[]> {
	const { api } = ground.n8n;
	const ids = (await api.listExecutions()).map(({ id }) => Number(id)).filter((id) => id > seen);
	seen = Math.max(seen, ...ids);
	const all: Execution[] = [];
	for (const id of ids) all.push(await api.waitForExecution(String(id)));
	return all;
}

/** What n8n and our nodes say of failures: in what stopped an execution, and in what left by an error output. */
const wordsAbout = ({ data }: Execution): unknown[] => [
	data.resultData.error,
	...Object.values(data.resultData.runData).flatMap((runs) =>
		runs.flatMap(({ error, data: put }) => [
			error,
			...(put?.main ?? []).flatMap((items) =>
				(items ?? [])
					.filter(({ json }) => 'error' in json && 'details' in json)
					.map(({ json }) => ({
						error: json.error,
						details: { ...(json.details as object), payload: 0 },
					})),
			),
		]),
	),
];

/** Of all that was said and kept since the last time: no secret anywhere, and nobody's address in words about failures. */
async function expectNothingTold(): Promise<void> {
	expect(found(answers.join('\n'), Object.values(SECRETS))).toEqual([]);
	const executions = await newExecutions();
	expect(executions.length).toBeGreaterThan(0);
	for (const execution of executions) {
		const words = JSON.stringify(wordsAbout(execution));
		expect([execution.id, found(words, PEOPLE)]).toEqual([execution.id, []]);
	}
	for (const [file, content] of filesOfN8n()) {
		expect([file, found(content, Object.values(SECRETS))]).toEqual([file, []]);
	}
}

const postAll = async (entrances: string[]) =>
	await Promise.all(
		entrances.map(async (entrance) => await post(entrance, { type: 'x', ...person })),
	);

beforeEach(() => {
	answers = [];
});

describe('no secret is in n8n’s answers, logs and database, and no address in its words', () => {
	it.each(Object.entries(FAILURES))(
		'when SparkLoop %s',
		async (_, told) => {
			behaviour = told;
			const before = sparkLoop.received.length;
			await postAll(callers);
			// Both were sent: there was something to repeat.
			const sent = JSON.stringify(sparkLoop.received.slice(before));
			expect(found(sent, [SECRETS.incomingUrl, SECRETS.key])).toHaveLength(2);
			await expectNothingTold();
		},
		60_000,
	);

	it('when parameters are wrong', async () => {
		const before = sparkLoop.received.length;
		await postAll(mistaken);
		expect(sparkLoop.received.length).toBe(before);
		await expectNothingTold();
	}, 60_000);

	it('when the trigger is sent the right token, or a wrong one', async () => {
		const event = { type: 'sync_subscriber', subscriber: { id: 'sub_1', ...person } };
		expect(await post(receiver, event, { 'sparkloop-token': SECRETS.token })).toBe(500);
		expect(await post(receiver, event, { 'sparkloop-token': SECRETS.wrongToken })).toBe(401);
		expect(found(answers.join('\n'), PEOPLE)).toEqual([]);
		await expectNothingTold();
	});
});

it('the tests of credentials repeat nothing of them', async () => {
	const { api } = ground.n8n;
	for (const told of Object.values(FAILURES)) {
		behaviour = told;
		for (const [type, data] of [
			['sparkLoopApi', { apiKey: SECRETS.unsavedKey, baseUrl: `${sparkLoop.url}/v2` }],
			['sparkLoopApi', { apiKey: `${SECRETS.unsavedKey}\n.`, baseUrl: 'https://nowhere.invalid' }],
			['sparkLoopIncomingWebhookApi', { webhookSecretUrl: `http://${SECRETS.unsavedKey}.invalid` }],
			['sparkLoopWebhookTokenApi', { webhookToken: `${SECRETS.unsavedKey} x` }],
		] as const) {
			// n8n itself waits for minutes then.
			if (told === FAILURES['never answers'] && type === 'sparkLoopApi') continue;
			const { message } = await api.testCredential({ name: 'Tested', type, data });
			expect(found(message, Object.values(SECRETS))).toEqual([]);
		}
	}
}, 60_000);

it('the alerts and their tables hold neither secrets nor addresses', async () => {
	const { api } = ground.n8n;
	await api.waitForExecution(await api.runWorkflow(alertsId, 'Every minute'));
	for (const name of [FAILURES_TABLE, 'SparkLoop alerts']) {
		const [{ id }] = await api.dataTables.list(name);
		const rows = await api.dataTables.rows(id);
		expect(rows.length).toBeGreaterThan(0);
		expect(found(JSON.stringify(rows), [...Object.values(SECRETS), ...PEOPLE])).toEqual([]);
	}
}, 60_000);

it('n8n’s logs hold no address, and after all this none of its files a secret', () => {
	const files = filesOfN8n();
	const logs = files.filter(([file]) => file.endsWith('.log'));
	expect(logs.length).toBeGreaterThan(1);
	for (const [file, content] of logs) {
		expect([file, found(content, PEOPLE)]).toEqual([file, []]);
	}
	for (const [file, content] of files) {
		expect([file, found(content, Object.values(SECRETS))]).toEqual([file, []]);
	}
	// What is searched is what n8n keeps: items stay in executions.
	expect(files.some(([, content]) => found(content, PEOPLE).length > 0)).toBe(true);
});
