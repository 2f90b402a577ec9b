import { Peer, type Behaviour } from '../support/peer.mts';
import { apiNode, errorOf, jsonOf } from '../support/sparkLoopApi.mts';
import { chain, node, run } from '../support/engine.mts';
import { searchList } from '../support/engine.mts';

let peer: Peer;
afterEach(async () => await peer.stop());

const credentials = () => ({ sparkLoopApi: { apiKey: 'k3y', baseUrl: peer.url } });

/** Runs the node against a SparkLoop that answers as told. */
async function ask(parameters: object, behaviour: Behaviour) {
	peer = await Peer.start(behaviour);
	const start = node('Start', 'n8n-nodes-base.noOp', {});
	const graph = {
		nodes: [start, apiNode(parameters)],
		connections: chain('Start', 'SparkLoop'),
		settings: { timezone: 'UTC' },
	};
	return await run(graph, 'Start', [{ json: {} }], credentials());
}

const everybody = {
	resource: 'subscriber',
	operation: 'getAll',
	returnAll: true,
	simplify: false,
	filters: {},
	listOptions: {},
};
const list = (subscribers: unknown, meta?: object) => ({
	status: 200,
	body: { subscribers, ...(meta ? { meta } : {}) },
});
const pageOf = (path: string) => Number(new URL(path, 'http://x').searchParams.get('page'));

