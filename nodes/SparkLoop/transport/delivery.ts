import { LearnedPace } from './learnedPace';
import type { Surroundings } from './surroundings';

/** What the other side answered to one attempt. */
export interface Answer {
	/** HTTP status. */
	status: number;
	/** Names in lower case. */
	headers: Readonly<Record<string, unknown>>;
	/** The body as text, for messages. */
	text: string;
	/** The body as it was read: parsed when it is JSON. */
	body?: unknown;
	/** Milliseconds that this side has decided to wait; counts in place of `Retry-After`. */
	pause?: number;
}

/** No answer came: the connection could not be made, broke, or took too long. The reason is for people. */
export interface NoAnswer {
	noAnswer: string;
	/** Whether the request certainly did not arrive. */
	unsent?: boolean;
}

/** One thing to hand over. */
export interface Parcel {
	/** Who it is about. Parcels that share a person are handed over one after the other, in the given order. */
	persons: readonly string[];
	/** One attempt. Does not throw for anything that another attempt could mend. */
	attempt(): Promise<Answer | NoAnswer>;
	/** Whether doing it twice has an effect of its own, so that it is tried again only if it certainly failed. */
	once?: boolean;
}

export type Outcome =
	| { kind: 'delivered'; attempts: number; answer: Answer }
	/** The answer is final: sending it again would be refused again. */
	| { kind: 'refused'; attempts: number; answer: Answer }
	/** Every attempt failed for a reason that may pass. `retryAfter`: seconds the other side asked to wait. */
	| {
			kind: 'exhausted';
			attempts: number;
			answer?: Answer;
			reason: string;
			retryAfter?: number;
			/** Whether it may have been done nevertheless, and doing it twice has an effect of its own. */
			unsure?: true;
	  }
	/** Not attempted: an earlier parcel of the same person (its index) is still to be delivered. */
	| { kind: 'heldBack'; attempts: 0; behind: number };

export interface DeliverySettings {
	/** How many parcels may be under way at the same time. */
	concurrency: number;
	/** How often each parcel is tried at most. */
	maxAttempts: number;
	/** Milliseconds; the longest pause before another attempt. A longer `Retry-After` gives the parcel up instead. */
	maxPause: number;
	/** Whether to hand over what is left after a parcel failed. */
	continueAfterFailure: boolean;
	signal?: AbortSignal;
}

/** Milliseconds; the longest pause after the first attempt, doubled after each further one. */
const FIRST_PAUSE = 1_000;

/** Statuses that may pass by themselves. Every other answer than 2xx is final. */
const mayPass = (status: number): boolean =>
	status === 408 || status === 425 || status === 429 || status >= 500;

/** Whether what was asked may have been done although it was not answered by a success. */
export const mayHaveArrived = (result: Answer | NoAnswer): boolean =>
	'noAnswer' in result ? !result.unsent : result.status !== 429 && result.status !== 425;

/**
 * Hands parcels over: in order for one person, in parallel across persons, each tried again while the reason may pass
 * (408, 425, 429, 5xx, no answer) with exponential back-off and full jitter, or after the pause that `Retry-After` asks
 * for. After a 429 with `Retry-After` everything waits, not only the parcel that met it, and then keeps the pace that the
 * refusal has taught (`LearnedPace`).
 *
 * Once a parcel of a person is exhausted, later ones of that person are held back, because SparkLoop would otherwise
 * see them in the wrong order when the first is sent again later. A refused one holds nothing back.
 *
 * @returns one outcome per parcel, in the order of the parcels; undefined for what was not started, because the signal
 * aborted or an earlier parcel failed and `continueAfterFailure` is off
 */
