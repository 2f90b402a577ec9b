import type { Random } from './random.mts';

/** What can be called, and so can break. */
export type RouteKind = 'incomingWebhook' | 'rest' | 'esp';

export interface FaultScope {
	/** Only calls of this kind; default all three. */
	kind?: RouteKind;
}

export interface Failure extends FaultScope {
	/** Default 500. */
	status?: number;
	/** Value of `Retry-After`: seconds or an HTTP date; default none is sent. */
	retryAfter?: number | string;
}

/** What to do with one call. */
export interface InboundVerdict {
	delayMs: number;
	/** `dropAnswer`: the call is carried out, and its answer is lost. */
	action: 'pass' | 'fail' | 'drop' | 'dropAnswer';
	status: number;
	retryAfter?: string;
}

interface Plan extends Failure {
	action: 'fail' | 'drop' | 'dropAnswer';
	left: number;
}

const KINDS: RouteKind[] = ['incomingWebhook', 'rest', 'esp'];

/** What breaks when somebody calls us. Plans are used up in the order in which they were made. */
export class InboundFaults {
	readonly #random: Random;
	readonly #slow = new Map<RouteKind, number>();
	readonly #down = new Set<RouteKind>();
	#plans: Plan[] = [];
	readonly #shares = new Map<RouteKind, { share: number; failure: Failure }>();

	constructor(random: Random) {
		this.#random = random;
	}

	/** The next `count` calls are answered with a status and not carried out. */
	failNext(count: number, failure: Failure = {}): void {
		this.#plans.push({ ...failure, action: 'fail', left: count });
	}

	/** The next `count` calls find their connection closed, before or after being carried out. */
	dropNext(count: number, scope: FaultScope & { afterHandling?: boolean } = {}): void {
		const action = scope.afterHandling ? 'dropAnswer' : 'drop';
		this.#plans.push({ kind: scope.kind, action, left: count });
	}

	/** From now on this share (0 to 1) of calls fails; 0 ends it. */
	failRandomly(share: number, failure: Failure = {}): void {
		for (const one of kindsOf(failure)) this.#shares.set(one, { share, failure });
	}

	/** Every answer takes so many milliseconds longer; 0 ends it. */
	slow(ms: number, scope: FaultScope = {}): void {
		for (const one of kindsOf(scope)) this.#slow.set(one, ms);
	}

	/** Every connection is closed until `up()`. */
	down(scope: FaultScope = {}): void {
		for (const one of kindsOf(scope)) this.#down.add(one);
	}

	up(scope: FaultScope = {}): void {
		for (const one of kindsOf(scope)) this.#down.delete(one);
	}

	/** Nothing is broken any more. */
	clear(): void {
		this.#plans = [];
		this.#shares.clear();
		this.#slow.clear();
		this.#down.clear();
	}

	get state() {
		return {
			planned: this.#plans.map(({ action, left, kind, status }) => ({
				action,
				left,
				kind,
				status,
			})),
			shares: Object.fromEntries([...this.#shares].map(([kind, { share }]) => [kind, share])),
			slowMs: Object.fromEntries([...this.#slow].filter(([, ms]) => ms > 0)),
			down: [...this.#down],
		};
	}

	/** Asked once for every call. */
	decide(kind: RouteKind): InboundVerdict {
		const delayMs = this.#slow.get(kind) ?? 0;
		if (this.#down.has(kind)) return { delayMs: 0, action: 'drop', status: 0 };

		const plan = this.#plans.find((one) => one.kind === undefined || one.kind === kind);
		if (plan) {
			plan.left -= 1;
			this.#plans = this.#plans.filter(({ left }) => left > 0);
			return { delayMs, action: plan.action, ...answerOf(plan) };
		}
		const random = this.#shares.get(kind);
		if (random && this.#random.chance(random.share)) {
			return { delayMs, action: 'fail', ...answerOf(random.failure) };
		}
		return { delayMs, action: 'pass', status: 0 };
	}
}

function answerOf({ status = 500, retryAfter }: Failure) {
	return { status, retryAfter: retryAfter === undefined ? undefined : String(retryAfter) };
}

function kindsOf({ kind }: FaultScope): RouteKind[] {
	return kind ? [kind] : KINDS;
}
