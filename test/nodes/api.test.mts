import type { Sandbox } from '../../sandbox/server.mts';
import { searchList } from '../support/engine.mts';
import {
	apiNode,
	ask,
	credentialsOf,
	errorOf,
	jsonOf,
	sandboxFor,
} from '../support/sparkLoopApi.mts';

let sandbox: Sandbox;
beforeEach(async () => {
	sandbox = await sandboxFor();
});
afterEach(async () => await sandbox.close());

const byEmail = (value: string) => ({ __rl: true, mode: 'email', value });
const byId = (value: string) => ({ __rl: true, mode: 'id', value });
const campaign = () => byId(sandbox.program.campaign.id);
const calls = () =>
	sandbox.calls.log.map(({ method, path, status }) => `${method} ${path} ${status}`);
const subscribe = (email: string, more: object = {}) =>
	sandbox.program.subscribe({ email, ...more }).subscriber;

const LIST = { simplify: true, filters: {}, listOptions: {} };
const ALL = { ...LIST, returnAll: true };

describe('Subscriber: Get', () => {
	const get = { resource: 'subscriber', operation: 'get', simplify: true };

	it.each([
		['address', () => byEmail('Ann+1@x.org')],
		['ID', () => byId(sandbox.program.find('ann+1@x.org')!.id)],
	])('finds somebody by %s', async (_, subscriber) => {
		const { id, referralCode } = subscribe('ann+1@x.org', { name: 'Ann' });
		const result = await ask(sandbox, { ...get, subscriber: subscriber() });
		expect(jsonOf(result)).toEqual([
			{
				uuid: id,
				email: 'ann+1@x.org',
				name: 'Ann',
				ref_code: referralCode,
				referrer_code: null,
				referred: false,
				referral_status: null,
				origin: null,
				country_code: null,
				created_at: expect.any(String),
			},
		]);
	});

	it('gives all that SparkLoop tells when it is not simplified', async () => {
		subscribe('a@x.org', { details: { ip_address: '1.2.3.4' } });
		const raw = { ...get, simplify: false, subscriber: byEmail('a@x.org') };
		expect(jsonOf(await ask(sandbox, raw))).toMatchObject([{ ip_address: '1.2.3.4', cpa: null }]);
	});

	it('lets only the item leave by the error output whose expression cannot be resolved', async () => {
		subscribe('a@x.org');
		const subscriber = byEmail('={{ $itemIndex ? $("ann@x.org").item.json.email : $json.email }}');
		const items = [{ email: 'a@x.org' }, {}];
		const extra = { onError: 'continueErrorOutput' as const };
		const result = await ask(sandbox, { ...get, subscriber }, items, extra);
		expect(jsonOf(result)).toMatchObject([{ email: 'a@x.org' }]);
		expect(jsonOf(result, 1)).toMatchObject([{ details: { payload: null, retry: false } }]);
	});

	it('says that nobody is there, without the address', async () => {
		const result = await ask(sandbox, { ...get, subscriber: byEmail('gone@secret.org') });
		const { message, description } = errorOf(result)!;
		expect(message).toBe('SparkLoop refused the request with status 404 [item 0]');
		expect(description).toMatch(/knows no such subscriber\. Check 'Subscriber'/);
		expect(JSON.stringify([message, description])).not.toContain('gone@');
	});

	it.each([
		['={{ $json.none }}', 'email', "'Subscriber' is missing [item 0]"],
		['nobody', 'email', "'Subscriber' is not one email address [item 0]"],
		['..', 'id', "'Subscriber' is not an ID [item 0]"],
		['.', 'id', "'Subscriber' is not an ID [item 0]"],
		['={{ ["a"] }}', 'id', "'Subscriber' is not an ID [item 0]"],
		['={{ "a\\uD83D" }}', 'id', "'Subscriber' is not an ID [item 0]"],
		['={{ null }}', 'id', "'Subscriber' is missing [item 0]"],
	])('refuses %j by %s before anything is sent', async (value, mode, message) => {
		const result = await ask(sandbox, { ...get, subscriber: { __rl: true, mode, value } });
		expect(errorOf(result)?.message).toBe(message);
		expect(calls()).toEqual([]);
	});
});

