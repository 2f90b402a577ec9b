import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'listmonk.example.com';
const LIST = 3;
const POLL = 'Every two minutes';

type Status = 'confirmed' | 'unconfirmed' | 'unsubscribed';
interface Person {
	id: number;
	email: string;
	name: string;
	attribs: Record<string, unknown>;
	status: string;
	updatedAt: Date;
	subscribed: { status: Status; updatedAt: Date; optin: 'single' | 'double' };
}

/** As listmonk writes times: with the zone of its server. */
const written = (time: Date) =>
	new Date(time.getTime() + 3_600_000).toISOString().replace('Z', '433+01:00');

/** A subscriber as the API answers it (listmonk's docs/docs/content/apis/subscribers.md). */
const subscriber = ({ id, email, name, attribs, status, updatedAt, subscribed }: Person) => ({
	id,
	created_at: '2020-02-10T23:07:16.199433+01:00',
	updated_at: written(updatedAt),
	uuid: 'ea06b2e7-4b08-4697-bcfc-2a5c6dde8f1c',
	email,
	name,
	attribs,
	status,
	lists: [
		{
			subscription_status: 'unsubscribed',
			subscription_created_at: '2020-02-10T23:07:16.194843+01:00',
			subscription_updated_at: '2020-02-10T23:07:16.194843+01:00',
			id: 1,
			name: 'Another list',
			optin: 'single',
		},
		{
			subscription_status: subscribed.status,
			subscription_created_at: '2020-02-10T23:07:16.194843+01:00',
			subscription_updated_at: written(subscribed.updatedAt),
			subscription_meta: {},
			id: LIST,
			uuid: 'ce13e971-c2ed-4069-bd0c-240e9a9f56f9',
			name: 'Default list',
			type: 'public',
			optin: subscribed.optin,
			status: 'active',
			tags: ['test'],
			description: '',
		},
	],
});
const page = (results: object[], perPage: number): Reply => ({
	status: 200,
	body: {
		data: { results, search: '', query: '', total: results.length, per_page: perPage, page: 1 },
	},
});
const failed = (status: number, message: string): Reply => ({ status, body: { message } });

