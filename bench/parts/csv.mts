import type { CsvResult, CsvTask } from '../csvProcess.mts';
import { compared, type Figure } from '../figure.mts';
import { inFreshProcess } from '../fresh.mts';
import type { Bench } from '../part.mts';
import { inTurns } from '../turns.mts';

/** 100,000 rows as a file for SparkLoop's import, each time in a process that has done nothing before. */
export async function csv(bench: Bench): Promise<Figure[]> {
	const rows = bench.quick ? 1_000 : 100_000;
	const sides: Record<CsvTask['side'], CsvTask['side']> = { ours: 'ours', theirs: 'theirs' };
	const rounds = await inTurns(bench.rounds(3), sides, async (side) => {
		const task: CsvTask = { side, sizes: [{ rows, times: 1 }], warmUp: 0 };
		const { perRow, memory } = await inFreshProcess<CsvResult>('csvProcess.mts', task);
		return { seconds: (perRow[0] * rows) / 1_000_000, memory };
	});
	const figure = (what: 'seconds' | 'memory') =>
		rounds.map(({ ours, theirs }) => ({ ours: ours[what], theirs: theirs[what] }));
	return [
		compared('csv, time, beside Convert to File', 's', figure('seconds'), { most: 0.2 }),
		compared('csv, extra memory, beside Convert to File', 'MB', figure('memory'), { most: 0.3 }),
	];
}
