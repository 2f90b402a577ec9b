import { readFileSync, writeFileSync } from 'node:fs';

function megabytes(pid: number, name: 'VmHWM' | 'VmRSS'): number {
	const status = readFileSync(`/proc/${pid}/status`, 'utf8');
	const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status) ?? [];
	if (kilobytes === undefined) throw new Error(`Linux does not say ${name} of process ${pid}`);
	return Number(kilobytes) / 1024;
}

/** Tells Linux to forget the most memory that a process had. */
const FORGET_PEAK = '5';

/**
 * How many megabytes a process has at most beyond what it has now, while something is done. Linux keeps the peak itself:
 * nothing is missed between two looks.
 */
export async function extraMemory<T>(
	pid: number,
	work: () => Promise<T>,
): Promise<{ result: T; extra: number }> {
	const before = megabytes(pid, 'VmRSS');
	writeFileSync(`/proc/${pid}/clear_refs`, FORGET_PEAK);
	const result = await work();
	return { result, extra: megabytes(pid, 'VmHWM') - before };
}
