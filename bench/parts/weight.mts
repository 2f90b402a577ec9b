import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { installPackage } from '../../scripts/n8n/package.mts';
import { compared, median, type Figure } from '../figure.mts';
import { inFreshProcess } from '../fresh.mts';
import type { LoadResult } from '../loadProcess.mts';
import { download, tarballOf, WELL_KNOWN, type DownloadedPackage } from '../packages.mts';
import type { Bench } from '../part.mts';
import { inTurns } from '../turns.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** What this package weighs on an n8n that does nothing with it, beside well-known ones. */
export async function weight(bench: Bench): Promise<Figure[]> {
	const userFolder = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-bench-'));
	try {
		const { path: folder } = await installPackage({ userFolder, projectRoot: ROOT });
		const tarball = await tarballOf(ROOT, ROOT);
		const others: DownloadedPackage[] = [];
		for (const [name, version] of Object.entries(WELL_KNOWN).slice(0, bench.quick ? 1 : 5)) {
			others.push(await download(name, version));
		}
		const sides = Object.fromEntries([
			['ours', folder],
			...others.map((other) => [other.name, other.folder]),
		]) as Record<string, string>;
		const rounds = await inTurns(
			bench.rounds(3),
			sides,
			async (one) => await inFreshProcess<LoadResult>('loadProcess.mts', { folder: one }),
		);
		for (const other of others) say(bench, other, rounds);
		const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
		const beside = (what: 'milliseconds' | 'memory') =>
			rounds.map((round) => ({
				ours: round.ours[what],
				theirs: mean(others.map(({ name }) => round[name][what])),
			}));
		const average = `the average of ${others.length} packages`;
		return [
			compared(
				`weight, tarball, beside ${average}`,
				'KB',
				[{ ours: tarball, theirs: mean(others.map((other) => other.tarball)) }],
				{ most: 1 },
			),
			compared(`weight, time to load, beside ${average}`, 'ms', beside('milliseconds'), {
				most: 1,
			}),
			compared(`weight, memory of an idle n8n, beside ${average}`, 'MB', beside('memory'), {
				most: 1,
			}),
		];
	} finally {
		rmSync(userFolder, { recursive: true, force: true });
	}
}

function say(
	{ say: print }: Bench,
	{ name, version, tarball }: DownloadedPackage,
	rounds: ReadonlyArray<Record<string, LoadResult>>,
): void {
	const [load, memory] = (['milliseconds', 'memory'] as const).map((what) =>
		median(rounds.map((round) => round[name][what])).toFixed(1),
	);
	print(`  ${name} ${version}: ${tarball.toFixed(0)} KB, ${load} ms, ${memory} MB`);
}
