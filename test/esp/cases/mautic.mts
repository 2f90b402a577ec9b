import { createHmac } from 'node:crypto';

import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'mautic.example.com';
const TRIGGER = 'When Mautic reports a change';
const SEGMENT = 3;

interface Person {
	id: number;
	email: string;
	fields?: object;
	segments?: number[];
	doNotContact?: object[];
}
const UNSUBSCRIBED = { id: 2, reason: 1, comments: '', channel: 'email', channelId: null };

/** An error as Mautic tells it (ApiBundle, CommonApiController::returnError). */
const problem = (code: number, message: string): Reply => ({
	status: code,
	body: { errors: [{ code, message, details: [], type: null }] },
});
const NOT_FOUND = problem(404, 'Item was not found.');
const TOO_MANY = problem(429, 'You exceeded the rate limit of 100 API calls per hour.');

export function mautic(stage: () => EspStage): void {
	let esp: EspInService;
	const fields: Array<{ alias: string }> = [{ alias: 'email' }, { alias: 'firstname' }];
	const hooks: Array<{ secret: string; triggers: string[] }> = [];
	let people: Person[] = [];
	let unreadable: Reply | undefined;
	let refused: Reply | undefined;

	/** As Mautic serializes it (developer-documentation-new, rest_api/contacts). */
	const contactOf = ({ id, email, fields: more, doNotContact = [] }: Person) => ({
		id,
		isPublished: true,
		dateAdded: '2015-07-21T12:27:12-05:00',
		points: 10,
		fields: {
			core: { email: { id: '6', alias: 'email', type: 'email', value: email } },
			social: {},
			personal: [],
			professional: [],
			all: { id: String(id), email, firstname: 'Ann', rh_totref: null, ...more },
		},
		tags: [],
		utmtags: [],
		stage: null,
		doNotContact,
	});
	const find = (email: string): Reply => {
		if (unreadable) return unreadable;
		const found = people.filter((person) => person.email === email);
		const contacts = Object.fromEntries(found.map((one) => [one.id, contactOf(one)]));
		return { status: 200, body: { total: String(found.length), contacts } };
	};
	const read = (id: string, what?: string): Reply => {
		if (unreadable) return unreadable;
		const person = people.find((one) => String(one.id) === id);
		if (!person) return NOT_FOUND;
		if (!what) return { status: 200, body: { contact: contactOf(person) } };
		const segments = person.segments ?? [SEGMENT];
		const lists = Object.fromEntries(segments.map((one) => [one, { id: one, name: 'A segment' }]));
		return { status: 200, body: { total: segments.length, lists: segments.length ? lists : [] } };
	};
	const write = (id: string): Reply =>
		refused ?? {
			status: id === 'new' ? 201 : 200,
			body: { contact: contactOf({ id: id === 'new' ? 77 : Number(id), email: '…' }) },
		};
	const answer = ({ method, path, query, body, headers }: Heard): Reply => {
		expect(headers.authorization).toBe(`Basic ${btoa('n8n:secret')}`);
		const [what, ...rest] = path.replace('/api/', '').split('/');
		switch (`${method} ${what}`) {
			case 'GET fields':
				return { status: 200, body: { total: fields.length, fields: { ...fields } } };
			case 'POST fields':
				fields.push(body as { alias: string });
				return { status: 201, body: { field: { id: 165, ...(body as object) } } };
			case 'POST hooks':
				hooks.push(body as (typeof hooks)[number]);
				return { status: 201, body: { hook: { id: 1, ...(body as object) } } };
			case 'DELETE hooks':
				return { status: 200, body: { hook: { id: null } } };
			case 'GET contacts':
				return rest.length > 0 ? read(rest[0], rest[1]) : find(query['where[0][val]']);
			case 'PATCH contacts':
			case 'POST contacts':
				return write(rest[0]);
			case 'POST segments':
				return refused ?? { status: 200, body: { success: 1 } };
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, query, body }) => [
				`${method} ${path.replace('/api', '')}`,
				...(query['where[0][val]'] ? [query['where[0][val]']] : []),
				...(body && Object.keys(body).length > 0 ? [body] : []),
			]);

	const post = async (body: object, secret: string) => {
		const text = JSON.stringify(body);
		const signature = createHmac('sha256', secret).update(text).digest('base64');
		const { status } = await fetch(esp.urlOf(TRIGGER), {
			method: 'POST',
			headers: { 'content-type': 'application/json', 'webhook-signature': signature },
			body: text,
		});
		return status;
	};
	/** What happened to contacts, as Mautic posts it (LeadBundle/Assets/WebhookPayload). */
	const reported = (event: string, ...contacts: Person[]) => ({
		[`mautic.${event}`]: contacts.map((person) => ({
			contact: { ...contactOf(person), fields: { core: {} } },
			timestamp: '2017-06-19T09:32:24+00:00',
		})),
	});
	const told = async (body: object, ...now: Person[]) => {
		people = now;
		return await esp.told(async () => expect(await post(body, hooks[0].secret)).toBe(200));
	};

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		const data = { url: `https://${HOST}/`, username: 'n8n', password: 'secret' };
		const user = { type: 'mauticApi', data };
		esp = await stage().bring({
			file: 'mautic',
			settings: { url: `https://${HOST}/`, segment: String(SEGMENT) },
			credentials: { mauticApi: user, mautic: user, mauticTrigger: user },
		});
	}, 60_000);
	beforeEach(() => {
		stage().vendors.forget();
		people = [];
	});

	it('creates what is missing, and nothing the second time', async () => {
		const text = { group: 'core', isPubliclyUpdatable: false, isUniqueIdentifier: false };
		expect(fields.slice(2)).toEqual(
			[
				'rh_subid',
				'rh_code',
				'rh_reflink',
				'rh_isref',
				'rh_totref',
				'rh_coupon',
				'rh_lastreward',
				'rh_guard',
			].map((alias) => ({
				label: alias.toUpperCase(),
				alias,
				...text,
				...(alias === 'rh_totref'
					? { type: 'number', properties: { roundmode: 4, scale: 0 } }
					: { type: 'text', charLengthLimit: 191 }),
			})),
		);
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([['GET /fields/contact']]);
	});

	it('registers its webhook with a secret', () => {
		expect(hooks).toEqual([
			{
				name: `n8n-webhook:${new URL(esp.urlOf(TRIGGER)).pathname}`,
				description: 'n8n webhook',
				webhookUrl: esp.urlOf(TRIGGER),
				secret: expect.stringMatching(/^[0-9a-f]{64}$/),
				triggers: [
					'mautic.lead_list_change',
					'mautic.lead_post_save_update',
					'mautic.lead_channel_subscription_changed',
					'mautic.lead_post_delete',
				],
				eventsOrderbyDir: 'ASC',
				isPublished: true,
			},
		]);
	});

	it('adds who is not there, and puts them into the segment', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /contacts', 'new+one@x.org'],
			[
				'POST /contacts/new',
				{
					email: 'new+one@x.org',
					rh_subid: 'sub_hjdgc74u',
					rh_code: 'ada90f39',
					rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
					rh_isref: 'YES',
					rh_totref: 1,
				},
			],
			['POST /segments/3/contact/77/add'],
		]);
		const [{ query }] = stage().vendors.heard(HOST);
		expect(query).toEqual({
			'where[0][col]': 'email',
			'where[0][expr]': 'eq',
			'where[0][val]': 'new+one@x.org',
			limit: '1',
		});
	});

	it('changes who is there, whatever their state, and both people of a referral', async () => {
		people = [
			{
				id: 47,
				email: 'a@x.org',
				segments: [],
				doNotContact: [UNSUBSCRIBED],
				fields: { rh_totref: 1, rh_coupon: 'OLD' },
			},
		];
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /contacts', 'a@x.org'],
			[
				'PATCH /contacts/47/edit',
				{
					rh_subid: 'sub_hjdgc74u',
					rh_code: 'ada90f39',
					rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
					rh_isref: 'YES',
					rh_totref: 2,
				},
			],
			['GET /contacts', 'friend@x.org'],
			[
				'POST /contacts/new',
				expect.objectContaining({ email: 'friend@x.org', rh_code: 'f00f00f0' }),
			],
			['POST /segments/3/contact/77/add'],
		]);
	});

	it('writes no referrals as a blank, and only where there were some', async () => {
		people = [{ id: 47, email: 'a@x.org', fields: { rh_totref: 5 } }];
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org', 0))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'PATCH /contacts/47/edit',
			expect.objectContaining({ rh_totref: '', overwriteWithBlank: true }),
		]);
		people = [{ id: 47, email: 'a@x.org' }];
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org', 0))).toBe(200);
		expect(Object.keys(asked().at(-1)?.[1] as object)).toEqual([
			'rh_subid',
			'rh_code',
			'rh_reflink',
			'rh_isref',
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = [{ id: 47, email: 'a@x.org', fields: { rh_totref: 4, rh_guard: null } }];
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'PATCH /contacts/47/edit',
			expect.objectContaining({
				rh_coupon: 'C0UP0N',
				rh_lastreward: 'reward_38sf38hd',
				rh_guard: expect.stringMatching(/^4-/),
			}),
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => !String(what).startsWith('GET'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		[
			'too many requests',
			TOO_MANY,
			/: The service is receiving too many requests from you \(node 'Add the contact'\)\. SparkLoop/,
		],
		[
			'a value that is too long',
			problem(
				400,
				'rh_reflink: This value is too long. It should have 64 characters or less (refused@x.org).',
			),
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		[
			'an error with status 200',
			{ status: 200, body: { errors: [{ code: 500, message: 'Looks like I failed' }] } },
			/SparkLoop sends/,
		],
		['a fault of its own', { status: 500, body: 'Internal Server Error' }, /SparkLoop sends/],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal, reason) => {
		refused = refusal;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		refused = undefined;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it.each<[string, Reply]>([
		['too much to do', TOO_MANY],
		['its API switched off', problem(403, 'API disabled.')],
		['an answer without contacts', { status: 200, body: 'Please log in' }],
	])('writes nothing when Mautic has %s', async (_, reply) => {
		unreadable = reply;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(/^The contact was not written: .+\. SparkLoop sends/);
		expect(asked()).toEqual([['GET /contacts', 'a@x.org']]);
		unreadable = undefined;
	});

	it('tells a sign-up once it is confirmed, a new address with the old one, an unsubscribe and who comes back', async () => {
		const ann: Person = { id: 9, email: 'ann@x.org' };
		const change = 'lead_list_change';
		expect(await told(reported(change, ann), { ...ann, segments: [1] })).toEqual([]);
		expect(await told(reported(change, ann), ann)).toEqual([
			{ type: 'subscribe', subscriber: { email: 'ann@x.org', id: '9', first_name: 'Ann' } },
		]);
		const moved = { ...ann, email: 'ann@y.org' };
		expect(await told(reported('lead_post_save_update', moved), moved)).toEqual([
			{
				type: 'update',
				subscriber: { email: 'ann@y.org', previous_email: 'ann@x.org', first_name: 'Ann' },
			},
		]);
		const left = { ...moved, doNotContact: [UNSUBSCRIBED] };
		const both = {
			...reported('lead_channel_subscription_changed', left),
			...reported('lead_post_save_update', left),
		};
		expect(await told(both, left)).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
		const back = { ...moved, fields: { rh_subid: 'sub_1' } };
		expect(await told(reported('lead_channel_subscription_changed', back), back)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'ann@y.org' } },
		]);
		expect(await told(reported(change, back), { ...back, segments: [] })).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
	});

	it('reads several contacts in one request, and tells who is deleted', async () => {
		const bob = { id: 10, email: 'bob@x.org' };
		const eve = { id: 11, email: 'eve@x.org' };
		expect(await told(reported('lead_list_change', bob, eve), bob, eve)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'bob@x.org' } },
			{ type: 'subscribe', subscriber: { email: 'eve@x.org' } },
		]);
		const [{ contact }] = reported('', bob)['mautic.'];
		const deleted = { 'mautic.lead_post_delete': [{ id: 10, contact: { ...contact, id: null } }] };
		expect(await told(deleted, eve)).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'bob@x.org' } },
		]);
	});

	it('does not hear of its own writing, and of who is no reader', async () => {
		const written = { id: 12, email: 'known@x.org', fields: { rh_subid: 'sub_1' } };
		expect(await told(reported('lead_list_change', written), written)).toEqual([]);
		expect(await told(reported('lead_post_save_update', written), written)).toEqual([]);
		const customer = { id: 13, email: 'customer@x.org', segments: [] };
		expect(await told(reported('lead_post_save_update', customer), customer)).toEqual([]);
		expect(await told({ 'mautic.lead_post_delete': [{ id: 99 }] })).toEqual([]);
	});

	it.each<[string, Reply]>([
		['has too much to do', TOO_MANY],
		[
			'has a page of maintenance',
			{ status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' },
		],
		[
			'is not where it was',
			{ status: 404, headers: { 'content-type': 'text/html' }, body: '<html>' },
		],
	])(
		'tells nobody off when Mautic %s, and tells the rest once it is retried',
		async (what, answer) => {
			const late = { id: 20 + what.length, email: `late${what.length}@x.org` };
			unreadable = answer;
			expect(await told(reported('lead_list_change', late), late)).toEqual([]);
			unreadable = undefined;
			expect(await esp.told(async () => await esp.retryLast())).toMatchObject([
				{ type: 'subscribe', subscriber: { email: late.email } },
			]);
		},
	);

	it('refuses what Mautic has not signed', async () => {
		const forged = { id: 15, email: 'forged@x.org' };
		people = [forged];
		const act = async () =>
			expect(await post(reported('lead_list_change', forged), 'f00f')).toBe(401);
		expect(await esp.told(act, 0)).toEqual([]);
		expect(asked()).toEqual([]);
	});

	it('takes its webhook away when it is taken out of service', async () => {
		await esp.stop();
		expect(asked()).toEqual([['DELETE /hooks/1/delete']]);
	});
}
