import type { SparkLoopEvent } from '../../../sandbox/events.mts';
import { Program, type ProgramOptions } from '../../../sandbox/program.mts';
import { createRandom } from '../../../sandbox/random.mts';
import { FakeClock } from './fakeClock.mts';

/** A program without network, and the list of what it emits. */
export function createProgram(options: Partial<ProgramOptions> & { seed?: number } = {}) {
	const events: SparkLoopEvent[] = [];
	const program = new Program({
		random: createRandom(options.seed ?? 1, 'program'),
		clock: new FakeClock(),
		siteUrl: 'https://mywebsite.com',
		emit: (event) => events.push(event),
		...options,
	});
	return { program, events, types: () => events.map(({ type }) => type) };
}

/** Signs up `count` friends through somebody's link. */
export function refer(program: Program, code: string, count: number, prefix = 'friend'): void {
	for (let number = 1; number <= count; number += 1) {
		program.subscribe({ email: `${prefix}${number}@x.org`, referrerCode: code });
	}
}