describe('Subscriber: Get Many', () => {
	const getAll = { resource: 'subscriber', operation: 'getAll' };
	const fill = (count: number) =>
		Array.from({ length: count }, (_, number) =>
			subscribe(`p${number}@x.org`, { createdAt: 1_700_000_000 + number }),
		);

	it('reads all pages, the newest first', async () => {
		fill(450);
		const result = await ask(sandbox, { ...getAll, ...ALL });
		expect(jsonOf(result).map(({ email }) => email)).toEqual(
			Array.from({ length: 450 }, (_, number) => `p${449 - number}@x.org`),
		);
		expect(calls()).toEqual(
			[1, 2, 3].map((page) => `GET /v2/subscribers?page=${page}&per_page=200 200`),
		);
	});

	it.each([
		[1, ['page=1&per_page=1']],
		[50, ['page=1&per_page=50']],
		[250, ['page=1&per_page=200', 'page=2&per_page=200']],
	])('reads no more than needed for %i', async (limit, pages) => {
		fill(300);
		const result = await ask(sandbox, { ...getAll, ...LIST, returnAll: false, limit });
		expect(jsonOf(result)).toHaveLength(limit);
		expect(calls()).toEqual(pages.map((page) => `GET /v2/subscribers?${page} 200`));
	});

	it('begins with the page that is asked for', async () => {
		fill(30);
		const page = { ...LIST, returnAll: false, limit: 10, listOptions: { firstPage: 3 } };
		const result = await ask(sandbox, { ...getAll, ...page });
		expect(jsonOf(result).map(({ email }) => email)).toEqual(
			Array.from({ length: 10 }, (_, number) => `p${9 - number}@x.org`),
		);
	});

	it('reads no further back than the first page on which nobody is later than the date', async () => {
		fill(450);
		const filters = { createdAfter: new Date((1_700_000_000 + 400) * 1000).toISOString() };
		const result = await ask(sandbox, { ...getAll, ...ALL, filters });
		expect(jsonOf(result)).toHaveLength(49);
		expect(calls()).toHaveLength(2);
	});

	it('asks for the kind that is chosen, and for the campaigns', async () => {
		const { referralCode } = subscribe('advocate@x.org');
		subscribe('friend@x.org', { referrerCode: referralCode });
		const found = async (type: string) =>
			jsonOf(
				await ask(sandbox, {
					...getAll,
					...ALL,
					simplify: false,
					filters: { type },
					listOptions: { expand: true },
				}),
			);
		expect(await found('advocates')).toMatchObject([{ email: 'advocate@x.org' }]);
		expect(await found('referrals')).toMatchObject([
			{
				email: 'friend@x.org',
				referral_programs: [{ uuid: sandbox.program.campaign.id }],
			},
		]);
	});

	it('gives nothing of an empty list', async () => {
		expect(jsonOf(await ask(sandbox, { ...getAll, ...ALL }))).toEqual([]);
	});

	it('goes on where a page got no answer, and gives nobody twice', async () => {
		fill(450);
		sandbox.faults.inbound.failRandomly(0.5, { status: 503 });
		const options = { longestPause: 0.01, maxAttempts: 50 };
		const result = await ask(sandbox, { ...getAll, ...ALL, options });
		expect(calls().length).toBeGreaterThan(3);
		expect(new Set(jsonOf(result).map(({ email }) => email)).size).toBe(450);
		expect(jsonOf(result)).toHaveLength(450);
	});

	it('says what cannot be read, all at once', async () => {
		const bad = {
			...LIST,
			returnAll: false,
			limit: 0,
			filters: { createdAfter: 'yesterday' },
			listOptions: { firstPage: 0 },
		};
		expect(errorOf(await ask(sandbox, { ...getAll, ...bad }))?.message).toBe(
			"'Limit' is not a number of at least 1, and 'First Page' is not a number of at least 1, and 'Created After' cannot be read as a date [item 0]",
		);
	});

	it('does not take another kind of answer for an empty list', async () => {
		const credentials = {
			sparkLoopApi: { apiKey: 'x', baseUrl: `${sandbox.url}/control/event-types?` },
		};
		const result = await ask(sandbox, { ...getAll, ...ALL }, [{}], {}, credentials);
		expect(errorOf(result)).toMatchObject({
			message: expect.stringContaining('holds no list of subscribers'),
			description: expect.stringContaining("Check 'Base URL'"),
		});
	});

	it('leaves by the error output what cannot be asked, with nothing to ask again', async () => {
		const extra = { onError: 'continueErrorOutput' as const };
		const limit = { ...LIST, returnAll: false, limit: 0 };
		const result = await ask(sandbox, { ...getAll, ...limit }, [{ a: 1 }], extra);
		expect(jsonOf(result, 1)).toMatchObject([
			{
				error: "'Limit' is not a number of at least 1 [item 0]",
				details: { payload: null, attempts: 0, retry: false },
			},
		]);
	});

	it.each([
		[
			'a credential without an address',
			{},
			{ sparkLoopApi: { apiKey: 'x', baseUrl: '' } },
			"'Base URL' is empty",
		],
		[
			'an expression that cannot be resolved',
			{ limit: '={{ $("Nowhere").item.json.limit }}', returnAll: false },
			undefined,
			expect.stringMatching(/Nowhere|node/),
		],
	])(
		'lets the item leave by the error output because of %s',
		async (_, more, credentials, error) => {
			const extra = { onError: 'continueErrorOutput' as const };
			const parameters = { ...getAll, ...ALL, ...more };
			const result = await ask(sandbox, parameters, [{}], extra, credentials);
			expect(jsonOf(result)).toEqual([]);
			expect(jsonOf(result, 1)).toMatchObject([{ error, details: { retry: false } }]);
		},
	);

	it('leaves by the error output what failed, with what to do', async () => {
		const credentials = { sparkLoopApi: { apiKey: 'wrong key', baseUrl: sandbox.apiUrl } };
		const extra = { onError: 'continueErrorOutput' as const };
		const result = await ask(sandbox, { ...getAll, ...ALL }, [{ a: 1 }], extra, credentials);
		expect(jsonOf(result, 1)).toMatchObject([
			{
				error: 'SparkLoop refused the request with status 401 [item 0]',
				details: {
					payload: { a: 1 },
					sendThrough: 'api',
					attempts: 1,
					lastStatus: 401,
					retry: false,
					advice: `SparkLoop answered: "User not found!". Check 'API Key' in the credential.`,
				},
			},
		]);
	});
});

