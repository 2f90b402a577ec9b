import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Row } from '../../scripts/n8n/dataTables.mts';
import { type RunningN8n, startN8n } from '../../scripts/n8n/host.mts';
import { fillIn } from '../../scripts/story/fillIn.mts';
import { alerts } from '../../scripts/workflows/alerts.mts';
import { Canvas, type WorkflowFile } from '../../scripts/workflows/canvas.mts';
import { FAILURES_TABLE, noteFailures } from '../../scripts/workflows/failures.mts';
import { Peer } from '../support/peer.mts';

const PAUSE = 3_600_000;
const SECRETS = {
	email: 'jane.doe+news@private.example',
	token: 'sk9_4f1c2d3e5a6b7c8d9e0f1a2b',
	url: 'https://hooks.partner.example/in/Wq7Zr?key=tnp3',
};
const SECRET = /jane|doe|private|4f1c2d|Wq7Zr|tnp3/;

interface Alert {
	text: string;
	content: string;
	workflow: string;
	node: string;
	message: string;
	count: number;
	firstAt: string;
	lastAt: string;
	url: string;
	others: number;
}

const owner = {
	email: 'owner@example.com',
	password: `Aa1${randomBytes(12).toString('base64url')}`,
	firstName: 'O',
	lastName: 'Wner',
};
const folder = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-alerts-'));
let n8n: RunningN8n;
let slack: Peer;
let isDown = false;
let alertsId: string;
let failingId: string;
let entrance: string;

/** Fails as its caller says: with a message, in a node whose name is a part of it, or by hanging for ever. */
function failing(): WorkflowFile & { entrance: string } {
	const canvas = new Canvas('Fails');
	canvas.node('In', 'webhook', [0, 0], {
		httpMethod: 'POST',
		path: 'fails',
		responseMode: 'lastNode',
		options: {},
	});
	canvas.node('Fail', 'stopAndError', [1, 0], { errorMessage: '={{ $json.body.message }}' });
	canvas.node('In, to hang', 'webhook', [0, 1], {
		httpMethod: 'POST',
		path: 'hangs',
		responseMode: 'onReceived',
		options: {},
	});
	canvas.node('Hang', 'httpRequest', [1, 1], { url: '={{ $json.body.url }}', options: {} });
	canvas.chain('In', 'Fail');
	canvas.chain('In, to hang', 'Hang');
	noteFailures(canvas, [0, 2]);
	return Object.assign(canvas.toFile(), { entrance: '/webhook/fails' });
}

const tableId = async (name: string) => (await n8n.api.dataTables.list(name))[0].id;
const rows = async (name: string): Promise<Row[]> =>
	await n8n.api.dataTables.rows(await tableId(name));
const until = async <T,>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> => {
	const deadline = Date.now() + 20_000;
	for (;;) {
		const answer = await ask();
		if (answer) return answer;
		if (Date.now() > deadline) throw new Error(`Not within 20 seconds: ${what}`);
		await sleep(50);
	}
};
/** Makes the workflow fail, and waits until all of it is noted. */
async function fail(...messages: string[]): Promise<void> {
	const before = (await rows(FAILURES_TABLE)).length;
	await Promise.all(
		messages.map(
			async (message) =>
				await fetch(n8n.url + entrance, {
					method: 'POST',
					headers: { 'content-type': 'application/json' },
					body: JSON.stringify({ message }),
				}),
		),
	);
	await until(`${messages.length} failures are noted`, async () => {
		return (await rows(FAILURES_TABLE)).length >= before + messages.length;
	});
}
const run = async (trigger = 'Every minute') => {
	const { api } = n8n;
	const execution = await api.waitForExecution(await api.runWorkflow(alertsId, trigger));
	return { status: execution.status, message: execution.data.resultData.error?.message };
};
const OK = { status: 'success', message: undefined };
const received = (from = 0) => slack.received.slice(from).map(({ body }) => body as Alert);
/** As if the pause had passed since the last alerts. */
async function letPausePass(): Promise<void> {
	const id = await tableId('SparkLoop alerts');
	for (const { id: alert, toldAt, due } of await rows('SparkLoop alerts')) {
		await n8n.api.dataTables.update(id, ['id', alert], {
			toldAt: Number(toldAt) > 0 ? Number(toldAt) - PAUSE : 0,
			due: Number(due) - PAUSE,
		});
	}
}

