import { createHash } from 'node:crypto';

import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'us21.api.mailchimp.com';
const LIST = '/3.0/lists/a6b5da1054';
const TRIGGER = 'When Mailchimp reports a change';
/** What Mailchimp asks a new webhook's address with, before it takes it. */
const VALIDATOR = { method: 'GET', headers: { 'user-agent': 'MailChimp.com WebHook Validator' } };

const hash = (email: string) => createHash('md5').update(email.toLowerCase()).digest('hex');
const ANN = hash('ann+one@x.org');

/** A problem as Mailchimp tells it (mailchimp.com/developer/marketing/docs/errors). */
const problem = (status: number, title: string, detail: string, more: object = {}): Reply => ({
	status,
	headers: { 'content-type': 'application/problem+json; charset=utf-8' },
	body: {
		type: 'https://mailchimp.com/developer/marketing/docs/errors/',
		title,
		status,
		detail,
		instance: '10ce6c36-8c0e-4d1b-9b0f-0a6a5a2a1f3b',
		...more,
	},
});
const UNKNOWN = problem(404, 'Resource Not Found', 'The requested resource could not be found.');
const TOO_MANY = problem(
	429,
	'Too Many Requests',
	'You have exceeded the limit of 10 simultaneous connections.',
);

/** A form as Mailchimp posts it (mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks). */
const reported = {
	subscribe: (email: string, merges: object = {}) => ({
		type: 'subscribe',
		fired_at: '2026-03-26 21:35:57',
		'data[id]': '8a25ff1d98',
		'data[list_id]': 'a6b5da1054',
		'data[email]': email,
		'data[email_type]': 'html',
		'data[ip_opt]': '10.20.10.30',
		'data[ip_signup]': '10.20.10.30',
		'data[merges][EMAIL]': email,
		'data[merges][FNAME]': 'Ann',
		'data[merges][LNAME]': 'Doe',
		...merges,
	}),
	unsubscribe: (email: string, action: 'unsub' | 'delete' = 'unsub') => ({
		type: 'unsubscribe',
		fired_at: '2026-03-26 21:40:57',
		'data[action]': action,
		'data[reason]': 'manual',
		'data[id]': '8a25ff1d98',
		'data[list_id]': 'a6b5da1054',
		'data[email]': email,
		'data[email_type]': 'html',
		'data[ip_opt]': '10.20.10.30',
		'data[campaign_id]': 'cb398d21d2',
		'data[merges][EMAIL]': email,
		'data[merges][FNAME]': 'Ann',
	}),
	upemail: (from: string, to: string) => ({
		type: 'upemail',
		fired_at: '2026-03-26 22:15:09',
		'data[list_id]': 'a6b5da1054',
		'data[new_id]': '51da8c3259',
		'data[new_email]': to,
		'data[old_email]': from,
	}),
	cleaned: (email: string) => ({
		type: 'cleaned',
		fired_at: '2026-03-26 22:01:00',
		'data[list_id]': 'a6b5da1054',
		'data[campaign_id]': '4fjk2ma9xd',
		'data[reason]': 'hard',
		'data[email]': email,
	}),
};