describe('Subscriber: Create or Update', () => {
	const upsert = (more: object = {}) => ({
		resource: 'subscriber',
		operation: 'upsert',
		email: '={{ $json.email }}',
		additionalFields: more,
	});

	it('creates somebody with all that the API can be told', async () => {
		const { referralCode } = subscribe('advocate@x.org');
		const more = {
			name: 'New Person',
			createdAt: '2020-01-02T03:04:05Z',
			referrerCode: referralCode,
			ipAddress: '1.2.3.4',
			userAgent: 'Browser',
			countryCode: 'US',
			utmSource: 'source',
			utmCampaign: 'campaign',
		};
		const result = await ask(sandbox, upsert(more), [{ email: 'new@x.org' }]);
		expect(jsonOf(result)).toMatchObject([
			{
				email: 'new@x.org',
				name: 'New Person',
				referrer_code: referralCode,
				ip_address: '1.2.3.4',
				user_agent: 'Browser',
				country_code: 'US',
				utm_source: 'source',
				utm_campaign: 'campaign',
				created_at: '2020-01-02T03:04:05.000Z',
			},
		]);
	});

	it('changes name and status of somebody who is there, and nothing that was not given', async () => {
		subscribe('a@x.org', { name: 'Old' });
		sandbox.program.unsubscribe('a@x.org');
		expect(
			jsonOf(await ask(sandbox, upsert({ name: 'New' }), [{ email: 'a@x.org' }])),
		).toMatchObject([{ name: 'New' }]);
		expect(sandbox.program.find('a@x.org')).toMatchObject({ name: 'New', status: 'unsubscribed' });
		await ask(sandbox, upsert({ status: 'confirmed' }), [{ email: 'a@x.org' }]);
		expect(sandbox.program.find('a@x.org')).toMatchObject({ name: 'New', status: 'confirmed' });
	});

	it('gives somebody who is there when there is nothing to change', async () => {
		const { id } = subscribe('a@x.org');
		expect(jsonOf(await ask(sandbox, upsert(), [{ email: 'a@x.org' }]))).toMatchObject([
			{ uuid: id },
		]);
		expect(calls()).toEqual(['POST /v2/subscribers 400', 'GET /v2/subscribers/a%40x.org 200']);
	});

	it('creates somebody who is unsubscribed at once', async () => {
		await ask(sandbox, upsert({ status: 'unsubscribed' }), [{ email: 'a@x.org' }]);
		expect(sandbox.program.find('a@x.org')?.status).toBe('unsubscribed');
	});

	it.each([null, '', ' '])('leaves the status as it is when it is %j', async (status) => {
		subscribe('a@x.org');
		sandbox.program.unsubscribe('a@x.org');
		await ask(sandbox, upsert({ status, name: 'New' }), [{ email: 'a@x.org' }]);
		expect(sandbox.program.find('a@x.org')).toMatchObject({ name: 'New', status: 'unsubscribed' });
	});

	it.each(['active', true, ['confirmed']])('refuses the status %j', async (status) => {
		const result = await ask(sandbox, upsert({ status }), [{ email: 'nobody' }]);
		expect(errorOf(result)?.message).toBe(
			"'Email' is not one email address, and 'Status' is neither 'confirmed' nor 'unsubscribed' [item 0]",
		);
		expect(calls()).toEqual([]);
	});

	it('reports any other refusal, and asks no more', async () => {
		sandbox.faults.inbound.failNext(1, { status: 400 });
		const result = await ask(sandbox, upsert({ name: 'New' }), [{ email: 'a@x.org' }]);
		expect(errorOf(result)?.message).toBe('SparkLoop refused the request with status 400 [item 0]');
		expect(calls()).toHaveLength(1);
	});

	it('names every parameter that cannot be sent', async () => {
		const more = { createdAt: 'soon', name: {}, countryCode: [] };
		const result = await ask(sandbox, upsert(more), [{ email: 'nobody' }]);
		expect(errorOf(result)?.message).toBe(
			"'Email' is not one email address, and 'Name' is not text, and 'Created At' cannot be read as a date, and 'Country Code' is not text [item 0]",
		);
	});
});

