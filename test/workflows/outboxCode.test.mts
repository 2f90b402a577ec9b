import fc from 'fast-check';

import { runCodeFile } from '../support/code.mts';

interface Row {
	id: number;
	person: string;
	due: number;
	attempts: number;
	createdAt: string;
}

const SETTINGS = {
	pageSize: 3,
	minute: 60_000,
	longestPause: 86_400_000,
	keptFor: 31 * 86_400_000,
	startedAt: Date.now(),
	runFor: 600_000,
};

const runCode = (file: string, input: object[], nodes: Record<string, object[]>): object[] =>
	runCodeFile(file, input, { Settings: [SETTINGS], ...nodes });

const row = (id: number, people: string[], due = 0): Row => ({
	id,
	person: ` ${people.join(' ')} `,
	due,
	attempts: 0,
	createdAt: new Date().toISOString(),
});
const LATER = Number.MAX_SAFE_INTEGER;

describe('choosing what is due', () => {
	const PASS = { after: 0, met: [] as string[], sent: 0, behind: 0 };
	type Chosen = typeof PASS & { due: Row[]; more: boolean };
	const choose = (rows: object[], pass: Partial<typeof PASS> = {}, settings = SETTINGS) =>
		runCode('chooseDue.js.txt', rows, {
			'Read from here': [{ ...PASS, ...pass }],
			Settings: [settings],
		})[0] as Chosen;
	const ids = ({ due }: Chosen) => due.map(({ id }) => id);

	it('takes what is due, and leaves what is not', () => {
		const chosen = choose([row(1, ['a']), row(2, ['b'], LATER)]);
		expect([ids(chosen), chosen.more]).toEqual([[1], false]);
	});

	it('goes on with the next page when this one is full', () => {
		const full = [1, 2, 3].map((id) => row(id, [String(id)]));
		expect(choose(full)).toMatchObject({ after: 3, met: ['1', '2', '3'], sent: 3, more: true });
	});

	it('takes one event of each person, and begins again for those behind them', () => {
		const chosen = choose([row(1, ['a']), row(2, ['a'])]);
		expect(ids(chosen)).toEqual([1]);
		expect(chosen).toMatchObject({ ...PASS, more: true });
		expect(choose([row(4, ['b'])], { met: ['a'], sent: 3, behind: 1 })).toMatchObject({
			...PASS,
			more: true,
		});
	});

	it('does not begin again when nothing was sent: what waits is behind something that is not due', () => {
		expect(choose([row(1, ['a'], LATER), row(2, ['a'])])).toMatchObject({ due: [], more: false });
	});

	it('does not take again what this run has tried, however soon it would be due', () => {
		const { startedAt } = SETTINGS;
		const chosen = choose([row(1, ['a'], startedAt + 1), row(2, ['b'], startedAt)]);
		expect(ids(chosen)).toEqual([2]);
	});

	it('leaves the rest to the next run when there is no time for another page', () => {
		const late = { ...SETTINGS, startedAt: Date.now() - SETTINGS.runFor };
		const full = [1, 2, 3].map((id) => row(id, [String(id)]));
		expect(choose(full, {}, late)).toMatchObject({ due: full, more: false });
		expect(choose([row(1, ['a']), row(2, ['a'])], {}, late).more).toBe(false);
	});

	it('makes nothing of an empty page', () => {
		expect(choose([{}])).toEqual({ due: [], ...PASS, more: false });
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
					const sent = new Set(ids(choose(rows, { met })));
					plan.forEach(([people, due], index) => {
						const shares = (others: string[]) =>
							others.some((one) => (people as string[]).includes(one));
						const isBehind = plan.slice(0, index).some(([others]) => shares(others));
						expect(sent.has(index + 1)).toBe(due && !isBehind && !shares(met));
					});
				},
			),
			{ numRuns: 500 },
		);
	});

	it('sends everything in the end, each person in order, whatever the pages', () => {
		const people = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 });
		fc.assert(
			fc.property(
				fc.array(people, { maxLength: 12 }),
				fc.integer({ min: 1, max: 4 }),
				(plan, size) => {
					let waiting = plan.map((who, index) => row(index + 1, who));
					const sent: number[] = [];
					let pass: Chosen = { ...PASS, due: [], more: true };
					for (let page = 0; pass.more; page += 1) {
						expect(page).toBeLessThan(100);
						const { after } = pass;
						const rows = waiting.filter(({ id }) => id > after).slice(0, size);
						pass = choose(rows, pass, { ...SETTINGS, pageSize: size });
						sent.push(...ids(pass));
						waiting = waiting.filter(({ id }) => !sent.includes(id));
					}
					expect([...sent].sort((a, b) => a - b)).toEqual(plan.map((_, index) => index + 1));
					for (const who of ['a', 'b', 'c']) {
						const mine = sent.filter((id) => (plan[id - 1] as string[]).includes(who));
						expect(mine).toEqual([...mine].sort((a, b) => a - b));
					}
				},
			),
		);
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
		const rows = [row(1, ['a']), { ...row(2, ['b'], 5), attempts: 3 }];
		const [, heldBack] = runCode('workOutNext.js.txt', [failed({}), failed({ attempts: 0 })], {
			'One item per event': rows,
		});
		expect(heldBack).toMatchObject({ state: 'waiting', attempts: 3, due: 5 });
	});

	it('fails when nothing could even be tried, as without a credential', () => {
		expect(() => next(failed({ attempts: 0 }))).toThrow('Nothing could be sent to SparkLoop: No');
	});

	it('parks what was refused for good, and what is older than 31 days', () => {
		expect(next(failed({ retry: false })).state).toBe('unreported');
		const days = (count: number) => new Date(Date.now() - count * 86_400_000).toISOString();
		expect(next(failed({}), { createdAt: days(30) }).state).toBe('waiting');
		expect(next(failed({}), { createdAt: days(32) }).state).toBe('unreported');
	});
});
