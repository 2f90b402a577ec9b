import { importWorkflow, type ImportedWorkflow } from '../../scripts/story/importing.mts';
import { setGround, type Ground } from '../../scripts/story/stage.mts';
import { sample } from '../support/samples.mts';

let ground: Ground;
const flows: Record<string, ImportedWorkflow> = {};

beforeAll(async () => {
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
	const { api } = ground.n8n;
	const bring = async (file: string) => await importWorkflow(api, ground.credentials, file);
	// Not published: what it would send is looked at in its table.
	await bring('outbox.json');
	for (const file of ['your-esp-to-sparkloop.json', 'your-esp-to-outbox.json']) {
		flows[file] = await bring(file);
		await api.publish(flows[file].id);
		await api.waitForWebhook(flows[file].path('When your ESP reports a change'));
	}
}, 180_000);
afterAll(async () => await ground?.close(), 60_000);
afterEach(async () => {
	ground.sandbox.faults.clear();
	const { dataTables } = ground.n8n.api;
	const [{ id }] = await dataTables.list('SparkLoop outbox');
	for (const row of await dataTables.rows(id)) {
		await dataTables.update(id, ['id', row.id], { state: 'parked' });
	}
});

async function report(event: object, file = 'your-esp-to-sparkloop.json'): Promise<number> {
	const { n8n, credentials } = ground;
	const { name, value } = credentials.fromEsp.header;
	const answer = await fetch(n8n.url + flows[file].path('When your ESP reports a change'), {
		method: 'POST',
		headers: { 'content-type': 'application/json', [name]: value },
		body: JSON.stringify(event),
	});
	return answer.status;
}
const kept = async () => {
	const { dataTables } = ground.n8n.api;
	const [{ id }] = await dataTables.list('SparkLoop outbox');
	const rows = (await dataTables.rows(id)).filter(({ state }) => state !== 'parked');
	return rows.map(({ person, event, state, attempts, reason }) => ({
		person,
		event: JSON.parse(String(event)) as object,
		state,
		attempts,
		reason,
	}));
};
/** What SparkLoop was told while `act` ran. */
async function told(act: () => Promise<unknown>) {
	const from = ground.sandbox.calls.log.length;
	await act();
	return ground.sandbox.calls.log.slice(from).map(({ body }) => body);
}
async function lastError(): Promise<string | undefined> {
	const [failed] = await ground.n8n.api.listExecutions({ status: ['error'] });
	return (await ground.n8n.api.getExecution(failed.id)).data.resultData.error?.message;
}

const PERSON = {
	email: 'john.doe@email.com',
	first_name: 'John',
	name: 'John Doe',
	at: 1564400550,
};
const EVENTS = [
	['subscribe', { event: 'subscribed', confirmed: true, id: 123, ...PERSON }],
	['update', { event: 'email_changed', previous_email: 'john.doe.previous@email.com', ...PERSON }],
	['unsubscribe', { event: 'unsubscribed', ...PERSON }],
] as const;
/** Set nodes make text of the ESP's ID; SparkLoop's article does not say which it wants. */
function payload(type: string) {
	const { subscriber, ...rest } = sample(`toSparkLoop/${type}`) as { subscriber: { id?: unknown } };
	const { id } = subscriber;
	return { ...rest, subscriber: id === undefined ? subscriber : { ...subscriber, id: String(id) } };
}

/** The same before the SparkLoop node has read it: a date is whatever the ESP said. */
function written(type: string) {
	const { subscriber, ...rest } = payload(type);
	const dates = Object.entries(subscriber)
		.filter(([key]) => key.endsWith('_at'))
		.map(([key, value]) => [key, String(value)]);
	return { ...rest, subscriber: { ...subscriber, ...Object.fromEntries(dates) } };
}

describe('your ESP to SparkLoop', () => {
	it.each(EVENTS)('tells SparkLoop %s', async (type, event) => {
		// SparkLoop refuses an update of somebody unknown, but that is not what this is about.
		expect(await told(async () => expect(await report(event)).toBe(200))).toEqual([payload(type)]);
	});

	it.each([
		['a sign-up that is not confirmed', { event: 'subscribed', confirmed: false, ...PERSON }],
		['what else an ESP reports', { event: 'opened', ...PERSON }],
	])('tells nothing of %s', async (_, event) => {
		expect(await told(async () => expect(await report(event)).toBe(200))).toEqual([]);
		expect(await kept()).toEqual([]);
	});

	it.each([
		[
			{ event: 'unsubscribed' },
			"'Event' holds an event in which 'subscriber.email' is missing [item 0]",
		],
		[
			{ event: 'email_changed', ...PERSON },
			"'Event' holds an event in which 'subscriber.previous_email' is missing [item 0]",
		],
	])('fails with a clear message for %j, so that the ESP hears of it', async (event, message) => {
		expect(await report(event)).toBe(500);
		expect(await lastError()).toBe(message);
		expect(await kept()).toEqual([]);
	});

	it('keeps in the outbox what SparkLoop cannot take, and what comes later of that person', async () => {
		const [[, subscribed], , [, unsubscribed]] = EVENTS;
		ground.sandbox.faults.inbound.down();
		expect(await report(subscribed)).toBe(200);
		ground.sandbox.faults.clear();
		const later = async () => {
			expect(await report(unsubscribed)).toBe(200);
			expect(
				await report({ ...EVENTS[1][1], previous_email: PERSON.email, email: 'j@new.com' }),
			).toBe(200);
			expect(await report({ ...unsubscribed, email: 'other.john.doe@email.com' })).toBe(200);
		};
		const atOnce = await told(later);
		expect(atOnce).toMatchObject([{ subscriber: { email: 'other.john.doe@email.com' } }]);
		expect(await kept()).toMatchObject([
			{
				person: ' john.doe@email.com ',
				event: payload('subscribe'),
				state: 'waiting',
				attempts: 1,
				reason: expect.stringMatching(/did not take the event in 2 attempts/),
			},
			{ event: { type: 'unsubscribe' }, state: 'waiting', attempts: 0 },
			{ person: ' j@new.com john.doe@email.com ', event: { type: 'update' }, state: 'waiting' },
			{ person: ' other.john.doe@email.com ', state: 'unreported' },
		]);
	}, 30_000);

	it('hands what SparkLoop refuses for good to the outbox, which reports it', async () => {
		expect(await report({ event: 'unsubscribed', email: 'nobody@example.com' })).toBe(200);
		expect(await kept()).toMatchObject([
			{ state: 'unreported', reason: expect.stringMatching(/refused the event with status 404/) },
		]);
	});

	it('fails when there is no outbox either', async () => {
		const { dataTables } = ground.n8n.api;
		const [{ id }] = await dataTables.list('SparkLoop outbox');
		await dataTables.delete(id);
		ground.sandbox.faults.inbound.down();
		expect(await report(EVENTS[0][1])).toBe(500);
		await importWorkflow(ground.n8n.api, ground.credentials, 'outbox.json');
	}, 30_000);
});

describe('your ESP to the outbox', () => {
	const file = 'your-esp-to-outbox.json';

	it.each(EVENTS)('writes %s down, and sends nothing itself', async (type, event) => {
		expect(await told(async () => expect(await report(event, file)).toBe(200))).toEqual([]);
		const previous = type === 'update' ? 'john.doe.previous@email.com ' : '';
		expect(await kept()).toEqual([
			{
				person: ` john.doe@email.com ${previous}`,
				event: written(type),
				state: 'waiting',
				attempts: 0,
				reason: '',
			},
		]);
	});
});