describe('Subscriber: Reject and Delete', () => {
	it('rejects a referral once, and is content the second time', async () => {
		const { referralCode } = subscribe('advocate@x.org');
		subscribe('friend@x.org', { referrerCode: referralCode });
		const reject = {
			resource: 'subscriber',
			operation: 'reject',
			subscriber: byEmail('friend@x.org'),
		};
		expect(jsonOf(await ask(sandbox, reject))).toEqual([{ changed: true }]);
		expect(sandbox.program.find('friend@x.org')?.referralStatus).toBe('rejected');
		expect(jsonOf(await ask(sandbox, reject))).toEqual([{ changed: false }]);
	});

	it('deletes somebody, also when the first answer is lost', async () => {
		const { id } = subscribe('a@x.org');
		sandbox.faults.inbound.dropNext(1, { afterHandling: true });
		const parameters = {
			resource: 'subscriber',
			operation: 'delete',
			subscriber: byId(id),
			options: { longestPause: 0.01 },
		};
		expect(jsonOf(await ask(sandbox, parameters))).toEqual([{ deleted: true }]);
		expect(sandbox.program.find(id)).toBeUndefined();
		expect(errorOf(await ask(sandbox, parameters))?.message).toMatch(/refused .* status 404/);
	});

	it('does not say that somebody was deleted who was never there', async () => {
		sandbox.faults.inbound.failNext(1, { status: 429, retryAfter: 0 });
		const parameters = {
			resource: 'subscriber',
			operation: 'delete',
			subscriber: byId('sub_none'),
		};
		expect(errorOf(await ask(sandbox, parameters))?.message).toMatch(/refused .* status 404/);
		expect(calls()).toHaveLength(2);
	});
});

describe('Campaign', () => {
	const of = (operation: string, more: object = {}) => ({
		resource: 'campaign',
		operation,
		...more,
	});

	it('lists the campaigns', async () => {
		const { id, name } = sandbox.program.campaign;
		const parameters = of('getAll', { returnAll: false, limit: 50 });
		expect(jsonOf(await ask(sandbox, parameters))).toEqual([{ uuid: id, name }]);
		expect(calls()).toEqual(['GET /v2/campaigns 200']);
	});

	it('removes somebody and adds them again; who is in stays in', async () => {
		const { id } = subscribe('a@x.org');
		sandbox.program.removeFromCampaign(id);
		const add = of('addSubscriber', { campaign: campaign(), subscriber: byEmail('a@x.org') });

		const [membership] = jsonOf(await ask(sandbox, add));
		expect(membership).toMatchObject({
			campaign_uuid: sandbox.program.campaign.id,
			subscriber_uuid: id,
			added: true,
		});
		expect(jsonOf(await ask(sandbox, add))).toEqual([
			{ campaign_uuid: sandbox.program.campaign.id, added: false },
		]);

		const membershipId = String(membership.uuid);
		const remove = of('removeSubscriber', { campaign: campaign(), membershipId });
		expect(jsonOf(await ask(sandbox, remove))).toEqual([{ deleted: true }]);
		expect(sandbox.program.find(id)?.membership).toBeNull();
		expect(errorOf(await ask(sandbox, remove))?.description).toMatch(/knows no such membership/);
	});

	it('lists its members', async () => {
		subscribe('in@x.org');
		sandbox.program.removeFromCampaign(subscribe('out@x.org').id);
		const parameters = of('getManySubscribers', { campaign: campaign(), ...ALL });
		expect(jsonOf(await ask(sandbox, parameters))).toMatchObject([{ email: 'in@x.org' }]);
	});

	it('lists whom somebody brought', async () => {
		const { referralCode } = subscribe('advocate@x.org');
		for (const number of [1, 2, 3]) {
			subscribe(`friend${number}@x.org`, { referrerCode: referralCode });
		}
		const parameters = of('getManyReferrals', {
			campaign: campaign(),
			subscriber: byEmail('advocate@x.org'),
			returnAll: false,
			limit: 2,
			simplify: true,
		});
		expect(jsonOf(await ask(sandbox, parameters)).map(({ email }) => email)).toEqual([
			'friend3@x.org',
			'friend2@x.org',
		]);
	});

	it.each([
		['getManySubscribers', ALL],
		['getManyReferrals', { ...ALL, subscriber: byEmail('a@x.org') }],
		['addSubscriber', { subscriber: byEmail('a@x.org') }],
	])('%s says which campaign is not there', async (operation, more) => {
		subscribe('a@x.org');
		const result = await ask(sandbox, of(operation, { campaign: byId('MFnone'), ...more }));
		expect(errorOf(result)?.description).toMatch(/Check 'Campaign'/);
	});

	it.each([
		['addSubscriber', { subscriber: byEmail('={{ $json.none }}') }],
		['getManyReferrals', { ...ALL, subscriber: byEmail('={{ $json.none }}') }],
	])('%s names what is missing', async (operation, more) => {
		const result = await ask(sandbox, of(operation, { campaign: byId(' '), ...more }));
		expect(errorOf(result)?.message).toBe(
			"'Campaign' is missing, and 'Subscriber' is missing [item 0]",
		);
	});
});

