import type { ChaosOptions } from './run.mts';

type Size = Omit<ChaosOptions, 'seed' | 'say' | 'pattern'>;

/** How large a run is, by what it is for. */
export const EXTENTS = {
	/** `npm run test:chaos`: over 1,000 events from SparkLoop and 500 to it. */
	full: { readers: 150, friends: 250, changes: 380, crashes: 6, seconds: 8, reset: true },
	/** `npm run test:queue`. */
	queue: { readers: 60, friends: 100, changes: 140, crashes: 3, seconds: 4, reset: true },
	/** A part of `npm test`. */
	short: { readers: 15, friends: 25, changes: 20, crashes: 1, seconds: 1, reset: false },
} as const satisfies Record<string, Size>;