describe('a list from a SparkLoop that does not do as documented', () => {
	it.each([[[null]], [['text']], [[1, {}]], [[[]]], [{}], ['text'], [null]])(
		'%j is no list of subscribers',
		async (subscribers) => {
			const result = await ask({ ...everybody, simplify: true }, () => list(subscribers));
			expect(errorOf(result)?.message).toBe(
				"SparkLoop's answer holds no list of subscribers [item 0]",
			);
		},
	);

	it('gives each once although there are no pages', async () => {
		const result = await ask(everybody, () => list([{ uuid: 'a' }, { uuid: 'b' }]));
		expect(jsonOf(result)).toEqual([{ uuid: 'a' }, { uuid: 'b' }]);
		expect(peer.received).toHaveLength(2);
	});

	it('gives nobody twice whom somebody new has moved to the next page', async () => {
		const pages = [[], [{ uuid: 'b' }, { uuid: 'a' }], [{ uuid: 'a' }, { uuid: '0' }]];
		const result = await ask(everybody, ({ path }) =>
			list(pages[pageOf(path)], { total_pages: 2 }),
		);
		expect(jsonOf(result)).toEqual([{ uuid: 'b' }, { uuid: 'a' }, { uuid: '0' }]);
	});

	it('goes on until a page is empty when nobody says how many there are', async () => {
		const result = await ask(everybody, ({ path }) =>
			list(pageOf(path) < 4 ? [{ uuid: pageOf(path) }] : []),
		);
		expect(jsonOf(result)).toEqual([{ uuid: 1 }, { uuid: 2 }, { uuid: 3 }]);
		expect(peer.received).toHaveLength(4);
	});

	it('takes a page of any size', async () => {
		const many = Array.from({ length: 200_000 }, (_, uuid) => ({ uuid }));
		const result = await ask(everybody, () => list(many, { total_pages: 1 }));
		expect(jsonOf(result)).toHaveLength(200_000);
	});

	it('leaves nobody out who signed up later than the date, in whatever order the page is', async () => {
		const page = [
			{ uuid: 'imported', created_at: '2020-01-01T00:00:00Z' },
			{ uuid: 'late', created_at: '2026-01-02T00:00:00Z' },
			{ uuid: 'just', created_at: '2026-01-01T00:00:00Z' },
			{ uuid: 'undated', created_at: null },
		];
		const filters = { createdAfter: '2026-01-01T00:00:00Z' };
		const result = await ask({ ...everybody, filters }, () => list(page, { total_pages: 1 }));
		expect(jsonOf(result).map(({ uuid }) => uuid)).toEqual(['late', 'undated']);
	});

	it.each(['={{ null }}', '={{ undefined }}', '={{ " " }}'])(
		'asks for everybody when the date is %s',
		async (createdAfter) => {
			const result = await ask({ ...everybody, filters: { createdAfter } }, () =>
				list([{ uuid: 'a', created_at: '1999-01-01' }], { total_pages: 1 }),
			);
			expect(jsonOf(result)).toHaveLength(1);
		},
	);

	it.each([
		['subscribers', everybody],
		['referrals', { ...everybody, resource: 'campaign', operation: 'getManyReferrals' }],
	])('of %s is simplified only when it is to be, to what is there', async (_, parameters) => {
		const id = (value: string) => ({ __rl: true, mode: 'id', value });
		const entry = { uuid: 'a', name: null, ip_address: '192.0.2.1' };
		for (const [simplify, expected] of [
			[true, { uuid: 'a', name: null }],
			[false, entry],
		]) {
			const result = await ask(
				{ ...parameters, simplify, campaign: id('MF1'), subscriber: id('sub_1') },
				() => list([entry], { total_pages: 1 }),
			);
			expect(jsonOf(result)).toStrictEqual([expected]);
			await peer.stop();
		}
	});

	it('of partner programs is simplified to what tells them apart', async () => {
		const programs = { resource: 'partnerProgram', operation: 'getAll', returnAll: true };
		const publication = { name: 'Daily', url: 'https://daily.example', logo: 'x' };
		const result = await ask({ ...programs, simplify: true }, () => ({
			status: 200,
			body: { partner_programs: [{ uuid: 'a', terms: 'x', publication }, { uuid: 'b' }] },
		}));
		expect(jsonOf(result)).toEqual([
			{ uuid: 'a', publication_name: 'Daily', publication_url: 'https://daily.example' },
			{ uuid: 'b', publication_name: null, publication_url: null },
		]);
	});

	it('of referrals of a partner program is read in pages', async () => {
		const partnerProgram = { __rl: true, mode: 'id', value: 'p1' };
		const of = { resource: 'partnerProgram', operation: 'getManyReferrals', returnAll: true };
		const result = await ask({ ...of, partnerProgram }, ({ path }) => ({
			status: 200,
			body: { people: [{ email: `${pageOf(path)}@x.org` }], meta: { total_pages: 2 } },
		}));
		expect(jsonOf(result)).toEqual([{ email: '1@x.org' }, { email: '2@x.org' }]);
	});

	it('of campaigns is asked for without pages', async () => {
		const campaigns = { resource: 'campaign', operation: 'getAll', returnAll: true };
		await ask(campaigns, () => ({ status: 200, body: { campaigns: [{ uuid: 'a' }] } }));
		expect(peer.received.map(({ path }) => path)).toEqual(['/campaigns']);
	});
});

describe('an import whose referrer is looked up', () => {
	const importing = {
		resource: 'import',
		operation: 'throughApi',
		email: 'friend@x.org',
		additionalFields: { referrerCode: 'ann@x.org' },
	};

	it('takes any success for the referrer, and goes on to the friend', async () => {
		const result = await ask(importing, ({ method }) =>
			method === 'GET'
				? { status: 203, body: { subscriber: { ref_code: 'c0de' } } }
				: { status: 201, body: { subscriber: { uuid: 'sub_1' } } },
		);
		expect(jsonOf(result)).toMatchObject([{ result: 'imported', uuid: 'sub_1', ref_code: null }]);
		expect(peer.received[1].body).toEqual({ email: 'friend@x.org', referrer_code: 'c0de' });
	});

	it.each([[{ ref_code: '' }], [{ ref_code: null }], [{}]])(
		'imports nobody without the code that %j lacks',
		async (subscriber) => {
			const result = await ask(importing, () => ({ status: 200, body: { subscriber } }));
			expect(errorOf(result)?.description).toContain("correct 'Referrer'");
			expect(peer.received.map(({ method }) => method)).toEqual(['GET']);
		},
	);
});

