import { createHmac } from 'node:crypto';

import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'api.hubapi.com';
const SECRET = 'yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy';

type Properties = Record<string, string | null>;
interface Contact {
	properties: Properties;
	/** Property → its values, the newest first. */
	history?: Record<string, string[]>;
}

/** A contact as crm/v3/objects/contacts answers it (SimplePublicObject of @hubspot/api-client). */
const contact = (id: string, { properties, history = {} }: Contact) => ({
	id,
	properties: {
		createdate: '2019-10-30T03:30:17.883Z',
		hs_object_id: id,
		lastmodifieddate: '2019-12-07T16:50:06.678Z',
		...properties,
	},
	propertiesWithHistory: Object.fromEntries(
		Object.entries(history).map(([name, values]) => [
			name,
			values.map((value) => ({
				value,
				timestamp: '2019-12-07T16:50:06.678Z',
				sourceType: 'FORM',
			})),
		]),
	),
	createdAt: '2019-10-30T03:30:17.883Z',
	updatedAt: '2019-12-07T16:50:06.678Z',
	archived: false,
});
const CORRELATION = { correlationId: 'aeb5f871-7f07-4993-9211-075dc63e7cbf' };
const UNKNOWN: Reply = {
	status: 404,
	body: {
		status: 'error',
		message: 'resource not found',
		...CORRELATION,
		category: 'OBJECT_NOT_FOUND',
	},
};
/** developers.hubspot.com, usage guidelines. */
const TOO_MANY: Reply = {
	status: 429,
	body: {
		status: 'error',
		message: 'You have reached your ten_secondly_rolling limit.',
		errorType: 'RATE_LIMIT',
		...CORRELATION,
		policyName: 'TEN_SECONDLY_ROLLING',
	},
};
const invalid = (name: string, error: string, message: string): Reply => ({
	status: 400,
	body: {
		status: 'error',
		message: 'Property values were not valid',
		...CORRELATION,
		validationResults: [{ isValid: false, message, error, name }],
	},
});

const OCCURRED_AT = 1_719_454_544_267;
/** An event as HubSpot sends it to an app (developers.hubspot.com, webhooks). */
const event = (subscriptionType: string, objectId: number, more: object = {}) => ({
	appId: 3_435_896,
	eventId: 100,
	subscriptionId: 2_675_465,
	portalId: 7_549_024,
	occurredAt: OCCURRED_AT,
	subscriptionType,
	attemptNumber: 0,
	objectId,
	changeSource: 'CRM',
	...more,
});
const created = (id: number) => event('contact.creation', id, { changeFlag: 'NEW' });
const changed = (id: number, propertyName: string, propertyValue: string) =>
	event('contact.propertyChange', id, { propertyName, propertyValue, isSensitive: false });

