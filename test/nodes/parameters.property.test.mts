import { DateTime } from 'luxon';
import fc from 'fast-check';

import type { ApiOperation, Problems } from '../../nodes/SparkLoop/actions/apiOperation';
import { addSubscriber } from '../../nodes/SparkLoop/actions/campaign/addSubscriber';
import { getMany as getManyCampaigns } from '../../nodes/SparkLoop/actions/campaign/getMany';
import { getManyReferrals } from '../../nodes/SparkLoop/actions/campaign/getManyReferrals';
import { getManySubscribers } from '../../nodes/SparkLoop/actions/campaign/getManySubscribers';
import { removeSubscriber } from '../../nodes/SparkLoop/actions/campaign/removeSubscriber';
import { create } from '../../nodes/SparkLoop/actions/event/create';
import { limitOf } from '../../nodes/SparkLoop/actions/fields';
import { throughApi } from '../../nodes/SparkLoop/actions/import/throughApi';
import { listIn, pagesIn } from '../../nodes/SparkLoop/actions/listAnswer';
import { located, pathPart } from '../../nodes/SparkLoop/actions/locators';
import { getManyReferrals as getManyPartnerReferrals } from '../../nodes/SparkLoop/actions/partnerProgram/getManyReferrals';
import { deleteSubscriber } from '../../nodes/SparkLoop/actions/subscriber/delete';
import { get } from '../../nodes/SparkLoop/actions/subscriber/get';
import { getMany } from '../../nodes/SparkLoop/actions/subscriber/getMany';
import { newSubscriber } from '../../nodes/SparkLoop/actions/subscriber/newSubscriber';
import { reject } from '../../nodes/SparkLoop/actions/subscriber/reject';
import { upsert } from '../../nodes/SparkLoop/actions/subscriber/upsert';
import { subscriberList } from '../../nodes/SparkLoop/actions/subscriberList';
import { segment } from '../../nodes/SparkLoop/transport/restV2';
import { email } from '../support/arbitraries.mts';

/** What an expression may give for a parameter, the awkward values included. */
const anything = fc.oneof(
	fc.constantFrom<unknown>(
		undefined,
		null,
		'',
		' ',
		'.',
		'..',
		'\uD800',
		'a\uDC00b',
		NaN,
		Infinity,
		0,
		-1,
		[],
		{},
		true,
		DateTime.fromMillis(0),
		new Date(Number.NaN),
		'2026-01-31',
		{ toString: 0 },
		'confirmed',
	),
	email,
	fc.string({ unit: 'binary' }),
	fc.double(),
	fc.jsonValue({ maxDepth: 2 }),
);
const locator = fc.oneof(
	anything,
	fc.record({
		__rl: fc.constant(true),
		mode: fc.constantFrom('list', 'id', 'email'),
		value: anything,
	}),
);
const collection = (...names: string[]) =>
	fc.record(Object.fromEntries(names.map((name) => [name, anything])), { requiredKeys: [] });
const parameters = fc.record({
	campaign: locator,
	subscriber: locator,
	partnerProgram: locator,
	membershipId: anything,
	value: anything,
	email: anything,
	returnAll: fc.oneof(fc.boolean(), anything),
	limit: anything,
	simplify: fc.boolean(),
	filters: collection('createdAfter', 'type'),
	listOptions: collection('firstPage', 'expand'),
	additionalFields: collection(
		'name',
		'createdAt',
		'status',
		'description',
		'referrerCode',
		'ipAddress',
		'userAgent',
		'utmSource',
		'utmCampaign',
		'countryCode',
	),
});
const reading = (values: object) => (name: string) => (values as Record<string, unknown>)[name];
const isProblem = (prepared: object): prepared is Problems => 'problems' in prepared;

