import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'a.klaviyo.com';
const NEXT = `https://${HOST}/api/profiles?page%5Bcursor%5D=bmV4dDo6aWQ6Ojo&sort=updated`;

type Marketing = { consent: string; suppression?: string[]; at?: string };

/** As Klaviyo answers (developers.klaviyo.com, Get Profiles, with `additional-fields[profile]=subscriptions`). */
const profile = (
	id: string,
	email: string | null,
	properties: object = {},
	{ consent, suppression = [], at = new Date().toISOString() }: Marketing = {
		consent: 'NEVER_SUBSCRIBED',
	},
) => ({
	type: 'profile',
	id,
	attributes: {
		email,
		first_name: 'Sarah',
		updated: '2026-07-15T13:00:00+00:00',
		properties: { pseudonym: 'Dr. Octopus', ...properties },
		subscriptions: {
			email: {
				marketing: {
					can_receive_email_marketing: suppression.length === 0,
					consent,
					consent_timestamp: consent === 'NEVER_SUBSCRIBED' ? null : at,
					last_updated: at,
					method: null,
					double_optin: null,
					suppression: suppression.map((reason) => ({ reason, timestamp: at })),
					list_suppressions: [],
				},
			},
		},
	},
	links: { self: `https://${HOST}/api/profiles/${id}` },
});
const subscribed = { consent: 'SUBSCRIBED' };
const unsubscribed = { consent: 'UNSUBSCRIBED', suppression: ['UNSUBSCRIBE'] };

/** n8n takes this type of content for text unless it is told. */
const reply = (status: number, body: object, headers: Record<string, string> = {}): Reply => ({
	status,
	headers: { 'content-type': 'application/vnd.api+json', ...headers },
	body,
});
const page = (data: object[], next: string | null = null): Reply =>
	reply(200, { data, links: { self: `https://${HOST}/api/profiles`, next, prev: null } });
const problem = (status: number, code: string, detail: string, pointer = '/data') =>
	reply(
		status,
		{ errors: [{ id: '8c8f4aea', status, code, title: detail, detail, source: { pointer } }] },
		status === 429 ? { 'retry-after': '1' } : {},
	);
const THROTTLED = problem(
	429,
	'throttled',
	'Request was throttled. Expected available in 1 second.',
);

