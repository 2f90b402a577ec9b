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
		when?: number | string | null;
	}
	interface Remembered {
		contact: string;
		email: string;
		state: string;
		at?: number | string | null;
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

	describe('when it happened', () => {
		/** 2026-01-01T00:00:20Z. */
		const SECONDS = 1_767_225_620;
		const AT = SECONDS * 1000;
		const left: Remembered = { ...gone, at: AT };
		const signUp: Change = { contact: '1', email: 'a@x.org', state: 'active' };

		it.each<[string, Change['when'], Remembered['at'], boolean]>([
			['older', SECONDS - 1, AT, false],
			['older, as a text', '2026-01-01T00:00:19.999Z', AT, false],
			['older, in another time zone', '2026-01-01T01:00:19+01:00', AT, false],
			['older than a row that n8n gives as text', SECONDS - 1, String(AT), false],
			['equal', SECONDS, AT, true],
			['equal, as a text', '2026-01-01T00:00:20.000000Z', String(AT), true],
			['newer', SECONDS + 1, AT, true],
			['not told', undefined, AT, true],
			['told as null', null, AT, true],
			['no time', 'soon', AT, true],
			['older than nothing', 1, undefined, true],
			['older than null', 1, null, true],
		])('%s: %j after %j', (_, when, at, isTold) => {
			const { events, remember } = whatIsNew([{ ...signUp, when }], [{ ...left, at }]);
			expect(events).toHaveLength(isTold ? 1 : 0);
			expect(remember).toHaveLength(isTold ? 1 : 0);
		});

		it('tells no old address as a new one', () => {
			const row: Remembered = { contact: '1', email: 'b@x.org', state: 'active', at: AT };
			const late: Change = { ...signUp, when: SECONDS - 5 };
			expect(whatIsNew([late, { ...late, state: '' }], [row])).toEqual({
				events: [],
				remember: [],
				forget: [],
			});
		});

		it('passes over a deletion that is older', () => {
			const late: Change = { contact: '1', state: 'deleted', when: SECONDS - 5 };
			expect(whatIsNew([late], [{ ...active, at: AT }])).toMatchObject({ events: [], forget: [] });
		});

		it('remembers milliseconds, and keeps them when a change does not tell', () => {
			const [{ at }] = whatIsNew([{ ...signUp, when: SECONDS }]).remember;
			expect(at).toBe(AT);
			const moved: Change = { contact: '1', email: 'b@x.org', state: '' };
			const { remember } = whatIsNew([moved], [{ ...active, at: String(AT) }]);
			expect(remember).toEqual([{ contact: '1', email: 'b@x.org', state: 'active', at: AT }]);
			expect(whatIsNew([moved], [{ ...active, at: null }]).remember[0].at).toBeUndefined();
		});

		it('writes nothing for an echo, but with what is written anyway its time', () => {
			const echo: Change = { ...signUp, when: SECONDS + 5 };
			expect(whatIsNew([echo], [{ ...active, at: AT }]).remember).toEqual([]);
			expect(whatIsNew([echo], [active]).remember).toEqual([]);
			expect(whatIsNew([{ ...signUp, when: SECONDS }, echo]).remember).toEqual([
				{ ...active, at: AT + 5_000 },
			]);
		});

		it('compares within a batch too, with an echo as well', () => {
			const echo: Change = { ...signUp, when: SECONDS + 9 };
			const late: Change = { ...signUp, state: 'gone', when: SECONDS + 5 };
			expect(whatIsNew([echo, late], [{ ...active, at: AT }]).events).toEqual([]);
		});

		it('has nothing to compare with once somebody is forgotten', () => {
			const steps: Change[] = [
				{ contact: '1', state: 'deleted', when: SECONDS + 5 },
				{ ...signUp, when: SECONDS + 4 },
			];
			expect(told(whatIsNew(steps, [{ ...active, at: AT }]))).toEqual([
				'unsubscribe a@x.org',
				'subscribe a@x.org',
			]);
		});

		/** Of one contact, at distinct times in any order. */
		const reports = fc.uniqueArray(
			fc.record({
				contact: fc.constant('1'),
				email: fc.constantFrom('a@x.org', 'b@x.org'),
				state: fc.constantFrom<Array<Change['state']>>('active', 'gone', 'absent', 'pending'),
				when: fc.integer({ min: SECONDS, max: SECONDS + 20 }),
			}),
			{ maxLength: 8, selector: ({ when }) => when },
		);
		const newestOf = <T extends { state: string; when: number }>(list: T[]): T | undefined =>
			list
				.filter(({ state }) => state !== 'pending')
				.sort((one, other) => one.when - other.when)
				.at(-1);

		it('leaves what happened last, in whichever order it is told', () => {
			fc.assert(
				fc.property(reports, (changes) => {
					const newest = newestOf(changes);
					const [row] = whatIsNew(changes).remember;
					expect(row?.at).toBe(newest && newest.when * 1000);
					expect(row?.state === 'active').toBe(newest?.state === 'active');
					if (newest?.state === 'active') expect(row.email).toBe(newest.email);
				}),
			);
		});

		it('does so one by one too, unless an echo came first, whose time is not kept', () => {
			fc.assert(
				fc.property(reports, (changes) => {
					let rows: Remembered[] = [];
					const kept = changes.filter((one) => {
						const before = rows;
						const news = whatIsNew([one], rows);
						rows = after(rows, news);
						// What is older is passed over, whatever it is.
						if (one.when * 1000 < Number(before[0]?.at)) expect(news.remember).toEqual([]);
						expect(news.remember.length > 0 || news.events.length === 0).toBe(true);
						return news.remember.length > 0 || one.when * 1000 < Number(before[0]?.at);
					});
					const newest = newestOf(kept);
					expect(rows[0]?.at).toBe(newest && newest.when * 1000);
					expect(rows[0]?.state === 'active').toBe(newest?.state === 'active');
				}),
			);
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
