import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'api.createsend.com';
const LIST = '96c0bbdaa54760c8d9e62a2b7ffa2e13';
const SUBSCRIBERS = `/api/v3.3/subscribers/${LIST}.json`;
const FIELDS = `/api/v3.3/lists/${LIST}/customfields.json`;
const WEBHOOKS = `/api/v3.3/lists/${LIST}/webhooks.json`;
const HOOK = 'When the ESP reports a change';

/** A subscriber as the API answers it (createsend-ruby's fixture subscriber_details.json). */
const subscriber = (email: string, fields: Record<string, string>, state = 'Active') => ({
	EmailAddress: email,
	Name: 'Subscriber One',
	MobileNumber: '+61423153526',
	Date: '2010-10-25 10:28:00',
	ListJoinedDate: '2010-10-25 10:28:00',
	State: state,
	CustomFields: Object.entries(fields).map(([Key, Value]) => ({ Key, Value })),
	ReadsEmailWith: 'Gmail',
});
/** Part of what a webhook tells (campaignmonitor.com/api/v3-3/webhooks). */
const reported = (Type: string, EmailAddress: string, more: object = {}) => ({
	CustomFields: [{ Key: 'website', Value: 'http://example.org' }],
	Date: '2010-12-14 11:32:00',
	EmailAddress,
	Name: 'Test Subscriber',
	Type,
	...more,
});
/** Errors as the API's page lists them. */
const refused = (Code: number, Message: string, status = 400): Reply => ({
	status,
	body: { Code, Message },
});
const UNKNOWN = refused(203, 'Subscriber not in list or has already been removed.');
/** JSON, of which the text is all there is. */
const text = (status: number, body: string): Reply => ({
	status,
	headers: { 'content-type': 'application/json; charset=utf-8' },
	body: JSON.stringify(body),
});

