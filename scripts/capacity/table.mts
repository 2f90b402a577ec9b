import { table, type Row } from '../measuring/columns.mts';
import type { Figures, Part } from '../measuring/processes.mts';
import type { Measurement } from './measure.mts';

const PARTS: readonly Part[] = ['main', 'webhook', 'worker', 'task runner', 'PostgreSQL', 'Redis'];

const figure = (value: number | undefined, digits = 0) => value?.toFixed(digits) ?? '';

const eachPart = (figures: Figures, digits: number): Row =>
	Object.fromEntries(PARTS.map((part) => [part, figure(figures[part], digits)]));

const sum = (figures: Figures) => Object.values(figures).reduce((total, value) => total + value, 0);

/** All measurements, to be read: what an event takes, and how much memory there was. */
export function tables(measurements: readonly Measurement[]): string {
	const speed = measurements.map(
		(one): Row => ({
			n8n: one.ground,
			what: one.what,
			events: figure(one.events),
			refused: figure(one.refused),
			'per s': figure(one.eventsPerSecond, 1),
			'p50 ms': figure(one.p50),
			'p95 ms': figure(one.p95),
			'CPU ms': figure(sum(one.cpu), 1),
			...eachPart(one.cpu, 1),
			'lease ms': figure(one.lease?.held),
			'waited %': figure(one.lease && one.lease.waited * 100),
			'KB kept': figure(one.bytes / 1024, 1),
			'others %': figure(one.others * 100),
		}),
	);
	const memory = measurements.map(
		(one): Row => ({ n8n: one.ground, what: one.what, ...eachPart(one.memory, 0) }),
	);
	return [
		'What an event takes: CPU milliseconds in all and of each process, and how long its answer takes',
		'lease ms: how long a contact is held; waited: events that found it held; others: CPU of other programs',
		table(speed),
		'',
		'Peak memory in MB: of n8n the largest process of a kind, of PostgreSQL all its processes',
		table(memory),
	].join('\n');
}