export function listmonk(stage: () => EspStage): void {
	let esp: EspInService;
	let people: Person[] = [];
	let ids = 0;
	let unreadable: Reply | undefined;
	let unwritable: Reply | undefined;

	const LONG_AGO = new Date('2020-02-10T22:07:16Z');
	/** Somebody new, whom nobody has changed for long unless said so. */
	const person = (email: string, more: Partial<Person> = {}, status: Status = 'confirmed') => {
		const made: Person = {
			id: ++ids,
			email,
			name: 'John Doe',
			attribs: {},
			status: 'enabled',
			updatedAt: LONG_AGO,
			subscribed: { status, updatedAt: LONG_AGO, optin: 'double' },
			...more,
		};
		people.push(made);
		return made;
	};
	/** What listmonk's own pages do: the confirmation and the link to unsubscribe leave the subscriber's time alone. */
	const subscription = (one: Person, status: Status) =>
		Object.assign(one.subscribed, { status, updatedAt: new Date() });
	const edit = (one: Person, change: Partial<Person>) =>
		Object.assign(one, { updatedAt: new Date() }, change);

	const ASKED =
		/^subscribers\.id IN \(SELECT s\.id FROM subscribers s JOIN subscriber_lists sl ON sl\.subscriber_id = s\.id AND sl\.list_id = 3 WHERE s\.id > (\d+) AND \(s\.updated_at > '([^']+)' OR sl\.updated_at > '\2'\) ORDER BY s\.id LIMIT 100\)$/;
	const answer = ({ method, path, query, body }: Heard): Reply => {
		switch (`${method} ${path.replace(/\d+$/, '…')}`) {
			case 'GET /api/subscribers': {
				if (unreadable) return unreadable;
				if (query.search !== undefined) {
					const search = new RegExp(query.search, 'i');
					const found = people.filter(({ email, name }) => search.test(email) || search.test(name));
					return page(found.map(subscriber), 20);
				}
				const [, after, since] = ASKED.exec(query.query) ?? [];
				if (!since) return failed(400, 'Error preparing subscriber query: pq: syntax error');
				expect(query).toMatchObject({ order: 'asc', per_page: 'all' });
				const changed = people.filter(
					({ id, updatedAt, subscribed }) =>
						id > Number(after) &&
						[updatedAt, subscribed.updatedAt].some((at) => at > new Date(since)),
				);
				return page(changed.slice(0, 100).map(subscriber), 0);
			}
			case 'POST /api/subscribers':
				return (
					unwritable ?? {
						status: 200,
						body: {
							data: subscriber(
								person((body as Person).email, { attribs: (body as Person).attribs }),
							),
						},
					}
				);
			case 'PATCH /api/subscribers/…': {
				const one = people.find(({ id }) => id === Number(path.split('/').at(-1)));
				if (unwritable) return unwritable;
				if (!one) return failed(400, 'Subscriber not found');
				edit(one, { attribs: { ...one.attribs, ...(body as Person).attribs } });
				return { status: 200, body: { data: subscriber(one) } };
			}
			default:
				return failed(405, 'Method Not Allowed');
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, query, body }) =>
				[`${method} ${path}`, query.search, body as object].filter(Boolean),
			);
	const poll = async () => await esp.run(POLL);

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		esp = await stage().bring({
			file: 'listmonk',
			settings: { url: `https://${HOST}/`, list: LIST },
			credentials: {
				httpBasicAuth: { type: 'httpBasicAuth', data: { user: 'sparkloop', password: 'token' } },
			},
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = [];
		unreadable = unwritable = undefined;
	});

	it('adds who is not there, whatever the address', async () => {
		person('johnXsmith@x.org');
		person('other@x.org', { name: 'john.smith+a@x.org' });
		expect(await esp.deliver(fromSparkLoop.sync('john.smith+a@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /api/subscribers', '^john\\.smith\\+a@x\\.org$'],
			[
				'POST /api/subscribers',
				{
					email: 'john.smith+a@x.org',
					status: 'enabled',
					lists: [LIST],
					attribs: {
						RH_SUBID: 'sub_hjdgc74u',
						RH_CODE: 'ada90f39',
						RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
						RH_ISREF: 'YES',
						RH_TOTREF: 1,
					},
					preconfirm_subscriptions: true,
				},
			],
		]);
		const [{ headers }] = stage().vendors.heard(HOST);
		expect(headers.authorization).toBe(`Basic ${btoa('sparkloop:token')}`);
	});

	it('changes who is there by id, both people of a referral, and nothing but their attributes', async () => {
		const one = person("o'brien@x.org", { attribs: { RH_TOTREF: 1, RH_COUPON: 'OLD', city: 'B' } });
		const friend = person('Friend@x.org', { status: 'blocklisted' }, 'unsubscribed');
		expect(await esp.deliver(fromSparkLoop.referral("o'brien@x.org", 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /api/subscribers', "^o'brien@x\\.org$"],
			[
				`PATCH /api/subscribers/${one.id}`,
				{
					attribs: {
						RH_SUBID: 'sub_hjdgc74u',
						RH_CODE: 'ada90f39',
						RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
						RH_ISREF: 'YES',
						RH_TOTREF: 2,
					},
					preconfirm_subscriptions: true,
				},
			],
			['GET /api/subscribers', '^friend@x\\.org$'],
			[
				`PATCH /api/subscribers/${friend.id}`,
				{
					attribs: expect.objectContaining({ RH_CODE: 'f00f00f0', RH_TOTREF: 0 }),
					preconfirm_subscriptions: true,
				},
			],
		]);
		expect(one.attribs).toMatchObject({ RH_TOTREF: 2, RH_COUPON: 'OLD', city: 'B' });
		expect(friend).toMatchObject({ status: 'blocklisted', subscribed: { status: 'unsubscribed' } });
	});

	it('writes a win, and nothing of what is older', async () => {
		const one = person('a@x.org', { attribs: { RH_TOTREF: 4 } });
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		const won = { RH_COUPON: 'C0UP0N', RH_LASTREWARD: 'reward_38sf38hd' };
		expect(asked()[1]).toEqual([
			`PATCH /api/subscribers/${one.id}`,
			{
				attribs: { ...won, RH_GUARD: expect.stringMatching(/^4-/) },
				preconfirm_subscriptions: true,
			},
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 3, 'reward_old'))).toBe(200);
		expect(asked().filter(([what]) => !String(what).startsWith('GET'))).toEqual([]);
		expect(one.attribs).toMatchObject({ ...won, RH_TOTREF: 4 });
	});

	it.each<[string, Reply, RegExp]>([
		['an address that is taken', failed(409, 'E-mail already exists.'), /E-mail already exists/],
		['an address that is none', failed(400, 'Invalid email.'), /Invalid email/],
		[
			'a user without the right',
			failed(403, 'permission denied: subscribers:manage'),
			/: listmonk answered 403 - .*permission denied: subscribers:manage.* \(node 'Add the contact'\)\. Check the credential/,
		],
		[
			'a fault of its own',
			failed(500, 'Error creating Subscriber: pq: the database system is shutting down'),
			/shutting down/,
		],
		[
			'too much for the proxy before it',
			{ status: 429, body: 'slow down' },
			/: listmonk answered with status 429 \(node 'Add the contact'\)\. SparkLoop/,
		],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal, reason) => {
		unwritable = refusal;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(
			/^The contact was not written: .+ SparkLoop sends the event again\.$/,
		);
		expect(await esp.lastError()).toMatch(reason);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		unwritable = undefined;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it.each<[string, Reply, string]>([
		[
			'the token is wrong',
			failed(403, 'invalid API credentials'),
			"listmonk answered with status 403 (node 'Read the contact'). Check the credential of that node.",
		],
		[
			'it is down',
			{ status: 502, body: '<html>Bad Gateway</html>' },
			"listmonk answered with status 502 (node 'Read the contact').",
		],
		[
			'something else answers',
			{ status: 200, body: { data: true } },
			"the fields are not where 'Find its fields' looks for them.",
		],
	])('writes nothing when %s on reading', async (_, reply, reason) => {
		unreadable = reply;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toBe(
			`The contact was not written: ${reason} SparkLoop sends the event again.`,
		);
		expect(asked()).toEqual([['GET /api/subscribers', '^a@x\\.org$']]);
	});

	it('tells a sign-up once it is confirmed, a new address with the old one, who left, and who came back', async () => {
		const ann = person('ann@x.org', { updatedAt: new Date() }, 'unconfirmed');
		expect(await esp.told(poll)).toEqual([]);
		subscription(ann, 'confirmed');
		const signedUp = written(ann.subscribed.updatedAt);
		expect(await esp.told(poll)).toEqual([
			{
				type: 'subscribe',
				subscriber: {
					email: 'ann@x.org',
					id: String(ann.id),
					name: 'John Doe',
					created_at: signedUp,
				},
			},
		]);
		expect(await esp.told(poll)).toEqual([]);

		edit(ann, { email: 'ann@y.org' });
		expect(await esp.told(poll)).toEqual([
			{
				type: 'update',
				subscriber: {
					email: 'ann@y.org',
					previous_email: 'ann@x.org',
					name: 'John Doe',
					updated_at: written(ann.updatedAt),
				},
			},
		]);
		subscription(ann, 'unsubscribed');
		expect(await esp.told(poll)).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
		expect(await esp.told(poll)).toEqual([]);

		// The public form of listmonk changes the subscriber's time, and not the subscription's.
		ann.subscribed.status = 'confirmed';
		edit(ann, { attribs: { RH_SUBID: 'sub_1' } });
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'ann@y.org' } },
		]);
		edit(ann, { status: 'blocklisted' });
		expect(await esp.told(poll)).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
	});

	it('takes an unconfirmed subscription of a list with single opt-in for a sign-up', async () => {
		person('single@x.org', {
			subscribed: { status: 'unconfirmed', optin: 'single', updatedAt: new Date() },
		});
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'single@x.org' } },
		]);
	});

	it('fetches more than a hundred of the same time page by page, and those who change meanwhile', async () => {
		const at = new Date();
		const first = person('first@x.org');
		const imported = Array.from({ length: 101 }, (_, one) =>
			person(`import.${one}@x.org`, {
				subscribed: { status: 'confirmed', optin: 'double', updatedAt: at },
			}),
		);
		expect(await esp.told(poll)).toHaveLength(100);
		subscription(first, 'unsubscribed');
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: imported[100].email } },
		]);
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'unsubscribe', subscriber: { email: 'first@x.org' } },
		]);
		const pages = stage()
			.vendors.heard(HOST)
			.map(({ query }) => Number(ASKED.exec(query.query)?.[1]));
		expect(pages).toEqual([0, imported[99].id, 0]);
	}, 60_000);

	it('does not hear of its own writing', async () => {
		const one = person('there@x.org');
		expect(await esp.deliver(fromSparkLoop.referral('there@x.org', 'added@x.org', 1))).toBe(200);
		const added = people.find(({ email }) => email === 'added@x.org');
		subscription(added as Person, 'confirmed');
		expect(await esp.told(poll)).toEqual([]);
		edit(one, { email: 'there@y.org' });
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'update', subscriber: { email: 'there@y.org', previous_email: 'there@x.org' } },
		]);
	});

	it('goes on where it was when listmonk could not be asked', async () => {
		subscription(person('late@x.org'), 'confirmed');
		unreadable = failed(403, 'Permission denied: subscribers:sql_query');
		expect((await esp.run(POLL)).status).toBe('error');
		expect(await esp.lastError()).toMatch(/subscribers:sql_query|Forbidden/);
		unreadable = undefined;
		expect(await esp.told(poll)).toMatchObject([{ subscriber: { email: 'late@x.org' } }]);
	});
}
