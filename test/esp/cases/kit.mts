import { createHmac } from 'node:crypto';

import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'api.kit.com';
const SECRET = 'whsec_test';
const HOOK = 'When the ESP reports a change';

interface Subscriber {
	id: number;
	email_address: string;
	state: string;
	fields: Record<string, string | null>;
}
/** As Kit answers and reports it (developers.kit.com, API v4). */
const subscriber = (
	id: number,
	email: string,
	state = 'active',
	fields: Subscriber['fields'] = {},
) => ({
	id,
	first_name: 'Alice',
	email_address: email,
	state,
	created_at: '2026-01-27T11:43:55Z',
	fields: { company: 'Kit', ...fields },
});
const pagination = (next = false) => ({
	has_previous_page: false,
	has_next_page: next,
	start_cursor: 'WzEzNV0=',
	end_cursor: 'WzFd+==',
	per_page: 1000,
});
const refusal = (status: number, ...errors: string[]): Reply => ({ status, body: { errors } });
const AT = '2026-07-29T14:32:10Z';

export function kit(stage: () => EspStage): void {
	let esp: EspInService;
	const fields: string[] = ['rh_code'];
	const hooks: Array<{ url: string }> = [];
	let people: Subscriber[] = [];
	let unreadable: Reply | undefined;
	let refused: Reply | undefined;
	let pages: Reply[] = [];

	const byId = (path: string) => people.find(({ id }) => id === Number(path.split('/').at(-1)));
	const written = (status: number, person: object): Reply =>
		refused ?? { status, body: { subscriber: person } };
	const answer = ({ method, path, query, body }: Heard): Reply => {
		const given = body as { label: string; email_address: string; url: string };
		switch (`${method} ${path.replace(/\d+$/, '…')}`) {
			case 'GET /v4/custom_fields': {
				const custom = fields.map((key) => ({ id: 1, name: `ck_field_1_${key}`, key, label: key }));
				return { status: 200, body: { custom_fields: custom, pagination: pagination() } };
			}
			case 'POST /v4/custom_fields':
				fields.push(given.label.toLowerCase());
				return { status: 201, body: { custom_field: { id: 6, key: given.label } } };
			case 'GET /v4/webhook_endpoints':
				return { status: 200, body: { webhook_endpoints: hooks, pagination: pagination() } };
			case 'POST /v4/webhook_endpoints':
				hooks.push(given);
				return {
					status: 201,
					body: { webhook_endpoint: { id: 20, status: 'active', ...given, secret: SECRET } },
				};
			case 'GET /v4/subscribers':
				if (query.updated_after) return pages.shift() ?? refusal(500, 'not asked for');
				return (
					unreadable ?? {
						status: 200,
						body: {
							// What is found by address is as it was a while ago.
							subscribers: people
								.filter(({ email_address }) => email_address === query.email_address)
								.map((person) => ({ ...person, fields: {} })),
							pagination: pagination(),
						},
					}
				);
			case 'GET /v4/subscribers/…': {
				const person = byId(path);
				return person ? { status: 200, body: { subscriber: person } } : refusal(404, 'Not Found');
			}
			case 'PUT /v4/subscribers/…':
				return written(200, byId(path) ?? {});
			case 'POST /v4/subscribers':
				return written(201, subscriber(378, given.email_address));
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, body }) => [`${method} ${path}`, body].filter(Boolean));
	const searched = () =>
		stage()
			.vendors.heard(HOST)
			.filter(({ path }) => path === '/v4/subscribers')
			.map(({ query }) => query);

	const send = async (
		body: object,
		{ secret = SECRET, seconds = Math.floor(Date.now() / 1000) } = {},
	) => {
		const text = JSON.stringify(body);
		const sign = (key: string) =>
			createHmac('sha256', key).update(`${seconds}.${text}`).digest('hex');
		const { status } = await fetch(esp.urlOf(HOOK), {
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				'x-kit-signature': `t=${seconds},v1=${sign('the secret before')},v1=${sign(secret)}`,
			},
			body: text,
		});
		return status;
	};
	/** Kit delivers events of one type together. */
	const delivery = (event: string, ...subscribers: object[]) =>
		deliveryAt(AT, event, ...subscribers);
	const deliveryAt = (created: string, event: string, ...subscribers: object[]) => ({
		delivery_id: 123456,
		events: subscribers.map((one, index) => ({
			id: `9c2e1f3a-6b7d-4e8f-a1b2-${index}`,
			type: `subscriber.${event}`,
			created,
			data: { subscriber: one },
		})),
	});
	const report = async (...deliveries: object[]) => {
		for (const one of deliveries) expect(await send(one)).toBe(200);
	};

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		esp = await stage().bring({
			file: 'kit',
			credentials: {
				httpHeaderAuth: {
					type: 'httpHeaderAuth',
					data: { name: 'X-Kit-Api-Key', value: 'kit_key' },
				},
				crypto: { type: 'crypto', data: { hmacSecret: SECRET } },
			},
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = [];
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect(fields).toEqual([
			'rh_code',
			'rh_subid',
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
				url: esp.urlOf(HOOK),
				events: [
					'subscriber.created',
					'subscriber.activated',
					'subscriber.unsubscribed',
					'subscriber.bounced',
					'subscriber.complained',
				],
			},
		]);
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([['GET /v4/custom_fields'], ['GET /v4/webhook_endpoints']]);
		expect(stage().vendors.heard(HOST)[0].headers['x-kit-api-key']).toBe('kit_key');
	});

	it('adds who is not there', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /v4/subscribers'],
			[
				'POST /v4/subscribers',
				{
					email_address: 'new+one@x.org',
					fields: {
						rh_subid: 'sub_hjdgc74u',
						rh_code: 'ada90f39',
						rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
						rh_isref: 'YES',
						rh_totref: '1',
					},
				},
			],
		]);
		expect(searched()[0]).toEqual({ email_address: 'new+one@x.org', status: 'all' });
	});

	it('changes who is there by id and with their own address, and both people of a referral', async () => {
		people = [
			subscriber(200, 'a@x.org', 'cancelled', { rh_totref: '1', rh_coupon: 'OLD' }),
			subscriber(201, 'friend@x.org', 'active'),
		];
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /v4/subscribers'],
			['GET /v4/subscribers/200'],
			[
				'PUT /v4/subscribers/200',
				{
					email_address: 'a@x.org',
					fields: {
						rh_subid: 'sub_hjdgc74u',
						rh_code: 'ada90f39',
						rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
						rh_isref: 'YES',
						rh_totref: '2',
					},
				},
			],
			['GET /v4/subscribers'],
			['GET /v4/subscribers/201'],
			[
				'PUT /v4/subscribers/201',
				{
					email_address: 'friend@x.org',
					fields: expect.objectContaining({ rh_code: 'f00f00f0', rh_totref: '0' }),
				},
			],
		]);
	});

	it('writes a win, and nothing of what is older, whatever the list by address still says', async () => {
		people = [subscriber(200, 'a@x.org', 'active', { rh_totref: '4', rh_guard: null })];
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'PUT /v4/subscribers/200',
			{
				email_address: 'a@x.org',
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
		[
			'too many requests',
			refusal(429, 'Too many requests'),
			/: Kit answered with status 429 \(node 'Add the contact'\)\. SparkLoop/,
		],
		[
			'an address that it does not take',
			refusal(422, 'Email address is invalid'),
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		['a fault of its own', { status: 500, body: '' }, /SparkLoop sends/],
		[
			'a field that it does not know and leaves out',
			{
				status: 201,
				body: {
					subscriber: subscriber(378, 'refused@x.org'),
					warnings: ['Unknown custom field: rh_code'],
				},
			},
			/: Unknown custom field: rh_code \(node 'Add the contact'\)\. SparkLoop/,
		],
	])('hands %s on to SparkLoop, which sends again', async (_, reply, reason) => {
		refused = reply;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		refused = undefined;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it.each<[Reply, RegExp]>([
		[
			refusal(401, 'The access token is invalid'),
			/: Kit answered 401 - .+ \(node 'Look its id up'\)\. Check the credential of that node\. SparkLoop/,
		],
		[
			refusal(429, 'Too many requests'),
			/: Kit answered with status 429 \(node 'Look its id up'\)\. SparkLoop/,
		],
		[{ status: 503, body: '' }, /: Kit answered 503 - "" \(node 'Look its id up'\)\. SparkLoop/],
	])(
		'writes nothing when it cannot be read (%j), and gives the lease back',
		async (reply, reason) => {
			unreadable = reply;
			expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
			expect(await esp.lastError()).toMatch(reason);
			expect(asked()).toEqual([['GET /v4/subscribers']]);
			unreadable = undefined;
			expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(200);
		},
	);

	it('tells a sign-up once it is confirmed, an unsubscribe, a return, a bounce and a complaint', async () => {
		const told = await esp.told(
			async () =>
				await report(
					delivery('created', subscriber(9, 'ann@x.org', 'inactive'), subscriber(8, 'bo@x.org')),
					delivery('activated', subscriber(9, 'ann@x.org'), subscriber(8, 'bo@x.org')),
					delivery('unsubscribed', subscriber(9, 'ann@x.org', 'cancelled')),
					delivery('activated', subscriber(9, 'ann@x.org')),
					delivery('bounced', subscriber(9, 'ann@x.org', 'bounced')),
					delivery('complained', subscriber(8, 'bo@x.org', 'complained')),
				),
			6,
		);
		const signUp = (id: string, email: string) => ({
			type: 'subscribe',
			subscriber: { email, id, first_name: 'Alice', created_at: AT },
		});
		expect(told).toEqual([
			signUp('8', 'bo@x.org'),
			signUp('9', 'ann@x.org'),
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
			signUp('9', 'ann@x.org'),
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'bo@x.org' } },
		]);
	});

	it('tells nothing of what comes late, after what happened later', async () => {
		const at = (minute: number, event: string, email: string, state: string) =>
			deliveryAt(`2026-07-29T14:${minute}:10Z`, event, subscriber(13, email, state));
		const told = await esp.told(
			async () =>
				await report(
					at(10, 'activated', 'eve@x.org', 'active'),
					at(30, 'unsubscribed', 'eve@x.org', 'cancelled'),
					at(20, 'activated', 'eve@x.org', 'active'),
					at(40, 'activated', 'eve@y.org', 'active'),
					at(35, 'bounced', 'eve@x.org', 'bounced'),
				),
			5,
		);
		expect(told).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'eve@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'eve@x.org' } },
			{ type: 'update', subscriber: { email: 'eve@y.org', previous_email: 'eve@x.org' } },
			{ type: 'subscribe', subscriber: { email: 'eve@y.org' } },
		]);
	});

	it('does not hear of its own writing', async () => {
		const ours = subscriber(11, 'added.by.us@x.org', 'active', { rh_subid: 'sub_1' });
		const told = await esp.told(
			async () => await report(delivery('created', ours), delivery('activated', ours)),
			2,
		);
		expect(told).toEqual([]);
	});

	it('refuses what Kit has not signed, or signed long ago', async () => {
		const forged = delivery('activated', subscriber(12, 'forged@x.org'));
		const told = await esp.told(async () => {
			expect(await send(forged, { secret: 'guessed' })).toBe(500);
			expect(await send(forged, { seconds: Math.floor(Date.now() / 1000) - 301 })).toBe(500);
			const { status } = await fetch(esp.urlOf(HOOK), {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(forged),
			});
			expect(status).toBe(500);
		}, 3);
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});

	describe('asked for new addresses', () => {
		const poll = async (...replies: Reply[]) => {
			pages = [...replies];
			const told = await esp.told(async () => {
				while (pages.length > 0) await esp.run('Every two minutes');
			}, replies.length);
			return { told, queries: searched() };
		};
		const page = (subscribers: object[], next = false): Reply => ({
			status: 200,
			body: { subscribers, pagination: pagination(next) },
		});

		it('tells them with the old one, page by page, and nothing the second time', async () => {
			await esp.told(
				async () =>
					await report(
						delivery('activated', subscriber(20, 'cy@x.org')),
						delivery('activated', subscriber(21, 'di@x.org')),
						delivery('unsubscribed', subscriber(21, 'di@x.org', 'cancelled')),
					),
				3,
			);
			const began = Date.now();
			const rows = [
				subscriber(20, 'cy@y.org'),
				// Left a moment ago, which the list does not show yet.
				subscriber(21, 'di@x.org'),
				subscriber(22, 'not.confirmed@x.org', 'inactive'),
				subscriber(23, 'seen.first.time@x.org'),
			];
			const { told, queries } = await poll(
				page(rows, true),
				page([subscriber(24, 'not.confirmed.either@x.org', 'inactive')], true),
				page([]),
				page([...rows, subscriber(22, 'not.confirmed@y.org', 'inactive')]),
			);
			expect(told).toEqual([
				{
					type: 'update',
					subscriber: { email: 'cy@y.org', previous_email: 'cy@x.org', first_name: 'Alice' },
				},
			]);
			const query = {
				status: 'all',
				updated_after: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
				sort_field: 'updated_at',
				sort_order: 'asc',
				per_page: '1000',
			};
			const after = { ...query, after: 'WzFd+==' };
			expect(queries).toEqual([query, after, after, query]);
			const since = queries.map(({ updated_after }) => Date.parse(updated_after));
			expect([since[1], since[2]]).toEqual([since[0], since[0]]);
			// Now from when the first page was asked for, less what Kit may be late.
			expect(since[3]).toBeGreaterThanOrEqual(began - 600_000 - 1_000);
			expect(since[3]).toBeLessThan(began - 540_000);
		});

		it('asks the same again when Kit does not answer', async () => {
			pages = [{ status: 503, body: '' }];
			const { status } = await esp.run('Every two minutes');
			expect(status).toBe('error');
			const { told, queries } = await poll(page([subscriber(23, 'seen.then@y.org')]));
			expect(told).toMatchObject([
				{
					type: 'update',
					subscriber: { email: 'seen.then@y.org', previous_email: 'seen.first.time@x.org' },
				},
			]);
			expect(queries[1]).toEqual(queries[0]);
		});
	});
}
