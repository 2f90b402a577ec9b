import { builtEvents } from '../built.mts';
import { OneContactEvents } from '../events.mts';
import { compared, type Figure } from '../figure.mts';
import type { Bench } from '../part.mts';
import { inTurns } from '../turns.mts';

/** Bodies of events as they come over the wire, each about somebody else. */
export const bodiesOf = (count: number): string[] =>
	new OneContactEvents().take(count).map((event) => JSON.stringify(event));

/** Reads every body, and gives up what it made at once. */
function parseAll(bodies: readonly string[]): number {
	let types = 0;
	for (const body of bodies) if ((JSON.parse(body) as { type: string }).type) types += 1;
	return types;
}

/** Does with every body what the trigger does: parse, key, and all fields there are. */
export function mapAll(bodies: readonly string[]): number {
	const { contactUpdates, eventKey, EXTRA_FIELDS, FIELD_NAME_PRESETS, parseEvent } = builtEvents();
	const settings = {
		names: FIELD_NAME_PRESETS.upperCase,
		values: 'sparkLoop' as const,
		extra: EXTRA_FIELDS.map((source) => ({ source, name: source })),
	};
	let updates = 0;
	for (const body of bodies) {
		const parsed = parseEvent(JSON.parse(body));
		if ('reason' in parsed) throw new Error(parsed.reason);
		updates += contactUpdates(parsed.event, settings, eventKey(parsed.event)).length;
	}
	return updates;
}

/** Of this thread's own time: what else the machine does meanwhile is none of it. */
export const perSecond = (work: () => unknown, count: number): number => {
	const began = process.threadCpuUsage();
	work();
	const { user, system } = process.threadCpuUsage(began);
	return (count * 1_000_000) / (user + system);
};

/** What an event costs before n8n has it, in one thread. */
export async function map(bench: Bench): Promise<Figure[]> {
	const bodies = bodiesOf(bench.quick ? 5_000 : 50_000);
	const sides = { ours: () => mapAll(bodies), theirs: () => parseAll(bodies) };
	const turn = async (work: () => unknown) => perSecond(work, bodies.length);
	await inTurns(bench.quick ? 1 : 2, sides, turn);
	const rounds = await inTurns(bench.rounds(11), sides, turn);
	return [
		compared('map: parse, key and fields, beside JSON.parse alone', 'events/s', rounds, {
			least: 0.25,
		}),
	];
}