beforeAll(async () => {
	slack = await Peer.start(() => ({ status: isDown ? 503 : 200 }));
	n8n = await startN8n({ userFolder: folder, port: 0, owner });
	const { api } = n8n;
	const file = structuredClone(alerts());
	// Small pages, so that the loop over them is needed.
	fillIn(file, { alertUrl: `${slack.url}/T0/secretpath`, pageSize: 7, settle: 0, pause: PAUSE });
	alertsId = await api.importWorkflow({
		...file,
		settings: { ...file.settings, saveDataSuccessExecution: 'all' },
	});
	for (const time of ['first', 'second']) {
		expect([time, await run('Set up (run once)')]).toEqual([time, OK]);
	}
	const fails = failing();
	failingId = await api.importWorkflow({ ...fails });
	await api.publish(failingId);
	entrance = fails.entrance;
	await api.waitForWebhook(entrance);
}, 120_000);
afterAll(async () => {
	await n8n?.stop();
	await slack?.stop();
	rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}, 30_000);
afterEach(() => {
	isDown = false;
});

it('makes one alert of an outage, however many executions fail at once, and another of another', async () => {
	await fail(...Array.from({ length: 30 }, (_, index) => `Contact ${index} was not written`));
	expect(await run()).toEqual(OK);
	expect(received()).toHaveLength(1);
	const [alert] = received();
	expect(alert).toMatchObject({
		workflow: 'Fails',
		node: 'Fail',
		count: 30,
		message: expect.stringMatching(/^Contact \d+ was not written$/) as string,
	});
	expect(alert.url).toMatch(new RegExp(`^${n8n.url}/workflow/${failingId}/executions/\\d+$`));
	const { workflowId, status } = await n8n.api.getExecution(alert.url.split('/').at(-1)!);
	expect([workflowId, status]).toEqual([failingId, 'error']);
	expect(alert.text).toContain("Fails failed 30 times at 'Fail'");
	expect(alert.content).toBe(alert.text);

	await fail('It is something else');
	expect(await run()).toEqual(OK);
	expect(received(1)).toMatchObject([{ count: 1, message: 'It is something else', others: 0 }]);
}, 60_000);

it('says nothing more within the pause, and after it how often it happened since', async () => {
	const from = received().length;
	await fail(...Array.from({ length: 9 }, (_, index) => `Contact ${index} was not written`));
	expect(await run()).toEqual(OK);
	await fail('Contact 77 was not written');
	expect(await run()).toEqual(OK);
	expect(received(from)).toEqual([]);
	await letPausePass();
	expect(await run()).toEqual(OK);
	expect(received(from)).toMatchObject([{ count: 10, node: 'Fail' }]);
	await letPausePass();
	expect(await run()).toEqual(OK);
	expect(received(from)).toHaveLength(1);
}, 60_000);

it('keeps an alert that cannot be sent, counts on, and sends it once', async () => {
	const from = received().length;
	isDown = true;
	await fail('Nobody hears of it yet');
	expect(await run()).toEqual({
		status: 'error',
		message:
			"An alert was not sent: status 503. It waits in the Data Table 'SparkLoop alerts', and the next run sends it again.",
	});
	expect((await rows('SparkLoop alerts')).at(-1)).toMatchObject({
		state: 'waiting',
		count: 1,
		reason: 'status 503',
	});
	await fail('Nobody hears of it yet');
	isDown = false;
	const tried = received().length;
	expect(tried).toBe(from + 1);
	expect(await run()).toEqual(OK);
	expect(await run()).toEqual(OK);
	expect(received(tried)).toMatchObject([{ count: 2, message: 'Nobody hears of it yet' }]);
	expect((await rows('SparkLoop alerts')).at(-1)).toMatchObject({ state: 'sent', reason: '' });
}, 60_000);

