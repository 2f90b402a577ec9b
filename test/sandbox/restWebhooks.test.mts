import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { startReceiver } from './support/receiver.mts';
import { callsOf, withSandbox } from './support/sandbox.mts';

let sandbox: Sandbox;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeEach(async () => {
	sandbox = await startSandbox({ rateLimit: false });
	receiver = await startReceiver();
});
afterEach(async () => {
	await sandbox.close();
	await receiver.close();
});

const rest = (method: string, path: string, body?: unknown) =>
	callsOf(sandbox).rest(method, path, body);
const register = async (body: object) => (await rest('POST', '/webhooks', body)).body.webhook;
const listed = async () => (await rest('GET', '/webhooks')).body.webhooks;
const NONE = {
	new_referral: null,
	reward_unlocked: null,
	new_partner_referral: null,
	reward_redeemed: null,
};
const uuid = expect.stringMatching(/^webhook_[0-9a-f]{10}$/) as string;

describe('POST /webhooks', () => {
	it('answers as the docs show', async () => {
		const url = 'https://example.com/sparkloop';
		const answer = await rest('POST', '/webhooks', {
			url,
			new_referral: true,
			reward_unlocked: false,
		});
		expect(answer).toMatchObject({ status: 200 });
		expect(answer.body).toEqual({
			webhook: { uuid, url, events: { new_referral: true, reward_unlocked: false } },
		});
	});

	it('sends exactly the events of its flags', async () => {
		await register({ url: receiver.url, new_referral: 'true', reward_unlocked: 'false' });
		const { subscriber } = sandbox.program.subscribe({ email: 'a@x.org' });
		for (const name of ['b', 'c', 'd']) {
			const referrerCode = subscriber.referralCode;
			sandbox.program.subscribe({ email: `${name}@x.org`, referrerCode });
		}
		await sandbox.deliveries.idle();
		expect(receiver.types()).toEqual(['new_referral', 'new_referral', 'new_referral']);
		expect(receiver.received[0].headers['sparkloop-token']).toBe(sandbox.webhookToken);
	});

	it.each([
		[{ url: 'http://example.com/x' }, 'Url must start with https://'],
		[{ url: 'example.com' }, 'Url must start with https://'],
		[{}, 'Url must start with https://'],
		[{ url: 7 }, 'url must be a string'],
		[{ url: 'https://x.org', new_referral: 1 }, 'new_referral must be true or false'],
	])('refuses %j', async (body, error) => {
		expect(await rest('POST', '/webhooks', body)).toMatchObject({ status: 400, body: { error } });
		expect(sandbox.deliveries.webhooks).toEqual([]);
	});

	it.each(['http://localhost:5678/x', 'http://127.0.0.1:5678/x', 'http://[::1]:5678/x'])(
		'takes %s, which is this machine',
		async (url) => expect(await register({ url })).toMatchObject({ url }),
	);

	it('draws the same uuids from the same seed', async () => {
		const drawn: string[] = [];
		for (const seed of [7, 7, 8]) {
			await withSandbox({ seed }, async (one) => {
				const { body } = await callsOf(one).rest('POST', '/webhooks', { url: 'https://x.org' });
				drawn.push(body.webhook.uuid);
			});
		}
		expect(drawn[1]).toBe(drawn[0]);
		expect(drawn[2]).not.toBe(drawn[0]);
	});
});

