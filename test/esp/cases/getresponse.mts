import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'api.getresponse.com';
const LIST = 'bcd234';
const KEY = 'a-long-random-word';

const NAMES = [
	'rh_subid',
	'rh_code',
	'rh_reflink',
	'rh_isref',
	'rh_totref',
	'rh_coupon',
	'rh_lastreward',
	'rh_guard',
];

interface Contact {
	contactId: string;
	email: string;
	fields: Record<string, string>;
	origin?: string;
}
/** A failure as the API words it (apireference.getresponse.com/open-api.json). */
const failure = (
	httpStatus: number,
	code: number,
	message: string,
	context: object = {},
): Reply => ({
	status: httpStatus,
	body: {
		httpStatus,
		code,
		codeDescription: message,
		message,
		moreInfo: `https://apidocs.getresponse.com/en/v3/errors/${code}`,
		context,
		uuid: '510c6726-7f65-46b7-a798-ca403133924f',
	},
});
const TOO_MANY = failure(
	429,
	1015,
	'You have reached your requests limit for this time window, please wait...',
	{ currentLimit: 30_000, timeToReset: '100 seconds' },
);
const INVALID = failure(400, 1000, 'Validation error, see context section for more information', {
	fieldName: 'email',
	originalName: 'refused@x.org',
	errorDescription: 'Invalid value',
});
const TAKEN = failure(409, 1008, 'Property value is already taken', { value: 'refused@x.org' });

