import type { Clock } from './clock.mts';
import { Queue } from './queue.mts';

export interface RateLimit {
	/** Calls per window and key. */
	max: number;
	windowMs: number;
}

/** What SparkLoop's API v2 docs say: 120 requests in any 60 seconds. */
export const DOCUMENTED_LIMIT: RateLimit = { max: 120, windowMs: 60_000 };

/** Counts calls per key in a rolling window; a refused call is not counted. */
export function createRateLimiter(clock: Clock, { max, windowMs }: RateLimit) {
	const calls = new Map<string, Queue<number>>();

	return (key: string): boolean => {
		const now = clock.now();
		const recent = calls.get(key) ?? new Queue<number>();
		calls.set(key, recent);
		while ((recent.peek() ?? Infinity) <= now - windowMs) recent.shift();
		const allowed = recent.size < max;
		if (allowed) recent.push(now);
		return allowed;
	};
}
