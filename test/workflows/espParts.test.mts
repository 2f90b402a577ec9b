import fc from 'fast-check';

import { ESPS } from '../../scripts/workflows/esp/esps.mts';
import { paceOf } from '../../scripts/workflows/esp/pace.mts';
import { runCode } from '../support/code.mts';
import { codeText } from '../../scripts/workflows/failures.mts';

describe('what is new', () => {
	interface Change {
		contact: string;
		email?: string;
		previousEmail?: string;
		state: '' | 'active' | 'pending' | 'gone' | 'deleted' | 'absent';
		known?: boolean;
		again?: boolean;
		quiet?: boolean;
	}
	interface Remembered {
		contact: string;
		email: string;
		state: string;
	}
	interface News {
		events: Array<{ type: string; subscriber: { email: string; previous_email?: string } }>;
		remember: Remembered[];
		forget: Array<{ contact: string }>;
	}
	const whatIsNew = (changes: Change[], rows: Remembered[] = []): News =>
		runCode<News>(
			codeText('whatIsNew.js.txt').replace('ROWS', '$input.all().map(({ json }) => json)'),
			rows,
			{ 'One item per change': changes },
		)[0];
	const told = ({ events }: News) =>
		events.map(({ type, subscriber: { email, previous_email } }) =>
			[type, previous_email, email].filter(Boolean).join(' '),
		);
	const active: Remembered = { contact: '1', email: 'a@x.org', state: 'active' };
	const gone: Remembered = { ...active, state: 'gone' };

	it.each<[string, Change, Remembered[], string[]]>([
		['a sign-up', { contact: '1', email: 'a@x.org', state: 'active' }, [], ['subscribe a@x.org']],
		[
			'one that waits for its confirmation',
			{ contact: '1', email: 'a@x.org', state: 'pending' },
			[],
			[],
		],
		['the same again', { contact: '1', email: 'a@x.org', state: 'active' }, [active], []],
		['another spelling', { contact: '1', email: 'A@x.org', state: 'active' }, [active], []],
		[
			'a new address',
			{ contact: '1', email: 'b@x.org', state: 'active' },
			[active],
			['update a@x.org b@x.org'],
		],
		[
			'a new address, the state not told',
			{ contact: '1', email: 'b@x.org', state: '' },
			[active],
			['update a@x.org b@x.org'],
		],
		[
			'a new address that the ESP tells with the old one',
			{ contact: 'b@x.org', email: 'b@x.org', previousEmail: 'a@x.org', state: '' },
			[],
			['update a@x.org b@x.org'],
		],
		[
			'an unsubscribe',
			{ contact: '1', email: 'a@x.org', state: 'gone' },
			[active],
			['unsubscribe a@x.org'],
		],
		[
			'an unsubscribe with a new address',
			{ contact: '1', email: 'b@x.org', state: 'gone' },
			[active],
			['unsubscribe a@x.org'],
		],
		[
			'one who is not on the list any more',
			{ contact: '1', email: 'a@x.org', state: 'absent' },
			[active],
			['unsubscribe a@x.org'],
		],
		[
			'one who never was on the list',
			{ contact: '1', email: 'a@x.org', state: 'absent' },
			[{ ...active, state: '' }],
			[],
		],
		[
			'a new address of one who never was on the list',
			{ contact: '1', email: 'b@x.org', state: 'absent' },
			[{ ...active, state: '' }],
			[],
		],
		[
			'one found unsubscribed in a list for the first time',
			{ contact: '1', email: 'a@x.org', state: 'gone', quiet: true },
			[],
			[],
		],
		[
			'one found unsubscribed in a list, who was not',
			{ contact: '1', email: 'a@x.org', state: 'gone', quiet: true },
			[active],
			['unsubscribe a@x.org'],
		],
		['an unsubscribe twice', { contact: '1', email: 'a@x.org', state: 'gone' }, [gone], []],
		[
			'an unsubscribe of a stranger',
			{ contact: '1', email: 'a@x.org', state: 'gone' },
			[],
			['unsubscribe a@x.org'],
		],
		[
			'one who comes back',
			{ contact: '1', email: 'a@x.org', state: 'active' },
			[gone],
			['subscribe a@x.org'],
		],
		[
			'one who comes back with a new address',
			{ contact: '1', email: 'b@x.org', state: 'active' },
			[gone],
			['update a@x.org b@x.org', 'subscribe b@x.org'],
		],
		[
			'a new address of one who has left',
			{ contact: '1', email: 'b@x.org', state: '' },
			[gone],
			[],
		],
		[
			'a deletion without the address',
			{ contact: '1', state: 'deleted' },
			[active],
			['unsubscribe a@x.org'],
		],
		['a deletion of nobody we know', { contact: '1', state: 'deleted' }, [], []],
		[
			'a contact that SparkLoop knows already',
			{ contact: '1', email: 'a@x.org', state: 'active', known: true },
			[],
			[],
		],
		[
			'the same, who left and comes back',
			{ contact: '1', email: 'a@x.org', state: 'active', known: true },
			[gone],
			['subscribe a@x.org'],
		],
		[
			'a sign-up fetched once more, of one who has left since',
			{ contact: '1', email: 'a@x.org', state: 'active', again: true },
			[gone],
			[],
		],
		['a change of something else', { contact: '1', email: 'a@x.org', state: '' }, [], []],
	])('of %s', (_, change, rows, expected) => {
		expect(told(whatIsNew([change], rows))).toEqual(expected);
	});

	it('keeps who was who when somebody leaves, changes the address and comes back', () => {
		const steps: Change[] = [
			{ contact: '1', email: 'b@x.org', state: 'gone' },
			{ contact: '1', email: 'c@x.org', state: '' },
			{ contact: '1', email: 'd@x.org', state: 'active' },
		];
		expect(told(whatIsNew(steps, [active]))).toEqual([
			'unsubscribe a@x.org',
			'update a@x.org d@x.org',
			'subscribe d@x.org',
		]);
	});

	it('remembers what was told, and forgets who was deleted', () => {
		expect(whatIsNew([{ contact: '1', email: 'b@x.org', state: '' }], [active])).toMatchObject({
			remember: [{ contact: '1', email: 'b@x.org', state: 'active' }],
			forget: [],
		});
		expect(whatIsNew([{ contact: '1', state: 'deleted' }], [active])).toMatchObject({
			remember: [],
			forget: [{ contact: '1' }],
		});
	});

	const change = fc.record<Change>({
		contact: fc.constantFrom('1', '2'),
		email: fc.constantFrom('a@x.org', 'b@x.org', 'c@x.org'),
		state: fc.constantFrom('', 'active', 'pending', 'gone', 'deleted', 'absent'),
	});
	const after = (rows: Remembered[], { remember, forget }: News): Remembered[] => {
		const kept = rows.filter(
			({ contact }) => ![...remember, ...forget].some((one) => one.contact === contact),
		);
		return [...kept, ...remember];
	};

	it('tells the same whether changes come together or one by one', () => {
		fc.assert(
			fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
				const together = whatIsNew(changes);
				let rows: Remembered[] = [];
				const oneByOne = changes.flatMap((one) => {
					const news = whatIsNew([one], rows);
					rows = after(rows, news);
					return news.events;
				});
				expect(oneByOne).toEqual(together.events);
				const sorted = (list: Remembered[]) =>
					[...list].sort((one, other) => one.contact.localeCompare(other.contact));
				expect(sorted(after([], together))).toEqual(sorted(rows));
			}),
		);
	});

	it('tells nothing when everything is told again, and leaves SparkLoop with what the ESP has', () => {
		fc.assert(
			fc.property(fc.array(change, { maxLength: 8 }), (changes) => {
				// One person has one contact here: an address that two contacts have in turn is another story.
				const mine = changes
					.filter(({ contact }) => contact === '1')
					.map((one) => (one.state === '' ? { ...one, state: 'active' as const } : one));
				const subscribers = new Set<string>();
				const news = whatIsNew(mine);
				for (const { type, subscriber } of news.events) {
					if (subscriber.previous_email) subscribers.delete(subscriber.previous_email);
					if (type === 'unsubscribe') subscribers.delete(subscriber.email);
					else subscribers.add(subscriber.email);
				}
				const last = mine.filter(({ state }) => state !== 'pending').at(-1);
				expect([...subscribers]).toEqual(last?.state === 'active' ? [last.email] : []);
				if (last && last.state !== 'deleted')
					expect(whatIsNew([last], after([], news)).events).toEqual([]);
			}),
		);
	});
});

