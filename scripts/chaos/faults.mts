import type { Random } from '../../sandbox/random.mts';
import type { World } from './world.mts';

/** Something that breaks for a while. */
export interface Trouble {
	name: string;
	begin(world: World): void;
	end(world: World): void;
}

const TROUBLES: readonly Trouble[] = [
	{
		name: 'the ESP answers 500',
		begin: ({ sandbox }) => sandbox.faults.inbound.failRandomly(1, { kind: 'esp', status: 500 }),
		end: ({ sandbox }) => sandbox.faults.inbound.failRandomly(0, { kind: 'esp' }),
	},
	{
		name: 'the ESP hangs',
		begin: ({ sandbox }) => sandbox.faults.inbound.slow(3_000, { kind: 'esp' }),
		end: ({ sandbox }) => sandbox.faults.inbound.slow(0, { kind: 'esp' }),
	},
	{
		name: 'SparkLoop cannot be reached',
		begin: ({ sandbox }) => sandbox.faults.inbound.down({ kind: 'incomingWebhook' }),
		end: ({ sandbox }) => sandbox.faults.inbound.up({ kind: 'incomingWebhook' }),
	},
	{
		name: 'SparkLoop answers 429 or 503 to a third of all calls',
		begin: ({ sandbox }) =>
			sandbox.faults.inbound.failRandomly(0.33, {
				kind: 'incomingWebhook',
				status: 429,
				retryAfter: 1,
			}),
		end: ({ sandbox }) => sandbox.faults.inbound.failRandomly(0, { kind: 'incomingWebhook' }),
	},
	{
		name: 'the shop refuses orders',
		begin: ({ outside }) => (outside.mood = 'refuse'),
		end: ({ outside }) => (outside.mood = 'accept'),
	},
	{
		name: 'the shop takes orders and does not answer',
		begin: ({ outside }) => (outside.mood = 'hang'),
		end: ({ outside }) => (outside.mood = 'accept'),
	},
];

/** What breaks after how many of the things that happen. */
export interface Plan {
	/** From when, and for how many seconds. */
	troubles: Array<{ trouble: Trouble; from: number; seconds: number }>;
	/** When n8n is ended in the middle of its work. */
	crashes: number[];
	/** When the campaign is reset. */
	reset: number | undefined;
}

/**
 * Draws when things break: every trouble once, and the crashes anywhere between.
 *
 * @param size how many things happen in the run
 * @param seconds how long a trouble lasts, at least; up to twice as long
 */
export function drawPlan(
	random: Random,
	size: number,
	{ crashes, reset, seconds }: { crashes: number; reset: boolean; seconds: number },
): Plan {
	const slot = Math.floor(size / (TROUBLES.length + 1));
	const part = Math.floor((size * 0.8) / Math.max(1, crashes));
	return {
		troubles: random.shuffled(TROUBLES).map((trouble, index) => ({
			trouble,
			from: (index + 1) * slot + random.below(Math.max(1, Math.floor(slot / 2))),
			seconds: seconds * (1 + random.next()),
		})),
		crashes: Array.from(
			{ length: crashes },
			(_, index) => Math.floor(size * 0.15) + index * part + random.below(Math.max(1, part - 1)),
		),
		reset: reset ? Math.floor(size * 0.4) : undefined,
	};
}