describe('whatever an expression gives', () => {
	const operations: Record<string, ApiOperation> = {
		addSubscriber,
		getManyCampaigns,
		getManyReferrals,
		getManySubscribers,
		removeSubscriber,
		create,
		throughApi,
		getManyPartnerReferrals,
		deleteSubscriber,
		get,
		getMany,
		reject,
		upsert,
	};

	it.each(Object.keys(operations))('%s asks a proper thing or names a problem', async (name) => {
		const operation = operations[name];
		await fc.assert(
			fc.asyncProperty(parameters, async (values) => {
				const read = reading(values);
				const prepared =
					'list' in operation ? operation.list(read, 'UTC') : operation.request(read, 'UTC');
				if (isProblem(prepared)) {
					expect(prepared.problems.length).toBeGreaterThan(0);
					for (const { parameter, what, todo } of prepared.problems) {
						expect([parameter, what, todo].every((text) => text.trim() !== '')).toBe(true);
						expect(`${parameter} ${what} ${todo}`).not.toContain('undefined');
					}
					return;
				}
				if ('path' in prepared) {
					expect(prepared.limit ?? 1).toBeGreaterThanOrEqual(1);
					expect(prepared.firstPage ?? 1).toBeGreaterThanOrEqual(1);
					expect(prepared.path).toMatch(/^(\/[^/]+)+$/);
					return;
				}
				const asked: string[] = [];
				await prepared.attempt(async (_method, path, { body = {} } = {}) => {
					asked.push(path);
					expect(JSON.stringify(body)).not.toContain('object Object');
					return { status: 200, headers: {}, text: '', body: { subscriber: { ref_code: 'c' } } };
				});
				// A path that leads elsewhere would lose a part on its way through a URL.
				for (const path of asked) expect(new URL(path, 'https://x.org').pathname).toBe(path);
				expect(asked.length).toBeGreaterThan(0);
			}),
			{ numRuns: 300 },
		);
	});
});

it.each([
	['Add Subscriber', addSubscriber],
	['Create', create],
	['Delete', deleteSubscriber],
	['Reject', reject],
	['Create or Update', upsert],
])('%s waits for others of the same person, and is told apart from them', (_, operation) => {
	const requestOf = (person: string) => {
		if (!('request' in operation)) throw new Error('It is no list');
		const located = { __rl: true, mode: 'id', value: person };
		const values = { subscriber: located, email: person, campaign: 'MF1', value: 1 };
		const request = operation.request(reading({ ...values, additionalFields: {} }), 'UTC');
		if (isProblem(request)) throw new Error('It is a proper request');
		return request;
	};
	expect(requestOf('Ann@x.org').persons).toEqual(['ann@x.org']);
	expect(requestOf('Ann@x.org').key).toBe(requestOf('Ann@x.org').key);
	expect(requestOf('Ann@x.org').key).not.toBe(requestOf('bob@x.org').key);
});

