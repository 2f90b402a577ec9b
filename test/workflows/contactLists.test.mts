import fc from 'fast-check';

import { Canvas } from '../../scripts/workflows/canvas.mts';
import {
	PEOPLE,
	type ContactList,
	type Person,
} from '../../scripts/workflows/contactLists/contactList.mts';
import { hubSpot } from '../../scripts/workflows/contactLists/hubSpot.mts';
import { postgreSql } from '../../scripts/workflows/contactLists/postgresql.mts';
import { yourEsp } from '../../scripts/workflows/contactLists/yourEsp.mts';
import { runCode } from '../support/code.mts';

interface Page {
	people: Person[];
	next: string;
	total: number;
}

/** What a list makes of an answer. */
function read(list: ContactList, answer: object, { cursor = '', settings = {} } = {}): Page {
	const canvas = new Canvas('List');
	list.read(canvas, [0, 0], "$('Cursor').first().json.cursor");
	const { parameters } = canvas.toFile().nodes.find(({ name }) => name === PEOPLE)!;
	const { jsCode } = parameters as { jsCode: string };
	const [page] = runCode<Page>(jsCode, [answer], {
		Settings: [{ ...list.settings, ...settings }],
		Cursor: [{ cursor }],
	});
	return page;
}

const contact = (id: number, more: object = {}) => ({
	id,
	email: `c${id}@example.com`,
	name: null,
	status: 'active',
	fields: {},
	createdAt: '2026-01-01T00:00:00.000Z',
	...more,
});
const answer = (contacts: unknown, more: object = {}) => ({
	statusCode: 200,
	headers: {},
	body: { contacts, next: null, total: 9, ...more },
});

describe("any ESP's page", () => {
	it('becomes people, with where the next page begins', () => {
		const fields = { RH_SUBID: 'sub_1', RH_REFLINK: 'https://x.example/?rh_ref=1' };
		const more = { referred_by: 'f9464199', ip_address: '203.0.113.7' };
		const contacts = [
			contact(1, { name: ' Ann ', fields: { ...fields, ...more } }),
			contact(2, { status: 'unsubscribed' }),
			contact(3, { status: 'unconfirmed' }),
		];
		const { people, next, total } = read(yourEsp, answer(contacts, { next: 3 }));
		expect(people[0]).toEqual({
			contact: '1',
			email: 'c1@example.com',
			name: 'Ann',
			createdAt: '2026-01-01T00:00:00.000Z',
			ipAddress: '203.0.113.7',
			referrer: 'f9464199',
			state: 'active',
			subscriberId: 'sub_1',
			link: 'https://x.example/?rh_ref=1',
		});
		expect(people.map(({ state }) => state)).toEqual(['active', 'gone', 'pending']);
		expect([next, total]).toEqual(['3', 9]);
	});

	it('is the last one when it says nothing of a next', () => {
		expect(read(yourEsp, answer([contact(9)]), { cursor: '8' }).next).toBe('');
		expect(read(yourEsp, answer([]), { cursor: '9' })).toEqual({ people: [], next: '', total: 9 });
		expect(read(yourEsp, answer([contact(1)], { total: undefined })).total).toBe(0);
	});

	it.each([
		['an error page', { statusCode: 200, headers: {}, body: '<html>' }, 'no list of contacts'],
		['nothing', { statusCode: 200, headers: {} }, 'no list of contacts'],
		['another list', answer(undefined), "Correct 'list'"],
		['a state of its own', answer([contact(1, { status: 'on' })]), "has the state 'on'"],
		['contacts without an id', answer([contact(1, { id: null })]), 'has no id'],
		['contacts without an email', answer([contact(1, { email: null })]), 'has an email'],
		['no number', answer([contact(1)], { total: 'many' }), "'total', is none"],
		['no one of many', answer([]), 'though there are 9 contacts'],
	])('stops the run when it is %s', (_, given, message) => {
		expect(() => read(yourEsp, given)).toThrow(message);
	});

	it('stops the run when the ESP begins anew each time, which would never end', () => {
		const first = answer([contact(1)], { next: 1 });
		expect(() => read(yourEsp, first, { cursor: '1' })).toThrow('begins where this one begins');
	});

	it('is people or a reason, whatever the answer', () => {
		const entry = fc.oneof(
			fc.jsonValue(),
			fc.record(
				{ id: fc.jsonValue(), email: fc.jsonValue(), status: fc.constantFrom('active', 'x', null) },
				{ requiredKeys: [] },
			),
		);
		const body = fc.oneof(
			fc.jsonValue(),
			fc.record({ contacts: fc.array(entry), next: fc.jsonValue(), total: fc.jsonValue() }),
		);
		fc.assert(
			fc.property(body, (given) => {
				let page: Page;
				try {
					page = read(yourEsp, { statusCode: 200, headers: {}, body: given });
				} catch (error) {
					expect((error as Error).message).not.toBe('');
					return;
				}
				expect(page.people).toHaveLength((given as { contacts: [] }).contacts.length);
				for (const person of page.people) {
					expect(person.contact).not.toBe('');
					expect(Object.values(person).every((value) => typeof value === 'string')).toBe(true);
					expect(['active', 'gone', 'pending']).toContain(person.state);
				}
			}),
			{ numRuns: 500 },
		);
	});
});

