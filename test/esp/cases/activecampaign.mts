import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'youraccount.api-us1.com';
const TRIGGER = 'When ActiveCampaign reports a change';
const LIST = '5';

interface Person {
	email: string;
	/** List → status: 0 unconfirmed, 1 active, 2 unsubscribed, 3 bounced. */
	lists: Record<string, number>;
	fields: Record<string, string>;
}
interface Field {
	id: string;
	title: string;
	perstag: string;
}

// Answers to the letter of developers.activecampaign.com/reference (contacts, fields, webhooks, rate limits).
const TOO_MANY: Reply = {
	status: 429,
	headers: { 'ratelimit-limit': '5', 'ratelimit-remaining': '0', 'retry-after': '30' },
	body: { message: 'Too Many Requests' },
};
const FORBIDDEN: Reply = { status: 403, body: { message: 'Forbidden' } };
const problem = (title: string, code: string): Reply => ({
	status: 422,
	body: {
		errors: [{ title, detail: '', code, source: { pointer: '/data/attributes/email' } }],
	},
});

export function activecampaign(stage: () => EspStage): void {
	let esp: EspInService;
	// A whole page of others before ours.
	const fields: Field[] = Array.from({ length: 100 }, (_, index) => ({
		id: String(index + 1),
		title: `Other ${index}`,
		perstag: `OTHER_${index}`,
	}));
	const shown: object[] = [];
	const hooks: object[] = [];
	let people: Record<string, Person> = {};
	let unreadable: Reply | undefined;
	let refused: Reply | undefined;

	const idOf = (perstag: string) => fields.find((field) => field.perstag === perstag)?.id ?? '';
	const named = (values: Record<string, string>) =>
		Object.entries(values).map(([perstag, value]) => ({ field: idOf(perstag), value }));
	const contactOf = (id: string, { email }: { email: string } = { email: '…' }) => ({
		cdate: '2018-09-12T16:53:50-05:00',
		email,
		phone: '',
		firstName: 'Ann',
		lastName: '',
		orgid: '0',
		bounced_hard: '0',
		deleted: '0',
		udate: '2018-09-12T17:00:00-05:00',
		links: { lists: `https://${HOST}/api/3/contacts/${id}/lists` },
		id,
		organization: null,
	});
	const wholeOf = (id: string, person: Person) => ({
		contactAutomations: [],
		contactLists: Object.entries(person.lists).map(([list, status], index) => ({
			contact: id,
			list,
			form: null,
			status: String(status),
			unsubreason: null,
			id: String(index + 1),
		})),
		deals: [],
		fieldValues: named(person.fields).map(({ field, value }, index) => ({
			contact: id,
			field,
			value,
			cdate: '2018-09-12T16:53:50-05:00',
			udate: '2018-09-12T17:00:00-05:00',
			id: String(index + 1),
			owner: id,
		})),
		geoIps: [],
		accountContacts: [],
		contact: contactOf(id, person),
	});
	const find = (email: string): Reply => {
		if (unreadable) return unreadable;
		const found = Object.entries(people).filter(([, person]) => person.email === email);
		const contacts = found.map(([id, person]) => contactOf(id, person));
		const meta = { total: String(contacts.length), page_input: { limit: 1 } };
		return { status: 200, body: { scoreValues: [], contacts, meta } };
	};
	const read = (id: string): Reply =>
		people[id]
			? { status: 200, body: wholeOf(id, people[id]) }
			: { status: 404, body: { message: `No Result found for Subscriber with id ${id}` } };

	const answer = ({ method, path, query, body, headers }: Heard): Reply => {
		expect(headers['api-token']).toBe('key');
		const [what, id = ''] = path.replace('/api/3/', '').split('/');
		switch (`${method} ${what}`) {
			case 'GET fields': {
				const from = Number(query.offset ?? 0);
				const page = fields.slice(from, from + Number(query.limit));
				return { status: 200, body: { fieldOptions: [], fieldRels: [], fields: page } };
			}
			case 'POST fields': {
				const { field } = body as { field: Field };
				fields.push({ ...field, id: String(fields.length + 1) });
				return { status: 201, body: { fieldOptions: [], field: fields.at(-1) } };
			}
			case 'POST fieldRels':
				shown.push(body as object);
				return { status: 201, body: { fieldRel: { id: '19' } } };
			case 'POST webhooks':
				hooks.push(body as object);
				return { status: 201, body: { webhook: { id: '1' } } };
			case 'DELETE webhooks':
				hooks.length = 0;
				return { status: 200, body: {} };
			case 'GET contacts':
				return id ? read(id) : find(query.email);
			case 'PUT contacts':
			case 'POST contact': {
				if (refused) return refused;
				const isNew = what === 'contact';
				const contact = contactOf(isNew ? '77' : id, people[id]);
				return { status: isNew ? 201 : 200, body: { fieldValues: [], contact } };
			}
			case 'POST contactLists':
				return refused ?? { status: 201, body: { contacts: [], contactList: { id: '1' } } };
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, query, body }) => [
				`${method} ${path.replace('/api/3', '')}`,
				...(query.email ? [query.email] : []),
				...(body ? [body] : []),
			]);
	/** A form as ActiveCampaign posts it (developers.activecampaign.com/page/webhooks). */
	const report = async (type: string, id: string, more: Record<string, string> = {}) => {
		const { status } = await fetch(esp.urlOf(TRIGGER), {
			method: 'POST',
			body: new URLSearchParams({
				type,
				date_time: '2026-01-01T12:00:00-06:00',
				initiated_from: 'public',
				initiated_by: 'contact',
				'contact[id]': id,
				'contact[email]': people[id]?.email ?? '',
				'contact[first_name]': 'Ann',
				'contact[tags]': '',
				...more,
			}),
		});
		expect(status).toBe(200);
	};
	const told = async (type: string, id: string, more?: Record<string, string>) =>
		await esp.told(async () => await report(type, id, more));

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		const key = {
			type: 'activeCampaignApi',
			data: { apiUrl: `https://${HOST}`, apiKey: 'key' },
		};
		esp = await stage().bring({
			file: 'activecampaign',
			settings: { apiUrl: `https://${HOST}`, newsletterList: LIST },
			credentials: {
				activeCampaignApi: key,
				activeCampaign: key,
				activeCampaignTrigger: key,
			},
		});
	}, 60_000);
	beforeEach(() => {
		stage().vendors.forget();
		people = {};
	});

	it('creates what is missing, shows it on all lists, and does nothing the second time', async () => {
		expect(fields.slice(100).map(({ perstag }) => perstag)).toEqual([
			'RH_SUBID',
			'RH_CODE',
			'RH_REFLINK',
			'RH_ISREF',
			'RH_TOTREF',
			'RH_COUPON',
			'RH_LASTREWARD',
			'RH_GUARD',
		]);
		expect(fields[100]).toEqual({
			id: '101',
			type: 'text',
			title: 'RH_SUBID',
			perstag: 'RH_SUBID',
			visible: 1,
		});
		expect(shown).toEqual(
			fields.slice(100).map(({ id }) => ({ fieldRel: { field: id, relid: 0 } })),
		);
		await esp.run('Set up (run once)');
		expect(asked().map(([what]) => what)).toEqual(Array(4).fill('GET /fields'));
	});

	it('registers its webhook', () => {
		expect(hooks).toEqual([
			{
				webhook: {
					name: `n8n-webhook:${esp.urlOf(TRIGGER)}`,
					url: esp.urlOf(TRIGGER),
					events: ['subscribe', 'unsubscribe', 'update', 'bounce'],
					sources: ['public', 'admin', 'system', 'api'],
				},
			},
		]);
	});

	it('adds who is not there, and puts them on the list', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /contacts', 'new+one@x.org'],
			[
				'POST /contact/sync',
				{
					contact: {
						email: 'new+one@x.org',
						fieldValues: named({
							RH_SUBID: 'sub_hjdgc74u',
							RH_CODE: 'ada90f39',
							RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
							RH_ISREF: 'YES',
							RH_TOTREF: '1',
							RH_COUPON: '',
							RH_LASTREWARD: '',
							RH_GUARD: '',
						}),
					},
				},
			],
			['POST /contactLists', { contactList: { list: 5, contact: 77, status: 1 } }],
		]);
	});

	it('puts on the list who is a contact, and not on it yet', async () => {
		people = { 8: { email: 'a@x.org', lists: { 1: 1 }, fields: { RH_COUPON: 'OLD' } } };
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(200);
		expect(asked().map(([what]) => what)).toEqual([
			'GET /contacts',
			'GET /contacts/8',
			'POST /contact/sync',
			'POST /contactLists',
		]);
	});

	it('changes who is there, whatever their state, and both people of a referral, and keeps what the event does not tell', async () => {
		people = {
			7: { email: 'a@x.org', lists: { 5: 2 }, fields: { RH_TOTREF: '1', RH_COUPON: 'OLD' } },
		};
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /contacts', 'a@x.org'],
			['GET /contacts/7'],
			[
				'PUT /contacts/7',
				{
					contact: {
						fieldValues: named({
							RH_SUBID: 'sub_hjdgc74u',
							RH_CODE: 'ada90f39',
							RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
							RH_ISREF: 'YES',
							RH_TOTREF: '2',
							RH_COUPON: 'OLD',
							RH_LASTREWARD: '',
							RH_GUARD: '',
						}),
					},
				},
			],
			['GET /contacts', 'friend@x.org'],
			[
				'POST /contact/sync',
				{
					contact: {
						email: 'friend@x.org',
						fieldValues: expect.arrayContaining(named({ RH_CODE: 'f00f00f0', RH_TOTREF: '0' })),
					},
				},
			],
			['POST /contactLists', expect.anything()],
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = { 7: { email: 'a@x.org', lists: { 5: 1 }, fields: { RH_TOTREF: '4' } } };
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'PUT /contacts/7',
			{
				contact: {
					fieldValues: expect.arrayContaining([
						...named({ RH_COUPON: 'C0UP0N', RH_LASTREWARD: 'reward_38sf38hd' }),
						{ field: idOf('RH_GUARD'), value: expect.stringMatching(/^4-/) },
					]),
				},
			},
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => !String(what).startsWith('GET'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		['too many requests', TOO_MANY, /too many requests|429/i],
		[
			'a key without the right',
			FORBIDDEN,
			/: Forbidden - perhaps check your credentials\? \(node 'Add the contact'\)\. Check the credential of that node\. SparkLoop/,
		],
		[
			'an address that it does not take',
			problem('Contact Email Address is not valid.', 'email_invalid'),
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		['a fault of its own', { status: 503, body: 'Service Unavailable' }, /SparkLoop sends/],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal, reason) => {
		refused = refusal;
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
			"The contact was not written: The service is receiving too many requests from you (node 'Look for the contact'). SparkLoop sends the event again.",
		);
		expect(asked()).toEqual([['GET /contacts', 'a@x.org']]);
		unreadable = undefined;
	});

	it('writes nothing when the answer has no lists, because nobody may be signed up again', async () => {
		unreadable = { status: 200, body: { success: 1 } };
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toContain("not where 'Find its fields' looks");
		expect(asked()).toEqual([['GET /contacts', 'a@x.org']]);
		unreadable = undefined;
	});

	it('writes nothing into a contact with another address', async () => {
		unreadable = { status: 200, body: { contacts: [contactOf('7', { email: 'aa@x.org' })] } };
		people = { 7: { email: 'aa@x.org', lists: { 5: 1 }, fields: {} } };
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toContain('found a contact with another address');
		expect(asked().map(([what]) => what)).toEqual(['GET /contacts', 'GET /contacts/7']);
		unreadable = undefined;
	});

	it('tells a sign-up once it is confirmed, a new address with the old one, an unsubscribe and who comes back', async () => {
		const ann = (email: string, status: number) => {
			people = { 9: { email, lists: { 5: status }, fields: {} } };
		};
		const at = '2026-01-01T12:00:00-06:00';
		ann('ann@x.org', 0);
		expect(await told('subscribe', '9', { list: '5' })).toEqual([]);
		ann('ann@x.org', 1);
		expect(await told('subscribe', '9', { list: '5' })).toEqual([
			{
				type: 'subscribe',
				subscriber: { email: 'ann@x.org', id: '9', first_name: 'Ann', created_at: at },
			},
		]);
		expect(await told('subscribe', '9', { list: '5' })).toEqual([]);
		ann('ann@y.org', 1);
		expect(await told('update', '9', { list: '0' })).toEqual([
			{
				type: 'update',
				subscriber: {
					email: 'ann@y.org',
					previous_email: 'ann@x.org',
					first_name: 'Ann',
					updated_at: at,
				},
			},
		]);
		ann('ann@y.org', 2);
		const left = { 'list[][id]': '5', 'unsubscribe[reason]': 'Too many mails' };
		expect(await told('unsubscribe', '9', left)).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
		people[9].fields = { RH_SUBID: 'sub_1' };
		people[9].lists = { 5: 1 };
		expect(await told('subscribe', '9', { list: '5' })).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'ann@y.org' } },
		]);
		people[9].lists = {};
		expect(await told('update', '9')).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
		people[9].lists = { 5: 1 };
		await told('subscribe', '9', { list: '5' });
		people[9].lists = { 5: 3 };
		expect(await told('bounce', '9')).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
	});

	it('tells nothing of another list', async () => {
		people = { 12: { email: 'other@x.org', lists: { 1: 1 }, fields: {} } };
		expect(await told('subscribe', '12', { list: '1' })).toEqual([]);
	});

	it('does not hear of its own writing, and learns by it who was there before', async () => {
		people = { 11: { email: 'early@x.org', lists: { 5: 1 }, fields: { RH_SUBID: 'sub_1' } } };
		expect(await told('subscribe', '11', { initiated_from: 'api', list: '5' })).toEqual([]);
		expect(await told('update', '11', { initiated_from: 'api', list: '0' })).toEqual([]);
		people[11].email = 'early@y.org';
		expect(await told('update', '11', { initiated_from: 'admin' })).toMatchObject([
			{ type: 'update', subscriber: { email: 'early@y.org', previous_email: 'early@x.org' } },
		]);
	});

	it('believes no report, only the API', async () => {
		people = { 13: { email: 'gone@x.org', lists: { 5: 2 }, fields: {} } };
		const forged = { list: '5', 'contact[email]': 'forged@x.org' };
		expect(await told('subscribe', '13', forged)).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'gone@x.org' } },
		]);
	});

	it('takes its webhook away when it is taken out of service', async () => {
		await esp.stop();
		expect(asked()).toEqual([['DELETE /webhooks/1']]);
		expect(hooks).toEqual([]);
	});
}
