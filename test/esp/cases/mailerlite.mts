import { createHmac } from 'node:crypto';

import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'connect.mailerlite.com';
const SECRET = 'yaEgW3JvHz';

/** A subscriber as the API answers it (mailerlite-python's recorded answers, subscribers-get-email). */
const subscriber = (id: string, email: string, fields: object, status = 'active') => ({
	id,
	email,
	status,
	source: 'api',
	subscribed_at: '2025-09-19 11:10:41',
	unsubscribed_at: null,
	created_at: '2025-09-19 11:10:41',
	updated_at: '2025-09-19 11:10:41',
	fields: { name: 'Someone', last_name: 'Doe', ...fields },
	groups: [],
	opted_in_at: null,
	optin_ip: null,
});
/** The same as a webhook tells it (developers.mailerlite.com/docs/webhooks). */
const reported = (
	event: string,
	id: string,
	email: string,
	status: string,
	fields: object = {},
	updated_at = '2026-10-25T17:02:54.000000Z',
) => ({
	...subscriber(id, email, fields, status),
	updated_at,
	event,
	account_id: 0,
});
const UNKNOWN: Reply = { status: 404, body: { message: 'Resource not found.' } };
const TOO_MANY: Reply = {
	status: 429,
	headers: { 'retry-after': '59', 'x-ratelimit-limit': '120', 'x-ratelimit-remaining': '0' },
	body: { message: 'Too Many Attempts.' },
};

