import { createHmac } from 'node:crypto';

import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const APP = 'api.customer.io';
const TRACK = 'track.customer.io';
const SIGNING_KEY = 'e1b2c3';
const TRIGGER = 'When Customer.io reports a change';

interface Person {
	email: string;
	attributes?: Record<string, string>;
	unsubscribed?: boolean;
}
/** As the App API gives a person's attributes: all values are texts (docs.customer.io, getPersonAttributes). */
const customer = (cio: string, { email, attributes = {}, unsubscribed = false }: Person) => ({
	customer: {
		id: '1',
		attributes: {
			created_at: '1489014595',
			email,
			first_name: 'Someone',
			id: '1',
			cio_id: cio,
			...attributes,
		},
		timestamps: { cio_id: 1_489_014_595, email: 1_508_932_553 },
		unsubscribed,
		devices: [],
	},
});
const UNKNOWN: Reply = {
	status: 404,
	body: { errors: [{ detail: 'not found', status: '404' }] },
};
const TOO_MANY: Reply = {
	status: 429,
	body: { errors: [{ detail: 'too many requests', status: '429' }] },
};

interface Activity {
	id: string;
	type: string;
	timestamp: number;
	customer_id: string;
	customer_identifiers: { email: string; id: string; cio_id: string };
	data: object;
}

