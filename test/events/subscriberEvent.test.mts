import fc from 'fast-check';

import { isEmail, withoutEmails } from '../../nodes/SparkLoop/events/email';
import { subscriberEvent } from '../../nodes/SparkLoop/events/subscriberEvent';
import { email } from '../support/arbitraries.mts';
import { sample } from '../support/samples.mts';

describe('what SparkLoop is told', () => {
	it('is the payload of its article, for a sign-up', () => {
		const entered = {
			email: ' john.doe@email.com ',
			id: 123,
			firstName: 'John',
			name: 'John Doe',
			at: 1564400550,
		};
		expect(subscriberEvent('subscribe', entered, 'UTC')).toEqual({
			event: sample('toSparkLoop/subscribe'),
		});
	});

	it('is the payload of its article, for a new address', () => {
		const entered = {
			email: 'john.doe@email.com',
			previousEmail: 'john.doe.previous@email.com',
			firstName: 'John',
			name: 'John Doe',
			at: '2019-07-29T11:42:30Z',
		};
		expect(subscriberEvent('update', entered, 'UTC')).toEqual({
			event: sample('toSparkLoop/update'),
		});
	});

	it('is the payload of its article, for an unsubscribe', () => {
		expect(subscriberEvent('unsubscribe', { email: 'john.doe@email.com' }, 'UTC')).toEqual({
			event: sample('toSparkLoop/unsubscribe'),
		});
	});

	it('holds nothing that was left blank', () => {
		const entered = { email: 'a@b.co', id: ' ', firstName: '', name: null, at: undefined };
		expect(subscriberEvent('subscribe', entered, 'UTC')).toEqual({
			event: { type: 'subscribe', subscriber: { email: 'a@b.co' } },
		});
	});
});

describe('what cannot be sent', () => {
	const problems = (...args: Parameters<typeof subscriberEvent>) => {
		const built = subscriberEvent(...args);
		return 'problems' in built ? built.problems.map(({ field, what }) => `${field} ${what}`) : [];
	};

	it.each([
		[undefined, 'email is missing'],
		['', 'email is missing'],
		['   ', 'email is missing'],
		['john', 'email is not one email address'],
		['a@b.co, c@d.co', 'email is not one email address'],
		['John <a@b.co>', 'email is not one email address'],
		['a@b', 'email is not one email address'],
		[{ email: 'a@b.co' }, 'email is not one email address'],
		[12, 'email is not one email address'],
	])('an unsubscribe of %j: %s', (value, message) => {
		expect(problems('unsubscribe', { email: value }, 'UTC')).toEqual([message]);
	});

	it('reports every problem at once, and repeats no value', () => {
		const entered = { email: 'secret-person', previousEmail: '', name: ['x'], at: 'yesterday' };
		const built = subscriberEvent('update', entered, 'UTC');
		expect(problems('update', entered, 'UTC')).toEqual([
			'email is not one email address',
			'name is not text',
			'at cannot be read as a date',
			'previousEmail is missing',
		]);
		expect(JSON.stringify(built)).not.toMatch(/secret-person|yesterday/);
	});

	it.each([
		['a@b.co', 'a@b.co'],
		['Ann@b.co', 'ann@B.co'],
	])('a change from %s to %s', (before, after) => {
		expect(problems('update', { email: after, previousEmail: before }, 'UTC')).toEqual([
			"previousEmail is the same as 'Email'",
		]);
	});

	it('refuses nothing but what has a problem, whatever is entered', () => {
		fc.assert(
			fc.property(
				fc.constantFrom('subscribe' as const, 'update' as const, 'unsubscribe' as const),
				fc.anything(),
				fc.anything(),
				fc.anything(),
				fc.anything(),
				(type, address, previousEmail, id, at) => {
					const built = subscriberEvent(type, { email: address, previousEmail, id, at }, 'UTC');
					if ('problems' in built) expect(built.problems.length).toBeGreaterThan(0);
					else expect(isEmail(built.event.subscriber.email)).toBe(true);
				},
			),
			{ numRuns: 5_000 },
		);
	});
});

describe('an e-mail address', () => {
	it.each(['a@b.co', "o'neil+tag/x@sub.example.com", 'jörg@müller.de', 'x_y-z@a-b.io'])(
		'is %s',
		(text) => expect(isEmail(text)).toBe(true),
	);
	it.each(['', '@b.co', 'a@', 'a@b..co', 'a@-b.co', 'a b@c.co', 'a@b.c', `${'a'.repeat(65)}@b.co`])(
		'is not %s',
		(text) => expect(isEmail(text)).toBe(false),
	);
	it('leaves only its domain in messages', () => {
		expect(withoutEmails('No john.doe@email.com here')).toBe('No …@email.com here');
		expect(withoutEmails('PUT /subscribers/john%2Bx%40email.com')).toBe('PUT …@email.com');
		fc.assert(
			fc.property(email, fc.constantFrom('"', ' ', ':', '<'), (address, before) => {
				const text = withoutEmails(`${before}${address}${before}`);
				expect(text).not.toContain(address);
				expect(text).toContain(`@${address.split('@')[1]}`);
			}),
		);
	});
});
