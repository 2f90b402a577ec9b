import fc from 'fast-check';

import { CHECKPOINT } from '../../scripts/workflows/importing.mts';
import { runCodeFile } from '../support/code.mts';

interface Person {
	contact: string;
	email: string;
	referrer: string;
	state: string;
}
interface Chosen {
	active: Person[];
	read: number;
	skipped: number;
	cursor: string;
	within: string;
	isLast: boolean;
	total: number;
}
const MINUTE = 60_000;
const SETTINGS = {
	perMinute: 120,
	minute: MINUTE,
	atOnce: 100,
	leaseFor: 240_000,
	runFor: 180_000,
	giveUpAfter: 10,
	whenAllAreRefused: 'stop',
};
const ROW = {
	...{ done: 0, imported: 0, alreadyThere: 0, refused: 0, skipped: 0, total: 0, tries: 0 },
	...{ cursor: '', within: '' },
};
type Counts = Omit<typeof ROW, 'cursor' | 'within'>;

const person = (number: number, more: Partial<Person> = {}): Person => ({
	contact: String(number),
	email: `p${number}@example.com`,
	referrer: '',
	state: 'active',
	...more,
});
const people = (count: number, from = 1) =>
	Array.from({ length: count }, (_, index) => person(from + index));

describe('choosing whom to import', () => {
	const choose = (
		page: { people: Person[]; next: string; total: number },
		row: Partial<typeof ROW> = {},
		settings: Partial<typeof SETTINGS> = {},
	) =>
		runCodeFile<Chosen>('chooseWhom.js.txt', [page], {
			Settings: [{ ...SETTINGS, ...settings }],
			'From here': [{ ...ROW, ...row }],
		})[0];

	it('takes who is subscribed, and goes on with the next page', () => {
		const page = [person(1), person(2, { state: 'gone' }), person(3, { state: 'pending' })];
		expect(choose({ people: page, next: '3', total: 9 })).toEqual({
			active: [page[0]],
			read: 3,
			skipped: 2,
			cursor: '3',
			within: '',
			isLast: false,
			total: 9,
		});
	});

	it('ends with the page that has no next', () => {
		expect(choose({ people: people(2), next: '', total: 2 })).toMatchObject({ isLast: true });
		expect(choose({ people: [], next: '', total: 0 })).toMatchObject({ read: 0, isLast: true });
	});

	it('takes no more at once than a minute allows', () => {
		const page = { people: people(250), next: '', total: 250 };
		expect(choose(page).active).toHaveLength(100);
		expect(choose(page, {}, { perMinute: 20 }).active).toHaveLength(20);
		expect(choose(page, {}, { perMinute: 0.5 }).active).toHaveLength(1);
	});

	it('does a page again at which it was left by somebody who is gone', () => {
		const page = { people: people(3), next: '', total: 3 };
		expect(choose(page, { within: '9' }).active).toHaveLength(3);
	});

	it('reads everybody once, in order, whatever the pages', () => {
		const state = fc.constantFrom('active', 'gone', 'pending');
		fc.assert(
			fc.property(
				fc.array(state, { maxLength: 40 }),
				fc.integer({ min: 1, max: 12 }),
				fc.integer({ min: 1, max: 5 }),
				(states, pageSize, atOnce) => {
					const all = states.map((one, index) => person(index + 1, { state: one }));
					const pageAt = (cursor: string) => {
						const after = Number(cursor);
						const page = all.slice(after, after + pageSize);
						const next = after + pageSize < all.length ? String(after + pageSize) : '';
						return { people: page, next, total: all.length };
					};
					const taken: Person[] = [];
					let read = 0;
					let skipped = 0;
					let at = { cursor: '', within: '' };
					for (let passes = 0; ; passes += 1) {
						expect(passes).toBeLessThan(200);
						const chosen = choose(pageAt(at.cursor), at, { atOnce });
						expect(chosen.active.length).toBeLessThanOrEqual(atOnce);
						taken.push(...chosen.active);
						read += chosen.read;
						skipped += chosen.skipped;
						at = chosen;
						if (chosen.isLast) break;
					}
					expect(taken).toEqual(all.filter((one) => one.state === 'active'));
					expect([read, skipped]).toEqual([all.length, all.length - taken.length]);
				},
			),
		);
	});
});

