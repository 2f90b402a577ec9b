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

	it('keeps the case of an address, and takes blanks away from every text', () => {
		const entered = { email: ' Ann@B.co', id: ' 7 ', firstName: ' Ann ', name: ' Ann Lee ' };
		expect(subscriberEvent('subscribe', entered, 'UTC')).toEqual({
			event: {
				type: 'subscribe',
				subscriber: { email: 'Ann@B.co', id: '7', first_name: 'Ann', name: 'Ann Lee' },
			},
		});
		expect(subscriberEvent('unsubscribe', { email: ' Ann@B.co' }, 'UTC')).toEqual({
			event: { type: 'unsubscribe', subscriber: { email: 'Ann@B.co' } },
		});
	});

	it('takes a number for a name as text, and leaves a number for an ID as it is', () => {
		const entered = { email: 'a@b.co', id: 0, firstName: 5, name: 6 };
		expect(subscriberEvent('subscribe', entered, 'UTC')).toEqual({
			event: {
				type: 'subscribe',
				subscriber: { email: 'a@b.co', id: 0, first_name: '5', name: '6' },
			},
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
		[['a@b.co'], 'email is not one email address'],
		[null, 'email is missing'],
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
		[{ id: {} }, 'id is neither text nor a number'],
		[{ id: Number.NaN }, 'id is neither text nor a number'],
		[{ id: true }, 'id is neither text nor a number'],
		[{ firstName: {} }, 'firstName is not text'],
		[{ name: true }, 'name is not text'],
	])('a sign-up with %j: %s', (entered, message) => {
		expect(problems('subscribe', { email: 'a@b.co', ...entered }, 'UTC')).toEqual([message]);
	});

	it('a change between two blank addresses: both are missing, and that is all', () => {
		expect(problems('update', { email: '', previousEmail: ' ' }, 'UTC')).toEqual([
			'email is missing',
			'previousEmail is missing',
		]);
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
	const long = (length: number) => 'a'.repeat(length);
	/** An address of that length whose parts are all within their own limits. */
	const ofLength = (length: number) =>
		`${long(64)}@${long(63)}.${long(63)}.${long(length - 64 - 1 - 63 - 1 - 63 - 1 - 3)}.co`;

	it.each([
		'a@b.co',
		"o'neil+tag/x@sub.example.com",
		'jörg@müller.de',
		'info@उदाहरण.भारत',
		'a@b.xn--p1ai',
		'x_y-z@a-b.io',
		`${long(64)}@b.co`,
		`a@${long(63)}.co`,
		`a@b.${long(63)}`,
		ofLength(254),
	])('is %s', (text) => expect(isEmail(text)).toBe(true));
	it.each([
		'',
		'@b.co',
		'a@',
		'a@b..co',
		'a@-b.co',
		'a@b-.co',
		'a b@c.co',
		'a@b.c',
		'a@b.--',
		'a@b.co-',
		`${long(65)}@b.co`,
		`a@${long(64)}.co`,
		`a@b.${long(64)}`,
		ofLength(255),
		...[...'@,;<>"()[]\\'].map((special) => `a${special}b@c.co`),
	])('is not %s', (text) => expect(isEmail(text)).toBe(false));
	it.each([
		['a control character', 'a\u0000@b.co'],
		['a blank without width', '\u200ba@b.co'],
		['half a character, which no URL can carry', '\ud800a@b.co'],
	])('holds no %s', (_, text) => expect(isEmail(text)).toBe(false));
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
	it('is taken out wherever it stands, and nothing else', () => {
		const around = fc.constantFrom(...' \n"<>:;,(){}[]=');
		fc.assert(
			fc.property(email, email, around, (one, two, mark) => {
				const text = (a: string, b: string) => `said${mark}${a}${mark}and${mark}${b}${mark}end`;
				const domain = (address: string) => `…@${address.split('@')[1]}`;
				expect(withoutEmails(text(one, two))).toBe(text(domain(one), domain(two)));
				const encoded = text(encodeURIComponent(one), encodeURIComponent(two));
				expect(withoutEmails(encoded)).toBe(text(domain(one), domain(two)));
			}),
		);
	});
	it('is looked for in a long answer without blanks without keeping n8n busy', () => {
		const begin = performance.now();
		expect(withoutEmails('x'.repeat(100_000))).toHaveLength(100_000);
		expect(performance.now() - begin).toBeLessThan(2_000);
	});
});
