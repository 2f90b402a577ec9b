import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import fc from 'fast-check';

import { alone, compared, median, type Figure } from '../../bench/figure.mts';
import { selfTime, summary } from '../../bench/profile.mts';
import { markdownOf, tableOf } from '../../bench/report.mts';
import { Target } from '../../bench/target.mts';
import { inTurns } from '../../bench/turns.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const positive = fc.double({ min: 0.001, max: 1e6, noNaN: true });
const rounds = fc.array(fc.record({ ours: positive, theirs: positive }), { minLength: 1 });

describe('a figure', () => {
	it('has the middle value, and of an even number the mean of the middle two', () => {
		expect(median([3, 1, 2])).toBe(2);
		expect(median([4, 1, 3, 2])).toBe(2.5);
		expect(() => median([])).toThrow('no median');
	});

	it('compares round by round, so that a slow round does not count', () => {
		const slowOnce = [
			{ ours: 10, theirs: 10 },
			{ ours: 1, theirs: 1 },
			{ ours: 9, theirs: 10 },
		];
		expect(compared('a', 'x/s', slowOnce, { least: 0.95 })).toEqual({
			name: 'a',
			ours: 9,
			theirs: 10,
			ratio: 1,
			unit: 'x/s',
			goal: '≥ 0.95',
			holds: true,
			spread: [0.9, 1],
			rounds: 3,
		});
	});

	it.each([
		[{ least: 0.5 }, true],
		[{ least: 0.51 }, false],
		[{ most: 0.5 }, true],
		[{ most: 0.49 }, false],
	])('holds the goal %j of the ratio 0.5: %s', (goal, holds) => {
		expect(compared('a', 's', [{ ours: 1, theirs: 2 }], goal).holds).toBe(holds);
	});

	it('has no ratio where nothing was there to compare with', () => {
		const none = compared('a', 's', [{ ours: 0, theirs: 0 }], { least: 1 });
		expect(none).toMatchObject({ ratio: null, spread: null, holds: false });
		expect(alone('a', 's', [0], { most: 0 })).toMatchObject({
			theirs: null,
			ratio: null,
			holds: true,
		});
	});

	it('has a ratio within its spread, whatever was measured', () => {
		fc.assert(
			fc.property(rounds, (values) => {
				const { ratio, spread } = compared('a', 's', values);
				expect(ratio).toBeGreaterThanOrEqual(spread![0]);
				expect(ratio).toBeLessThanOrEqual(spread![1]);
			}),
		);
	});
});

describe('the tables', () => {
	const figures = [
		compared('first', 'req/s', [{ ours: 12.345, theirs: 1234 }], { least: 0.95 }),
		alone('second', 'ms', [7]),
	];

	it('have a line for each figure', () => {
		expect(tableOf(figures)).toBe(
			[
				'figure  unit   ours  theirs  ratio     spread    goal  holds',
				'first   req/s  12.3    1234   0.01  0.01–0.01  ≥ 0.95     no',
				'second  ms        7                                         ',
			].join('\n'),
		);
		expect(markdownOf(figures).split('\n')).toEqual([
			'| figure | unit | ours | theirs | ratio | spread | goal | holds |',
			'|---|---|---:|---:|---:|---:|---:|---|',
			'| first | req/s | 12.3 | 1234 | 0.01 | 0.01–0.01 | ≥ 0.95 | no |',
			'| second | ms | 7 |  |  |  |  |  |',
		]);
	});

	it('are blank without figures', () => {
		expect(tableOf([])).toBe('');
	});
});

describe('turns', () => {
	it('let everybody begin once', async () => {
		const order: string[] = [];
		const sides = { a: 1, b: 2, c: 3 };
		const results = await inTurns(3, sides, async (side, name) => {
			order.push(name);
			return side * 10;
		});
		expect(order.join('')).toBe('abcbcacab');
		expect(results).toEqual(Array(3).fill({ a: 10, b: 20, c: 30 }));
	});
});

describe('a profile', () => {
	const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 });
	const profile = {
		nodes: [
			{ id: 1, callFrame: frame('(idle)') },
			{ id: 2, callFrame: frame('run', 'file:///n8n/node_modules/@n8n/di/dist/di.js') },
			{ id: 3, callFrame: frame('read', 'node:fs') },
		],
		samples: [1, 2, 3, 2],
		timeDeltas: [1_000, 10, 30, 60],
	};

	it('tells where the time went, idle time aside', () => {
		expect(selfTime(profile, ({ functionName }) => functionName)).toEqual([
			['run', 0.7],
			['read', 0.3],
		]);
		expect(summary(profile)).toContain('@n8n/di  70.0');
		expect(summary(profile)).toContain('run dist/di.js:5  70.0');
	});
});

describe('the target', () => {
	it('takes so many in any second, and tells the others to wait for one', async () => {
		const target = await Target.open({ perSecond: 2 });
		try {
			const post = async () => await fetch(target.url, { method: 'POST', body: '{}' });
			const answers = [await post(), await post(), await post()];
			expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
			expect(answers[2].headers.get('retry-after')).toBe('1');
			expect([target.accepted, target.refused]).toEqual([2, 1]);
		} finally {
			await target.close();
		}
	});
});

describe('npm run bench', () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-bench-'));
	afterAll(() => rmSync(folder, { recursive: true, force: true }));
	const bench = async (...args: string[]) =>
		await promisify(execFile)(
			path.join(ROOT, 'node_modules/node/bin/node'),
			[path.join(ROOT, 'bench/main.mts'), '--no-build', ...args],
			{ cwd: ROOT },
		);

	it('prints a table and writes the same as JSON', async () => {
		const file = path.join(folder, 'figures.json');
		const { stdout } = await bench('map', '--quick', '--json', file);
		const figures = JSON.parse(readFileSync(file, 'utf8')) as Figure[];
		expect(figures).toEqual([
			{
				name: 'map: parse, key and fields, beside JSON.parse alone',
				ours: expect.any(Number),
				theirs: expect.any(Number),
				ratio: expect.any(Number),
				unit: 'events/s',
				goal: '≥ 0.25',
				holds: expect.any(Boolean),
				spread: [expect.any(Number), expect.any(Number)],
				rounds: 1,
			},
		]);
		expect(stdout).toContain(tableOf(figures));
	});

	it('names the parts when it is asked for another one', async () => {
		await expect(bench('maps')).rejects.toMatchObject({
			code: 1,
			stdout: expect.stringMatching(/There is no part "maps"[^]*receive, refuse, send/),
		});
	});
});