export function mailerlite(stage: () => EspStage): void {
	let esp: EspInService;
	const fields = new Set<string>();
	const hooks: object[] = [];
	let people: Record<string, object> = {};
	let unreadable: Reply | undefined;
	let write: Reply = {
		status: 200,
		body: { data: subscriber('165968862226941797', 'a@x.org', {}) },
	};

	const found = (email: string): Reply =>
		unreadable ?? (email in people ? { status: 200, body: { data: people[email] } } : UNKNOWN);
	const answer = ({ method, path, body }: Heard): Reply => {
		switch (`${method} ${path.replace(/(?<=subscribers\/).*/, '…')}`) {
			case 'GET /api/fields':
				return { status: 200, body: { data: [...fields].map((key) => ({ key })) } };
			case 'POST /api/fields':
				fields.add((body as { name: string }).name);
				return {
					status: 201,
					body: { data: { id: '947147', key: (body as { name: string }).name } },
				};
			case 'GET /api/webhooks':
				return { status: 200, body: { data: hooks } };
			case 'POST /api/webhooks':
				hooks.push(body as object);
				return { status: 201, body: { data: { ...(body as object), id: '1', secret: SECRET } } };
			case 'GET /api/subscribers/…':
				return found(decodeURIComponent(path.split('/').at(-1) ?? ''));
			case 'POST /api/subscribers':
			case 'PUT /api/subscribers/…':
				return write;
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, body }) => [`${method} ${path}`, body].filter(Boolean));
	const report = async (...bodies: object[]) => {
		for (const body of bodies) {
			// As PHP writes JSON, which is what is signed.
			const text = JSON.stringify(body).replaceAll('/', '\\/');
			const signature = createHmac('sha256', SECRET).update(text).digest('hex');
			const { status } = await fetch(esp.urlOf('When the ESP reports a change'), {
				method: 'POST',
				headers: { 'content-type': 'application/json', signature },
				body: text,
			});
			expect(status).toBe(200);
		}
	};

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		const key = { type: 'mailerLiteApi', data: { apiKey: 'key', classicApi: false } };
		esp = await stage().bring({
			file: 'mailerlite',
			credentials: {
				mailerLiteApi: key,
				mailerLite: key,
				crypto: { type: 'crypto', data: { hmacSecret: SECRET } },
			},
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = {};
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect([...fields]).toEqual([
			'rh_subid',
			'rh_code',
			'rh_reflink',
			'rh_isref',
			'rh_totref',
			'rh_coupon',
			'rh_lastreward',
			'rh_guard',
		]);
		expect(hooks).toEqual([
			{
				name: 'SparkLoop',
				url: esp.urlOf('When the ESP reports a change'),
				events: expect.arrayContaining(['subscriber.updated', 'subscriber.deleted']),
				batchable: true,
			},
		]);
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([['GET /api/fields'], ['GET /api/webhooks']]);
	});

	it('adds who is not there', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /api/subscribers/new%2Bone%40x.org'],
			[
				'POST /api/subscribers',
				{
					email: 'new+one@x.org',
					fields: {
						rh_subid: 'sub_hjdgc74u',
						rh_code: 'ada90f39',
						rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
						rh_isref: 'YES',
						rh_totref: 1,
						rh_coupon: '',
						rh_lastreward: '',
						rh_guard: '',
					},
				},
			],
		]);
	});

	it('changes who is there by id, both people of a referral, and keeps what the event does not tell', async () => {
		people = { 'a@x.org': subscriber('7', 'a@x.org', { rh_totref: 1, rh_coupon: 'OLD' }) };
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /api/subscribers/a%40x.org'],
			[
				'PUT /api/subscribers/7',
				{
					fields: {
						rh_subid: 'sub_hjdgc74u',
						rh_code: 'ada90f39',
						rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
						rh_isref: 'YES',
						rh_totref: 2,
						rh_coupon: 'OLD',
						rh_lastreward: '',
						rh_guard: '',
					},
				},
			],
			['GET /api/subscribers/friend%40x.org'],
			[
				'POST /api/subscribers',
				{
					email: 'friend@x.org',
					fields: expect.objectContaining({ rh_code: 'f00f00f0', rh_totref: 0 }),
				},
			],
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = { 'a@x.org': subscriber('7', 'a@x.org', { rh_totref: 4, rh_guard: '' }) };
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'PUT /api/subscribers/7',
			{
				fields: expect.objectContaining({
					rh_coupon: 'C0UP0N',
					rh_lastreward: 'reward_38sf38hd',
					rh_guard: expect.stringMatching(/^4-/),
				}),
			},
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => String(what).startsWith('PUT'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		['too many requests', TOO_MANY, /too many requests|429/i],
		[
			'an address that it does not take',
			{
				status: 422,
				body: {
					message: 'The given data was invalid.',
					errors: { email: ['The email must be a valid email address.'] },
				},
			},
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		['a fault of its own', { status: 500, body: { message: 'Server Error' } }, /SparkLoop sends/],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal, reason) => {
		const written = write;
		write = refusal;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		write = written;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it('writes nothing when it cannot be read', async () => {
		unreadable = TOO_MANY;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toBe(
			"The contact was not written: MailerLite answered with status 429 (node 'Read the contact'). SparkLoop sends the event again.",
		);
		expect(asked()).toEqual([['GET /api/subscribers/a%40x.org']]);
		unreadable = undefined;
	});

	it('tells a sign-up once it is confirmed, a new address with the old one, and an unsubscribe', async () => {
		const told = await esp.told(
			async () =>
				await report(
					reported('subscriber.created', '9', 'ann@x.org', 'unconfirmed'),
					reported('subscriber.updated', '9', 'ann@x.org', 'active'),
					reported('subscriber.active', '9', 'ann@x.org', 'active'),
					reported('subscriber.updated', '9', 'ann@y.org', 'active'),
					reported('subscriber.unsubscribed', '9', 'ann@y.org', 'unsubscribed'),
				),
			5,
		);
		const at = '2026-10-25T17:02:54.000000Z';
		expect(told).toEqual([
			{
				type: 'subscribe',
				subscriber: { email: 'ann@x.org', id: '9', first_name: 'Someone', created_at: at },
			},
			{
				type: 'update',
				subscriber: {
					email: 'ann@y.org',
					previous_email: 'ann@x.org',
					first_name: 'Someone',
					updated_at: at,
				},
			},
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
	});

	it('tells nothing of what comes late, after what happened later', async () => {
		const at = (minute: number, email: string, status: string) =>
			reported('subscriber.updated', '13', email, status, {}, `2026-10-25T17:${minute}:54.000000Z`);
		const told = await esp.told(
			async () =>
				await report(
					at(10, 'cy@x.org', 'active'),
					at(30, 'cy@y.org', 'active'),
					at(20, 'cy@x.org', 'active'),
					at(40, 'cy@y.org', 'unsubscribed'),
					at(30, 'cy@y.org', 'active'),
					at(50, 'cy@y.org', 'active'),
				),
			6,
		);
		expect(told).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'cy@x.org' } },
			{ type: 'update', subscriber: { email: 'cy@y.org', previous_email: 'cy@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'cy@y.org' } },
			{ type: 'subscribe', subscriber: { email: 'cy@y.org' } },
		]);
	});

	it('reads batches, and forgets who was deleted', async () => {
		const told = await esp.told(
			async () =>
				await report({
					events: [
						reported('subscriber.created', '10', 'bob@x.org', 'active'),
						reported('subscriber.deleted', '10', 'bob@x.org', 'active'),
						reported('subscriber.created', '10', 'bob@x.org', 'active'),
					],
				}),
		);
		expect(told).toMatchObject(
			['subscribe', 'unsubscribe', 'subscribe'].map((type) => ({
				type,
				subscriber: { email: 'bob@x.org' },
			})),
		);
	});

	it('does not hear of its own writing', async () => {
		const written = { rh_subid: 'sub_1', rh_totref: 3 };
		const told = await esp.told(
			async () =>
				await report(
					reported('subscriber.updated', '9', 'ann@y.org', 'unsubscribed', written),
					reported('subscriber.created', '11', 'added.by.us@x.org', 'active', written),
					reported('subscriber.updated', '11', 'added.by.us@x.org', 'active', written),
				),
			3,
		);
		expect(told).toEqual([]);
	});

	it('refuses what MailerLite has not signed', async () => {
		const told = await esp.told(async () => {
			const { status } = await fetch(esp.urlOf('When the ESP reports a change'), {
				method: 'POST',
				headers: { 'content-type': 'application/json', signature: 'f00f' },
				body: JSON.stringify(reported('subscriber.created', '12', 'forged@x.org', 'active')),
			});
			expect(status).toBe(500);
		});
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});
}