describe('Partner Program', () => {
	it('lists the programs, simplified and whole', async () => {
		const parameters = { resource: 'partnerProgram', operation: 'getAll', returnAll: true };
		const [simple] = jsonOf(await ask(sandbox, { ...parameters, simplify: true }));
		const [{ uuid, publication }] = sandbox.partnerPrograms.newestFirst;
		expect(simple).toMatchObject({ uuid, status: 'active', publication_name: publication.name });
		expect(Object.keys(simple).length).toBeLessThanOrEqual(10);
		const [whole] = jsonOf(await ask(sandbox, { ...parameters, simplify: false }));
		expect(whole).toMatchObject({ publication: { name: publication.name }, terms: null });
	});

	it('lists whom partners sent', async () => {
		for (const status of ['pending', 'confirmed', 'rejected'] as const) {
			sandbox.partnerPrograms.addReferral({ email: `${status}@x.org`, status });
		}
		const [{ uuid }] = sandbox.partnerPrograms.newestFirst;
		const parameters = {
			resource: 'partnerProgram',
			operation: 'getManyReferrals',
			partnerProgram: byId(uuid),
			returnAll: true,
		};
		expect(jsonOf(await ask(sandbox, parameters))).toMatchObject([
			{ email: 'rejected@x.org', referral_status: 'rejected', payable: false },
			{ email: 'confirmed@x.org', referral_status: 'confirmed', payable: true },
			{ email: 'pending@x.org', referral_status: 'pending', payable: false },
		]);
		const unknown = { ...parameters, partnerProgram: byId('partner_program_none') };
		expect(errorOf(await ask(sandbox, unknown))?.description).toMatch(/Check 'Partner Program'/);
	});
});

describe('Event: Create', () => {
	const event = (more: object = {}) => ({
		resource: 'event',
		operation: 'create',
		subscriber: byEmail('a@x.org'),
		campaign: campaign(),
		value: '={{ $json.value }}',
		additionalFields: { description: 'Premium' },
		...more,
	});

	it('reports it with its value and description', async () => {
		const { id } = subscribe('a@x.org');
		const [made] = jsonOf(await ask(sandbox, event(), [{ value: '23.9' }]));
		expect(made).toMatchObject({ value: 23.9, subscriber_uuid: id });
		expect(sandbox.program.find(id)?.customEvents).toMatchObject([
			{ value: 23.9, description: 'Premium' },
		]);
	});

	it('is not reported again when nobody knows whether it arrived', async () => {
		const { id } = subscribe('a@x.org');
		sandbox.faults.inbound.dropNext(1, { afterHandling: true });
		const result = await ask(sandbox, event(), [{ value: 1 }]);
		expect(errorOf(result)).toMatchObject({
			message: expect.stringContaining('in 1 attempt'),
			description:
				'It may have been done nevertheless, and doing it twice would count twice, so it was not tried again. Look in SparkLoop first.',
		});
		expect(sandbox.program.find(id)?.customEvents).toHaveLength(1);
	});

	it('says what is not text', async () => {
		const result = await ask(sandbox, event({ additionalFields: { description: ['a'] } }), [
			{ value: 1 },
		]);
		expect(errorOf(result)?.message).toBe("'Description' is not text [item 0]");
		expect(calls()).toEqual([]);
	});

	it.each([['much'], [''], ['  '], [null], ['NaN'], ['1e999'], [true], [[]], [[5]]])(
		'refuses the value %j',
		async (value) => {
			const result = await ask(sandbox, event(), [{ value }]);
			expect(errorOf(result)?.message).toBe("'Value' is not a number [item 0]");
			expect(calls()).toEqual([]);
		},
	);
});