describe('the pace of a flow', () => {
	const most = ({ shares, pause }: ReturnType<typeof paceOf>, per: number, perContact: number) =>
		shares * (Math.floor(per / pause) + 1) * perContact;

	it('stays below any limit, however the requests fall', () => {
		const limit = fc.record({
			requests: fc.integer({ min: 10, max: 10_000 }),
			per: fc.constantFrom(1_000, 10_000, 60_000),
			perContact: fc.integer({ min: 1, max: 4 }),
		});
		fc.assert(
			fc.property(limit, ({ requests, per, perContact }) => {
				expect(most(paceOf({ requests, per, perContact }), per, perContact)).toBeLessThanOrEqual(
					requests,
				);
			}),
		);
	});

	it('says so when a limit allows nothing', () => {
		expect(() => paceOf({ requests: 1, per: 1_000, perContact: 2 })).toThrow('No pace');
	});

	it.each(
		Object.entries(ESPS).flatMap(([file, { rateLimit }]) =>
			rateLimit ? [[file, rateLimit] as const] : [],
		),
	)('of %s lets a burst of 1,000 through within an hour', (_, limit) => {
		const { shares, pause } = paceOf(limit);
		expect((1_000 / shares) * (pause + 300)).toBeLessThan(3_600_000);
	});
});
