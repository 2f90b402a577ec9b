/** Time as the sandbox sees it, so that a test can hold it in its hand. */
export interface Clock {
	/** Milliseconds since 1970. */
	now(): number;
	/** Runs `task` once after `ms` milliseconds; the answer cancels it. */
	schedule(task: () => void, ms: number): () => void;
}

// setTimeout fires at once beyond this, and back-offs may be longer.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The time of the machine. */
export const systemClock: Clock = {
	now: () => Date.now(),
	schedule: (task, ms) => {
		const timer = setTimeout(task, Math.min(ms, LONGEST_TIMER_MS));
		return () => clearTimeout(timer);
	},
};

/** A time in milliseconds as ISO 8601, the form of every log here. */
export function iso(ms: number): string {
	return new Date(ms).toISOString();
}

/** The time in unix seconds, the form of SparkLoop's payloads. */
export function seconds(clock: Clock): number {
	return Math.floor(clock.now() / 1000);
}
