import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'api.beehiiv.com';
const PUBLICATION = 'pub_ad76629e-4a39-43ad-8055-0ee89dc6db15';
const BASE = `/v2/publications/${PUBLICATION}`;
const KEY = 'a long & random word';
const HOOK = 'When the ESP reports a change';

const NOW = Math.floor(Date.now() / 1000);
const LONG_AGO = 1666800076;

/** As beehiiv answers and reports it (developers.beehiiv.com, Subscriptions; `expand[]=custom_fields`). */
const subscription = (
	id: string,
	email: string,
	status = 'active',
	custom: Record<string, string | number> = {},
	created = NOW,
) => ({
	id: `sub_${id}`,
	email,
	status,
	created,
	subscription_tier: 'free',
	subscription_premium_tier_names: [],
	utm_source: 'Twitter',
	utm_medium: 'organic',
	utm_channel: 'website',
	utm_campaign: '',
	referring_site: 'https://www.blog.com',
	referral_code: 'ABC123',
	custom_fields: Object.entries(custom).map(([name, value]) => ({
		name,
		kind: typeof value === 'number' ? 'integer' : 'string',
		value,
	})),
});
const refusal = (status: number, statusText: string, message: string): Reply => ({
	status,
	headers: { 'ratelimit-limit': '180', 'ratelimit-remaining': '0' },
	body: { status, statusText, errors: [{ message, code: statusText.toUpperCase() }] },
});
const TOO_MANY = refusal(429, 'too_many_requests', 'Rate limit exceeded');
const AT = 1786800076;

