/** How long SparkLoop keeps trying, per its custom integration article: "up to a month". */
export const MONTH_MS = 30 * 24 * 60 * 60 * 1000;

export interface ScheduleOptions {
	/** Wait after the first failure; doubles with every further one. Default 1 s. */
	firstRetryMs?: number;
	/** The longest wait. Default 6 hours. */
	longestRetryMs?: number;
	/** How many seconds of waiting pass in one second. Default 1: nothing is compressed. */
	timeScale?: number;
}

/**
 * When to try again, in milliseconds of real time, after `attempts` failures and `elapsedMs` since
 * the event happened; null when the month is over. Retries with exponential back-off for up to a
 * month are SparkLoop's; the figures of the curve are ours, as it publishes none.
 */
export function retryDelay(
	attempts: number,
	elapsedMs: number,
	{ firstRetryMs = 1000, longestRetryMs = 6 * 60 * 60 * 1000, timeScale = 1 }: ScheduleOptions,
): number | null {
	const wait = Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs) / timeScale;
	return elapsedMs + wait > MONTH_MS / timeScale ? null : wait;
}