describe('a part of a path', () => {
	it('is what was given, without the blanks around it', () => {
		fc.assert(
			fc.property(fc.stringMatching(/^[\w+/@?#%.-]{3,20}$/), (id) => {
				expect(pathPart(` ${id}\n`, 'ID')).toEqual({ id });
				expect(decodeURIComponent(segment(id))).toBe(id);
			}),
		);
		expect(pathPart(42, 'ID')).toEqual({ id: '42' });
	});

	it('is never one that cannot be written', () => {
		fc.assert(
			fc.property(anything, (value) => {
				const part = pathPart(value, 'ID');
				if ('problem' in part) return;
				expect(['', '.', '..']).not.toContain(segment(part.id));
			}),
		);
	});

	it.each([
		[undefined, 'is missing'],
		[null, 'is missing'],
		['  ', 'is missing'],
		[NaN, 'is not an ID'],
		[true, 'is not an ID'],
		[['a'], 'is not an ID'],
		[{}, 'is not an ID'],
		['..', 'is not an ID'],
		['\uD800', 'is not an ID'],
	])('%j %s', (value, what) => {
		expect(pathPart(value, 'ID')).toMatchObject({ problem: { parameter: 'ID', what } });
	});
});

describe('a resource locator', () => {
	it('by email takes addresses only, by ID and from the list anything', () => {
		fc.assert(
			fc.property(email, fc.constantFrom('email', 'id', 'list'), (value, mode) => {
				const read = () => ({ __rl: true, mode, value });
				expect(located(read, 'subscriber')).toEqual({ id: value });
			}),
		);
		const read = (mode?: string) => () => ({ __rl: true, mode, value: 'sub_1' });
		expect(located(read('id'), 'subscriber')).toEqual({ id: 'sub_1' });
		expect(located(read(), 'subscriber')).toEqual({ id: 'sub_1' });
		expect(located(read('email'), 'subscriber')).toMatchObject({
			problem: { parameter: 'Subscriber', what: 'is not one email address' },
		});
	});

	it('may be a bare value, as an expression over all of it gives one', () => {
		expect(located(() => 'MF1', 'campaign')).toEqual({ id: 'MF1' });
		expect(located(() => 7, 'partnerProgram')).toEqual({ id: '7' });
		expect(located(() => null, 'partnerProgram')).toMatchObject({
			problem: { parameter: 'Partner Program', what: 'is missing' },
		});
	});
});

it('a limit is a whole number of at least 1, or a problem, or none with Return All', () => {
	fc.assert(
		fc.property(anything, (limit) => {
			const read = limitOf(reading({ returnAll: false, limit }));
			if ('problem' in read) {
				expect(['string', 'number'].includes(typeof limit) && Number(limit) >= 1).toBe(false);
				return;
			}
			expect(read.limit).toBe(Math.floor(Number(limit)));
		}),
	);
	expect(limitOf(reading({ returnAll: true, limit: 0 }))).toEqual({});
	expect(limitOf(reading({ returnAll: 'false', limit: 2 }))).toEqual({ limit: 2 });
	expect(limitOf(reading({ returnAll: false, limit: '1.9' }))).toEqual({ limit: 1 });
});

it('a list of subscribers keeps who signed up after the date, and asks for what is set', () => {
	const path = '/subscribers';
	fc.assert(
		fc.property(
			fc.integer({ min: 0, max: 4e9 }),
			fc.integer({ min: -100_000, max: 100_000 }),
			fc.integer({ min: 1, max: 1e6 }),
			(after, offset, firstPage) => {
				const values = {
					returnAll: true,
					simplify: false,
					filters: { createdAfter: new Date(after * 1000), type: 'referrals' },
					listOptions: { firstPage: firstPage + 0.5, expand: true },
				};
				const listing = subscriberList(reading(values), 'UTC', { path, notFound: '' });
				if (isProblem(listing)) throw new Error('It is a proper list');
				const at = new Date((after + offset) * 1000).toISOString();
				expect(listing.isWanted?.({ created_at: at })).toBe(offset > 0);
				expect(listing).toMatchObject({
					path,
					firstPage,
					qs: { type: 'referrals', expand: 'campaigns' },
				});
			},
		),
	);
	const listOptions = { expand: 'false' };
	const bare = { returnAll: true, simplify: false, filters: {}, listOptions };
	const listing = subscriberList(reading(bare), 'UTC', { path, notFound: '' });
	expect(listing).toMatchObject({ firstPage: 1 });
	expect(listing).toHaveProperty('qs', {});
	expect(listing).not.toHaveProperty('isWanted');
	expect(listing).not.toHaveProperty('output');
});

it('a date without an offset is meant in the zone', () => {
	const filters = { createdAfter: '2026-01-15T12:00:00' };
	const values = { returnAll: true, simplify: false, filters, listOptions: {} };
	const where = { path: '/subscribers', notFound: '' };
	const listing = subscriberList(reading(values), 'Asia/Tokyo', where);
	if (isProblem(listing)) throw new Error('It is a proper list');
	expect(listing.isWanted?.({ created_at: '2026-01-15T03:00:00Z' })).toBe(false);
	expect(listing.isWanted?.({ created_at: '2026-01-15T03:00:01Z' })).toBe(true);

	const person = { email: 'a@x.org', additionalFields: { createdAt: '2026-01-15T12:00:00' } };
	expect(newSubscriber(reading(person), 'Asia/Tokyo')).toEqual({
		subscriber: { email: 'a@x.org', created_at: Date.UTC(2026, 0, 15, 3) / 1000 },
		details: {},
	});
});

describe('the list in an answer', () => {
	const entries = fc.array(fc.record({ uuid: fc.string() }), { maxLength: 5 });
	const answer = (body: unknown) => ({ status: 200, headers: {}, text: '', body });

	it('is the one under the key, or the only one', () => {
		fc.assert(
			fc.property(entries, entries, fc.string(), (list, other, key) => {
				fc.pre(key !== 'other' && key !== 'meta');
				const body = Object.fromEntries([
					[key, list],
					['meta', {}],
				]);
				expect(listIn(answer(body), key)).toEqual(list);
				expect(listIn(answer(body), undefined)).toEqual(list);
				expect(listIn(answer({ ...body, other }), undefined)).toBeUndefined();
			}),
		);
	});

	it('is never anything else', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.option(fc.string(), { nil: undefined }), (body, key) => {
				const list = listIn(answer(body), key);
				for (const entry of list ?? []) expect(Object.keys(entry)).toBeDefined();
				expect(list === undefined || Array.isArray(list)).toBe(true);
				expect(pagesIn(answer(body))).toBeGreaterThan(-Infinity);
			}),
		);
		expect(listIn(answer({ constructor: 1 }), 'toString')).toBeUndefined();
		expect(listIn(answer([]), undefined)).toBeUndefined();
	});

	it.each([
		[{ meta: { total_pages: 3 } }, 3],
		[{ meta: { total_pages: '3' } }, Infinity],
		[{ meta: null }, Infinity],
		[[], Infinity],
		[undefined, Infinity],
	])('of %j has %d pages', (body, pages) => {
		expect(pagesIn(answer(body))).toBe(pages);
	});
});