export function klaviyo(stage: () => EspStage): void {
	let esp: EspInService;
	let people: Array<ReturnType<typeof profile>> = [];
	let unreadable: Reply | undefined;
	let refused: Reply | undefined;
	let pages: Reply[] = [];

	const answer = ({ method, path, query, body }: Heard): Reply => {
		switch (`${method} ${path.replace(/(?<=profiles\/).*/, '…')}`) {
			case 'GET /api/profiles': {
				if (!query.filter?.startsWith('equals')) return pages.shift() ?? { status: 500 };
				const asked = people.filter(
					({ attributes }) => query.filter === `equals(email,"${attributes.email}")`,
				);
				return unreadable ?? page(asked);
			}
			case 'PATCH /api/profiles/…':
			case 'POST /api/profile-import':
				return refused ?? reply(method === 'POST' ? 201 : 200, body as object);
			default:
				return { status: 405 };
		}
	};
	const heard = () => stage().vendors.heard(HOST);
	const asked = () =>
		heard().map(({ method, path, query, body }) =>
			[`${method} ${path}`, query.filter, body].filter(Boolean),
		);
	const poll = async (...replies: Reply[]) => {
		pages = [...replies];
		const told = await esp.told(async () => {
			expect((await esp.run('Every two minutes')).status).toBe('success');
		});
		expect(pages).toEqual([]);
		return told;
	};

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		esp = await stage().bring({
			file: 'klaviyo',
			credentials: {
				httpHeaderAuth: {
					type: 'httpHeaderAuth',
					data: { name: 'Authorization', value: 'Klaviyo-API-Key pk_1' },
				},
			},
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = [];
	});

	it('has nothing to create: the set-up asks Klaviyo for nothing', async () => {
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([]);
	});

	it('adds who is not there, without touching consent', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /api/profiles', 'equals(email,"new+one@x.org")'],
			[
				'POST /api/profile-import',
				{
					data: {
						type: 'profile',
						attributes: {
							email: 'new+one@x.org',
							properties: {
								RH_SUBID: 'sub_hjdgc74u',
								RH_CODE: 'ada90f39',
								RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
								RH_ISREF: 'YES',
								RH_TOTREF: 1,
							},
						},
					},
				},
			],
		]);
		for (const { headers } of heard()) {
			expect(headers).toMatchObject({
				authorization: 'Klaviyo-API-Key pk_1',
				revision: '2026-07-15',
				accept: 'application/vnd.api+json',
			});
		}
	});

	it('changes who is there by id, both people of a referral, and keeps what the event does not tell', async () => {
		people = [profile('01G1', 'a@x.org', { RH_TOTREF: 1, RH_COUPON: 'OLD' }, unsubscribed)];
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /api/profiles', 'equals(email,"a@x.org")'],
			[
				'PATCH /api/profiles/01G1',
				{
					data: {
						type: 'profile',
						id: '01G1',
						attributes: {
							properties: {
								RH_SUBID: 'sub_hjdgc74u',
								RH_CODE: 'ada90f39',
								RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
								RH_ISREF: 'YES',
								RH_TOTREF: 2,
							},
						},
					},
				},
			],
			['GET /api/profiles', 'equals(email,"friend@x.org")'],
			[
				'POST /api/profile-import',
				{
					data: {
						type: 'profile',
						attributes: {
							email: 'friend@x.org',
							properties: expect.objectContaining({ RH_CODE: 'f00f00f0', RH_TOTREF: 0 }),
						},
					},
				},
			],
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = [profile('01G1', 'a@x.org', { RH_TOTREF: 4 })];
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'PATCH /api/profiles/01G1',
			{
				data: expect.objectContaining({
					attributes: {
						properties: expect.objectContaining({
							RH_COUPON: 'C0UP0N',
							RH_LASTREWARD: 'reward_38sf38hd',
							RH_GUARD: expect.stringMatching(/^4-/),
						}),
					},
				}),
			},
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => String(what).startsWith('PATCH'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		[
			'too many requests',
			THROTTLED,
			/: Klaviyo answered with status 429 \(node 'Add the contact'\)\. SparkLoop/,
		],
		[
			'an address that it does not take',
			problem(400, 'invalid', 'Invalid email address', '/data/attributes/email'),
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		[
			'a fault of its own',
			{ status: 503, headers: { 'content-type': 'text/html' }, body: '<h1>503</h1>' },
			/SparkLoop sends/,
		],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal, reason) => {
		refused = refusal;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		refused = undefined;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it('tries again when the profile was merged into another one meanwhile', async () => {
		people = [profile('01G1', 'a@x.org')];
		refused = problem(404, 'not_found', 'A profile with id 01G1 does not exist.');
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		refused = undefined;
		people = [profile('01G2', 'a@x.org')];
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(200);
		expect(asked().at(-1)?.[0]).toBe('PATCH /api/profiles/01G2');
	});

	it.each<[string, Reply, RegExp]>([
		[
			'throttled',
			THROTTLED,
			/: Klaviyo answered with status 429 \(node 'Read the contact'\)\. SparkLoop/,
		],
		[
			'not allowed',
			problem(403, 'permission_denied', 'You do not have permission'),
			/: Klaviyo answered with status 403 \(node 'Read the contact'\)\. Check the credential of that node\. SparkLoop/,
		],
		['not JSON', { status: 502, body: '<h1>502</h1>' }, /^The contact was not written: /],
	])('writes nothing when the answer is %s', async (_, refusal, reason) => {
		unreadable = refusal;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(asked()).toEqual([['GET /api/profiles', 'equals(email,"a@x.org")']]);
		unreadable = undefined;
	});

	it('is asked for what changed, all pages, and tells sign-ups that are confirmed', async () => {
		const before = Date.now();
		const at = new Date().toISOString();
		const told = await poll(
			page(
				[
					profile('01A', 'ann@x.org', {}, { ...subscribed, at }),
					profile('01B', 'never.confirmed@x.org'),
					profile('01C', null, {}, subscribed),
				],
				NEXT,
			),
			page([
				profile('01D', 'long.ago@x.org', {}, { ...subscribed, at: '2021-01-01T00:00:00+00:00' }),
				profile('01E', 'bo@x.org', {}, { ...subscribed, at }),
			]),
		);
		const signUp = (id: string, email: string) => ({
			type: 'subscribe',
			subscriber: { email, id, first_name: 'Sarah', created_at: at },
		});
		expect(told).toEqual([signUp('01A', 'ann@x.org'), signUp('01E', 'bo@x.org')]);
		const [first, second] = heard();
		expect(first.query).toEqual({
			filter: expect.stringMatching(/^greater-than\(updated,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)$/),
			sort: 'updated',
			'page[size]': '100',
			'additional-fields[profile]': 'subscriptions',
			'fields[profile]': 'email,first_name,properties,updated,subscriptions',
		});
		expect(Date.parse(first.query.filter.slice(21, -1))).toBeLessThanOrEqual(before - 299_000);
		expect(second.query).toEqual({ 'page[cursor]': 'bmV4dDo6aWQ6Ojo', sort: 'updated' });
		expect(second.headers).toMatchObject({
			authorization: 'Klaviyo-API-Key pk_1',
			revision: '2026-07-15',
		});
	});

	it('tells nothing the second time, and nothing of its own writing', async () => {
		const written = { RH_SUBID: 'sub_1', RH_TOTREF: 3 };
		expect(
			await poll(
				page([
					profile('01A', 'ann@x.org', written, subscribed),
					profile('01D', 'long.ago@x.org', written, subscribed),
					profile('01E', 'bo@x.org', {}, subscribed),
					profile('01F', 'added.by.us@x.org', written),
				]),
			),
		).toEqual([]);
	});

	it('tells a new address with the old one, an unsubscribe, a bounce, and who comes back', async () => {
		const told = [
			...(await poll(
				page([
					profile('01A', 'ann@y.org', {}, subscribed),
					profile('01D', 'long.ago@x.org', {}, unsubscribed),
					profile('01E', 'bo@x.org', {}, { ...subscribed, suppression: ['HARD_BOUNCE'] }),
				]),
			)),
			...(await poll(page([profile('01D', 'long.ago@x.org', {}, subscribed)]))),
		];
		expect(told).toMatchObject([
			{ type: 'update', subscriber: { email: 'ann@y.org', previous_email: 'ann@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'long.ago@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'bo@x.org' } },
			{ type: 'subscribe', subscriber: { email: 'long.ago@x.org', id: '01D' } },
		]);
	});

	it('goes on the next time where a thousand ended, and begins anew after the last page', async () => {
		const more = Array.from({ length: 10 }, (_, index) =>
			page([profile(`02${index}`, `many.${index}@x.org`)], `${NEXT}&page=${index}`),
		);
		await poll(...more);
		const [{ query }] = heard();
		await poll(page([profile('03', 'last@x.org', {}, subscribed)]));
		expect(heard()).toHaveLength(11);
		expect(heard()[10].query).toEqual({
			'page[cursor]': 'bmV4dDo6aWQ6Ojo',
			sort: 'updated',
			page: '9',
		});
		await poll(page([]));
		expect(heard()[11].query.filter >= query.filter).toBe(true);
	});

	it('asks the same again when one of the pages is not answered', async () => {
		pages = [page([profile('04', 'eve@x.org', {}, subscribed)], NEXT), THROTTLED];
		const told = await esp.told(async () => {
			expect((await esp.run('Every two minutes')).status).toBe('error');
		});
		expect(told).toEqual([]);
		expect(await poll(page([profile('04', 'eve@x.org', {}, subscribed)]))).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'eve@x.org' } },
		]);
		expect(heard()[2].query).toEqual(heard()[0].query);
	});
}
