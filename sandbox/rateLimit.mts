import type { Clock } from './clock.mts';

export interface RateLimit {
	/** Calls per window and key. */
	max: number;
	windowMs: number;
}

/** What SparkLoop's API v2 docs say: 120 requests in any 60 seconds. */
export const DOCUMENTED_LIMIT: RateLimit = { max: 120, windowMs: 60_000 };

/** Counts calls per key in a rolling window; a refused call is not counted. */
export function createRateLimiter(clock: Clock, { max, windowMs }: RateLimit) {
	const calls = new Map<string, number[]>();

	return (key: string): boolean => {
		const since = clock.now() - windowMs;
		const recent = (calls.get(key) ?? []).filter((time) => time > since);
		const allowed = recent.length < max;
		if (allowed) recent.push(clock.now());
		calls.set(key, recent);
		return allowed;
	};
}