type Outcome = { result: string } | { error: string; details?: object };
const imported: Outcome = { result: 'imported' };
const there: Outcome = { result: 'alreadyThere' };
const failed = (details: object, error = 'No [item 3]'): Outcome => ({
	error,
	details: { payload: {}, attempts: 1, lastStatus: 503, retry: true, advice: 'Wait.', ...details },
});
const badRow = failed({ payload: null, attempts: 0, lastStatus: null, retry: false });
const refused = (lastStatus: number) => failed({ lastStatus, retry: false });

interface Checkpoint extends Counts {
	cursor: string;
	within: string;
	state: string;
	progress: string;
	problem: string;
	peopleAMinute: number;
	heldUntil: number;
	refusals: Array<{ contact: string; email: string; reason: string }>;
	goesOn: boolean;
}

/** What the row says after these outcomes. */
function checkOff(
	outcomes: Outcome[],
	{
		row = {} as Partial<typeof ROW>,
		before = row as Partial<typeof ROW>,
		chosen = {} as Partial<Chosen>,
		settings = {} as Partial<typeof SETTINGS>,
		ranFor = 1_000,
	} = {},
): Checkpoint {
	const active = chosen.active ?? people(outcomes.length);
	const [checkpoint] = runCodeFile<Checkpoint>('checkOff.js.txt', outcomes, {
		Settings: [{ ...SETTINGS, ...settings, startedAt: Date.now() - ranFor }],
		'From here': [{ ...ROW, ...row }],
		'Take the lease': [{ ...ROW, ...before }],
		'Choose whom to import': [
			{
				...{ active, read: active.length, skipped: 0, cursor: '100', within: '' },
				...{ isLast: false, total: 1000, ...chosen },
			},
		],
	});
	return checkpoint;
}

