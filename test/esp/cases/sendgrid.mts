import { setTimeout as sleep } from 'node:timers/promises';

import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'api.sendgrid.com';
const LIST = 'ca1f8a72-aa6a-4b0c-a3b2-0b0b0b0b0b0b';
const KEY = 'a long & random word';

const FIELDS = [
	'RH_SUBID',
	'RH_CODE',
	'RH_REFLINK',
	'RH_ISREF',
	'RH_TOTREF',
	'RH_COUPON',
	'RH_LASTREWARD',
	'RH_GUARD',
];
/** RH_CODE was there before, in small letters. */
const ID: Record<string, string> = Object.fromEntries(
	FIELDS.map((name, index) => [name, `a${index}_${name === 'RH_TOTREF' ? 'N' : 'T'}`]),
);

interface Contact {
	email: string;
	fields?: Record<string, unknown>;
	createdAt?: number;
	more?: object;
}
const iso = (time: number) => new Date(time).toISOString().replace(/\.\d+/, '');
/** twilio/sendgrid-oai, tsg_mc_contacts_v3. */
const contact = ({ email, fields = {}, createdAt = 0, more = {} }: Contact) => ({
	address_line_1: '',
	alternate_emails: [],
	city: '',
	country: '',
	email,
	first_name: 'Jane',
	id: `id-${email}`,
	last_name: 'Doe',
	list_ids: [LIST],
	segment_ids: [],
	custom_fields: fields,
	created_at: iso(createdAt),
	updated_at: iso(createdAt),
	_metadata: { self: '<metadata_url>' },
	...more,
});
const failed = (status: number, message: string, field: string | null = null): Reply => ({
	status,
	body: { errors: [{ field, message }] },
});
const TOO_MANY: Reply = {
	...failed(429, 'too many requests'),
	headers: {
		'x-ratelimit-limit': '3',
		'x-ratelimit-remaining': '0',
		'x-ratelimit-reset': '1392815263',
	},
};

