import type { Sandbox } from '../../sandbox/server.mts';
import { startSandbox } from '../../sandbox/server.mts';
import { call } from './support/http.mts';
import { callsOf } from './support/sandbox.mts';

let sandbox: Sandbox;
beforeEach(async () => {
	sandbox = await startSandbox();
});
afterEach(async () => await sandbox.close());

const incoming = (type: unknown, subscriber?: unknown) =>
	callsOf(sandbox).incoming({ type, subscriber });

describe('the Incoming Webhook', () => {
	it('takes the sample of subscribe', async () => {
		const answer = await incoming('subscribe', {
			email: 'john.doe@email.com',
			id: 123,
			first_name: 'John',
			name: 'John Doe',
			created_at: 1564400550,
		});

		expect(answer).toMatchObject({ status: 200, body: {} });
		expect(sandbox.program.find('john.doe@email.com')).toMatchObject({
			espId: '123',
			firstName: 'John',
			name: 'John Doe',
			createdAt: 1564400550,
			status: 'confirmed',
		});
	});

	it('takes the sample of update, and the same again when its answer was lost', async () => {
		const { subscriber } = sandbox.program.subscribe({ email: 'john.doe.previous@email.com' });
		const update = {
			first_name: 'John',
			name: 'John Doe',
			email: 'john.doe@email.com',
			previous_email: 'john.doe.previous@email.com',
			updated_at: 1564400550,
		};

		expect((await incoming('update', update)).status).toBe(200);
		expect((await incoming('update', update)).status).toBe(200);

		expect(subscriber).toMatchObject({ email: 'john.doe@email.com', name: 'John Doe' });
		expect(sandbox.program.subscribers).toHaveLength(1);
	});

	it('takes the sample of unsubscribe, and again', async () => {
		const { subscriber } = sandbox.program.subscribe({ email: 'john.doe@email.com' });

		expect((await incoming('unsubscribe', { email: 'john.doe@email.com' })).status).toBe(200);
		expect((await incoming('unsubscribe', { email: 'john.doe@email.com' })).status).toBe(200);

		expect(subscriber.status).toBe('unsubscribed');
	});

	it.each([
		['no type', undefined, { email: 'a@x.org' }, 'type must be'],
		['an unknown type', 'created', { email: 'a@x.org' }, 'type must be'],
		['no subscriber', 'subscribe', undefined, 'subscriber must be'],
		['a list of subscribers', 'subscribe', [], 'subscriber must be'],
		['no e-mail', 'subscribe', {}, 'email is required'],
		['a blank e-mail', 'subscribe', { email: ' ' }, 'email is required'],
		['an e-mail that is none', 'subscribe', { email: 'nobody' }, 'email is not a valid'],
		['a number as e-mail', 'subscribe', { email: 7 }, 'email must be a string'],
		['a name that is no text', 'subscribe', { email: 'a@x.org', name: {} }, 'name must be'],
		['an id that is no id', 'subscribe', { email: 'a@x.org', id: {} }, 'id must be'],
		[
			'created_at in milliseconds',
			'subscribe',
			{ email: 'a@x.org', created_at: 1564400550000 },
			'created_at must be unix seconds, but looks like milliseconds',
		],
		[
			'created_at as a string',
			'subscribe',
			{ email: 'a@x.org', created_at: '1564400550' },
			'created_at must be unix seconds, as a whole number',
		],
		[
			'created_at with a fraction',
			'subscribe',
			{ email: 'a@x.org', created_at: 1564400550.5 },
			'created_at must be unix seconds, as a whole number',
		],
		[
			'updated_at in milliseconds',
			'update',
			{ email: 'a@x.org', previous_email: 'b@x.org', updated_at: 1564400550000 },
			'updated_at must be unix seconds, but looks like milliseconds',
		],
		['update without previous_email', 'update', { email: 'a@x.org' }, 'previous_email is required'],
		['unsubscribe without e-mail', 'unsubscribe', {}, 'email is required'],
	])('answers 400 to %s', async (_what, type, subscriber, message) => {
		const answer = await incoming(type, subscriber);

		expect(answer).toMatchObject({
			status: 400,
			body: { error: expect.stringContaining(message) },
		});
		expect(sandbox.program.subscribers).toEqual([]);
	});

	it('answers 400 to what is no JSON', async () => {
		const answer = await call('POST', sandbox.incomingWebhookUrl, '{"type":', {
			'content-type': 'application/json',
		});

		expect(answer).toMatchObject({ status: 400, body: { error: expect.any(String) } });
	});

	it.each([
		['update', { email: 'a@x.org', previous_email: 'b@x.org' }],
		['unsubscribe', { email: 'a@x.org' }],
	])('answers 404 to an %s of somebody unknown', async (type, subscriber) => {
		expect(await incoming(type, subscriber)).toMatchObject({
			status: 404,
			body: { error: 'Subscriber not found' },
		});
	});

	it("answers 409 to an update to somebody else's address", async () => {
		sandbox.program.subscribe({ email: 'a@x.org' });
		sandbox.program.subscribe({ email: 'b@x.org' });

		const answer = await incoming('update', { email: 'a@x.org', previous_email: 'b@x.org' });

		expect(answer.status).toBe(409);
	});

	it('answers 404 to another secret, and keeps it out of the log of calls', async () => {
		const answer = await call('POST', `${sandbox.url}/incoming/guessed`, { type: 'subscribe' });

		expect(answer.status).toBe(404);
		expect(sandbox.calls.log).toMatchObject([{ kind: 'incomingWebhook', path: '/incoming/…' }]);
	});
});