export function mailchimp(stage: () => EspStage): void {
	let esp: EspInService;
	const fields: object[] = [{ tag: 'FNAME', name: 'First Name', type: 'text', merge_id: 1 }];
	const hooks: object[] = [];
	let people: Record<string, { fields: object; status?: string }> = {};
	let unreadable: Reply | undefined;
	let refused: Reply | undefined;

	const member = (id: string, merge_fields: object, status = 'subscribed'): Reply => ({
		status: 200,
		body: { id, email_address: '…', status, merge_fields: { FNAME: '', ...merge_fields } },
	});
	const found = (id: string): Reply => {
		if (unreadable) return unreadable;
		const person = Object.entries(people).find(([email]) => hash(email) === id)?.[1];
		return person ? member(id, person.fields, person.status) : UNKNOWN;
	};
	const answer = async ({ method, path, body, headers }: Heard): Promise<Reply> => {
		expect(headers.authorization).toBe('apikey 0f00f00f00f0-us21');
		const [, what, id = ''] = path.slice(LIST.length).split('/');
		expect(path.startsWith(`${LIST}/`)).toBe(true);
		switch (`${method} ${what}`) {
			case 'GET merge-fields':
				return { status: 200, body: { merge_fields: fields } };
			case 'POST merge-fields':
				fields.push(body as object);
				return { status: 200, body: { merge_id: fields.length, ...(body as object) } };
			case 'POST webhooks': {
				const { status } = await fetch((body as { url: string }).url, VALIDATOR);
				if (status !== 200)
					return problem(400, 'Invalid Resource', "We couldn't verify the URL is working.");
				hooks.push(body as object);
				return { status: 200, body: { id: '5d9a5e3f7b', ...(body as object) } };
			}
			case 'DELETE webhooks':
				hooks.length = 0;
				return { status: 204 };
			case 'GET members':
				return found(id);
			case 'POST members':
				return refused ?? member(hash((body as { email_address: string }).email_address), {});
			case 'PATCH members':
				return refused ?? member(id, {});
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, query, body }) => [
				`${method} ${path.replace(LIST, '')}`,
				query.skip_merge_validation ? { skips: query.skip_merge_validation } : {},
				...(body ? [body] : []),
			]);
	const report = async (...forms: Array<Record<string, string>>) => {
		for (const form of forms) {
			const { status } = await fetch(esp.urlOf(TRIGGER), {
				method: 'POST',
				headers: { 'user-agent': 'MailChimp.com' },
				body: new URLSearchParams(form),
			});
			expect(status).toBe(200);
		}
	};

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		const key = { type: 'mailchimpApi', data: { apiKey: '0f00f00f00f0-us21' } };
		esp = await stage().bring({
			file: 'mailchimp',
			settings: { dataCenter: 'us21' },
			parameters: { [TRIGGER]: { list: 'a6b5da1054' } },
			credentials: { mailchimpApi: key, mailchimpTrigger: key },
		});
	}, 60_000);
	beforeEach(() => {
		stage().vendors.forget();
		people = {};
	});

	it('creates what is missing, and nothing the second time', async () => {
		expect(fields.slice(1)).toEqual(
			[
				['RH_SUBID', 'text'],
				['RH_CODE', 'text'],
				['RH_REFLINK', 'text'],
				['RH_ISREF', 'text'],
				['RH_TOTREF', 'number'],
				['RH_COUPON', 'text'],
				['RH_LASTREW', 'text'],
				['RH_GUARD', 'text'],
			].map(([tag, type]) => ({ tag, name: tag, type, required: false, public: false })),
		);
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([['GET /merge-fields', {}]]);
	});

	it('has Mailchimp report what its subscribers and users do, and nothing that the API does', () => {
		expect(hooks).toEqual([
			{
				url: esp.urlOf(TRIGGER),
				events: { subscribe: true, unsubscribe: true, upemail: true, cleaned: true },
				sources: { user: true, admin: true },
			},
		]);
	});

	it('adds who is not there as subscribed', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('Ann+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			[`GET /members/${ANN}`, {}],
			[
				'POST /members',
				{ skips: 'true' },
				{
					email_address: 'Ann+one@x.org',
					status: 'subscribed',
					merge_fields: {
						RH_SUBID: 'sub_hjdgc74u',
						RH_CODE: 'ada90f39',
						RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
						RH_ISREF: 'YES',
						RH_TOTREF: 1,
					},
				},
			],
		]);
	});

	it('changes who is there, whatever their state, and both people of a referral', async () => {
		people = {
			'ann+one@x.org': { fields: { RH_TOTREF: 1, RH_COUPON: 'OLD' }, status: 'unsubscribed' },
		};
		expect(await esp.deliver(fromSparkLoop.referral('ann+one@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()).toEqual([
			[`GET /members/${ANN}`, {}],
			[
				`PATCH /members/${ANN}`,
				{ skips: 'true' },
				{
					merge_fields: {
						RH_SUBID: 'sub_hjdgc74u',
						RH_CODE: 'ada90f39',
						RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
						RH_ISREF: 'YES',
						RH_TOTREF: 2,
					},
				},
			],
			[`GET /members/${hash('friend@x.org')}`, {}],
			[
				'POST /members',
				{ skips: 'true' },
				{
					email_address: 'friend@x.org',
					status: 'subscribed',
					merge_fields: expect.objectContaining({ RH_CODE: 'f00f00f0', RH_TOTREF: 0 }),
				},
			],
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		// An empty number is an empty text.
		people = { 'ann+one@x.org': { fields: { RH_TOTREF: '', RH_GUARD: '', RH_LASTREW: '' } } };
		expect(await esp.deliver(fromSparkLoop.reward('ann+one@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toEqual([
			`PATCH /members/${ANN}`,
			{ skips: 'true' },
			{
				merge_fields: expect.objectContaining({
					RH_COUPON: 'C0UP0N',
					RH_LASTREW: 'reward_38sf38hd',
					RH_GUARD: expect.stringMatching(/^4-/),
				}),
			},
		]);
		people = { 'ann+one@x.org': { fields: { RH_TOTREF: 4 } } };
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('ann+one@x.org', 'ann+one@x.org', 3))).toBe(
			200,
		);
		expect(asked().map(([what]) => String(what).slice(0, 4))).not.toContain('PATC');
	});

	it.each<[string, Reply, RegExp]>([
		['too many connections', TOO_MANY, /too many requests|429|connections/i],
		[
			'a value that a field does not take',
			problem(
				400,
				'Invalid Resource',
				"The resource submitted could not be validated. For field-specific details, see the 'errors' array.",
				{
					errors: [
						{
							field: 'merge_fields.RH_TOTREF',
							message: 'Data did not match any of the schemas described in anyOf.',
						},
					],
				},
			),
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		],
		[
			'an address that was deleted for good',
			problem(
				400,
				'Forgotten Email Not Subscribed',
				'refused@x.org was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list.',
			),
			/SparkLoop sends/,
		],
		['a refusal without JSON', { status: 403, body: 'Forbidden' }, /SparkLoop sends/],
		['a fault of its own', problem(500, 'InternalServerError', 'Deep'), /SparkLoop sends/],
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
		expect(await esp.deliver(fromSparkLoop.sync('ann+one@x.org'))).toBe(500);
		expect(await esp.lastError()).toBe(
			"The contact was not written: Mailchimp answered with status 429 (node 'Read the contact'). SparkLoop sends the event again.",
		);
		expect(asked()).toEqual([[`GET /members/${ANN}`, {}]]);
		unreadable = undefined;
	});

	const now = (email: string, status: string) => ({ [email]: { fields: {}, status } });

	it.each<[string, Record<string, string>, typeof people, object]>([
		[
			'a sign-up',
			reported.subscribe('ann@x.org'),
			now('ann@x.org', 'subscribed'),
			{ type: 'subscribe', subscriber: { email: 'ann@x.org', first_name: 'Ann' } },
		],
		[
			'a new address with the old one',
			reported.upemail('ann@x.org', 'ann@y.org'),
			now('ann@y.org', 'subscribed'),
			{ type: 'update', subscriber: { email: 'ann@y.org', previous_email: 'ann@x.org' } },
		],
		[
			'an unsubscribe',
			reported.unsubscribe('ann@y.org'),
			now('ann@y.org', 'unsubscribed'),
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		],
		[
			'one who comes back, and has fields of SparkLoop’s',
			reported.subscribe('ann@y.org', { 'data[merges][RH_SUBID]': 'sub_1' }),
			now('ann@y.org', 'subscribed'),
			{ type: 'subscribe', subscriber: { email: 'ann@y.org', first_name: 'Ann' } },
		],
		[
			'a deletion',
			reported.unsubscribe('ann@y.org', 'delete'),
			{},
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		],
		[
			'an address that bounces',
			reported.cleaned('ann@y.org'),
			now('ann@y.org', 'cleaned'),
			{ type: 'unsubscribe', subscriber: { email: 'ann@y.org' } },
		],
	])('tells %s', async (_, form, present, event) => {
		people = present;
		expect(await esp.told(async () => await report(form))).toEqual([event]);
	});

	it.each<[string, Record<string, string>, typeof people]>([
		['signed up', reported.subscribe('forged@x.org'), {}],
		['signed up', reported.subscribe('forged@x.org'), now('forged@x.org', 'pending')],
		['left', reported.unsubscribe('ann@x.org'), now('ann@x.org', 'subscribed')],
		['bounced', reported.cleaned('ann@x.org'), now('ann@x.org', 'subscribed')],
		[
			'has another address',
			reported.upemail('ann@x.org', 'thief@x.org'),
			{ ...now('ann@x.org', 'subscribed'), ...now('thief@x.org', 'subscribed') },
		],
		[
			'has another address',
			reported.upemail('ann@x.org', 'thief@x.org'),
			now('ann@x.org', 'subscribed'),
		],
	])('believes nobody who claims that somebody %s, unless it is so', async (_, form, present) => {
		people = present;
		expect(await esp.told(async () => await report(form))).toEqual([]);
	});

	it('tells what could not be asked for once the execution is retried', async () => {
		unreadable = TOO_MANY;
		people = now('ann@x.org', 'subscribed');
		expect(await esp.told(async () => await report(reported.subscribe('ann@x.org')))).toEqual([]);
		expect(await esp.lastError()).toBe('The service is receiving too many requests from you');
		unreadable = undefined;
		expect(await esp.told(async () => await esp.retryLast())).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'ann@x.org' } },
		]);
	});

	it('hears of no changed field, should Mailchimp report one all the same', async () => {
		const profile = { ...reported.subscribe('ann@y.org'), type: 'profile' };
		expect(await esp.told(async () => await report(profile), 0)).toEqual([]);
	});

	it('takes its webhook away when it is taken out of service', async () => {
		await esp.stop();
		expect(asked()).toEqual([['DELETE /webhooks/5d9a5e3f7b', {}]]);
		expect(hooks).toEqual([]);
	});
}