export function sendgrid(stage: () => EspStage): void {
	let esp: EspInService;
	const fields: Array<{ id: string; name: string; field_type: string }> = [
		{ id: ID.RH_CODE, name: 'rh_code', field_type: 'Text' },
	];
	const hooks: Array<{ url: string }> = [];
	let people: Contact[] = [];
	let suppressed: string[] = [];
	let unreadable: Reply | undefined;
	let unseen = 0;
	let suppressionFails: Reply | undefined;
	const suppressionsAt: number[] = [];
	let write: Reply | undefined;

	const find = ([email]: string[]): Reply => {
		const found = people.find((one) => one.email === email);
		return found
			? { status: 200, body: { result: { [email]: { contact: contact(found) } } } }
			: failed(404, 'not found');
	};
	/** No more than fifty, without pages; `contact_count` says how many there are. */
	const search = (query: string): Reply => {
		const parts =
			/^created_at >= TIMESTAMP '([^']+)' AND created_at < TIMESTAMP '([^']+)' AND CONTAINS\(list_ids, '([^']+)'\)$/.exec(
				query,
			);
		if (parts?.[3] !== LIST) return failed(400, 'invalid query', 'query');
		const [from, to] = parts.slice(1, 3).map((time) => Date.parse(time));
		const found = people.filter(({ createdAt = 0 }) => createdAt >= from && createdAt < to);
		return {
			status: 200,
			body: {
				result: found.slice(0, 50).map(contact),
				contact_count: found.length && found.length + unseen,
				_metadata: { self: 'https://api.sendgrid.com/v3/marketing/contacts/search' },
			},
		};
	};
	const answer = ({ method, path, body, headers }: Heard): Reply => {
		if (headers.authorization !== 'Bearer key') return failed(401, 'authorization required');
		switch (`${method} ${path.replace(/(?<=global\/).*/, '…')}`) {
			case 'GET /v3/marketing/field_definitions':
				return {
					status: 200,
					body: {
						custom_fields: fields,
						reserved_fields: [{ id: '_rf0_T', name: 'first_name', field_type: 'Text' }],
					},
				};
			case 'POST /v3/marketing/field_definitions': {
				const { name, field_type } = body as { name: string; field_type: string };
				fields.push({ id: ID[name], name, field_type });
				return { status: 200, body: fields.at(-1) };
			}
			case 'GET /v3/user/webhooks/event/settings/all':
				return { status: 200, body: { max_allowed: 5, webhooks: hooks } };
			case 'POST /v3/user/webhooks/event/settings':
				hooks.push(body as { url: string });
				return { status: 201, body: { ...(body as object), id: '77d4a5da' } };
			case 'POST /v3/marketing/contacts/search/emails':
				return unreadable ?? find((body as { emails: string[] }).emails);
			case 'POST /v3/marketing/contacts/search':
				return unreadable ?? search((body as { query: string }).query);
			case 'GET /v3/asm/suppressions/global/…': {
				suppressionsAt.push(Date.now());
				if (suppressionFails) {
					const reply = suppressionFails;
					suppressionFails = undefined;
					return reply;
				}
				const email = decodeURIComponent(path.split('/').at(-1) ?? '');
				return { status: 200, body: suppressed.includes(email) ? { recipient_email: email } : {} };
			}
			case 'PUT /v3/marketing/contacts':
				return write ?? { status: 202, body: { job_id: '9b1a' } };
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, body }) => [`${method} ${path}`, body].filter(Boolean));
	const values = (given: Record<string, unknown>) =>
		Object.fromEntries(Object.entries(given).map(([name, value]) => [ID[name], value]));

	/** twilio.com/docs/sendgrid, Event Webhook reference. */
	const event = (name: string, email: string, more: object = {}) => ({
		email,
		timestamp: 1_513_299_569,
		'smtp-id': '<14c5d75ce93.dfd.64b469@ismtpd-555>',
		event: name,
		category: ['cat facts'],
		sg_event_id: 'sg_event_id',
		sg_message_id: 'sg_message_id',
		...more,
	});
	const send = async (events: object[], url = hooks[0].url): Promise<number> => {
		const { status } = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(events),
		});
		return status;
	};
	const report = async (...events: object[]) => expect(await send(events)).toBe(200);
	const poll = async () => await esp.run('Every two minutes');

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		esp = await stage().bring({
			file: 'sendgrid',
			settings: { list: LIST, group: 10, hookKey: KEY },
			credentials: { sendGridApi: { type: 'sendGridApi', data: { apiKey: 'key' } } },
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = [];
		suppressed = [];
		suppressionsAt.length = 0;
		write = undefined;
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect(fields).toEqual(
			['rh_code', ...FIELDS.filter((name) => name !== 'RH_CODE')].map((name) => ({
				id: ID[name.toUpperCase()],
				name,
				field_type: name === 'RH_TOTREF' ? 'Number' : 'Text',
			})),
		);
		expect(hooks).toEqual([
			{
				enabled: true,
				url: `${esp.urlOf('When the ESP reports a change')}?key=a%20long%20%26%20random%20word`,
				friendly_name: 'SparkLoop',
				unsubscribe: true,
				group_unsubscribe: true,
				group_resubscribe: true,
				spam_report: true,
				bounce: true,
				delivered: false,
				deferred: false,
				processed: false,
				open: false,
				click: false,
				dropped: false,
			},
		]);
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([
			['GET /v3/marketing/field_definitions'],
			['GET /v3/marketing/field_definitions'],
			['GET /v3/user/webhooks/event/settings/all'],
		]);
	});

	it('adds who is not there, onto the list', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('New+One@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['POST /v3/marketing/contacts/search/emails', { emails: ['new+one@x.org'] }],
			[
				'PUT /v3/marketing/contacts',
				{
					list_ids: [LIST],
					contacts: [
						{
							email: expect.stringMatching(/^new\+one@x\.org$/i),
							custom_fields: values({
								RH_SUBID: 'sub_hjdgc74u',
								RH_CODE: 'ada90f39',
								RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
								RH_ISREF: 'YES',
								RH_TOTREF: 1,
							}),
						},
					],
				},
			],
		]);
	});

	it('changes who is there, both people of a referral, with all that they are known by', async () => {
		people = [
			{
				email: 'a@x.org',
				fields: { RH_TOTREF: 1, RH_COUPON: 'OLD' },
				more: { external_id: 'e-1', anonymous_id: '' },
			},
		];
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()[1]).toEqual([
			'PUT /v3/marketing/contacts',
			{
				contacts: [
					{
						email: 'a@x.org',
						external_id: 'e-1',
						custom_fields: values({
							RH_SUBID: 'sub_hjdgc74u',
							RH_CODE: 'ada90f39',
							RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
							RH_ISREF: 'YES',
							RH_TOTREF: 2,
						}),
					},
				],
			},
		]);
		expect(asked()[3]).toMatchObject([
			'PUT /v3/marketing/contacts',
			{
				list_ids: [LIST],
				contacts: [
					{ email: 'friend@x.org', custom_fields: values({ RH_CODE: 'f00f00f0', RH_TOTREF: 0 }) },
				],
			},
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = [{ email: 'a@x.org', fields: { RH_TOTREF: 4 } }];
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toMatchObject([
			'PUT /v3/marketing/contacts',
			{
				contacts: [
					{
						custom_fields: values({
							RH_COUPON: 'C0UP0N',
							RH_LASTREWARD: 'reward_38sf38hd',
							RH_GUARD: expect.stringMatching(/^4-/),
						}),
					},
				],
			},
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => String(what).startsWith('PUT'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		['too many requests', TOO_MANY, /too many requests|429/i],
		[
			'a field that it does not have',
			failed(400, 'invalid custom field for refused@x.org', 'contacts[0].custom_fields'),
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		['a fault of its own', failed(500, 'internal error'), /SparkLoop sends the event again/],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal, reason) => {
		write = refusal;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		write = undefined;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it('writes nothing when it cannot be read', async () => {
		unreadable = TOO_MANY;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toBe(
			"The contact was not written: SendGrid answered with status 429 (node 'Read the contact'). SparkLoop sends the event again.",
		);
		expect(asked()).toHaveLength(1);
		unreadable = undefined;
	});

	it('asks who is new, and tells each once', async () => {
		const createdAt = Date.now() - 60_000;
		people = [
			{ email: 'ann@x.org', createdAt },
			{ email: 'added.by.us@x.org', createdAt, fields: { RH_SUBID: 'sub_1' } },
			{ email: 'imported@x.org', createdAt },
			{ email: 'long.there@x.org', createdAt: createdAt - 86_400_000 },
		];
		suppressed = ['imported@x.org'];
		expect(await esp.told(poll)).toEqual([
			{
				type: 'subscribe',
				subscriber: {
					email: 'ann@x.org',
					first_name: 'Jane',
					created_at: iso(createdAt),
				},
			},
		]);
		expect(await esp.told(poll)).toEqual([]);
		people.push({ email: 'late@x.org', createdAt: createdAt - 60_000 });
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'late@x.org' } },
		]);
	});

	it('keeps how far it got also when nobody is new', async () => {
		const froms: string[] = [];
		for (let times = 0; times < 2; times++) {
			stage().vendors.forget();
			expect(await esp.told(poll)).toEqual([]);
			froms.push(/>= TIMESTAMP '([^']+)'/.exec(JSON.stringify(asked()[0]))?.[1] ?? '');
			await sleep(1100);
		}
		expect(Date.parse(froms[1])).toBeGreaterThan(Date.parse(froms[0]));
	});

	it('asks one at a time who is unsubscribed, and once more when it is too much', async () => {
		const createdAt = Date.now() - 5000;
		people = [1, 2, 3].map((index) => ({ email: `slow${index}@x.org`, createdAt }));
		suppressionFails = TOO_MANY;
		expect(await esp.told(poll)).toHaveLength(3);
		const [first] = suppressionsAt.splice(0, 3);
		expect(suppressionsAt).toHaveLength(3);
		expect(suppressionsAt[0] - first).toBeGreaterThan(2000);
		expect(suppressionsAt[2] - suppressionsAt[0]).toBeGreaterThan(1300);
	});

	it('splits the time when more are new than it can handle, goes on next time, and asks again for what failed', async () => {
		const createdAt = Date.now() - 10_000;
		people = Array.from({ length: 60 }, (_, index) => ({
			email: `p${index}@x.org`,
			createdAt: createdAt - index * 2000,
		}));
		unreadable = TOO_MANY;
		expect(await esp.told(poll)).toEqual([]);
		unreadable = undefined;
		const told: string[] = [];
		for (let times = 0; times < 6 && told.length < 60; times++) {
			suppressionsAt.length = 0;
			for (const one of await esp.told(poll)) {
				told.push((one as { subscriber: { email: string } }).subscriber.email);
			}
			expect(suppressionsAt.length).toBeLessThanOrEqual(25);
		}
		expect(new Set(told).size).toBe(60);
		expect(told).toHaveLength(60);
		people = [];
		// To the end of the time that it had begun with.
		expect(await esp.told(poll)).toEqual([]);
	}, 180_000);

	it('says so when SendGrid does not show everybody, and goes on', async () => {
		people = [{ email: 'shown@x.org', createdAt: Math.floor(Date.now() / 1000) * 1000 - 20_000 }];
		unseen = 59;
		let told: object[] = [];
		for (let times = 0; times < 8 && told.length === 0; times++) told = await esp.told(poll);
		expect(told).toMatchObject([{ type: 'subscribe', subscriber: { email: 'shown@x.org' } }]);
		const second = iso(people[0].createdAt ?? 0);
		const after = iso((people[0].createdAt ?? 0) + 1000);
		expect(await esp.lastError()).toContain(
			`SendGrid has 60 contacts created from ${second} to ${after}, and gave only 1 of them.`,
		);
		unseen = 0;
		stage().vendors.forget();
		expect(await esp.told(poll)).toEqual([]);
		const from = /created_at >= TIMESTAMP '([^']+)'/.exec(JSON.stringify(asked()[0]))?.[1] ?? '';
		expect(Date.parse(from)).toBeGreaterThanOrEqual(Date.parse(after));
	}, 180_000);

	it('tells who unsubscribes, complains, bounces, and comes back to the group', async () => {
		const told = await esp.told(
			async () =>
				await report(
					event('group_unsubscribe', 'Ann@x.org', { asm_group_id: 11 }),
					event('group_unsubscribe', 'Ann@x.org', { asm_group_id: 10 }),
					event('group_resubscribe', 'ann@x.org', { asm_group_id: 10 }),
					event('unsubscribe', 'ann@x.org'),
					event('unsubscribe', 'ann@x.org'),
					event('spamreport', 'late@x.org'),
					event('bounce', 'full@x.org', { type: 'blocked', reason: 'mailbox full' }),
					event('bounce', 'p1@x.org', { type: 'bounce', status: '5.1.1' }),
					event('open', 'p2@x.org'),
				),
		);
		expect(told).toMatchObject([
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
			{ type: 'subscribe', subscriber: { email: 'ann@x.org', created_at: 1_513_299_569 } },
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'late@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'p1@x.org' } },
		]);
	});

	it('does not take an older sign-up for a coming back', async () => {
		people = [{ email: 'late@x.org', createdAt: Date.now() - 60_000 }];
		expect(await esp.told(poll)).toEqual([]);
	});

	it('refuses what does not have the key', async () => {
		const told = await esp.told(async () => {
			const url = esp.urlOf('When the ESP reports a change');
			expect(await send([event('unsubscribe', 'p3@x.org')], `${url}?key=guessed`)).toBe(500);
		});
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});
}