export function getresponse(stage: () => EspStage): void {
	let esp: EspInService;
	const fields = new Map<string, object>();
	let people: Contact[] = [];
	let left: string[] = [];
	let unreadable: Reply | undefined;
	let write: Reply | undefined;

	const element = ({ contactId, email, origin = 'www' }: Contact) => ({
		contactId,
		name: 'John Doe',
		origin,
		changedOn: '2017-12-19T13:11:48+0000',
		createdOn: '2017-03-02T07:30:49+0000',
		campaign: { campaignId: LIST, name: 'Promo campaign' },
		email,
		note: null,
	});
	const whole = (contact: Contact) => ({
		...element(contact),
		tags: [],
		customFieldValues: Object.entries(contact.fields).map(([name, value]) => ({
			customFieldId: `id_${name}`,
			name,
			value: [value],
			values: [value],
			type: 'text',
			fieldType: 'text',
			valueType: 'string',
		})),
	});
	const found = (id: string): Reply => {
		const contact = people.find(({ contactId }) => contactId === id);
		if (contact) return { status: 200, body: whole(contact) };
		return failure(404, 1013, 'Resource not found', { contactId: id });
	};
	const create = (field: { name: string }): Reply => {
		if (fields.has(field.name)) return TAKEN;
		const made = { customFieldId: `id_${field.name}`, ...field };
		fields.set(field.name, made);
		return { status: 201, body: made };
	};
	const answer = ({ method, path, query, body, headers }: Heard): Reply => {
		if (headers['x-auth-token'] !== 'api-key key')
			return failure(401, 1014, 'Unable to authenticate');
		switch (`${method} ${path.replace(/(?<=\/v3\/contacts\/)[^/]+/, '…')}`) {
			case 'GET /v3/custom-fields':
				return { status: 200, body: [...fields.values()] };
			case 'POST /v3/custom-fields':
				return create(body as { name: string });
			case 'GET /v3/contacts':
				if (query['query[campaignId]'] !== LIST || query.additionalFlags !== 'exactMatch')
					return failure(400, 1000, 'Validation error');
				return (
					unreadable ?? {
						status: 200,
						body: people.filter(({ email }) => email === query['query[email]']).map(element),
					}
				);
			case 'POST /v3/search-contacts/contacts': {
				const { value } = (body as { section: [{ conditions: [{ value: string }] }] }).section[0]
					.conditions[0];
				const those = left.filter((email) => email === value);
				return {
					status: 200,
					body: those.map((email) => ({ contactId: 'jtLF5i', email, reason: 'unsubscribe' })),
				};
			}
			case 'GET /v3/contacts/…':
				return found(path.split('/')[3]);
			case 'POST /v3/contacts':
				return write ?? { status: 202 };
			case 'POST /v3/contacts/…/custom-fields':
				return write ?? { status: 200, body: [{ customFieldId: 'id_rh_subid', values: ['x'] }] };
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, body }) => [`${method} ${path}`, body].filter(Boolean));
	const values = (given: Record<string, string>) =>
		Object.entries(given).map(([name, value]) => ({
			customFieldId: `id_${name}`,
			value: [value],
		}));

	/** apidocs.getresponse.com/v3/payloads. */
	const reported = (type: string, contactId: string, email: string, campaignId = LIST) => ({
		type,
		contact: {
			contactId,
			email,
			name: 'Friend',
			campaign: { campaignId, name: 'my_first_campaign', href: 'https://api.getresponse.com/v3/…' },
			href: `https://api.getresponse.com/v3/contacts/${contactId}`,
		},
		account: { accountId: 'def456' },
		event: { occurredAt: '2021-04-27T12:56:00+00:00' },
	});
	const send = async (body: object, key = KEY) => {
		const answered = await fetch(
			`${esp.urlOf('When the ESP reports a change')}?key=${encodeURIComponent(key)}`,
			{
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(body),
			},
		);
		return [answered.status, await answered.text()];
	};
	const report = async (...bodies: object[]) => {
		// What is answered in any other words is sent again (apidocs.getresponse.com/v3/webhooks).
		for (const body of bodies) expect(await send(body)).toEqual([200, '{"status":"OK"}']);
	};

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		// More than one page of what n8n's own node would see.
		for (let index = 0; index < 120; index++) create({ name: `own_${index}` });
		esp = await stage().bring({
			file: 'getresponse',
			settings: { list: LIST, hookKey: KEY },
			credentials: { getResponseApi: { type: 'getResponseApi', data: { apiKey: 'key' } } },
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = [];
		left = [];
		write = undefined;
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect([...fields.keys()].slice(120)).toEqual(NAMES);
		expect(fields.get('rh_subid')).toEqual({
			customFieldId: 'id_rh_subid',
			name: 'rh_subid',
			type: 'string',
			format: 'text',
			hidden: 'true',
			values: [],
		});
		expect(fields.get('rh_totref')).toMatchObject({ type: 'number' });
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([['GET /v3/custom-fields'], ['GET /v3/custom-fields']]);
	});

	it('adds who was never there', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(stage().vendors.heard(HOST)[0].query).toEqual({
			'query[email]': 'new+one@x.org',
			'query[campaignId]': LIST,
			additionalFlags: 'exactMatch',
		});
		expect(asked()).toEqual([
			['GET /v3/contacts'],
			[
				'POST /v3/search-contacts/contacts',
				{
					subscribersType: ['undelivered', 'removed', 'unconfirmed'],
					sectionLogicOperator: 'and',
					section: [
						{
							campaignIdsList: [LIST],
							logicOperator: 'and',
							subscriberCycle: ['receiving_autoresponder', 'not_receiving_autoresponder'],
							subscriptionDate: 'all_time',
							conditions: [
								{
									conditionType: 'email',
									operatorType: 'string_operator',
									operator: 'is',
									value: 'new+one@x.org',
								},
							],
						},
					],
				},
			],
			[
				'POST /v3/contacts',
				{
					email: 'new+one@x.org',
					campaign: { campaignId: LIST },
					customFieldValues: values({
						rh_subid: 'sub_hjdgc74u',
						rh_code: 'ada90f39',
						rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
						rh_isref: 'YES',
						rh_totref: '1',
					}),
				},
			],
		]);
	});

	it('leaves alone who has left', async () => {
		left = ['left@x.org'];
		expect(await esp.deliver(fromSparkLoop.referral('left@x.org', 'left@x.org', 1))).toBe(200);
		expect(asked().map(([what]) => what)).toEqual([
			'GET /v3/contacts',
			'POST /v3/search-contacts/contacts',
			'GET /v3/contacts',
			'POST /v3/search-contacts/contacts',
		]);
	});

	it('changes who is there, both people of a referral, and only what is new', async () => {
		people = [
			{ contactId: 'pV3r', email: 'a@x.org', fields: { rh_totref: '1', rh_coupon: 'OLD' } },
			{ contactId: 'pV4s', email: 'b@x.org', fields: { age: '18-35' } },
		];
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'b@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /v3/contacts'],
			['GET /v3/contacts/pV3r'],
			[
				'POST /v3/contacts/pV3r/custom-fields',
				{
					customFieldValues: values({
						rh_subid: 'sub_hjdgc74u',
						rh_code: 'ada90f39',
						rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
						rh_isref: 'YES',
						rh_totref: '2',
					}),
				},
			],
			['GET /v3/contacts'],
			['GET /v3/contacts/pV4s'],
			[
				'POST /v3/contacts/pV4s/custom-fields',
				{
					customFieldValues: expect.arrayContaining(
						values({ rh_code: 'f00f00f0', rh_totref: '0' }),
					),
				},
			],
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = [{ contactId: 'pV3r', email: 'a@x.org', fields: { rh_totref: '4' } }];
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'POST /v3/contacts/pV3r/custom-fields',
			{
				customFieldValues: expect.arrayContaining([
					...values({ rh_coupon: 'C0UP0N', rh_lastreward: 'reward_38sf38hd' }),
					{ customFieldId: 'id_rh_guard', value: [expect.stringMatching(/^4-/)] },
				]),
			},
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => String(what).startsWith('POST'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		['too many requests', TOO_MANY, /too many requests|429/i],
		['an invalid value', INVALID, /^The contact was not written: .+\. SparkLoop sends the event/],
		['one who is just being added', TAKEN, /SparkLoop sends the event again/],
		['a fault of its own', failure(500, 1, 'Internal error'), /SparkLoop sends the event again/],
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
		expect(await esp.lastError()).toMatch(/^The contact was not written: .+429|too many requests/i);
		expect(asked()).toEqual([['GET /v3/contacts']]);
		unreadable = undefined;
	});

	it('tells a sign-up, a new address with the old one, an unsubscribe, and who comes back', async () => {
		people = [{ contactId: 'c9', email: 'ann@x.org', fields: {} }];
		const told = await esp.told(
			async () =>
				await report(
					reported('contact_added', 'c9', 'ann@x.org'),
					reported('contact_added', 'c9', 'ann@x.org'),
					[
						reported('contact_email_changed', 'c9', 'ann@y.org'),
						reported('contact_removed_link', 'c9', 'ann@y.org'),
						reported('contact_added', 'c9', 'ann@y.org'),
					],
					reported('contact_removed_bounce', 'c9', 'ann@y.org'),
				),
			4,
		);
		const at = '2021-04-27T12:56:00+00:00';
		expect(told).toEqual([
			{
				type: 'subscribe',
				subscriber: { email: 'ann@x.org', id: 'c9', name: 'Friend', created_at: at },
			},
			{
				type: 'update',
				subscriber: {
					email: 'ann@y.org',
					previous_email: 'ann@x.org',
					name: 'Friend',
					updated_at: at,
				},
			},
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
			{
				type: 'subscribe',
				subscriber: { email: 'ann@y.org', id: 'c9', name: 'Friend', created_at: at },
			},
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
	});

	it('does not hear of its own writing, of other lists, nor of other events', async () => {
		people = [
			{
				contactId: 'c10',
				email: 'added.by.us@x.org',
				fields: { rh_subid: 'sub_1' },
				origin: 'api',
			},
		];
		const told = await esp.told(
			async () =>
				await report(
					reported('contact_added', 'c10', 'added.by.us@x.org'),
					reported('contact_custom_field_changed', 'c10', 'added.by.us@x.org'),
					reported('contact_added', 'c11', 'elsewhere@x.org', 'another'),
				),
			3,
		);
		expect(told).toEqual([]);
	});

	it('refuses what does not have the key', async () => {
		const told = await esp.told(async () => {
			const [status] = await send(reported('contact_added', 'c12', 'forged@x.org'), 'guessed');
			expect(status).toBe(500);
		});
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});
}