export function hubspot(stage: () => EspStage): void {
	let esp: EspInService;
	const fields = new Map<string, object>();
	let people: Record<string, Properties> = {};
	const contacts: Record<string, Contact> = {};
	let unreadable: Reply | undefined;
	let write: Reply = { status: 200, body: { vid: 3_234_574, isNew: false } };

	/** 207 when some are not there. */
	const read = ({ inputs }: { inputs: Array<{ id: string }> }): Reply => {
		const [there, gone] = [true, false].map((want) =>
			inputs.filter(({ id }) => id in contacts === want),
		);
		const answer = {
			status: 'COMPLETE',
			results: there.map(({ id }) => contact(id, contacts[id])),
			startedAt: '2026-10-25T17:02:54.000Z',
			completedAt: '2026-10-25T17:02:54.100Z',
		};
		if (gone.length === 0) return { status: 200, body: answer };
		return {
			status: 207,
			body: {
				...answer,
				numErrors: 1,
				errors: [
					{
						status: 'error',
						category: 'OBJECT_NOT_FOUND',
						message: 'Could not get some CONTACT objects, they may be deleted or not exist.',
						context: { ids: gone.map(({ id }) => id) },
					},
				],
			},
		};
	};
	const found = (email: string): Reply => {
		if (unreadable) return unreadable;
		return email in people
			? { status: 200, body: contact('512', { properties: people[email] }) }
			: UNKNOWN;
	};
	const answer = ({ method, path, body, headers }: Heard): Reply => {
		expect(headers.authorization).toBe('Bearer pat-eu1-key');
		switch (`${method} ${path.replace(/(?<=\/(email|contacts)\/)[^/]*(@|%40).*/, '…')}`) {
			case 'GET /crm/v3/properties/contacts':
				return { status: 200, body: { results: [...fields.values()] } };
			case 'POST /crm/v3/properties/contacts': {
				const { name } = body as { name: string };
				if (fields.has(name)) return { status: 409, body: { category: 'OBJECT_ALREADY_EXISTS' } };
				fields.set(name, body as object);
				return { status: 201, body };
			}
			case 'GET /crm/v3/objects/contacts/…':
				return found(decodeURIComponent(path.split('/').at(-1) ?? ''));
			case 'POST /crm/v3/objects/contacts/batch/read':
				return unreadable ?? read(body as { inputs: Array<{ id: string }> });
			case 'POST /contacts/v1/contact/createOrUpdate/email/…':
				return write;
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, body }) => [`${method} ${path}`, body].filter(Boolean));
	const written = (values: Record<string, unknown>) => ({
		properties: Object.entries(values).map(([property, value]) => ({ property, value })),
	});

	const url = () => esp.urlOf('When the ESP reports a change');
	const send = async (events: object[], secret = SECRET): Promise<number> => {
		const body = JSON.stringify(events);
		const timestamp = String(OCCURRED_AT + 500);
		const { status } = await fetch(url(), {
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				'x-hubspot-signature-version': 'v1',
				'x-hubspot-request-timestamp': timestamp,
				// developers.hubspot.com, validating requests: the method, the address, the body and the time.
				'x-hubspot-signature-v3': createHmac('sha256', secret)
					.update(`POST${url()}${body}${timestamp}`)
					.digest('base64'),
			},
			body,
		});
		return status;
	};
	const report = async (...events: object[]) => expect(await send(events)).toBe(200);
	const is = (id: string, email: string, more: Properties = {}, emails = [email]) =>
		(contacts[id] = {
			properties: { email, firstname: 'Someone', hs_email_optout: null, rh_subid: null, ...more },
			history: { email: emails },
		});

	const bring = async (settings: Record<string, string> = {}) => {
		const token = { type: 'hubspotAppToken', data: { appToken: 'pat-eu1-key' } };
		return await stage().bring({
			file: 'hubspot',
			settings,
			credentials: {
				hubspotAppToken: token,
				hubspot: token,
				crypto: { type: 'crypto', data: { hmacSecret: SECRET } },
			},
		});
	};
	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		esp = await bring();
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = {};
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect([...fields.keys()]).toEqual([
			'rh_subid',
			'rh_code',
			'rh_reflink',
			'rh_isref',
			'rh_totref',
			'rh_coupon',
			'rh_lastreward',
			'rh_guard',
		]);
		expect(fields.get('rh_subid')).toEqual({
			name: 'rh_subid',
			label: 'RH_SUBID',
			groupName: 'contactinformation',
			type: 'string',
			fieldType: 'text',
			formField: false,
		});
		expect(fields.get('rh_totref')).toMatchObject({ type: 'number', fieldType: 'number' });
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([['GET /crm/v3/properties/contacts']]);
	});

	it('adds who is not there', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(stage().vendors.heard(HOST)[0].query).toEqual({
			idProperty: 'email',
			properties: [...fields.keys()].join(','),
		});
		expect(asked()).toEqual([
			['GET /crm/v3/objects/contacts/new%2Bone%40x.org'],
			[
				'POST /contacts/v1/contact/createOrUpdate/email/new%2Bone%40x.org',
				written({
					rh_subid: 'sub_hjdgc74u',
					rh_code: 'ada90f39',
					rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
					rh_isref: 'YES',
					rh_totref: '1',
					rh_coupon: '',
					rh_lastreward: '',
					rh_guard: '',
				}),
			],
		]);
	});

	it('changes who is there, both people of a referral, and keeps what the event does not tell', async () => {
		people = { 'a@x.org': { rh_subid: null, rh_totref: '1', rh_coupon: 'OLD' } };
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			['GET /crm/v3/objects/contacts/a%40x.org'],
			[
				'POST /contacts/v1/contact/createOrUpdate/email/a%40x.org',
				written({
					rh_subid: 'sub_hjdgc74u',
					rh_code: 'ada90f39',
					rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
					rh_isref: 'YES',
					rh_totref: '2',
					rh_coupon: 'OLD',
					rh_lastreward: '',
					rh_guard: '',
				}),
			],
			['GET /crm/v3/objects/contacts/friend%40x.org'],
			[
				'POST /contacts/v1/contact/createOrUpdate/email/friend%40x.org',
				{
					properties: expect.arrayContaining([
						{ property: 'rh_code', value: 'f00f00f0' },
						{ property: 'rh_totref', value: '0' },
					]),
				},
			],
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = { 'a@x.org': { rh_totref: '4', rh_guard: null } };
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			'POST /contacts/v1/contact/createOrUpdate/email/a%40x.org',
			{
				properties: expect.arrayContaining([
					{ property: 'rh_coupon', value: 'C0UP0N' },
					{ property: 'rh_lastreward', value: 'reward_38sf38hd' },
					{ property: 'rh_guard', value: expect.stringMatching(/^4-/) },
				]),
			},
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => String(what).startsWith('POST'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		[
			'too many requests',
			TOO_MANY,
			/: The service is receiving too many requests from you \(node 'Write the fields'\)\. SparkLoop/,
		],
		[
			'a property that it does not have',
			invalid('rh_subid', 'PROPERTY_DOESNT_EXIST', 'Property "rh_subid" does not exist'),
			/^The contact was not written: .*(not valid|does not exist|Bad request).*\. SparkLoop sends the event again\.$/i,
		],
		[
			'an address that it does not take',
			invalid('email', 'INVALID_EMAIL', 'Email address refused@x.org is invalid'),
			/SparkLoop sends/,
		],
		['a fault of its own', { status: 500, body: { message: 'internal error' } }, /SparkLoop sends/],
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
			"The contact was not written: HubSpot answered with status 429 (node 'Read the contact'). SparkLoop sends the event again.",
		);
		expect(asked()).toEqual([['GET /crm/v3/objects/contacts/a%40x.org']]);
		unreadable = undefined;
	});

	it('tells a sign-up, a new address with the old one, an unsubscribe, and who comes back', async () => {
		const told = await esp.told(async () => {
			is('9', 'ann@x.org');
			await report(created(9), changed(9, 'email', 'ann@x.org'));
			is('9', 'ann@y.org', {}, ['ann@y.org', 'ann@x.org']);
			await report(changed(9, 'email', 'ann@y.org'));
			is('9', 'ann@y.org', { hs_email_optout: 'true' });
			await report(changed(9, 'hs_email_optout', 'true'));
			is('9', 'ann@y.org', { hs_email_optout: 'false', rh_subid: 'sub_1' });
			await report(changed(9, 'hs_email_optout', 'false'));
			is('9', 'ann@y.org', { hs_email_hard_bounce_reason_enum: 'UNKNOWN_USER' });
			await report(changed(9, 'hs_email_hard_bounce_reason_enum', 'UNKNOWN_USER'));
		}, 5);
		const at = new Date(OCCURRED_AT).toISOString();
		expect(asked()[0]).toEqual([
			'POST /crm/v3/objects/contacts/batch/read',
			{
				inputs: [{ id: '9' }],
				properties: [
					'email',
					'firstname',
					'hs_email_optout',
					'hs_email_hard_bounce_reason_enum',
					'rh_subid',
				],
				propertiesWithHistory: ['email'],
			},
		]);
		const someone = { first_name: 'Someone' };
		expect(told).toEqual([
			{
				type: 'subscribe',
				subscriber: { email: 'ann@x.org', id: '9', ...someone, created_at: at },
			},
			{
				type: 'update',
				subscriber: {
					email: 'ann@y.org',
					previous_email: 'ann@x.org',
					...someone,
					updated_at: at,
				},
			},
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
			{
				type: 'subscribe',
				subscriber: { email: 'ann@y.org', id: '9', ...someone, created_at: at },
			},
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		]);
	});

	it('learns the old address of one it never heard of, and nothing from an older history', async () => {
		is('20', 'old.hand@y.org', { rh_subid: 'sub_2' }, ['old.hand@y.org', 'old.hand@x.org']);
		is('21', 'other@y.org', { hs_email_optout: 'true' }, ['other@y.org', 'long.ago@x.org']);
		const told = await esp.told(
			async () =>
				await report(
					changed(20, 'email', 'old.hand@y.org'),
					changed(21, 'hs_email_optout', 'true'),
				),
		);
		expect(told).toMatchObject([
			{
				type: 'update',
				subscriber: { email: 'old.hand@y.org', previous_email: 'old.hand@x.org' },
			},
			{ type: 'unsubscribe', subscriber: { email: 'other@y.org' } },
		]);
	});

	it('reads a full delivery in parts, and tells who was deleted', async () => {
		const ids = Array.from({ length: 60 }, (_, index) => 1000 + index);
		for (const id of ids) is(String(id), `p${id}@x.org`);
		const told = await esp.told(async () => {
			await report(...ids.map(created));
			delete contacts['1000'];
			delete contacts['1059'];
			await report(
				event('contact.deletion', 1000, { changeFlag: 'DELETED' }),
				event('contact.privacyDeletion', 1059),
				event('contact.deletion', 4711),
			);
		}, 2);
		expect(told).toMatchObject([
			...ids.map((id) => ({ type: 'subscribe', subscriber: { email: `p${id}@x.org` } })),
			{ type: 'unsubscribe', subscriber: { email: 'p1000@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'p1059@x.org' } },
		]);
		expect(asked().map(([, body]) => (body as { inputs: object[] }).inputs.length)).toEqual([
			50, 10, 3,
		]);
	});

	it('does not hear of its own writing', async () => {
		is('30', 'added.by.us@x.org', { rh_subid: 'sub_3' });
		is('9', 'ann@y.org', { hs_email_optout: 'true', rh_subid: 'sub_1' });
		const told = await esp.told(
			async () =>
				await report(
					{ ...created(30), changeSource: 'INTEGRATION' },
					changed(30, 'rh_totref', '3'),
					changed(9, 'rh_totref', '3'),
				),
		);
		expect(told).toEqual([]);
	});

	it('lets HubSpot send again what could not be read', async () => {
		is('31', 'later@x.org');
		unreadable = TOO_MANY;
		const told = await esp.told(async () => {
			expect(await send([created(31)])).toBe(500);
			unreadable = undefined;
			await report(created(31));
		}, 2);
		expect(told).toMatchObject([{ type: 'subscribe', subscriber: { email: 'later@x.org' } }]);
	});

	it('refuses what HubSpot has not signed', async () => {
		is('32', 'forged@x.org');
		const told = await esp.told(async () =>
			expect(await send([created(32)], 'another secret')).toBe(500),
		);
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});

	describe('with a property that tells who has signed up', () => {
		const PROPERTY = 'hs_emailconfirmationstatus';
		beforeAll(async () => {
			await esp.stop();
			esp = await bring({ signUpProperty: PROPERTY, signUpValues: 'Confirmed, By form' });
		}, 60_000);

		it('tells the sign-up once it has one of the values, and an unsubscribe when it has none any more', async () => {
			const status = (...values: string[]) => {
				is('40', 'doi@x.org', { [PROPERTY]: values[0] });
				contacts['40'].history = { email: ['doi@x.org'], [PROPERTY]: values };
			};
			const told = await esp.told(async () => {
				status('Pending');
				await report(created(40), changed(40, PROPERTY, 'Pending'));
				status('By form', 'Pending');
				await report(changed(40, PROPERTY, 'By form'));
				status('Pending', 'By form', 'Pending');
				await report(changed(40, PROPERTY, 'Pending'));
			}, 3);
			expect(told).toMatchObject([
				{ type: 'subscribe', subscriber: { email: 'doi@x.org' } },
				{ type: 'unsubscribe', subscriber: { email: 'doi@x.org' } },
			]);
			expect(asked()[0]).toMatchObject([
				'POST /crm/v3/objects/contacts/batch/read',
				{
					properties: expect.arrayContaining([PROPERTY]),
					propertiesWithHistory: ['email', PROPERTY],
				},
			]);
		});
	});
}