describe('checking them off', () => {
	it('writes every column of a checkpoint', () => {
		expect(Object.keys(checkOff([imported]))).toEqual(expect.arrayContaining([...CHECKPOINT]));
	});

	it('counts each of them once', () => {
		const row = { done: 10, imported: 5, alreadyThere: 3, refused: 1, skipped: 1 };
		const chosen = { read: 7, skipped: 3, active: people(4) };
		expect(checkOff([imported, there, badRow, imported], { row, chosen })).toMatchObject({
			...{ done: 17, imported: 7, alreadyThere: 4, refused: 2, skipped: 4, total: 1000 },
			...{ cursor: '100', problem: '', tries: 0, state: 'running', goesOn: true },
		});
	});

	it.each([
		['whose row cannot be used', badRow],
		['whom SparkLoop calls invalid', refused(400)],
		['whom it calls a conflict', refused(409)],
		['whom it cannot process', refused(422)],
	])('writes down who is refused, %s, and goes on', (_, outcome) => {
		const { refusals, problem } = checkOff([imported, outcome]);
		expect(problem).toBe('');
		expect(refusals).toEqual([{ contact: '2', email: 'p2@example.com', reason: 'No. Wait.' }]);
	});

	it('takes an unknown address for a mistake of the person, an unknown place for one of everybody', () => {
		const active = [person(1), person(2, { referrer: 'who@example.com' })];
		const chosen = { active };
		expect(checkOff([imported, refused(404)], { chosen })).toMatchObject({ refused: 1 });
		expect(checkOff([refused(404), imported], { chosen })).toMatchObject({ refused: 0, tries: 1 });
		const withCode = { active: [person(1), person(2, { referrer: 'f9464199' })] };
		expect(checkOff([imported, refused(404)], { chosen: withCode })).toMatchObject({ tries: 1 });
	});

	it.each([
		['SparkLoop is down', failed({})],
		['it asks to wait', failed({ lastStatus: 429 })],
		['there is no answer', failed({ lastStatus: null })],
		['the key is wrong', refused(401)],
		['it is not allowed', refused(403)],
		['the address is wrong', refused(302)],
		['there is no credential', failed({ attempts: 0, lastStatus: null })],
		['n8n itself fails', { error: 'Out of memory' }],
	])('leaves everything as it was when %s', (_, outcome) => {
		const row = { done: 10, imported: 10, cursor: '7', within: '9', tries: 2 };
		const { problem, ...kept } = checkOff([imported, outcome, badRow], { row });
		expect(kept).toMatchObject({ ...row, tries: 3, state: 'waiting', heldUntil: 0, refusals: [] });
		expect(problem).toMatch(/^1 of 3 people could not be imported\. /);
		expect(kept.goesOn).toBe(false);
	});

	it('says first what concerns everybody', () => {
		const trouble = { error: 'Refused [item 1]', details: { retry: false, lastStatus: 401 } };
		expect(checkOff([failed({}), trouble]).problem).toBe(
			'2 of 2 people could not be imported. Refused.',
		);
	});

	it('leaves the lease for as long as SparkLoop asks to wait', () => {
		const { heldUntil } = checkOff([failed({ retryAfter: 30 })]);
		expect(heldUntil - Date.now()).toBeGreaterThan(29_000);
		expect(heldUntil - Date.now()).toBeLessThanOrEqual(30_000);
	});

	it('gives somebody up for whom SparkLoop fails ten runs in a row, and who waits behind them', () => {
		const row = { tries: 10 };
		const behind = failed({ attempts: 0, lastStatus: null });
		expect(checkOff([imported, failed({}), behind], { row })).toMatchObject({
			...{ refused: 2, imported: 1, problem: '', tries: 0 },
		});
		expect(checkOff([imported, failed({})], { row: { tries: 9 } })).toMatchObject({ refused: 0 });
		// Nobody gets through: that is SparkLoop.
		expect(checkOff([failed({}), failed({})], { row })).toMatchObject({ refused: 0, tries: 11 });
		const noAnswer = failed({ lastStatus: null });
		expect(checkOff([imported, noAnswer], { row })).toMatchObject({ refused: 0, tries: 11 });
	});

	it('stops when all of ten and more are refused, unless told to go on', () => {
		const all = Array.from({ length: 10 }, () => badRow);
		expect(checkOff(all)).toMatchObject({ refused: 0, refusals: [], state: 'waiting' });
		expect(checkOff(all).problem).toMatch(/^all of 10 people were refused/);
		expect(checkOff(all.slice(1))).toMatchObject({ refused: 9, problem: '' });
		expect(checkOff([...all, there])).toMatchObject({ refused: 10, problem: '' });
		const settings = { whenAllAreRefused: 'go on' };
		expect(checkOff(all, { settings })).toMatchObject({ refused: 10, problem: '' });
	});

	it('stops when the outcome of somebody is missing', () => {
		expect(checkOff([imported], { chosen: { active: people(2) } })).toMatchObject({ tries: 1 });
	});

	it('renews the lease while there is time, and gives it back after', () => {
		const { heldUntil } = checkOff([imported]);
		expect(heldUntil - Date.now()).toBeGreaterThan(SETTINGS.leaseFor - 1_000);
		expect(checkOff([imported], { ranFor: SETTINGS.runFor })).toMatchObject({
			...{ goesOn: false, heldUntil: 0, state: 'waiting', done: 1 },
		});
	});

	it('is done after the last', () => {
		const row = { done: 1999, imported: 1500, skipped: 499 };
		const chosen = { isLast: true, cursor: '', total: 2100 };
		expect(checkOff([there], { row, chosen })).toMatchObject({
			...{ state: 'done', goesOn: false, heldUntil: 0, total: 2000 },
			progress:
				'Done: 2,000 people read, 1,500 imported, 1 already there, 0 refused, 499 not subscribed',
		});
		const nobody = { active: [], read: 5, skipped: 5, isLast: true, cursor: '' };
		expect(checkOff([{ result: 'not one of them' }], { chosen: nobody })).toMatchObject({
			...{ state: 'done', done: 5, skipped: 5, imported: 0 },
		});
	});

	it('never loses count', () => {
		const outcome = fc.constantFrom(
			imported,
			there,
			badRow,
			refused(400),
			failed({}),
			refused(401),
		);
		const sum = ({ imported: one, alreadyThere, refused: two, skipped }: Counts) =>
			one + alreadyThere + two + skipped;
		fc.assert(
			fc.property(
				fc.array(outcome, { maxLength: 15 }),
				fc.nat(20),
				fc.nat(12),
				(outcomes, skipped, tries) => {
					const chosen = {
						read: outcomes.length + skipped,
						skipped,
						active: people(outcomes.length),
					};
					const row = {
						done: 100,
						imported: 40,
						alreadyThere: 30,
						refused: 20,
						skipped: 10,
						tries,
					};
					const after = checkOff(outcomes, { row, chosen });
					expect(sum(after)).toBe(after.done);
					expect(after.done).toBe(after.problem === '' ? 100 + chosen.read : 100);
					expect(after.refusals).toHaveLength(after.refused - 20);
				},
			),
		);
	});
});