export async function deliver(
	parcels: readonly Parcel[],
	settings: DeliverySettings,
	surroundings: Surroundings,
): Promise<Array<Outcome | undefined>> {
	const outcomes: Array<Outcome | undefined> = parcels.map(() => undefined);
	const slots = new Slots(settings.concurrency);
	const never = new AbortController().signal;
	const signal = settings.signal ?? never;
	let failed = false;
	const pace = new LearnedPace(surroundings);

	const handOver = async (parcel: Parcel): Promise<Outcome | undefined> => {
		for (let attempts = 1; ; attempts += 1) {
			if (!(await pace.enter(signal))) return undefined;

			let answer: Answer | undefined;
			let result: Answer | NoAnswer;
			try {
				result = await parcel.attempt();
				answer = 'noAnswer' in result ? undefined : result;
			} finally {
				pace.leave(answer !== undefined && answer.status < 300);
			}
			if (signal.aborted && !answer) return undefined;
			if (answer && answer.status >= 200 && answer.status < 300) {
				return { kind: 'delivered', attempts, answer };
			}
			if (answer && !mayPass(answer.status)) return { kind: 'refused', attempts, answer };

			const asked =
				answer && (answer.pause ?? retryAfter(answer.headers['retry-after'], surroundings.now()));
			const pause =
				asked ??
				surroundings.random() * Math.min(settings.maxPause, FIRST_PAUSE * 2 ** (attempts - 1));
			const unsure = parcel.once === true && mayHaveArrived(result);
			if (attempts >= settings.maxAttempts || pause > settings.maxPause || unsure) {
				return {
					kind: 'exhausted',
					attempts,
					answer,
					reason: 'noAnswer' in result ? result.noAnswer : `status ${result.status}`,
					...(asked === undefined ? {} : { retryAfter: Math.ceil(asked / 1000) }),
					...(unsure ? { unsure } : {}),
				};
			}
			if (answer?.status === 429 && asked !== undefined) {
				pace.quiet(pause);
				// Who decided on a pause of its own keeps a pace of its own.
				if (answer.pause === undefined) pace.learn(pause);
			} else {
				await surroundings.pause(pause, signal);
			}
		}
	};

	const lastOf = new Map<string, number>();
	const done: Array<Promise<void>> = [];
	parcels.forEach((parcel, index) => {
		const before = [...new Set(parcel.persons.flatMap((person) => lastOf.get(person) ?? []))];
		for (const person of parcel.persons) lastOf.set(person, index);

		const run = async () => {
			await Promise.all(before.map(async (earlier) => await done[earlier]));
			const blocking = before.find((earlier) => isStuck(outcomes[earlier]));
			if (blocking !== undefined) {
				const earlier = outcomes[blocking];
				const behind = earlier?.kind === 'heldBack' ? earlier.behind : blocking;
				outcomes[index] = { kind: 'heldBack', attempts: 0, behind };
				return;
			}
			await slots.take();
			try {
				if (signal.aborted || (failed && !settings.continueAfterFailure)) return;
				outcomes[index] = await handOver(parcel);
				failed ||= outcomes[index]?.kind !== 'delivered';
			} finally {
				slots.free();
			}
		};
		done.push(run());
	});
	await Promise.all(done);
	return outcomes;
}

const isStuck = (outcome: Outcome | undefined): boolean =>
	outcome?.kind === 'exhausted' || outcome?.kind === 'heldBack';

/**
 * Reads `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
 *
 * @param now milliseconds since 1970
 * @returns milliseconds to wait from now, or undefined when the header is absent or unreadable
 */
export function retryAfter(header: unknown, now: number): number | undefined {
	const text = String(Array.isArray(header) ? header[0] : (header ?? '')).trim();
	if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
	// Date.parse reads nearly anything, such as "-5" as a month; a date of HTTP names its weekday.
	const date = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** A number of places; who finds none waits in line. */
class Slots {
	private readonly line: Array<() => void> = [];
	/** Who comes next. Taking the first off an array of many thousands would move all others each time. */
	private first = 0;

	private places: number;

	constructor(places: number) {
		this.places = places;
	}

	async take(): Promise<void> {
		if (this.places > 0) this.places -= 1;
		else await new Promise<void>((next) => this.line.push(next));
	}

	free(): void {
		if (this.first === this.line.length) {
			this.places += 1;
			return;
		}
		this.first += 1;
		this.line[this.first - 1]();
	}
}