describe("PostgreSQL's page", () => {
	const row = (id: number, state: string) => ({
		id,
		email: `p${id}@example.com`,
		name: null,
		rh_subid: null,
		rh_reflink: null,
		created_at: '2026-01-01T00:00:00+00:00',
		ip_address: null,
		referred_by: null,
		state,
	});

	it('goes on after its last id, until it is empty', () => {
		const page = read(postgreSql, { total: '2', contacts: [row(4, 'active'), row(7, 'gone')] });
		expect([page.next, page.total, page.people.map(({ state }) => state)]).toEqual([
			'7',
			2,
			['active', 'gone'],
		]);
		expect(read(postgreSql, { total: '2', contacts: [] }, { cursor: '7' }).next).toBe('');
	});
});

describe("HubSpot's page", () => {
	const found = (id: string, properties: object) => ({
		id,
		properties: { email: `h${id}@example.com`, hs_email_optout: null, ...properties },
	});
	const page = (results: unknown, total: unknown = 3) => ({
		statusCode: 200,
		headers: {},
		body: { total, results },
	});
	const statesOf = (properties: object[], settings = {}) =>
		read(hubSpot, page(properties.map((one, index) => found(String(index + 1), one))), {
			settings,
		}).people.map(({ state }) => state);

	it('says who has left, and who has not confirmed where a property tells', () => {
		const people = [
			{ hs_email_optout: 'true', newsletter: 'yes' },
			{ hs_email_hard_bounce_reason_enum: 'UNKNOWN_USER' },
			{ newsletter: 'yes' },
			{ newsletter: 'asked' },
			{},
		];
		expect(statesOf(people)).toEqual(['gone', 'gone', 'active', 'active', 'active']);
		const settings = { signUpProperty: 'newsletter', signUpValues: 'yes, true' };
		expect(statesOf(people, settings)).toEqual(['gone', 'gone', 'active', 'pending', 'pending']);
	});

	it('has full names, and who brought somebody', () => {
		const settings = { referrerProperty: 'friend' };
		const properties = { firstname: 'Ann', lastname: 'Lee', friend: 'f9464199' };
		const { people, next } = read(hubSpot, page([found('5', properties)]), { settings });
		expect(people).toMatchObject([{ contact: '5', name: 'Ann Lee', referrer: 'f9464199' }]);
		expect(next).toBe('5');
	});

	it('tells with the first page how many there are, because those after it count what is left', () => {
		expect(read(hubSpot, page([found('5', {})], 9)).total).toBe(9);
		expect(read(hubSpot, page([found('6', {})], 8), { cursor: '5' }).total).toBe(0);
		const last = read(hubSpot, page([], 0), { cursor: '6' });
		expect(last).toEqual({ people: [], next: '', total: 0 });
	});

	it.each<[string, object, string, string]>([
		['no list', page(undefined), '', 'holds no list of contacts'],
		['an error page', { statusCode: 200, headers: {}, body: '<html>' }, '', 'no list of contacts'],
		['no number', page([], null), '5', 'did not say how many contacts there are'],
		['nobody of many', page([]), '', 'though there are 3 contacts'],
		['nobody of those left', page([]), '5', 'no contact of 3 that are left'],
		['a refusal', { statusCode: 400, headers: {}, body: { message: 'Why' } }, '', 'says: Why'],
		['a refusal without words', { statusCode: 401, headers: {} }, '', 'Check the token'],
	])('stops the run when it is %s', (_, answered, cursor, message) => {
		expect(() => read(hubSpot, answered, { cursor })).toThrow(message);
	});
});