describe('the progress', () => {
	const tell = (
		row: Partial<typeof ROW>,
		{ total = 10_000, ranFor = 1_000, before = {} as Partial<typeof ROW>, perMinute = 120 } = {},
	) =>
		checkOff([imported], {
			row: { ...row, done: (row.done ?? 0) - 1, imported: (row.imported ?? 0) - 1 },
			before,
			ranFor,
			chosen: { total },
			settings: { perMinute },
		});

	it('tells how far it is and how long it takes, at the pace that was set until another is known', () => {
		expect(tell({ done: 4200, imported: 4200 }).progress).toBe(
			'4,200 of 10,000 (42 %), about 48 minutes left',
		);
		expect(tell({ done: 4200, imported: 4200 }, { perMinute: 10 }).progress).toMatch(
			/about 10 hours/,
		);
		expect(tell({ done: 9990, imported: 9990 }).progress).toMatch(/less than a minute left$/);
		expect(tell({ done: 9850, imported: 9850 }).progress).toMatch(/about a minute left$/);
	});

	it('takes the pace that it has reached, and who needs no call, into account', () => {
		const before = { done: 4000, imported: 4000 };
		const slow = tell({ done: 4200, imported: 4200 }, { before, ranFor: 2 * MINUTE });
		expect(slow).toMatchObject({
			progress: '4,200 of 10,000 (42 %), about 58 minutes left',
			peopleAMinute: 100,
		});
		const half = tell(
			{ done: 4000, imported: 2000, skipped: 2000 },
			{ before: { done: 3600, imported: 1800 }, ranFor: 2 * MINUTE },
		);
		expect(half).toMatchObject({
			progress: '4,000 of 10,000 (40 %), about 30 minutes left',
			peopleAMinute: 200,
		});
	});

	it('takes the calls with which a run begins for no pace', () => {
		const before = { done: 4000, imported: 4000 };
		const { peopleAMinute } = tell(
			{ done: 4240, imported: 4240 },
			{ before, ranFor: 1.2 * MINUTE },
		);
		expect(peopleAMinute).toBe(120);
	});

	it('does without a total, and with one that is too small', () => {
		expect(tell({ done: 4200, imported: 4200 }, { total: 0 }).progress).toBe(
			'4,200 so far; how many there are is not known',
		);
		expect(tell({ done: 4200, imported: 4200 }, { total: 4000 }).progress).toMatch(
			/^4,200 of 4,200 \(100 %\)/,
		);
	});

	it('is always a sentence', () => {
		fc.assert(
			fc.property(
				fc.integer({ min: 1, max: 1_000_000 }),
				fc.nat(1_000_000),
				fc.nat(300_000),
				(done, total, ranFor) => {
					expect(tell({ done, imported: done }, { total, ranFor }).progress).toMatch(
						/^[\d,]+ (of [\d,]+ \(\d{1,3} %\), (less than a minute|about (a minute|\d+ (minutes|hours))) left|so far; how many there are is not known)$/,
					);
				},
			),
		);
	});
});
