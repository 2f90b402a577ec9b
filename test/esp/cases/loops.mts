import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'app.loops.so';
const KEY = 'a long & random word';
const HOOK = 'When the ESP reports a change';
const AT = 1734425918;
const LIST = 'cm4ittp2k000l12j3lgrzvlxt';

/** As Loops answers and reports it (loops.so/docs/api-reference/find-contact and /docs/webhooks). */
const contact = (id: string, email: string, properties: object = {}) => ({
	id,
	email,
	firstName: 'Bob',
	lastName: null,
	source: 'API',
	subscribed: true,
	userGroup: '',
	userId: null,
	mailingLists: {},
	optInStatus: null,
	favoriteColor: 'Blue',
	rhCode: null,
	...properties,
});
type Contact = ReturnType<typeof contact>;

const refusal = (status: number, message: string): Reply => ({
	status,
	body: { success: false, message },
});
const TOO_MANY: Reply = {
	status: 429,
	headers: { 'x-ratelimit-limit': '10', 'x-ratelimit-remaining': '0' },
	body: { success: false, message: 'Rate limit exceeded' },
};

export function loops(stage: () => EspStage): void {
	let esp: EspInService;
	const properties: Array<{ name: string; type: string }> = [];
	let people: Contact[] = [];
	let unreadable: Reply | undefined;
	let refused: Reply | undefined;

	const answer = ({ method, path, query, body }: Heard): Reply => {
		switch (`${method} ${path.replace('/api/v1', '')}`) {
			case 'GET /contacts/properties':
				return {
					status: 200,
					body: properties.map(({ name, type }) => ({ key: name, label: name, type })),
				};
			case 'POST /contacts/properties': {
				const given = body as { name: string; type: string };
				if (properties.some(({ name }) => name === given.name)) {
					return refusal(400, 'Property with this name already exists');
				}
				properties.push(given);
				return { status: 200, body: { success: true } };
			}
			case 'GET /contacts/find':
				return (
					unreadable ?? { status: 200, body: people.filter(({ email }) => email === query.email) }
				);
			case 'PUT /contacts/update':
				return refused ?? { status: 200, body: { success: true, id: 'clw9h3y5a014yl70k9m2n4p8q' } };
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, query, body }) =>
				[`${method} ${path.replace('/api/v1', '')}`, query.email, body].filter(Boolean),
			);
	const event = (eventName: string, { id, email }: Contact, more: object = {}) => ({
		eventName,
		eventTime: AT,
		webhookSchemaVersion: '1.0.0',
		contactIdentity: { id, email, userId: null },
		...more,
	});
	const created = (one: Contact) => event('contact.created', one, { contact: one });
	const onList = (what: string, one: Contact, id = LIST) =>
		event(`contact.mailingList.${what}`, one, {
			mailingList: { id, name: 'test mailing list', description: null, isPublic: true },
		});
	const mailed = (what: string, one: Contact) =>
		event(`email.${what}`, one, {
			sourceType: 'campaign',
			campaignId: 'cm4t1suns001uw6atri87v54s',
			email: { id: 'cm4t1sseg004tje7982991nan', subject: 'Subject of the email' },
		});
	const send = async (body: object, key = KEY, to = esp) => {
		const url = to.urlOf(HOOK) + (key ? `?key=${encodeURIComponent(key)}` : '');
		const headers = { 'content-type': 'application/json' };
		return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status;
	};
	const report = async (...events: object[]) =>
		await esp.told(async () => {
			for (const one of events) expect(await send(one)).toBe(200);
		}, events.length);
	const signUp = (id: string, email: string, firstName?: string) => ({
		type: 'subscribe',
		subscriber: { email, id, created_at: AT, ...(firstName && { first_name: firstName }) },
	});

	const bring = async (settings: Record<string, string> = {}) =>
		await stage().bring({
			file: 'loops',
			settings: { hookKey: KEY, ...settings },
			credentials: { httpBearerAuth: { type: 'httpBearerAuth', data: { token: 'key' } } },
		});

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		esp = await bring();
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = [];
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect(properties).toEqual(
			[
				'rhSubId',
				'rhCode',
				'rhRefLink',
				'rhIsRef',
				'rhTotRef',
				'rhCoupon',
				'rhLastReward',
				'rhGuard',
			].map((name) => ({ name, type: name === 'rhTotRef' ? 'number' : 'string' })),
		);
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([['GET /contacts/properties']]);
		expect(stage().vendors.heard(HOST)[0]).toMatchObject({
			query: { list: 'custom' },
			headers: { authorization: 'Bearer key' },
		});
	});

	it('adds who is not there', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /contacts/find', 'new+one@x.org'],
			[
				'PUT /contacts/update',
				{
					email: 'new+one@x.org',
					rhSubId: 'sub_hjdgc74u',
					rhCode: 'ada90f39',
					rhRefLink: 'https://mywebsite.com?rh_ref=ada90f39',
					rhIsRef: 'YES',
					rhTotRef: 1,
				},
			],
		]);
	});

	it('changes who is there, both people of a referral, and neither state nor lists', async () => {
		people = [
			contact('1', 'a@x.org', { rhTotRef: 1, rhCoupon: 'OLD', subscribed: false }),
			contact('2', 'friend@x.org'),
		];
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /contacts/find', 'a@x.org'],
			[
				'PUT /contacts/update',
				{
					email: 'a@x.org',
					rhSubId: 'sub_hjdgc74u',
					rhCode: 'ada90f39',
					rhRefLink: 'https://mywebsite.com?rh_ref=ada90f39',
					rhIsRef: 'YES',
					rhTotRef: 2,
				},
			],
			['GET /contacts/find', 'friend@x.org'],
			[
				'PUT /contacts/update',
				{
					email: 'friend@x.org',
					rhSubId: 'sub_friend',
					rhCode: 'f00f00f0',
					rhRefLink: 'https://mywebsite.com?rh_ref=f00f00f0',
					rhIsRef: 'YES',
					rhTotRef: 0,
				},
			],
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = [contact('1', 'a@x.org', { rhTotRef: 4, rhGuard: null })];
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'PUT /contacts/update',
			expect.objectContaining({
				email: 'a@x.org',
				rhCoupon: 'C0UP0N',
				rhLastReward: 'reward_38sf38hd',
				rhGuard: expect.stringMatching(/^4-/),
			}),
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => String(what).startsWith('PUT'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		[
			'too many requests',
			TOO_MANY,
			/: Loops answered with status 429 \(node 'Write the fields'\)\. SparkLoop/,
		],
		[
			'an address that it does not take',
			refusal(400, 'Invalid email address'),
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		['a fault of its own', { status: 500, body: 'Internal Server Error' }, /SparkLoop sends/],
	])('hands %s on to SparkLoop, which sends again', async (_, reply, reason) => {
		refused = reply;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		refused = undefined;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it.each<[string, Reply, RegExp]>([
		[
			'too many requests',
			TOO_MANY,
			/: Loops answered with status 429 \(node 'Read the contact'\)\. SparkLoop/,
		],
		[
			'a wrong key',
			refusal(401, 'Invalid API key'),
			/: Loops answered with status 401 \(node 'Read the contact'\)\. Check the credential of that node\. SparkLoop/,
		],
		['no list', { status: 200, body: { success: true } }, /the fields are not where/],
	])('writes nothing when the answer to the reading is %s', async (_, reply, reason) => {
		unreadable = reply;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(asked()).toEqual([['GET /contacts/find', 'a@x.org']]);
		unreadable = undefined;
	});

	it('tells a sign-up, an unsubscribe, who comes back, and a complaint', async () => {
		const ann = contact('9', 'ann@x.org', { source: 'Form', optInStatus: 'accepted' });
		expect(
			await report(
				created(ann),
				event('contact.unsubscribed', ann),
				mailed('resubscribed', ann),
				mailed('spamReported', ann),
				event('contact.unsubscribed', ann),
			),
		).toEqual([
			signUp('9', 'ann@x.org', 'Bob'),
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
			signUp('9', 'ann@x.org'),
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
		]);
	});

	it('tells a deletion, and once when Loops sends an unsubscribe before it', async () => {
		const [bo, fay] = [contact('10', 'bo@x.org'), contact('15', 'fay@x.org')];
		const left = (email: string) => ({ type: 'unsubscribe', subscriber: { email } });
		expect(
			await report(
				created(bo),
				event('contact.unsubscribed', bo),
				event('contact.deleted', bo),
				created(fay),
				event('contact.deleted', fay),
			),
		).toEqual([
			signUp('10', 'bo@x.org', 'Bob'),
			left('bo@x.org'),
			signUp('15', 'fay@x.org', 'Bob'),
			left('fay@x.org'),
		]);
	});

	it('tells a new address with the old one as soon as any event has it', async () => {
		const cy = contact('11', 'cy@x.org');
		expect(
			await report(created(cy), mailed('delivered', { ...cy, email: 'cy@y.org' })),
		).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'cy@x.org' } },
			{ type: 'update', subscriber: { email: 'cy@y.org', previous_email: 'cy@x.org' } },
		]);
	});

	it('tells nothing of what comes late, after what happened later', async () => {
		const [gus, moved] = [contact('16', 'gus@x.org'), contact('16', 'gus@y.org')];
		const at = (seconds: number, one: object) => ({ ...one, eventTime: AT + seconds });
		expect(
			await report(
				at(10, created(gus)),
				at(30, event('contact.unsubscribed', gus)),
				at(20, mailed('resubscribed', gus)),
				at(40, mailed('resubscribed', moved)),
				at(35, mailed('spamReported', gus)),
			),
		).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'gus@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'gus@x.org' } },
			{ type: 'update', subscriber: { email: 'gus@y.org', previous_email: 'gus@x.org' } },
			{ type: 'subscribe', subscriber: { email: 'gus@y.org' } },
		]);
	});

	it('tells an unsubscribe that comes after a mail to a new address, though it was before', async () => {
		const [hal, moved] = [contact('17', 'hal@x.org'), contact('17', 'hal@y.org')];
		const at = (seconds: number, one: object) => ({ ...one, eventTime: AT + seconds });
		expect(
			await report(
				at(10, created(hal)),
				at(30, mailed('delivered', moved)),
				at(20, event('contact.unsubscribed', hal)),
			),
		).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'hal@x.org' } },
			{ type: 'update', subscriber: { email: 'hal@y.org', previous_email: 'hal@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'hal@y.org' } },
		]);
	});

	it('tells nothing of its own writing, of lists, of who is added as unsubscribed, and of tests', async () => {
		const ours = contact('12', 'added.by.us@x.org', { rhSubId: 'sub_1' });
		const test = { eventName: 'testing.testEvent', eventTime: AT, message: 'test' };
		expect(
			await report(
				created(ours),
				onList('subscribed', ours),
				onList('unsubscribed', ours),
				created(contact('13', 'imported@x.org', { subscribed: false })),
				test,
			),
		).toEqual([]);
	});

	it.each([
		['a wrong key', 'guessed'],
		['no key', ''],
	])('refuses a request with %s', async (_, key) => {
		const told = await esp.told(async () => {
			expect(await send(created(contact('14', 'forged@x.org')), key)).toBe(500);
		});
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});

	describe('with one mailing list as the newsletter', () => {
		beforeAll(async () => {
			await esp.stop();
			esp = await bring({ mailingList: LIST });
		}, 60_000);

		it('tells who joins and leaves that list', async () => {
			const di = contact('20', 'di@x.org');
			const ed = contact('21', 'ed@x.org', { mailingLists: { [LIST]: true } });
			expect(
				await report(
					created(di),
					onList('subscribed', di, 'another list'),
					onList('subscribed', di),
					created(ed),
					onList('subscribed', ed),
					onList('unsubscribed', ed, 'another list'),
					onList('unsubscribed', ed),
					event('contact.unsubscribed', di),
				),
			).toEqual([
				signUp('20', 'di@x.org'),
				signUp('21', 'ed@x.org', 'Bob'),
				{ type: 'unsubscribe', subscriber: { email: 'ed@x.org' } },
				{ type: 'unsubscribe', subscriber: { email: 'di@x.org' } },
			]);
		});
	});
}