describe('Import: Import Through API', () => {
	const importing = (more: object = {}) => ({
		resource: 'import',
		operation: 'throughApi',
		email: '={{ $json.email }}',
		additionalFields: { referrerCode: '={{ $json.referrer }}', ...more },
	});

	it('takes one call for each person, and those who are there as they are', async () => {
		subscribe('there@x.org', { name: 'There' });
		sandbox.program.unsubscribe('there@x.org');
		const people = ['a@x.org', 'there@x.org', 'b@x.org'].map((email) => ({ email }));
		const result = await ask(sandbox, importing({ name: 'Name' }), people);
		expect(jsonOf(result)).toEqual([
			{
				email: 'a@x.org',
				result: 'imported',
				uuid: sandbox.program.find('a@x.org')?.id,
				ref_code: sandbox.program.find('a@x.org')?.referralCode,
				delivery: { attempts: 1, status: 200 },
			},
			{ email: 'there@x.org', result: 'alreadyThere', delivery: { attempts: 1, status: 200 } },
			expect.objectContaining({ email: 'b@x.org', result: 'imported' }),
		]);
		expect(calls()).toHaveLength(3);
		expect(sandbox.program.find('there@x.org')).toMatchObject({
			name: 'There',
			status: 'unsubscribed',
		});
	});

	it('imports nobody twice when it is run again', async () => {
		const people = Array.from({ length: 20 }, (_, number) => ({ email: `p${number}@x.org` }));
		await ask(sandbox, importing(), people);
		const again = jsonOf(await ask(sandbox, importing(), [...people, { email: 'new@x.org' }]));
		expect(again.map(({ result }) => result)).toEqual([
			...people.map(() => 'alreadyThere'),
			'imported',
		]);
		expect(sandbox.program.subscribers).toHaveLength(21);
	});

	it('asks for the code of a referrer once, after they were imported themselves', async () => {
		const people = [
			{ email: 'friend1@x.org', referrer: 'Advocate@x.org' },
			{ email: 'friend2@x.org', referrer: 'advocate@x.org' },
		];
		const result = await ask(sandbox, importing(), [{ email: 'advocate@x.org' }, ...people]);
		expect(jsonOf(result).map((one) => one.result)).toEqual(['imported', 'imported', 'imported']);
		expect(sandbox.program.find('advocate@x.org')?.totReferrals).toBe(2);
		expect(calls().filter((call) => call.startsWith('GET'))).toEqual([
			'GET /v2/subscribers/advocate%40x.org 200',
		]);
	});

	it('takes a code as it is', async () => {
		const { referralCode } = subscribe('advocate@x.org');
		await ask(sandbox, importing(), [{ email: 'friend@x.org', referrer: referralCode }]);
		expect(sandbox.program.find('advocate@x.org')?.totReferrals).toBe(1);
		expect(calls()).toEqual(['POST /v2/subscribers 200']);
	});

	it('leaves by the error output a referrer who is unknown, and everybody that is refused', async () => {
		const people = [
			{ email: 'friend@x.org', referrer: 'nobody@x.org' },
			{ email: 'nonsense' },
			{ email: 'fine@x.org' },
		];
		const result = await ask(sandbox, importing(), people, { onError: 'continueErrorOutput' });
		expect(jsonOf(result)).toMatchObject([{ email: 'fine@x.org' }]);
		expect(jsonOf(result, 1)).toMatchObject([
			{
				error: 'SparkLoop refused the request with status 404 [item 0]',
				details: {
					payload: people[0],
					retry: false,
					advice: expect.stringContaining("correct 'Referrer'"),
				},
			},
			{ error: "'Email' is not one email address [item 1]", details: { payload: null } },
		]);
		for (const { error, details } of jsonOf(result, 1)) {
			const { advice } = details as { advice: string };
			expect([error, advice].join(' ')).not.toContain('nobody@');
		}
	});
});

describe('Import: the referrer', () => {
	const importing = (referrerCode: unknown) => ({
		resource: 'import',
		operation: 'throughApi',
		email: 'friend@x.org',
		additionalFields: { referrerCode },
	});

	it.each([
		['ann@x', "'Referrer' is neither a referral code nor one email address [item 0]"],
		['a@x.org, b@x.org', "'Referrer' is neither a referral code nor one email address [item 0]"],
		[['a@x.org'], "'Referrer' is not text [item 0]"],
	])('%j is refused before the person is imported without one', async (referrer, message) => {
		expect(errorOf(await ask(sandbox, importing(referrer)))?.message).toBe(message);
		expect(calls()).toEqual([]);
	});

	it('is not the reason when there is none and the address of the API is wrong', async () => {
		const credentials = { sparkLoopApi: { apiKey: 'x', baseUrl: `${sandbox.url}/nowhere` } };
		const result = await ask(sandbox, importing('f9464199'), [{}], {}, credentials);
		expect(errorOf(result)?.description).toMatch(/Check 'Base URL'/);
	});
});

