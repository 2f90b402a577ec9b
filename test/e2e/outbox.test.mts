import { fillIn } from '../../scripts/story/fillIn.mts';
import { workflowFile } from '../../scripts/story/importing.mts';
import { killAndRestart, setStage, type Stage } from '../../scripts/story/stage.mts';

let stage: Stage;
let drain: () => Promise<{ status: string; message?: string }>;
let tableId: string;

beforeAll(async () => {
	stage = await setStage({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
	const { api } = stage.n8n;
	// The one that is in service would send what the tests put into the table.
	await api.unpublish(stage.outbox.id);
	const file = workflowFile('outbox.json');
	// Small pages, so that the loop over them is needed, and no pause between attempts.
	fillIn(file, { pageSize: 3, minute: 1, longestPause: 1 });
	const credentials = await api.rest.call<Array<{ id: string; type: string; name: string }>>(
		'GET',
		'/rest/credentials',
	);
	const type = 'sparkLoopIncomingWebhookApi';
	const { id, name } = credentials.find((one) => one.type === type)!;
	for (const node of file.nodes) {
		if (node.type.endsWith('.sparkLoop')) node.credentials = { [type]: { id, name } };
	}
	const workflow = await api.importWorkflow({
		...file,
		settings: { ...file.settings, saveDataSuccessExecution: 'all' },
	});
	const run = async (trigger: string) => {
		// After a restart it is another n8n.
		const { api } = stage.n8n;
		const { status, data } = await api.waitForExecution(await api.runWorkflow(workflow, trigger));
		return { status, message: data.resultData.error?.message };
	};
	drain = async () => await run('Every minute');
	for (const time of ['first', 'second']) {
		expect([time, await run('Set up (run once)')]).toEqual([time, { status: 'success' }]);
	}
	[{ id: tableId }] = await api.dataTables.list('SparkLoop outbox');
}, 180_000);
afterAll(async () => await stage?.close(), 60_000);
afterEach(() => stage.sandbox.faults.clear());

interface Event {
	type: string;
	subscriber: { email: string; previous_email?: string; id?: string };
}

const keep = async (...events: Event[]): Promise<void> => {
	const rows = events.map((event) => {
		const { email, previous_email: previous } = event.subscriber;
		return {
			person: ` ${[email, previous].filter(Boolean).join(' ')} `,
			event: JSON.stringify(event),
			state: 'waiting',
			attempts: 0,
			due: 0,
			reason: '',
		};
	});
	await stage.n8n.api.dataTables.insert(tableId, rows);
};
const rows = async () => await stage.n8n.api.dataTables.rows(tableId);
const sent = (from: number) =>
	stage.sandbox.calls.log
		.slice(from)
		.filter(({ kind, status }) => kind === 'incomingWebhook' && status === 200)
		.map(({ body }) => body as Event);
const subscribe = (email: string): Event => ({ type: 'subscribe', subscriber: { email } });

it('sends everything over several pages, in the order of each person, and empties itself', async () => {
	const from = stage.sandbox.calls.log.length;
	const events = [
		subscribe('a@example.com'),
		subscribe('b@example.com'),
		{ type: 'update', subscriber: { email: 'a2@example.com', previous_email: 'a@example.com' } },
		subscribe('c@example.com'),
		{ type: 'unsubscribe', subscriber: { email: 'a2@example.com' } },
		{ type: 'unsubscribe', subscriber: { email: 'b@example.com' } },
		subscribe('d@example.com'),
	];
	await keep(...events);
	for (let run = 0; (await rows()).length > 0 && run < 5; run += 1) {
		expect(await drain()).toEqual({ status: 'success' });
	}
	expect(await rows()).toEqual([]);
	expect(sent(from)).toHaveLength(events.length);
	for (const person of ['a', 'b', 'c', 'd']) {
		const about = (event: Event) => new RegExp(`"${person}2?@`).test(JSON.stringify(event));
		expect(sent(from).filter(about)).toEqual(events.filter(about));
	}
}, 60_000);

it('keeps everything while SparkLoop is down, and sends it in order once it is back', async () => {
	const from = stage.sandbox.calls.log.length;
	const events = [
		subscribe('e@example.com'),
		subscribe('f@example.com'),
		{ type: 'unsubscribe', subscriber: { email: 'e@example.com' } },
		subscribe('g@example.com'),
	];
	await keep(...events);
	stage.sandbox.faults.inbound.down();
	expect(await drain()).toEqual({ status: 'success' });
	expect(await drain()).toEqual({ status: 'success' });
	const kept = await rows();
	expect(kept.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
	expect(kept.map(({ attempts }) => attempts)).toEqual([2, 2, 0, 2]);
	expect(String(kept[0].reason)).toMatch(/did not take the event/);
	expect(JSON.stringify(kept.map(({ reason }) => reason))).not.toMatch(/example\.com/);

	stage.sandbox.faults.inbound.up();
	for (let run = 0; (await rows()).length > 0 && run < 5; run += 1) await drain();
	expect(await rows()).toEqual([]);
	const about = (event: Event) => event.subscriber.email === 'e@example.com';
	expect(sent(from).filter(about)).toEqual(events.filter(about));
}, 60_000);

it('parks what SparkLoop refuses for good, says so, and lets later events of the person go on', async () => {
	const from = stage.sandbox.calls.log.length;
	// On two pages, so that the one that is parked is not on the last.
	const others = ['nobody', 'h', 'i', 'j'].map((name) => subscribe(`${name}@example.com`));
	await keep({ type: 'unsubscribe', subscriber: { email: 'nobody@example.com' } }, ...others);
	expect(await drain()).toEqual({
		status: 'error',
		message: expect.stringMatching(
			/^1 events for SparkLoop were parked: see the rows with the state 'parked' in the Data Table 'SparkLoop outbox'\. The first: SparkLoop refused the event with status 404.*Check 'Incoming Webhook URL' in the credential/,
		) as string,
	});
	expect(await rows()).toMatchObject([{ state: 'parked', attempts: 1 }]);
	const byAddress = (a: Event, b: Event) => a.subscriber.email.localeCompare(b.subscriber.email);
	expect(sent(from).sort(byAddress)).toEqual(others.sort(byAddress));
	expect(await drain()).toEqual({ status: 'success' });
	expect(await rows()).toHaveLength(1);
}, 60_000);

it('sends each event once when several runs start at the same time', async () => {
	const from = stage.sandbox.calls.log.length;
	const people = Array.from({ length: 12 }, (_, index) => `crowd${index}@example.com`);
	await keep(...people.map(subscribe));
	stage.sandbox.faults.inbound.slow(100);
	const runs = await Promise.all([drain(), drain(), drain(), drain()]);
	expect(runs.map(({ status }) => status)).toEqual(['success', 'success', 'success', 'success']);
	expect(
		sent(from)
			.map(({ subscriber }) => subscriber.email)
			.sort(),
	).toEqual([...people].sort());
}, 60_000);

it('delivers what n8n was killed in the middle of, once the lease has run out', async () => {
	const from = stage.sandbox.calls.log.length;
	const people = Array.from({ length: 9 }, (_, index) => `killed${index}@example.com`);
	await keep(
		...people.map(subscribe),
		...people.map((email): Event => ({ type: 'unsubscribe', subscriber: { email } })),
	);
	stage.sandbox.faults.inbound.slow(300);
	const killed = drain().catch(() => 'killed');
	// The contacts' workflow makes calls too, to the ESP.
	while (sent(from).length < 2) await new Promise((next) => setTimeout(next, 20));
	await killAndRestart(stage);
	expect(await killed).toBe('killed');
	stage.sandbox.faults.clear();

	const before = await rows();
	expect(before.length).toBeGreaterThan(0);
	expect(await drain()).toEqual({ status: 'success' });
	expect(await rows()).toEqual(before);

	const [lease] = await stage.n8n.api.dataTables.list('SparkLoop lease');
	await stage.n8n.api.dataTables.update(lease.id, ['name', 'outbox'], { until: 0 });
	for (let run = 0; (await rows()).length > 0 && run < 20; run += 1) await drain();
	for (const email of people) {
		const told = sent(from).filter(({ subscriber }) => subscriber.email === email);
		expect(told.at(0)?.type).toBe('subscribe');
		expect(told.at(-1)?.type).toBe('unsubscribe');
		expect(stage.sandbox.program.find(email)?.status).toBe('unsubscribed');
	}
}, 120_000);
