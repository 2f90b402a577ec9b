import { setTimeout as sleep } from 'node:timers/promises';

import { cpuOf } from '../scripts/measuring/processes.mts';

/** n8n saves executions and makes new sandboxes for expressions a moment after it has answered. */
const AFTER_MS = 700;

/**
 * How many milliseconds of a processor a process and its children use while something is done: on a machine that others
 * use as well, this says more than a clock.
 */
export async function cpuWhile<T>(
	pid: number,
	work: () => Promise<T>,
): Promise<{ result: T; milliseconds: number }> {
	const used = () => Object.values(cpuOf([{ part: 'main', pid }])).reduce((sum, ms) => sum + ms, 0);
	const before = used();
	const result = await work();
	await sleep(AFTER_MS);
	return { result, milliseconds: used() - before };
}
