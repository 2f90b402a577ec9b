import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'api.brevo.com';
const HOOK = 'When the ESP reports a change';
const LIST = 8;

interface Person {
	id: number;
	email: string;
	emailBlacklisted?: boolean;
	listIds?: number[];
	listUnsubscribed?: number[];
	attributes?: object;
}

// Answers to the letter of Brevo's SDK (@getbrevo/brevo, reference.md) and developers.brevo.com/docs/api-limits.
const UNKNOWN: Reply = {
	status: 404,
	body: { code: 'document_not_found', message: 'Contact does not exist' },
};
const TOO_MANY: Reply = {
	status: 429,
	headers: {
		'x-sib-ratelimit-limit': '10',
		'x-sib-ratelimit-remaining': '0',
		'x-sib-ratelimit-reset': '1',
	},
	body: { code: 'too_many_requests', message: 'The expected rate limit is exceeded.' },
};
const INVALID: Reply = {
	status: 400,
	body: { code: 'invalid_parameter', message: 'Invalid email address refused@x.org' },
};

export function brevo(stage: () => EspStage): void {
	let esp: EspInService;
	const attributes: Array<{ name: string; category: string; type: string }> = [
		{ name: 'FIRSTNAME', category: 'normal', type: 'text' },
	];
	const hooks: Array<{ url: string }> = [];
	let people: Person[] = [];
	let unreadable: Reply | undefined;
	let unreadableOnce: Reply | undefined;
	let refused: Reply | undefined;

	const contactOf = (person: Person) => ({
		emailBlacklisted: false,
		smsBlacklisted: false,
		whatsappBlacklisted: false,
		createdAt: '2017-05-02T16:40:31.000+02:00',
		modifiedAt: '2017-05-02T16:40:31.000+02:00',
		listIds: [LIST],
		listUnsubscribed: [],
		statistics: {},
		...person,
		attributes: { FIRSTNAME: 'Ann', ...person.attributes },
	});
	const found = (identifier: string, type: string): Reply => {
		const once = unreadableOnce;
		unreadableOnce = undefined;
		if (once ?? unreadable) return (once ?? unreadable) as Reply;
		const person = people.find(({ id, email }) =>
			type === 'contact_id' ? String(id) === identifier : email === identifier,
		);
		return person ? { status: 200, body: contactOf(person) } : UNKNOWN;
	};
	const answer = ({ method, path, query, body, headers }: Heard): Reply => {
		expect(headers['api-key']).toBe('key');
		const [what, ...rest] = path.replace('/v3/', '').split('/');
		if (rest[0] === 'attributes' || what === 'webhooks') return setUp(method, path, body);
		switch (`${method} ${what}`) {
			case 'GET contacts':
				return found(decodeURIComponent(rest[0]), query.identifierType);
			case 'PUT contacts':
				return refused ?? { status: 204 };
			case 'POST contacts':
				return refused ?? { status: 201, body: { id: 42 } };
			default:
				return { status: 405 };
		}
	};
	const setUp = (method: string, path: string, body: unknown): Reply => {
		const name = path.split('/').at(-1) ?? '';
		switch (`${method} ${path.replace(/normal.*/, 'normal/…')}`) {
			case 'GET /v3/contacts/attributes':
				return { status: 200, body: { attributes } };
			case 'POST /v3/contacts/attributes/normal/…':
				attributes.push({ name, category: 'normal', ...(body as { type: string }) });
				return { status: 201 };
			case 'GET /v3/webhooks':
				return hooks.length > 0
					? { status: 200, body: { webhooks: hooks } }
					: { status: 404, body: { code: 'document_not_found', message: 'No webhooks found' } };
			case 'POST /v3/webhooks':
				hooks.push(body as { url: string });
				return { status: 201, body: { id: 5 } };
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, query, body }) => [
				`${method} ${path.replace('/v3', '')}`,
				...Object.values(query),
				...(body ? [body] : []),
			]);

	const post = async (url: string, body: object) => {
		const { status } = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		expect(status).toBe(200);
	};
	/** A report as Brevo posts it (developers.brevo.com/docs/marketing-webhooks). Its id is the webhook's. */
	const reported = (event: string, email: string) => ({
		id: 5,
		email,
		event,
		key: 'xxxxx',
		list_id: [LIST],
		date: '2020-10-09 00:00:00',
		ts: 1604937337,
	});
	const told = async (event: string, email: string, ...now: Person[]) => {
		people = now;
		return await esp.told(async () => await post(hooks[0].url, reported(event, email)));
	};

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		const key = { type: 'sendInBlueApi', data: { apiKey: 'key' } };
		esp = await stage().bring({
			file: 'brevo',
			settings: { newsletterList: String(LIST), hookKey: 'a long & random word' },
			credentials: { sendInBlueApi: key, sendInBlue: key },
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = [];
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect(attributes.slice(1)).toEqual(
			[
				['RH_SUBID', 'text'],
				['RH_CODE', 'text'],
				['RH_REFLINK', 'text'],
				['RH_ISREF', 'text'],
				['RH_TOTREF', 'float'],
				['RH_COUPON', 'text'],
				['RH_LASTREWARD', 'text'],
				['RH_GUARD', 'text'],
			].map(([name, type]) => ({ name, category: 'normal', type })),
		);
		expect(hooks).toEqual([
			{
				type: 'marketing',
				description: 'SparkLoop',
				url: `${esp.urlOf(HOOK)}?key=a%20long%20%26%20random%20word`,
				events: [
					'listAddition',
					'unsubscribed',
					'spam',
					'hardBounce',
					'contactUpdated',
					'contactDeleted',
				],
			},
		]);
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([['GET /contacts/attributes'], ['GET /webhooks', 'marketing']]);
	});

	it('adds who is not there to the list', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /contacts/new%2Bone%40x.org', 'email_id'],
			[
				'POST /contacts',
				{
					email: 'new+one@x.org',
					attributes: {
						RH_SUBID: 'sub_hjdgc74u',
						RH_CODE: 'ada90f39',
						RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
						RH_ISREF: 'YES',
						RH_TOTREF: 1,
					},
					listIds: [LIST],
				},
			],
		]);
	});

	it('changes who is there, whatever their state, and both people of a referral, and keeps what the event does not tell', async () => {
		people = [
			{
				id: 7,
				email: 'a@x.org',
				emailBlacklisted: true,
				listIds: [],
				attributes: { RH_TOTREF: 1, RH_COUPON: 'OLD' },
			},
		];
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /contacts/a%40x.org', 'email_id'],
			[
				'PUT /contacts/7',
				{
					attributes: {
						RH_SUBID: 'sub_hjdgc74u',
						RH_CODE: 'ada90f39',
						RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
						RH_ISREF: 'YES',
						RH_TOTREF: 2,
						RH_COUPON: 'OLD',
						RH_LASTREWARD: '',
						RH_GUARD: '',
					},
				},
			],
			['GET /contacts/friend%40x.org', 'email_id'],
			[
				'POST /contacts',
				{
					email: 'friend@x.org',
					attributes: expect.objectContaining({ RH_CODE: 'f00f00f0', RH_TOTREF: 0 }),
					listIds: [LIST],
				},
			],
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = [{ id: 7, email: 'a@x.org', attributes: { RH_TOTREF: 4 } }];
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'PUT /contacts/7',
			{
				attributes: expect.objectContaining({
					RH_COUPON: 'C0UP0N',
					RH_LASTREWARD: 'reward_38sf38hd',
					RH_GUARD: expect.stringMatching(/^4-/),
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
			INVALID,
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		[
			'an IP that it does not know',
			{ status: 401, body: { code: 'unauthorized', message: 'Key not found' } },
			/SparkLoop sends/,
		],
		['a fault of its own', { status: 500 }, /SparkLoop sends/],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal, reason) => {
		for (const [email, person] of [
			['refused@x.org', []],
			['b@x.org', [{ id: 9, email: 'b@x.org' }]],
		] as Array<[string, Person[]]>) {
			people = person;
			refused = refusal;
			expect(await esp.deliver(fromSparkLoop.sync(email))).toBe(500);
			expect(await esp.lastError()).toMatch(reason);
			expect(await esp.lastError()).not.toContain(email);
			refused = undefined;
			expect(await esp.deliver(fromSparkLoop.sync(email))).toBe(200);
		}
	});

	it('writes nothing when it cannot be read', async () => {
		unreadable = TOO_MANY;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toBe(
			"The contact was not written: Brevo answered with status 429 (node 'Read the contact'). SparkLoop sends the event again.",
		);
		expect(asked()).toEqual([['GET /contacts/a%40x.org', 'email_id']]);
		unreadable = undefined;
	});

	it('tells a sign-up once it is confirmed, an unsubscribe and who comes back', async () => {
		const ann = { id: 9, email: 'ann@x.org' };
		// Who has yet to confirm is on another list.
		expect(await told('list_addition', 'ann@x.org', { ...ann, listIds: [3] })).toEqual([]);
		expect(await told('list_addition', 'ann@x.org', ann)).toEqual([
			{
				type: 'subscribe',
				subscriber: { email: 'ann@x.org', id: '9', first_name: 'Ann', created_at: 1604937337 },
			},
		]);
		expect(await told('contact_updated', 'ann@x.org', ann)).toEqual([]);
		expect(await told('unsubscribe', 'ann@x.org', { ...ann, emailBlacklisted: true })).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
		]);
		const known = { ...ann, attributes: { RH_SUBID: 'sub_1' } };
		expect(await told('list_addition', 'ann@x.org', known)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'ann@x.org' } },
		]);
		expect(await told('contact_updated', 'ann@x.org', { ...known, listIds: [3] })).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
		]);
		await told('list_addition', 'ann@x.org', known);
		const left = { ...ann, listIds: [], listUnsubscribed: [LIST] };
		expect(await told('unsubscribe', 'ann@x.org', left)).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
		]);
	});

	it.each([
		['the new one', 'bob@y.org'],
		['the old one', 'bob@x.org'],
	])('tells a new address with the old one when the report has %s', async (_, email) => {
		const bob = { id: email === 'bob@y.org' ? 10 : 11, email: 'bob@x.org' };
		await told('list_addition', 'bob@x.org', bob);
		expect(await told('contact_updated', email, { ...bob, email: 'bob@y.org' })).toEqual([
			{
				type: 'update',
				subscriber: {
					email: 'bob@y.org',
					previous_email: 'bob@x.org',
					first_name: 'Ann',
					updated_at: 1604937337,
				},
			},
		]);
		expect(await told('contact_deleted', 'bob@y.org')).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'bob@y.org' } },
		]);
	});

	it('does not hear of its own writing, nor of strangers', async () => {
		const written = { id: 12, email: 'known@x.org', attributes: { RH_SUBID: 'sub_1' } };
		expect(await told('list_addition', 'known@x.org', written)).toEqual([]);
		expect(await told('contact_updated', 'known@x.org', written)).toEqual([]);
		const stranger = { id: 13, email: 'shop@x.org', listIds: [3] };
		expect(await told('contact_updated', 'shop@x.org', stranger)).toEqual([]);
	});

	it('tells the deletion of somebody whom it has not met', async () => {
		expect(await told('contact_deleted', 'nobody@x.org')).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'nobody@x.org' } },
		]);
	});

	it('asks again when Brevo has too much to do', async () => {
		unreadableOnce = TOO_MANY;
		const late = { id: 14, email: 'late@x.org' };
		expect(await told('list_addition', 'late@x.org', late)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'late@x.org' } },
		]);
	});

	it('tells nothing of an address that nobody has any more', async () => {
		expect(await told('contact_updated', 'nobody@x.org')).toEqual([]);
	});

	it('tells what could not be asked for once the execution is retried', async () => {
		unreadable = { status: 401, body: { code: 'unauthorized', message: 'Key not found' } };
		const slow = { id: 15, email: 'slow@x.org' };
		expect(await told('list_addition', 'slow@x.org', slow)).toEqual([]);
		expect(await esp.lastError()).toBe('Authorization failed - please check your credentials');
		unreadable = undefined;
		expect(await esp.told(async () => await esp.retryLast())).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'slow@x.org' } },
		]);
	});

	it('takes who was deleted unnoticed and signs up again for a new person', async () => {
		await told('list_addition', 'again@x.org', { id: 16, email: 'again@x.org' });
		const anew = await told('list_addition', 'again@x.org', { id: 17, email: 'again@x.org' });
		expect(anew).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'again@x.org', id: '17' } },
		]);
	});

	it('refuses what does not have the key', async () => {
		people = [{ id: 15, email: 'forged@x.org' }];
		for (const url of [esp.urlOf(HOOK), `${esp.urlOf(HOOK)}?key=guess`]) {
			const act = async () => await post(url, reported('list_addition', 'forged@x.org'));
			expect(await esp.told(act)).toEqual([]);
			expect(await esp.lastError()).toMatch(
				/^A request that does not come from your ESP was refused/,
			);
		}
		expect(asked()).toEqual([]);
	});
}