describe('GET /webhooks', () => {
	it('lists rows of both kinds, the newest first, with null for what is not sent', async () => {
		sandbox.setWebhooks([
			{ url: 'https://x.org/all' },
			{ url: 'https://x.org/sync', events: ['sync_subscriber'] },
		]);
		const { uuid: mine } = await register({ url: 'https://x.org/api', reward_redeemed: true });

		expect(await listed()).toEqual([
			{ uuid: mine, url: 'https://x.org/api', events: { ...NONE, reward_redeemed: true } },
			{ uuid, url: 'https://x.org/sync', events: NONE },
			{
				uuid,
				url: 'https://x.org/all',
				events: Object.fromEntries(Object.keys(NONE).map((flag) => [flag, true])),
			},
		]);
		expect((await rest('GET', `/webhooks/${mine}`)).body).toEqual({
			webhook: { uuid: mine, url: 'https://x.org/api', events: { ...NONE, reward_redeemed: true } },
		});
	});

	it('does not know others', async () => {
		for (const method of ['GET', 'PUT', 'DELETE']) {
			const answer = await rest(method, '/webhooks/webhook_0', method === 'PUT' ? {} : undefined);
			expect(answer).toMatchObject({ status: 404, body: { error: 'Webhook not found' } });
		}
	});
});

describe('PUT /webhooks/{uuid}', () => {
	it('changes what it names, and nothing else', async () => {
		const one = await register({ url: 'https://x.org/1', new_referral: true });
		const path = `/webhooks/${one.uuid}`;
		const changed = await rest('PUT', path, { url: 'https://x.org/2', reward_unlocked: true });
		expect(changed.body.webhook).toMatchObject({ uuid: one.uuid, url: 'https://x.org/2' });
		await rest('PUT', path, { new_referral: false });
		expect(await listed()).toEqual([
			{ uuid: one.uuid, url: 'https://x.org/2', events: { ...NONE, reward_unlocked: true } },
		]);
	});

	it('keeps what only the dashboard can tick', async () => {
		sandbox.setWebhooks([{ url: 'https://x.org', events: ['sync_subscriber'] }]);
		const [{ uuid: one }] = await listed();
		await rest('PUT', `/webhooks/${one}`, { new_referral: true });
		expect(sandbox.deliveries.webhooks).toMatchObject([
			{ events: ['sync_subscriber', 'new_referral'] },
		]);
	});

	it('refuses http, and changes nothing then', async () => {
		const one = await register({ url: 'https://x.org/1' });
		const body = { url: 'http://x.org/2', new_referral: true };
		expect((await rest('PUT', `/webhooks/${one.uuid}`, body)).status).toBe(400);
		expect(await listed()).toEqual([{ ...one, events: NONE }]);
	});
});

describe('DELETE /webhooks/{uuid}', () => {
	it('ends the deliveries of that row alone', async () => {
		const one = await register({ url: receiver.url, new_referral: true });
		const other = await register({ url: receiver.url, new_partner_referral: true });
		expect(await rest('DELETE', `/webhooks/${one.uuid}`)).toMatchObject({ status: 200, body: {} });
		expect((await listed()).map((row: { uuid: string }) => row.uuid)).toEqual([other.uuid]);
	});
});

describe('the webhooks page', () => {
	it('is the whole list: a row that stays keeps its uuid, one taken out is gone', async () => {
		const kept = await register({ url: 'https://x.org/kept', new_referral: true });
		await register({ url: 'https://x.org/gone', new_referral: true });
		const twin = await register({ url: 'https://x.org/kept', reward_unlocked: true });

		await callsOf(sandbox).control('webhooks', {
			rows: [
				{ url: 'https://x.org/new' },
				{ url: 'https://x.org/kept' },
				{ url: 'https://x.org/kept' },
			],
		});

		expect(sandbox.deliveries.webhooks).toEqual([
			{ url: 'https://x.org/new', uuid },
			{ url: 'https://x.org/kept', uuid: kept.uuid },
			{ url: 'https://x.org/kept', uuid: twin.uuid },
		]);
	});

	it('shows what was registered', async () => {
		await register({ url: 'https://x.org/api', new_referral: true });
		const state = await (await fetch(`${sandbox.url}/control/state`)).json();
		expect(state).toMatchObject({
			settings: { webhooks: [{ url: 'https://x.org/api', events: ['new_referral'], uuid }] },
		});
	});
});