export function beehiiv(stage: () => EspStage): void {
	let esp: EspInService;
	/** More than one page of them. */
	const fields = Array.from({ length: 10 }, (_, index) => `Field ${index}`).concat('RH_CODE');
	const hooks: object[] = [];
	let people: Array<ReturnType<typeof subscription>> = [];
	let unreadable: Reply | undefined;
	let refused: Reply | undefined;
	let pages: Reply[] = [];

	const answer = ({ method, path, query, body }: Heard): Reply => {
		const given = body as { display: string; email: string };
		switch (
			`${method} ${path.replace(BASE, '').replace(/(?<=(by_email|subscriptions)\/)[^/]+$/, '…')}`
		) {
			case 'GET /custom_fields': {
				// Ten a page, whatever `limit` says.
				const page = Number(query.page);
				const data = fields
					.slice(10 * (page - 1), 10 * page)
					.map((display) => ({ id: display, kind: 'string', display, created: LONG_AGO }));
				const total = fields.length;
				const totals = { total_results: total, total_pages: Math.ceil(total / 10) };
				return { status: 200, body: { data, limit: 10, page, ...totals } };
			}
			case 'POST /custom_fields':
				fields.push(given.display);
				return { status: 200, body: { data: { id: '1', ...given, created: NOW } } };
			case 'GET /webhooks':
				return { status: 200, body: { data: hooks, limit: 100, page: 1, total_pages: 1 } };
			case 'POST /webhooks':
				hooks.push(given);
				return { status: 200, body: { data: { id: 'ep_0', ...given, created: NOW } } };
			case 'GET /subscriptions/by_email/…': {
				const email = decodeURIComponent(path.split('/').at(-1) ?? '');
				const data = people.find((one) => one.email === email);
				const unknown = refusal(404, 'not_found', 'Subscription not found');
				return unreadable ?? (data ? { status: 200, body: { data } } : unknown);
			}
			case 'GET /subscriptions':
				return pages.shift() ?? { status: 500 };
			case 'PUT /subscriptions/…':
			case 'POST /subscriptions':
				return refused ?? { status: 200, body: { data: subscription('0', 'somebody@x.org') } };
			default:
				return { status: 405 };
		}
	};
	const heard = () => stage().vendors.heard(HOST);
	const asked = () =>
		heard().map(({ method, path, body }) =>
			[`${method} ${path.replace(BASE, '')}`, body].filter(Boolean),
		);
	const event = (type: string, data: object) => ({
		uid: 'event_00000000-0000-0000-0000-000000000000',
		event_timestamp: AT,
		event_type: `subscription.${type}`,
		data: { ...data, tags: [] },
	});
	const report = async (...events: object[]) => {
		for (const one of events) expect(await send(one)).toBe(200);
	};
	const send = async (body: object, key: string | undefined = KEY) => {
		const url = esp.urlOf(HOOK) + (key ? `?key=${encodeURIComponent(key)}` : '');
		const headers = { 'content-type': 'application/json' };
		return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status;
	};
	const page = (data: object[], next: string | null = null): Reply => ({
		status: 200,
		body: { data, limit: 100, has_more: next !== null, next_cursor: next },
	});
	const poll = async (...replies: Reply[]) => {
		pages = [...replies];
		const told = await esp.told(async () => {
			expect((await esp.run('Every two minutes')).status).toBe('success');
		});
		expect(pages).toEqual([]);
		return told;
	};
	const signUp = (id: string, email: string, created_at = AT) => ({
		type: 'subscribe',
		subscriber: { email, id: `sub_${id}`, created_at },
	});

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		esp = await stage().bring({
			file: 'beehiiv',
			settings: { publication: PUBLICATION, hookKey: KEY },
			credentials: { httpBearerAuth: { type: 'httpBearerAuth', data: { token: 'key' } } },
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = [];
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect(fields.slice(10)).toEqual([
			'RH_CODE',
			'RH_SUBID',
			'RH_REFLINK',
			'RH_ISREF',
			'RH_TOTREF',
			'RH_COUPON',
			'RH_LASTREWARD',
			'RH_GUARD',
		]);
		expect(hooks).toEqual([
			{
				url: `${esp.urlOf(HOOK)}?key=${encodeURIComponent(KEY)}`,
				event_types: ['subscription.created', 'subscription.confirmed', 'subscription.deleted'],
				description: 'SparkLoop',
			},
		]);
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([['GET /custom_fields'], ['GET /custom_fields'], ['GET /webhooks']]);
		expect(heard()[0].headers.authorization).toBe('Bearer key');
	});

	it('adds who is not there, without any mail', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /subscriptions/by_email/new%2Bone%40x.org'],
			[
				'POST /subscriptions',
				{
					email: 'new+one@x.org',
					reactivate_existing: false,
					send_welcome_email: false,
					double_opt_override: 'off',
					custom_fields: [
						{ name: 'RH_SUBID', value: 'sub_hjdgc74u' },
						{ name: 'RH_CODE', value: 'ada90f39' },
						{ name: 'RH_REFLINK', value: 'https://mywebsite.com?rh_ref=ada90f39' },
						{ name: 'RH_ISREF', value: 'YES' },
						{ name: 'RH_TOTREF', value: 1 },
					],
				},
			],
		]);
		expect(heard()[0].query).toEqual({ 'expand[]': 'custom_fields' });
	});

	it('changes who is there by id, both people of a referral, and keeps what the event does not tell', async () => {
		people = [
			subscription('1', 'a@x.org', 'inactive', { RH_TOTREF: 1, RH_COUPON: 'OLD' }),
			subscription('2', 'friend@x.org'),
		];
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /subscriptions/by_email/a%40x.org'],
			[
				'PUT /subscriptions/sub_1',
				{
					custom_fields: [
						{ name: 'RH_SUBID', value: 'sub_hjdgc74u' },
						{ name: 'RH_CODE', value: 'ada90f39' },
						{ name: 'RH_REFLINK', value: 'https://mywebsite.com?rh_ref=ada90f39' },
						{ name: 'RH_ISREF', value: 'YES' },
						{ name: 'RH_TOTREF', value: 2 },
					],
				},
			],
			['GET /subscriptions/by_email/friend%40x.org'],
			[
				'PUT /subscriptions/sub_2',
				{
					custom_fields: expect.arrayContaining([
						{ name: 'RH_CODE', value: 'f00f00f0' },
						{ name: 'RH_TOTREF', value: 0 },
					]),
				},
			],
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = [subscription('1', 'a@x.org', 'active', { RH_TOTREF: 4 })];
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'PUT /subscriptions/sub_1',
			{
				custom_fields: expect.arrayContaining([
					{ name: 'RH_COUPON', value: 'C0UP0N' },
					{ name: 'RH_LASTREWARD', value: 'reward_38sf38hd' },
					{ name: 'RH_GUARD', value: expect.stringMatching(/^4-/) },
				]),
			},
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => String(what).startsWith('PUT'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		[
			'too many requests',
			TOO_MANY,
			/: beehiiv answered with status 429 \(node 'Add the contact'\)\. SparkLoop/,
		],
		[
			'an address that it does not take',
			refusal(400, 'bad_request', 'Email is invalid'),
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		['a fault of its own', refusal(500, 'internal_server_error', 'Oops'), /SparkLoop sends/],
	])('hands %s on to SparkLoop, which sends again', async (_, reply, reason) => {
		refused = reply;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		refused = undefined;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it('writes nothing when it cannot be read', async () => {
		unreadable = TOO_MANY;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toBe(
			"The contact was not written: beehiiv answered with status 429 (node 'Read the contact'). SparkLoop sends the event again.",
		);
		// As if `expand[]` were not heeded: everything would be new.
		const { custom_fields: _, ...bare } = subscription('1', 'a@x.org');
		unreadable = { status: 200, body: { data: bare } };
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(asked().filter(([what]) => !String(what).startsWith('GET'))).toEqual([]);
		unreadable = undefined;
	});

	it('tells a sign-up once it is active, and a deletion', async () => {
		const told = await esp.told(
			async () =>
				await report(
					event('created', subscription('9', 'ann@x.org', 'validating')),
					event('created', subscription('9', 'ann@x.org', 'pending')),
					event('confirmed', subscription('9', 'ann@x.org')),
					event('created', subscription('8', 'bo@x.org')),
					event('confirmed', subscription('8', 'bo@x.org')),
					event('deleted', subscription('8', 'bo@x.org')),
				),
			6,
		);
		expect(told).toEqual([
			signUp('9', 'ann@x.org'),
			signUp('8', 'bo@x.org'),
			{ type: 'unsubscribe', subscriber: { email: 'bo@x.org' } },
		]);
	});

	it('does not hear of its own writing', async () => {
		const ours = subscription('11', 'added.by.us@x.org', 'active', { RH_SUBID: 'sub_1' });
		const told = await esp.told(
			async () => await report(event('created', ours), event('confirmed', ours)),
			2,
		);
		expect(told).toEqual([]);
	});

	it.each([
		['a wrong key', 'guessed'],
		['no key', ''],
	])('refuses a request with %s', async (_, key) => {
		const told = await esp.told(async () => {
			const forged = event('confirmed', subscription('12', 'forged@x.org'));
			expect(await send(forged, key)).toBe(500);
		});
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});

	it('goes through the list, and of who was there before remembers how they are', async () => {
		const told = await poll(
			page(
				[
					subscription('20', 'old@x.org', 'active', {}, LONG_AGO),
					subscription('21', 'left.long.ago@x.org', 'inactive', {}, LONG_AGO),
					subscription('22', 'left@x.org', 'inactive', { RH_SUBID: 'sub_2' }, LONG_AGO),
				],
				'b+/=',
			),
			page([
				subscription('23', 'waiting@x.org', 'pending'),
				subscription('9', 'ann@x.org'),
				subscription('8', 'bo@x.org', 'inactive'),
				subscription('24', 'new@x.org'),
			]),
		);
		expect(told).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'left@x.org' } },
			signUp('24', 'new@x.org', NOW),
		]);
		const query = {
			status: 'all',
			limit: '100',
			order_by: 'created',
			direction: 'asc',
			'expand[]': 'custom_fields',
		};
		expect(heard().map((one) => one.query)).toEqual([query, { ...query, cursor: 'b+/=' }]);
	});

	it('finds unsubscribes, new addresses and who comes back, and tells nothing twice', async () => {
		const list = () =>
			page([
				subscription('20', 'old@y.org', 'active', { RH_SUBID: 'sub_3' }, LONG_AGO),
				subscription('21', 'left.long.ago@x.org', 'active', {}, LONG_AGO),
				subscription('22', 'left@x.org', 'inactive', { RH_SUBID: 'sub_2' }, LONG_AGO),
				subscription('9', 'ann@x.org', 'inactive'),
			]);
		expect(await poll(list())).toMatchObject([
			{ type: 'update', subscriber: { email: 'old@y.org', previous_email: 'old@x.org' } },
			{ type: 'subscribe', subscriber: { email: 'left.long.ago@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
		]);
		expect(await poll(list())).toEqual([]);
	});

	it('goes on where a thousand ended, whichever way beehiiv shows pages, and then begins anew', async () => {
		const guide = (cursor: string): Reply => ({
			status: 200,
			body: {
				data: [subscription(`3${cursor}`, `many.${cursor}@x.org`, 'paused')],
				pagination: { has_more: true, next_cursor: cursor },
			},
		});
		await poll(...Array.from({ length: 10 }, (_, index) => guide(String(index))));
		expect(await poll(page([subscription('40', 'last@x.org')]))).toHaveLength(1);
		await poll(page([]));
		const cursors = heard().map(({ query }) => query.cursor);
		expect(cursors).toEqual([undefined, ...'0123456789', undefined]);
	});

	it('asks the same again when one of the pages is not answered', async () => {
		pages = [page([subscription('50', 'eve@x.org')], 'c'), TOO_MANY];
		const told = await esp.told(async () => {
			expect((await esp.run('Every two minutes')).status).toBe('error');
		});
		expect(told).toEqual([]);
		expect(await poll(page([subscription('50', 'eve@x.org')]))).toHaveLength(1);
		expect(heard()[2].query).toEqual(heard()[0].query);
	});
}
