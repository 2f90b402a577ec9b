import { type Clock, iso } from './clock.mts';
import type { RouteKind } from './inboundFaults.mts';

/** One call that somebody made to the Incoming Webhook, REST v2 or the ESP. */
export interface Call {
	id: number;
	kind: RouteKind;
	method: string;
	/** Without the secret of the Incoming Webhook URL. */
	path: string;
	/** Null when the connection was dropped. */
	status: number | null;
	body: unknown;
	at: string;
	durationMs: number;
}

/** The record of incoming calls. */
export class Calls {
	readonly log: Call[] = [];
	readonly #clock: Clock;
	readonly #changed: () => void;
	readonly #limit: number;
	#count = 0;

	/** `limit`: how many calls the log keeps. */
	constructor(clock: Clock, changed: () => void, limit = 5_000) {
		this.#clock = clock;
		this.#changed = changed;
		this.#limit = limit;
	}

	/** Notes a call that took `durationMs` and ends now. */
	record(call: Omit<Call, 'id' | 'at'>): void {
		this.#count += 1;
		this.log.push({ ...call, id: this.#count, at: iso(this.#clock.now()) });
		if (this.log.length > this.#limit) this.log.shift();
		this.#changed();
	}
}