it('takes addresses, tokens and URLs out, before anything is written down', async () => {
	const from = received().length;
	await fail(
		`POST ${SECRETS.url} for ${SECRETS.email}: no`,
		`Bearer ${SECRETS.token} for ${encodeURIComponent(SECRETS.email)} is refused`,
	);
	expect(await run()).toEqual(OK);
	expect(
		received(from)
			.map(({ message }) => message)
			.sort(),
	).toEqual(['Bearer … for … is refused', 'POST https://hooks.partner.example/… for … no']);
	const written = [await rows(FAILURES_TABLE), await rows('SparkLoop alerts'), received(from)];
	expect(JSON.stringify(written)).not.toMatch(SECRET);
}, 60_000);

it('tells everything once when several runs start at the same time', async () => {
	const from = received().length;
	const kinds = ['One', 'Two', 'Three'];
	await fail(...kinds.flatMap((kind) => [1, 2, 3, 4].map((id) => `${kind} cannot be done: ${id}`)));
	expect(await Promise.all([run(), run(), run(), run()])).toEqual([OK, OK, OK, OK]);
	const told = received(from).map(({ message, count }) => `${message.split(' ')[0]} ${count}`);
	expect(told.sort()).toEqual(['One 4', 'Three 4', 'Two 4']);
}, 60_000);

it('counts once what n8n was killed in the middle of counting', async () => {
	const from = received().length;
	await fail('It is counted', 'It is counted');
	expect(await run()).toEqual(OK);
	expect(received(from)).toMatchObject([{ count: 2 }]);
	// What a kill leaves behind: the alert is written, and waits, but its failures are not marked.
	const alert = (await rows('SparkLoop alerts')).at(-1)!;
	const { dataTables } = n8n.api;
	const written = { state: 'waiting', toldAt: 0, due: 0 };
	await dataTables.update(await tableId('SparkLoop alerts'), ['id', alert.id], written);
	await dataTables.update(await tableId(FAILURES_TABLE), ['alert', alert.id], { alert: 0 });
	await fail('It is counted');
	expect(await run()).toEqual(OK);
	expect(received(from + 1)).toMatchObject([{ count: 3 }]);
	const open = (await rows(FAILURES_TABLE)).filter((failure) => failure.alert === 0);
	expect(open).toEqual([]);
}, 60_000);

it('tells of an execution that n8n was killed in the middle of', async () => {
	const from = received().length;
	const silent = await Peer.start(() => 'hang');
	await fetch(`${n8n.url}/webhook/hangs`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify({ url: silent.url }),
	});
	await until('the execution hangs', async () => await Promise.resolve(silent.received.length > 0));
	const before = (await rows(FAILURES_TABLE)).length;
	await n8n.kill();
	await silent.stop();
	n8n = await startN8n({ userFolder: folder, port: n8n.port, owner });
	await until('the crash is noted', async () => (await rows(FAILURES_TABLE)).length > before);
	expect(await run()).toEqual(OK);
	expect(received(from)).toMatchObject([
		{
			workflow: 'Fails',
			node: 'Hang',
			count: 1,
			message: 'Workflow did not finish, possible out-of-memory issue',
		},
	]);
	const { status } = await n8n.api.getExecution(received(from)[0].url.split('/').at(-1)!);
	expect(status).toBe('crashed');
}, 90_000);

it('is the error workflow of any other workflow that chooses it', async () => {
	const { api } = n8n;
	const canvas = new Canvas('Somebody else’s', { errorWorkflow: alertsId });
	canvas.node('Start', 'webhook', [0, 0], { httpMethod: 'POST', path: 'other', options: {} });
	canvas.node('Break', 'stopAndError', [1, 0], { errorMessage: 'Broken' });
	canvas.chain('Start', 'Break');
	await api.publish(alertsId);
	await api.publish(await api.importWorkflow({ ...canvas.toFile() }));
	await api.waitForWebhook('/webhook/other');
	await fetch(`${n8n.url}/webhook/other`, { method: 'POST' });
	const noted = await until('the failure is noted', async () =>
		(await rows(FAILURES_TABLE)).find(({ workflow }) => workflow === 'Somebody else’s'),
	);
	expect(noted).toMatchObject({ node: 'Break', message: 'Broken' });
}, 60_000);