describe('the pace', () => {
	it('makes no item wait for longer than the longest pause, and loses none', async () => {
		sandbox.faults.inbound.failNext(1, { status: 429, retryAfter: 3600 });
		const people = Array.from({ length: 30 }, (_, number) => ({ email: `p${number}@x.org` }));
		const parameters = {
			resource: 'import',
			operation: 'throughApi',
			email: '={{ $json.email }}',
			additionalFields: {},
			options: { concurrency: 1 },
		};
		const extra = { onError: 'continueErrorOutput' as const };
		const result = await ask(sandbox, parameters, people, extra);
		expect(calls()).toHaveLength(1);
		expect(jsonOf(result)).toEqual([]);
		const failed = jsonOf(result, 1);
		expect(failed.map(({ details }) => (details as { payload: object }).payload)).toEqual(people);
		for (const { details } of failed) {
			const { retry, retryAfter } = details as { retry: boolean; retryAfter: number };
			expect(retry).toBe(true);
			expect(retryAfter).toBeGreaterThan(3590);
		}
	});

	it('keeps below the limit over all nodes with the key, so that nothing is refused', async () => {
		await sandbox.close();
		sandbox = await sandboxFor({ rateLimit: { max: 10, windowMs: 300 } });
		const options = { rateLimit: 10, rateWindow: 0.3, concurrency: 20 };
		const people = (name: string) =>
			Array.from({ length: 20 }, (_, number) => ({ email: `${name}${number}@x.org` }));
		const parameters = {
			resource: 'import',
			operation: 'throughApi',
			email: '={{ $json.email }}',
			additionalFields: {},
			options,
		};
		await Promise.all([
			ask(sandbox, parameters, people('a')),
			ask(sandbox, parameters, people('b')),
		]);
		expect(sandbox.program.subscribers).toHaveLength(40);
		expect(calls().filter((call) => call.endsWith('429'))).toEqual([]);
	});

	it('gives items up by the longest pause that was chosen', async () => {
		sandbox.faults.inbound.failNext(1, { status: 429, retryAfter: 3 });
		const people = [{ email: 'a@x.org' }, { email: 'b@x.org' }];
		const parameters = {
			resource: 'import',
			operation: 'throughApi',
			email: '={{ $json.email }}',
			additionalFields: {},
			options: { concurrency: 1, longestPause: 1, rateWindow: 0.1 },
		};
		const extra = { onError: 'continueErrorOutput' as const };
		expect(jsonOf(await ask(sandbox, parameters, people, extra), 1)).toHaveLength(2);
		expect(calls()).toHaveLength(1);
	});

	it('has no place for a part of a call', async () => {
		await sandbox.close();
		sandbox = await sandboxFor({ rateLimit: { max: 1, windowMs: 150 } });
		const people = Array.from({ length: 4 }, (_, number) => ({ email: `p${number}@x.org` }));
		const parameters = {
			resource: 'import',
			operation: 'throughApi',
			email: '={{ $json.email }}',
			additionalFields: {},
			options: { rateLimit: 1.9, rateWindow: 0.15 },
		};
		expect(jsonOf(await ask(sandbox, parameters, people))).toHaveLength(4);
		expect(calls().filter((call) => call.endsWith('429'))).toEqual([]);
	});

	it('slows down at a refusal, and loses nothing', async () => {
		await sandbox.close();
		sandbox = await sandboxFor({ rateLimit: { max: 5, windowMs: 200 } });
		const people = Array.from({ length: 25 }, (_, number) => ({ email: `p${number}@x.org` }));
		const result = await ask(
			sandbox,
			{
				resource: 'import',
				operation: 'throughApi',
				email: '={{ $json.email }}',
				additionalFields: {},
				options: { rateLimit: 10, rateWindow: 0.2, concurrency: 10, longestPause: 5 },
			},
			people,
		);
		expect(errorOf(result)).toBeUndefined();
		expect(sandbox.program.subscribers).toHaveLength(25);
	});

	it.each([
		[{ rateLimit: 0 }, "'Rate Limit' is not a number of at least 1"],
		[{ rateWindow: 'soon' }, "'Rate Window' is not a number of at least 0.1"],
	])('refuses %j', async (options, message) => {
		const parameters = { resource: 'subscriber', operation: 'getAll', ...ALL, options };
		expect(errorOf(await ask(sandbox, parameters))?.message).toBe(message);
	});
});

