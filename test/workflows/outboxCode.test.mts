import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import path from 'node:path';

interface Row {
	id: number;
	person: string;
	due: number;
	attempts: number;
	createdAt: string;
}

const FOLDER = path.join(import.meta.dirname, '..', '..', 'scripts/workflows/code');
const SETTINGS = {
	pageSize: 3,
	minute: 60_000,
	longestPause: 86_400_000,
	keptFor: 31 * 86_400_000,
	startedAt: Date.now(),
	runFor: 600_000,
};

/** Runs the code of one of the outbox's Code nodes as n8n does. @param nodes what other nodes put out */
function runCode(file: string, input: object[], nodes: Record<string, object[]>): object[] {
	const items = (list: object[]) => list.map((json, item) => ({ json, pairedItem: { item } }));
	const output = (list: object[]) => ({
		all: () => items(list),
		first: () => items(list)[0],
		last: () => items(list).at(-1),
	});
	const code = readFileSync(path.join(FOLDER, file), 'utf8');
	const run = new Function('$input', '$', '$runIndex', code) as (
		...args: unknown[]
	) => Array<{ json: object }>;
	const all: Record<string, object[]> = { Settings: [SETTINGS], ...nodes };
	return run(output(input), (name: string) => output(all[name]), 0).map(({ json }) => json);
}

const row = (id: number, people: string[], due = 0): Row => ({
	id,
	person: ` ${people.join(' ')} `,
	due,
	attempts: 0,
	createdAt: new Date().toISOString(),
});
const LATER = Number.MAX_SAFE_INTEGER;

describe('choosing what is due', () => {
	const choose = (rows: object[], met: string[] = []) =>
		runCode('chooseDue.js.txt', rows, { 'Read from here': [{ after: 0, met }] })[0] as {
			due: Row[];
			met: string[];
			after: number;
			more: boolean;
		};

	it('takes what is due, and leaves what is not', () => {
		const chosen = choose([row(1, ['a']), row(2, ['b'], LATER)]);
		expect(chosen).toMatchObject({ due: [{ id: 1 }], after: 2, more: false });
	});

	it('says that there is more when the page is full', () => {
		expect(choose([1, 2, 3].map((id) => row(id, [String(id)]))).more).toBe(true);
	});

	it('leaves the rest to the next run when there is no time for another page', () => {
		const rows = [1, 2, 3].map((id) => row(id, [String(id)]));
		const late = { ...SETTINGS, startedAt: Date.now() - SETTINGS.runFor };
		const [chosen] = runCode('chooseDue.js.txt', rows, {
			'Read from here': [{ after: 0, met: [] }],
			Settings: [late],
		});
		expect(chosen).toMatchObject({ due: [{ id: 1 }, { id: 2 }, { id: 3 }], more: false });
	});

	it('makes nothing of an empty page', () => {
		expect(choose([{}])).toEqual({ due: [], met: [], after: 0, more: false });
	});

	it('lets nobody overtake: not directly, not through a changed address, not on a later page', () => {
		const person = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), {
			minLength: 1,
			maxLength: 2,
		});
		fc.assert(
			fc.property(
				fc.array(fc.tuple(person, fc.boolean()), { maxLength: 12 }),
				fc.subarray(['a', 'b', 'c', 'd', 'e']),
				(plan, met) => {
					const rows = plan.map(([people, due], index) => row(index + 1, people, due ? 0 : LATER));
					const sent = new Set(choose(rows, met).due.map(({ id }) => id));
					plan.forEach(([people, due], index) => {
						const shares = (others: string[]) =>
							others.some((one) => (people as string[]).includes(one));
						const stuckBefore = plan.some(
							([others], earlier) => earlier < index && !sent.has(earlier + 1) && shares(others),
						);
						expect(sent.has(index + 1)).toBe(due && !stuckBefore && !shares(met));
					});
				},
			),
			{ numRuns: 500 },
		);
	});

	it('hands on everybody it has met', () => {
		expect(choose([row(1, ['a', 'b']), row(2, ['c'], LATER)], ['x']).met).toEqual([
			'x',
			'a',
			'b',
			'c',
		]);
	});
});

describe('working out what is next', () => {
	const next = (outcome: object, before: Partial<Row> = {}) =>
		runCode('workOutNext.js.txt', [outcome], {
			'One item per event': [{ ...row(1, ['a']), ...before }],
		})[0] as { state: string; attempts: number; due: number };
	const failed = (details: object) => ({
		error: 'No',
		details: { attempts: 1, retry: true, ...details },
	});

	it('is done with what was delivered', () => {
		expect(next({ type: 'subscribe' })).toMatchObject({ id: 1, state: 'delivered', reason: '' });
	});

	it('waits a minute, two, four … up to a day, and at least half of it', () => {
		fc.assert(
			fc.property(fc.nat(50), (attempts) => {
				const now = Date.now();
				const { due, state, ...rest } = next(failed({}), { attempts });
				const longest = Math.min(86_400_000, 60_000 * 2 ** attempts);
				expect([state, rest.attempts]).toEqual(['waiting', attempts + 1]);
				expect(due - now).toBeGreaterThanOrEqual(longest / 2);
				expect(due - now).toBeLessThanOrEqual(longest + 1_000);
			}),
		);
	});

	it('waits as long as SparkLoop asks for', () => {
		const now = Date.now();
		expect(next(failed({ retryAfter: 7200 })).due - now).toBeGreaterThanOrEqual(7_200_000);
	});

	it('counts no attempt for what was held back, and does not postpone it', () => {
		expect(next(failed({ attempts: 0 }), { attempts: 3, due: 5 })).toMatchObject({
			state: 'waiting',
			attempts: 3,
			due: 5,
		});
	});

	it('parks what was refused for good, and what is older than 31 days', () => {
		expect(next(failed({ retry: false })).state).toBe('unreported');
		const days = (count: number) => new Date(Date.now() - count * 86_400_000).toISOString();
		expect(next(failed({}), { createdAt: days(30) }).state).toBe('waiting');
		expect(next(failed({}), { createdAt: days(32) }).state).toBe('unreported');
	});
});