it('an answer without the object that is documented comes out as it is', async () => {
	const subscriber = { __rl: true, mode: 'id', value: 'sub_1' };
	const get = { resource: 'subscriber', operation: 'get', subscriber, simplify: false };
	const body = { uuid: 'sub_1', subscriber: 'Ann' };
	expect(jsonOf(await ask(get, () => ({ status: 200, body })))).toEqual([body]);
});

it('what SparkLoop answered is not kept in the execution when nobody knows whether it was done', async () => {
	const id = (value: string) => ({ __rl: true, mode: 'id', value });
	peer = await Peer.start(() => ({ status: 500, body: { error: 'No place for Ann Lee' } }));
	const create = { resource: 'event', operation: 'create', value: 1, additionalFields: {} };
	const one = apiNode(
		{ ...create, campaign: id('MF1'), subscriber: id('sub_1') },
		{ retryOnFail: true, maxTries: 2, waitBetweenTries: 1, onError: 'continueRegularOutput' },
	);
	const graph = {
		nodes: [node('Start', 'n8n-nodes-base.noOp', {}), one],
		connections: chain('Start', 'SparkLoop'),
	};
	const result = await run(graph, 'Start', [{ json: {} }], credentials());
	expect(peer.received).toHaveLength(1);
	expect(jsonOf(result)).toMatchObject([
		{
			error: 'SparkLoop did not take the request in 1 attempt: status 500 [item 0]',
			details: { retry: false },
		},
	]);
	expect(JSON.stringify(result.data.executionData?.contextData)).not.toContain('Ann Lee');
});

describe('somebody added to a campaign', () => {
	it('is not taken for a member because of another status', async () => {
		const id = (value: string) => ({ __rl: true, mode: 'id', value });
		const add = { resource: 'campaign', operation: 'addSubscriber' };
		const result = await ask({ ...add, campaign: id('MF1'), subscriber: id('sub_1') }, () => ({
			status: 422,
			body: { error: 'It has already been added, and much else is wrong' },
		}));
		expect(errorOf(result)?.message).toMatch(/status 422/);
	});

	it('is told as added by any success, also one without a body', async () => {
		const id = (value: string) => ({ __rl: true, mode: 'id', value });
		const add = { resource: 'campaign', operation: 'addSubscriber' };
		const result = await ask({ ...add, campaign: id('MF1'), subscriber: id('sub_1') }, () => ({
			status: 201,
		}));
		expect(jsonOf(result)).toEqual([{ added: true }]);
	});
});

describe('the lists to choose from', () => {
	const locating = apiNode({ resource: 'campaign', operation: 'addSubscriber' });

	it.each(['searchCampaigns', 'searchPartnerPrograms', 'searchSubscribers'])(
		'%s leaves out what is no entry',
		async (method) => {
			const entries = [null, 'text', { uuid: 'a', email: 'a@x.org', publication: null }];
			peer = await Peer.start(() => ({
				status: 200,
				body: { campaigns: entries, partner_programs: entries, subscribers: entries },
			}));
			const { results } = await searchList(locating, method, credentials());
			expect(results.map(({ value }) => value)).toEqual(['a']);
		},
	);

	it('say that SparkLoop cannot be reached', async () => {
		peer = await Peer.start(() => 'drop');
		await expect(searchList(locating, 'searchCampaigns', credentials())).rejects.toMatchObject({
			message: 'SparkLoop could not be reached: the connection was closed without an answer',
			description: expect.stringContaining("check 'Base URL' in the credential"),
		});
	});

	it.each([
		[403, "Check 'API Key' in the credential."],
		[404, "Try again later, or choose 'By ID'."],
		[300, "Try again later, or choose 'By ID'."],
	])('say what to do about a %i', async (status, description) => {
		peer = await Peer.start(() => ({ status }));
		await expect(searchList(locating, 'searchCampaigns', credentials())).rejects.toMatchObject({
			message: `SparkLoop answered with status ${status}`,
			description,
		});
	});
});