describe('the lists to choose from', () => {
	const locating = apiNode({ resource: 'campaign', operation: 'addSubscriber' });
	const search = async (method: string, ...more: [filter?: string, token?: string]) =>
		await searchList(locating, method, credentialsOf(sandbox), ...more);

	it('hold the campaigns by name', async () => {
		const { id: value, name } = sandbox.program.campaign;
		expect(await search('searchCampaigns')).toEqual({ results: [{ name, value }] });
		expect(await search('searchCampaigns', name.slice(2, 6).toUpperCase())).toEqual({
			results: [{ name, value }],
		});
		expect(await search('searchCampaigns', 'no such name')).toEqual({ results: [] });
	});

	it('hold the partner programs by the name of their publication', async () => {
		const [{ uuid: value, publication }] = sandbox.partnerPrograms.newestFirst;
		expect(await search('searchPartnerPrograms', publication.name)).toEqual({
			results: [{ name: publication.name, value }],
			paginationToken: undefined,
		});
	});

	it('hold the subscribers page by page', async () => {
		for (let number = 0; number < 201; number += 1) subscribe(`p${number}@x.org`);
		const first = await search('searchSubscribers', 'p20');
		expect(first.results.map(({ name }) => name)).toEqual(['p200@x.org', 'p20@x.org']);
		expect(first.paginationToken).toBe('2');
		const second = await search('searchSubscribers', '', '2');
		expect(second).toMatchObject({ results: [{ name: 'p0@x.org' }], paginationToken: undefined });
	});

	it('find a whole address wherever it stands', async () => {
		const { id } = subscribe('ann@x.org', { name: 'Ann ' });
		expect(await search('searchSubscribers', ' Ann@x.org ')).toEqual({
			results: [{ name: 'ann@x.org (Ann)', value: id }],
		});
		expect(await search('searchSubscribers', 'nobody@x.org')).toEqual({ results: [] });
		expect(calls()[0]).toBe('GET /v2/subscribers/Ann%40x.org 200');
	});

	it('go on to the page that holds a match', async () => {
		for (let number = 0; number < 401; number += 1) subscribe(`p${number}@x.org`);
		expect(await search('searchSubscribers', 'p0@')).toMatchObject({
			results: [{ name: 'p0@x.org' }],
			paginationToken: undefined,
		});
		expect(await search('searchSubscribers', 'nobody')).toEqual({
			results: [],
			paginationToken: undefined,
		});
	});

	it('stop after five pages without a match, and tell where to go on', async () => {
		for (let number = 0; number < 1_001; number += 1) subscribe(`p${number}@x.org`);
		expect(await search('searchSubscribers', 'p0@')).toEqual({
			results: [],
			paginationToken: '6',
		});
		expect(calls()).toHaveLength(5);
	});

	it('do not wait for an hour', async () => {
		sandbox.faults.inbound.failNext(1, { status: 429, retryAfter: 3600 });
		for (const _ of [1, 2]) {
			await expect(search('searchCampaigns')).rejects.toMatchObject({
				message: 'SparkLoop answered with status 429',
				description: "Try again later, or choose 'By ID'.",
			});
		}
		expect(calls()).toHaveLength(1);
	});

	it('do not wait for a place for longer than anybody would look at them', async () => {
		const parameters = { resource: 'campaign', operation: 'getAll', returnAll: true };
		const options = { rateLimit: 1, rateWindow: 3_600 };
		await ask(sandbox, { ...parameters, options });
		const soon = AbortSignal.timeout(50);
		const timeout = jest.spyOn(AbortSignal, 'timeout').mockReturnValue(soon);
		try {
			await expect(search('searchCampaigns')).rejects.toMatchObject({
				message:
					'SparkLoop could not be reached: the rate limit left no place for the call in time',
			});
			expect(timeout).toHaveBeenCalledWith(15_000);
		} finally {
			timeout.mockRestore();
		}
		expect(calls()).toHaveLength(1);
	});

	it('say what is wrong with the key', async () => {
		const credentials = { sparkLoopApi: { apiKey: 'wrong', baseUrl: sandbox.apiUrl } };
		await expect(searchList(locating, 'searchCampaigns', credentials)).rejects.toMatchObject({
			message: 'SparkLoop answered with status 401',
			description: "Check 'API Key' in the credential.",
		});
	});
});

describe('Retry On Fail', () => {
	it.each([undefined, 'continueRegularOutput' as const])(
		'does not report again what may have been reported (on error: %s)',
		async (onError) => {
			const { id } = subscribe('a@x.org');
			sandbox.faults.inbound.dropNext(1, { afterHandling: true });
			const parameters = {
				resource: 'event',
				operation: 'create',
				subscriber: byEmail('a@x.org'),
				campaign: campaign(),
				value: 1,
				additionalFields: {},
			};
			const extra = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1, onError };
			const result = await ask(sandbox, parameters, [{}], extra);
			expect(sandbox.program.find(id)?.customEvents).toHaveLength(1);
			expect(calls()).toHaveLength(1);
			const said = onError ? String(jsonOf(result)[0].error) : String(errorOf(result)?.message);
			expect(said).toContain('in 1 attempt: the connection was closed without an answer');
		},
	);

	it('does not report again what was reported', async () => {
		for (const email of ['a@x.org', 'b@x.org']) subscribe(email);
		sandbox.faults.inbound.failNext(1, { status: 422 });
		const parameters = {
			resource: 'event',
			operation: 'create',
			subscriber: { __rl: true, mode: 'email', value: '={{ $json.email }}' },
			campaign: campaign(),
			value: 1,
			additionalFields: {},
		};
		const result = await ask(sandbox, parameters, [{ email: 'a@x.org' }, { email: 'b@x.org' }], {
			retryOnFail: true,
			maxTries: 2,
			waitBetweenTries: 0,
		});
		expect(errorOf(result)).toBeUndefined();
		expect(jsonOf(result)).toHaveLength(2);
		for (const email of ['a@x.org', 'b@x.org']) {
			expect(sandbox.program.find(email)?.customEvents).toHaveLength(1);
		}
	});
});