export function customerIo(stage: () => EspStage): void {
	let esp: EspInService;
	let hooks: Array<{ id: number; endpoint: string; events: string[] }> = [];
	let people: Record<string, Person> = {};
	let activities: Activity[] = [];
	let pageSize = 100;
	let unreadable: Reply | undefined;
	const peopleReadAt: number[] = [];
	let write: Reply = { status: 200, body: {} };

	/** The latest come first, in pages. */
	const list = ({ type, name, start = '0' }: Record<string, string>): Reply => {
		const wanted = activities
			.filter((one) => one.type === type && (!name || name in one.data))
			.sort((a, b) => b.timestamp - a.timestamp);
		const end = Number(start) + pageSize;
		return {
			status: 200,
			body: {
				activities: wanted.slice(Number(start), end),
				next: end < wanted.length ? String(end) : '',
			},
		};
	};
	const found = (email: string): Reply => {
		const known = Object.entries(people).find(([, person]) => person.email === email);
		return unreadable ?? (known ? { status: 200, body: customer(...known) } : UNKNOWN);
	};
	const app = ({ method, path, query, body, headers }: Heard): Reply => {
		if (headers.authorization !== 'Bearer app-key') return { status: 401 };
		switch (`${method} ${path.replace(/(?<=customers\/)[^/]*(%40).*/, '…').replace(/\d+$/, '…')}`) {
			case 'GET /v1/reporting_webhooks':
				return { status: 200, body: { reporting_webhooks: hooks.length > 0 ? hooks : null } };
			case 'POST /v1/reporting_webhooks':
				hooks.push({ ...(body as (typeof hooks)[0]), id: 4 });
				return { status: 200, body: hooks.at(-1) };
			case 'DELETE /v1/reporting_webhooks/…':
				hooks = [];
				return { status: 204 };
			case 'GET /v1/activities':
				return unreadable ?? list(query);
			case 'POST /v1/customers/attributes': {
				peopleReadAt.push(Date.now());
				const { ids } = body as { ids: string[] };
				const customers = ids.flatMap((id) => (id in people ? [customer(id, people[id])] : []));
				return { status: 200, body: { customers } };
			}
			case 'GET /v1/customers/…':
				return query.id_type === 'email'
					? found(decodeURIComponent(path.split('/')[3]))
					: { status: 400 };
			default:
				return { status: 405 };
		}
	};
	const track = ({ method, path, headers }: Heard): Reply => {
		const basic = `Basic ${Buffer.from('site:tracking-key').toString('base64')}`;
		if (headers.authorization !== basic) return { status: 401 };
		return method === 'PUT' && path.startsWith('/api/v1/customers/') ? write : { status: 405 };
	};
	const asked = (host: string) =>
		stage()
			.vendors.heard(host)
			.map(({ method, path, body }) => [`${method} ${path}`, body].filter(Boolean));

	const now = Math.floor(Date.now() / 1000);
	const happened = (type: string, cio: string, email: string, at: number, data: object = {}) =>
		activities.push({
			id: `01AK4N8V8G8KVA4HN8Y5${String(activities.length).padStart(4, '0')}`,
			type,
			timestamp: now + at,
			customer_id: '42',
			customer_identifiers: { email, id: '2', cio_id: cio },
			data,
		});
	const moved = (cio: string, from: string, to: string, at: number) =>
		happened('attribute_change', cio, to, at, { email: { from, to } });
	const poll = async () => await esp.run('Every two minutes');

	const send = async (report: object, key = SIGNING_KEY): Promise<number> => {
		const body = JSON.stringify(report);
		const timestamp = String(Math.floor(Date.now() / 1000));
		const { status } = await fetch(esp.urlOf(TRIGGER), {
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				'x-cio-timestamp': timestamp,
				'x-cio-signature': createHmac('sha256', key)
					.update(`v0:${timestamp}:${body}`)
					.digest('hex'),
			},
			body,
		});
		return status;
	};
	/** docs.customer.io, reporting webhooks. */
	const reported = (metric: string, cio: string, email: string, data: object = {}) => ({
		metric,
		event_id: '01E4C4CT6YDC7Y5M7FE1GWWPQJ',
		object_type: 'customer',
		timestamp: 1_613_063_089,
		data: {
			customer_id: '0200000001',
			email_address: email,
			identifiers: { id: '42', email, cio_id: cio },
			...data,
		},
	});

	beforeAll(async () => {
		stage().vendors.on(APP, app);
		stage().vendors.on(TRACK, track);
		const key = {
			type: 'customerIoApi',
			data: {
				region: TRACK,
				trackingSiteId: 'site',
				trackingApiKey: 'tracking-key',
				appApiKey: 'app-key',
				webhookSigningKey: SIGNING_KEY,
			},
		};
		esp = await stage().bring({
			file: 'customer-io',
			credentials: { customerIoApi: key, customerIo: key, customerIoTrigger: key },
		});
	}, 60_000);
	afterAll(async () => {
		await esp?.stop();
		expect(hooks).toEqual([]);
	});
	beforeEach(() => {
		stage().vendors.forget();
		people = {};
	});

	it('registers the webhook, and creates nothing', async () => {
		const url = esp.urlOf(TRIGGER);
		expect(hooks).toEqual([
			{
				name: `n8n webhook - ${url}`,
				endpoint: url,
				events: ['customer_subscribed', 'customer_unsubscribed', 'email_spammed', 'email_bounced'],
				id: 4,
			},
		]);
		await esp.run('Set up (run once)');
		expect([...asked(APP), ...asked(TRACK)]).toEqual([]);
	});

	it('adds who is not there', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked(APP)).toEqual([['GET /v1/customers/new%2Bone%40x.org/attributes']]);
		expect(asked(TRACK)).toEqual([
			[
				'PUT /api/v1/customers/new%2Bone%40x.org',
				{
					RH_SUBID: 'sub_hjdgc74u',
					RH_CODE: 'ada90f39',
					RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
					RH_ISREF: 'YES',
					RH_TOTREF: 1,
				},
			],
		]);
	});

	it('changes who is there by id, both people of a referral, and only what is new', async () => {
		people = {
			'03000001': { email: 'a@x.org', attributes: { RH_TOTREF: '1', RH_COUPON: 'OLD' } },
		};
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked(TRACK)).toEqual([
			[
				'PUT /api/v1/customers/cio_03000001',
				{
					RH_SUBID: 'sub_hjdgc74u',
					RH_CODE: 'ada90f39',
					RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
					RH_ISREF: 'YES',
					RH_TOTREF: 2,
					_update: true,
				},
			],
			[
				'PUT /api/v1/customers/friend%40x.org',
				expect.objectContaining({ RH_CODE: 'f00f00f0', RH_TOTREF: 0 }),
			],
		]);
		expect(asked(TRACK)[1]).not.toHaveProperty([1, '_update']);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = { '03000001': { email: 'a@x.org', attributes: { RH_TOTREF: '4' } } };
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked(TRACK)).toEqual([
			[
				'PUT /api/v1/customers/cio_03000001',
				expect.objectContaining({
					RH_COUPON: 'C0UP0N',
					RH_LASTREWARD: 'reward_38sf38hd',
					RH_GUARD: expect.stringMatching(/^4-/),
				}),
			],
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked(TRACK)).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		['too many requests', { status: 429, body: {} }, /429|too many requests/i],
		[
			'an attribute that it does not take',
			{
				status: 400,
				body: { meta: { errors: ['attribute value of refused@x.org is too long'] } },
			},
			/^The contact was not written: Bad request.*\. SparkLoop sends the event again\.$/,
		],
		['a fault of its own', { status: 500, body: {} }, /SparkLoop sends/],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal, reason) => {
		const usual = write;
		write = refusal;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(reason);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		write = usual;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it('writes nothing when it cannot be read', async () => {
		unreadable = TOO_MANY;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toBe(
			"The contact was not written: Customer.io answered with status 429 (node 'Read the contact'). SparkLoop sends the event again.",
		);
		expect(asked(TRACK)).toEqual([]);
		unreadable = undefined;
	});

	it('asks who is new, has another address, or is gone; and tells each once', async () => {
		people = {
			c1: { email: 'ann@y.org' },
			c2: { email: 'waits@x.org', unsubscribed: true },
			c3: { email: 'added.by.us@x.org', attributes: { RH_SUBID: 'sub_1' } },
			c4: { email: 'old.hand@z.org', attributes: { RH_SUBID: 'sub_2' } },
			c5: { email: 'left@z.org', unsubscribed: true },
			c7: { email: 'long.there@x.org' },
		};
		happened('profile_create', 'c7', 'long.there@x.org', -5000);
		happened('profile_create', 'c1', 'ann@x.org', -60);
		moved('c1', '', 'ann@x.org', -60);
		moved('c1', 'ann@x.org', 'ann@y.org', -50);
		happened('profile_create', 'c2', 'waits@x.org', -60);
		happened('profile_create', 'c3', 'added.by.us@x.org', -60);
		moved('c4', 'old.hand@x.org', 'old.hand@y.org', -50);
		moved('c4', 'old.hand@y.org', 'old.hand@z.org', -40);
		moved('c5', 'left@x.org', 'left@z.org', -40);
		happened('profile_delete', 'c6', 'bye@x.org', -30);
		pageSize = 2;
		const told = await esp.told(poll);
		expect(told).toHaveLength(3);
		expect(told).toEqual(
			expect.arrayContaining([
				{
					type: 'subscribe',
					subscriber: {
						email: 'ann@y.org',
						id: 'c1',
						first_name: 'Someone',
						created_at: now - 50,
					},
				},
				{
					type: 'update',
					subscriber: {
						email: 'old.hand@z.org',
						previous_email: 'old.hand@x.org',
						first_name: 'Someone',
						updated_at: now - 40,
					},
				},
				{ type: 'unsubscribe', subscriber: { email: 'bye@x.org' } },
			]),
		);
		expect(
			stage()
				.vendors.heard(APP)
				.filter(({ path }) => path === '/v1/activities')
				.map(({ query }) => query),
		).toEqual(
			expect.arrayContaining([
				{ type: 'profile_create', limit: '100' },
				{ type: 'profile_create', limit: '100', start: '2' },
				{ type: 'attribute_change', name: 'email', limit: '100' },
				{ type: 'attribute_change', name: 'email', limit: '100', start: '2' },
				{ type: 'attribute_change', name: 'email', limit: '100', start: '4' },
				{ type: 'profile_delete', limit: '100' },
			]),
		);
		expect(await esp.told(poll)).toEqual([]);

		moved('c1', 'ann@y.org', 'ann@z.org', -20);
		people.c1.email = 'ann@z.org';
		happened('profile_delete', 'c3', 'added.by.us@x.org', -20);
		delete people.c3;
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'update', subscriber: { email: 'ann@z.org', previous_email: 'ann@y.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'added.by.us@x.org' } },
		]);
		expect(await esp.told(poll)).toEqual([]);
	});

	it('asks again for what it could not learn', async () => {
		people = { c8: { email: 'later@x.org' } };
		activities = [];
		happened('profile_create', 'c8', 'later@x.org', -10);
		unreadable = TOO_MANY;
		expect(await esp.told(poll)).toEqual([]);
		unreadable = undefined;
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'later@x.org' } },
		]);
	});

	it('takes a first address for a sign-up', async () => {
		activities = [];
		people = { c9: { email: '' } };
		happened('profile_create', 'c9', '', -10);
		expect(await esp.told(poll)).toEqual([]);
		activities = [];
		people = { c9: { email: 'first@x.org' } };
		moved('c9', '', 'first@x.org', -5);
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'first@x.org' } },
		]);
		expect(await esp.told(poll)).toEqual([]);
	});

	it('reads many people by one request after the other', async () => {
		activities = [];
		people = {};
		pageSize = 100;
		for (let index = 0; index < 301; index++) {
			people[`m${index}`] = { email: `m${index}@x.org`, unsubscribed: true };
			happened('profile_create', `m${index}`, `m${index}@x.org`, -5);
		}
		peopleReadAt.length = 0;
		expect(await esp.told(poll)).toEqual([]);
		expect(peopleReadAt).toHaveLength(4);
		expect(peopleReadAt[3] - peopleReadAt[0]).toBeGreaterThan(400);
	});

	it('stops where it is when it is not shown everything', async () => {
		activities = [];
		people = {};
		pageSize = 1;
		for (let index = 0; index < 41; index++) {
			people[`t${index}`] = { email: `t${index}@x.org` };
			happened('profile_create', `t${index}`, `t${index}@x.org`, -index);
		}
		expect(await esp.told(poll)).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^Customer\.io shows more than 4000 .+ since \d{4}-.+"SparkLoop progress in Customer\.io"/,
		);
		pageSize = 100;
		expect(await esp.told(poll)).toHaveLength(41);
	}, 90_000);

	it('tells at once who confirms, leaves, comes back, complains or bounces', async () => {
		const told = await esp.told(async () => {
			for (const [index, report] of [
				reported('subscribed', 'c2', 'waits@x.org'),
				reported('unsubscribed', 'c2', 'waits@x.org', { campaign_id: 1 }),
				reported('unsubscribed', 'c2', 'waits@x.org'),
				reported('subscribed', 'c2', 'waits@x.org'),
				reported('spammed', 'c2', 'waits@x.org', { recipient: 'waits@x.org' }),
				reported('bounced', 'c4', 'old.hand@z.org', { recipient: 'old.hand@z.org' }),
			].entries()) {
				await esp.told(async () => expect([index, await send(report)]).toEqual([index, 200]));
			}
		}, 6);
		expect(told).toEqual([
			{
				type: 'subscribe',
				subscriber: { email: 'waits@x.org', id: 'c2', created_at: 1_613_063_089 },
			},
			{ type: 'unsubscribe', subscriber: { email: 'waits@x.org' } },
			{
				type: 'subscribe',
				subscriber: { email: 'waits@x.org', id: 'c2', created_at: 1_613_063_089 },
			},
			{ type: 'unsubscribe', subscriber: { email: 'waits@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'old.hand@z.org' } },
		]);
	});

	it('refuses what Customer.io has not signed', async () => {
		const told = await esp.told(
			async () =>
				expect(await send(reported('unsubscribed', 'c1', 'ann@z.org'), 'another')).toBe(401),
			0,
		);
		expect(told).toEqual([]);
	});
}
