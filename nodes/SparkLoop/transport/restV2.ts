import { createHash } from 'node:crypto';

import { attempt, isStatus, type Call, type Requesting } from './attempt';
import { retryAfter, type Answer, type NoAnswer } from './delivery';
import { Pacer, type Pace } from './pacer';
import { SURROUNDINGS } from './surroundings';

export const REST_V2 = 'sparkLoopApi';

/** 120 calls in any 60 seconds and with one key (docs.sparkloop.app/api-v2). */
export const DOCUMENTED_PACE: Pace = { calls: 120, window: 60_000 };

/** SparkLoop's pages hold at most this many (docs.sparkloop.app/api-v2, `per_page`). */
export const LARGEST_PAGE = 200;

export interface CallSettings {
	/** Left out, the pace of the key stays as it is. */
	pace?: Pace;
	/** Milliseconds for one request, without the wait for its place. */
	timeout: number;
	/** Milliseconds. While SparkLoop wants no call for longer than this and the window, none waits: it gets a 429. */
	longestPause?: number;
	signal: AbortSignal;
	/** Left out, the one of this process for the key. */
	pacer?: Pacer;
}

/** Milliseconds. */
const USUAL_LONGEST_PAUSE = 60_000;

/** The clock of the process may be set back, and each key would have to wait for as long. */
const PACING = { pause: SURROUNDINGS.pause, now: () => Math.round(performance.now()) };

/**
 * SparkLoop counts the calls of a key, not those of a workflow, so all that this process makes with one key share a
 * pacer.
 */
const PACERS = new Map<string, Pacer>();

/**
 * Makes the calls of one node: each waits for its place in the pace of its key, and a refusal for the rate makes all
 * others with that key wait as well.
 *
 * @returns what makes a call. It answers by whatever status comes; a 429 carries the `pause` that was decided on.
 */
export async function restV2(
	this: Requesting,
	{ pace, timeout, longestPause = USUAL_LONGEST_PAUSE, signal, pacer: given }: CallSettings,
): Promise<Call> {
	const { apiKey, baseUrl } = await this.getCredentials(REST_V2);
	const pacer = given ?? pacerOf(`${String(baseUrl)} ${String(apiKey)}`, pace);

	return async (method, path, content = {}) => {
		if (!(await pacer.enter(signal, longestPause))) {
			return signal.aborted
				? { noAnswer: 'the rate limit left no place for the call in time', unsent: true }
				: { status: 429, headers: {}, text: '', pause: pacer.quiet };
		}
		const answer = await attempt.call(this, REST_V2, { method, url: path, ...content }, timeout);
		if (!isStatus(answer, 429)) {
			pacer.leave();
			return isForeign(answer) ? { noAnswer: FOREIGN } : answer;
		}
		const asked = retryAfter(answer.headers['retry-after'], SURROUNDINGS.now());
		return { ...answer, pause: pacer.refused(asked) };
	};
}

const FOREIGN =
	"the answer is no JSON, so it is not from SparkLoop's API, whose address is https://api.sparkloop.app/v2";

/** Whether a success came from somebody else, such as a website's page for whatever address it does not know. */
const isForeign = (answer: Answer | NoAnswer): boolean =>
	'status' in answer &&
	answer.status >= 200 &&
	answer.status < 300 &&
	typeof answer.body === 'string' &&
	answer.body.trim() !== '';

function pacerOf(account: string, pace: Pace | undefined): Pacer {
	const key = createHash('sha256').update(account).digest('hex');
	const known = PACERS.get(key);
	const pacer = known ?? new Pacer(DOCUMENTED_PACE, PACING);
	if (pace) pacer.set(pace);
	PACERS.set(key, pacer);
	return pacer;
}

/** A part of a path. `+` and `/` occur in addresses. */
export const segment = (text: string): string => encodeURIComponent(text);