export function campaignMonitor(stage: () => EspStage): void {
	let esp: EspInService;
	const fields: object[] = [];
	const hooks: object[] = [];
	let people: Record<string, object> = {};
	let unreadable: Reply | undefined;
	let unwritable: Reply | undefined;

	const answer = ({ method, path, query, body }: Heard): Reply => {
		switch (`${method} ${path}`) {
			case `GET ${FIELDS}`:
				return { status: 200, body: fields };
			case `POST ${FIELDS}`: {
				const { FieldName } = body as { FieldName: string };
				fields.push({ ...(body as object), Key: `[${FieldName}]`, FieldOptions: [] });
				return text(201, `[${FieldName}]`);
			}
			case `GET ${WEBHOOKS}`:
				return { status: 200, body: hooks };
			case `POST ${WEBHOOKS}`:
				hooks.push({ ...(body as object), WebhookID: '943678317049bc13', Status: 'Active' });
				return text(201, '943678317049bc13');
			case `GET ${SUBSCRIBERS}`:
				return (
					unreadable ??
					(query.email in people ? { status: 200, body: people[query.email] } : UNKNOWN)
				);
			case `PUT ${SUBSCRIBERS}`:
				return unwritable ?? (query.email in people ? { status: 200 } : UNKNOWN);
			case `POST ${SUBSCRIBERS}`:
				return unwritable ?? text(201, (body as { EmailAddress: string }).EmailAddress);
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, query, body }) =>
				[
					`${method} ${path}${query.email === undefined ? '' : ` ${query.email}`}`,
					body as object,
				].filter(Boolean),
			);
	const values = (call: unknown[]): Record<string, unknown> =>
		Object.fromEntries(
			(call[1] as { CustomFields: Array<{ Key: string; Value: string }> }).CustomFields.map(
				({ Key, Value }) => [Key, Value],
			),
		);
	const report = async (events: object[], url = `${esp.urlOf(HOOK)}?key=a%20secret%26word`) =>
		(
			await fetch(url, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ Events: events, ListID: LIST }),
			})
		).status;

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		esp = await stage().bring({
			file: 'campaign-monitor',
			settings: { list: LIST, hookKey: 'a secret&word' },
			credentials: {
				httpBasicAuth: { type: 'httpBasicAuth', data: { user: 'key', password: 'x' } },
			},
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = {};
		unreadable = unwritable = undefined;
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect(fields).toMatchObject(
			[
				'RH_SUBID',
				'RH_CODE',
				'RH_REFLINK',
				'RH_ISREF',
				'RH_TOTREF',
				'RH_COUPON',
				'RH_LASTREWARD',
				'RH_GUARD',
				'RH_ADDED',
			].map((FieldName) => ({
				FieldName,
				DataType: FieldName === 'RH_TOTREF' ? 'Number' : 'Text',
				VisibleInPreferenceCenter: false,
			})),
		);
		expect(hooks).toEqual([
			{
				Events: ['Subscribe', 'Update', 'Deactivate'],
				Url: `${esp.urlOf(HOOK)}?key=a%20secret%26word`,
				PayloadFormat: 'json',
				WebhookID: '943678317049bc13',
				Status: 'Active',
			},
		]);
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([[`GET ${FIELDS}`], [`GET ${WEBHOOKS}`]]);
		const [{ headers }] = stage().vendors.heard(HOST);
		expect(headers.authorization).toBe(`Basic ${btoa('key:x')}`);
	});

	it('registers nothing without a key', async () => {
		const keyless = stage().bring({
			file: 'campaign-monitor',
			settings: { list: LIST },
			credentials: {
				httpBasicAuth: { type: 'httpBasicAuth', data: { user: 'key', password: 'x' } },
			},
		});
		await expect(keyless).rejects.toThrow('Settings → hookKey is blank');
		expect(asked()).toEqual([[`GET ${FIELDS}`]]);
	});

	it('registers anew a webhook that Campaign Monitor has deactivated', async () => {
		const [registered] = hooks.splice(0);
		hooks.push({ ...registered, Status: 'Inactive' });
		await esp.run('Set up (run once)');
		expect(hooks).toEqual([{ ...registered, Status: 'Inactive' }, registered]);
	});

	it('adds who is not there', async () => {
		const before = Date.now();
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			[`GET ${SUBSCRIBERS} new+one@x.org`],
			[
				`POST ${SUBSCRIBERS}`,
				{
					EmailAddress: 'new+one@x.org',
					CustomFields: [
						{ Key: 'RH_SUBID', Value: 'sub_hjdgc74u' },
						{ Key: 'RH_CODE', Value: 'ada90f39' },
						{ Key: 'RH_REFLINK', Value: 'https://mywebsite.com?rh_ref=ada90f39' },
						{ Key: 'RH_ISREF', Value: 'YES' },
						{ Key: 'RH_TOTREF', Value: '1' },
						{ Key: 'RH_ADDED', Value: expect.any(String) },
					],
					Resubscribe: false,
					ConsentToTrack: 'Unchanged',
				},
			],
		]);
		const added = Date.parse(String(values(asked()[1]).RH_ADDED));
		expect(added).toBeGreaterThanOrEqual(before);
		expect(added).toBeLessThanOrEqual(Date.now());
	});

	it('changes who is there, both people of a referral, and leaves alone what the event does not tell', async () => {
		people = {
			'a@x.org': subscriber('A@x.org', { RH_TOTREF: '1', RH_COUPON: 'OLD', website: 'x' }),
		};
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			[`GET ${SUBSCRIBERS} a@x.org`],
			[
				`PUT ${SUBSCRIBERS} a@x.org`,
				{
					EmailAddress: 'A@x.org',
					CustomFields: [
						{ Key: 'RH_SUBID', Value: 'sub_hjdgc74u' },
						{ Key: 'RH_CODE', Value: 'ada90f39' },
						{ Key: 'RH_REFLINK', Value: 'https://mywebsite.com?rh_ref=ada90f39' },
						{ Key: 'RH_ISREF', Value: 'YES' },
						{ Key: 'RH_TOTREF', Value: '2' },
					],
					Resubscribe: false,
					ConsentToTrack: 'Unchanged',
				},
			],
			[`GET ${SUBSCRIBERS} friend@x.org`],
			[`POST ${SUBSCRIBERS}`, expect.objectContaining({ EmailAddress: 'friend@x.org' })],
		]);
		expect(values(asked()[3])).toMatchObject({ RH_CODE: 'f00f00f0', RH_TOTREF: '0' });
	});

	it('changes who has left without bringing them back', async () => {
		people = { 'left@x.org': subscriber('left@x.org', {}, 'Unsubscribed') };
		expect(await esp.deliver(fromSparkLoop.sync('left@x.org', 1))).toBe(200);
		expect(asked()[1]).toEqual([
			`PUT ${SUBSCRIBERS} left@x.org`,
			expect.objectContaining({ Resubscribe: false }),
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = { 'a@x.org': subscriber('a@x.org', { RH_TOTREF: '4' }) };
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		const won = values(asked()[1]);
		expect(won).toEqual({
			RH_COUPON: 'C0UP0N',
			RH_LASTREWARD: 'reward_38sf38hd',
			RH_GUARD: expect.stringMatching(/^4-/),
		});
		people = {
			'a@x.org': subscriber('a@x.org', { RH_TOTREF: '4', RH_GUARD: String(won.RH_GUARD) }),
		};
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 3, 'reward_old'))).toBe(200);
		expect(asked().filter(([what]) => !String(what).startsWith('GET'))).toEqual([]);
	});

	it.each<[string, Reply, RegExp]>([
		[
			'an address that it does not take',
			refused(1, 'Please provide a valid email address.'),
			/Please provide a valid email address/,
		],
		[
			'one on the suppression list',
			refused(204, 'Email Address exists in suppression list. Subscriber is not added.'),
			/suppression list/,
		],
		[
			'a foreign key',
			refused(100, 'Invalid API Key', 401),
			/: Campaign Monitor answered 401 - .*Invalid API Key.* \(node 'Add the contact'\)\. Check the credential of that node\. SparkLoop/,
		],
		[
			'too many requests',
			{
				...refused(429, 'Rate limit exceeded', 429),
				headers: { 'X-RateLimit-Limit': '60', 'X-RateLimit-Reset': '348' },
			},
			/: Campaign Monitor answered with status 429 \(node 'Add the contact'\)\. SparkLoop/,
		],
		[
			'a fault of its own',
			refused(500, "Sorry, we've run into a problem.", 500),
			/run into a problem/,
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
			'it is down',
			refused(500, 'Sorry', 500),
			"Campaign Monitor answered with status 500 (node 'Read the contact').",
		],
		[
			'the address is none',
			refused(1, 'Invalid Email Address'),
			"Campaign Monitor answered with status 400 (node 'Read the contact'). Look in the execution at what that node sent.",
		],
		[
			'the list is none',
			refused(101, 'Invalid ListID', 401),
			"Campaign Monitor answered with status 401 (node 'Read the contact'). Check the credential of that node.",
		],
		[
			'the answer is another',
			{ status: 200, body: { EmailAddress: 'a@x.org' } },
			"the fields are not where 'Find its fields' looks for them.",
		],
	])('writes nothing when %s on reading', async (_, reply, reason) => {
		unreadable = reply;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toBe(
			`The contact was not written: ${reason} SparkLoop sends the event again.`,
		);
		expect(asked()).toEqual([[`GET ${SUBSCRIBERS} a@x.org`]]);
	});

	it('tells sign-ups, new addresses with the old one, who left in whichever way, and who came back', async () => {
		const told = await esp.told(async () =>
			expect(
				await report([
					reported('Subscribe', 'ann@x.org', { SignupIPAddress: '53.78.123.243' }),
					reported('Update', 'ann@y.org', { OldEmailAddress: 'ann@x.org', State: 'Active' }),
					reported('Deactivate', 'ann@y.org', { State: 'Unsubscribed', CustomFields: [] }),
					reported('Deactivate', 'bob@x.org', { State: 'Bounced' }),
					reported('Deactivate', 'cyd@x.org', { State: 'Deleted' }),
					reported('Subscribe', 'ann@y.org', {
						CustomFields: [
							{ Key: 'RH_SUBID', Value: 'sub_1' },
							{ Key: 'RH_ADDED', Value: '2025-11-24T19:00:00.000Z' },
						],
					}),
				]),
			).toBe(200),
		);
		const name = 'Test Subscriber';
		expect(told).toEqual([
			{ type: 'subscribe', subscriber: { email: 'ann@x.org', name } },
			{
				type: 'update',
				subscriber: { email: 'ann@y.org', previous_email: 'ann@x.org', name },
			},
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'bob@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'cyd@x.org' } },
			{ type: 'subscribe', subscriber: { email: 'ann@y.org', name } },
		]);
	});

	it('does not hear of its own writing', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('added.by.us@x.org', 1))).toBe(200);
		const [, [, added]] = asked();
		const { CustomFields } = added as { CustomFields: object[] };
		const told = await esp.told(
			async () =>
				await report([
					reported('Subscribe', 'added.by.us@x.org', { CustomFields }),
					reported('Update', 'added.by.us@x.org', {
						CustomFields,
						OldEmailAddress: 'added.by.us@x.org',
						State: 'Active',
					}),
				]),
			1,
		);
		expect(told).toEqual([]);
	});

	it('tells nothing of a changed address whose owner has left', async () => {
		const told = await esp.told(
			async () =>
				await report([
					reported('Update', 'gone@y.org', {
						OldEmailAddress: 'gone@x.org',
						State: 'Unsubscribed',
					}),
				]),
		);
		expect(told).toEqual([]);
	});

	it('refuses a request without the key', async () => {
		const told = await esp.told(async () =>
			expect(await report([reported('Subscribe', 'forged@x.org')], esp.urlOf(HOOK))).toBe(500),
		);
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});
}
