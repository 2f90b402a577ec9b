import { type Clock, iso } from './clock.mts';
import { retryDelay, type ScheduleOptions } from './deliverySchedule.mts';
import type { SparkLoopEvent } from './events.mts';
import { HoldBack } from './holdBack.mts';
import type { OutboundFaults } from './outboundFaults.mts';
import { Queue } from './queue.mts';
import { reasonOf, type Send, sendOverHttp } from './sender.mts';

/** A row of the dashboard's webhooks page: where to send which events. */
export interface WebhookRow {
	url: string;
	/** Types of events; default all. */
	events?: string[];
	/** The name by which REST v2 knows the row. */
	uuid?: string;
}

export interface DeliveryOptions extends ScheduleOptions {
	/** How many deliveries may be under way at once. Default 5. */
	concurrency?: number;
	/** How long to wait for an answer, in real milliseconds. Default 30 s. */
	timeoutMs?: number;
	/** How long an event may be held back when no later one comes. Default 1 s, real. */
	longestHoldMs?: number;
	/** How many attempts the log keeps. Default 20,000. */
	logLimit?: number;
}

/** One attempt to hand an event over. */
export interface DeliveryAttempt {
	id: number;
	/** The same for all attempts and duplicates of one event. */
	eventNumber: number;
	type: string;
	url: string;
	/** Counts from 1. */
	attempt: number;
	/** Whether this is the second copy of an event that is sent twice. */
	duplicate: boolean;
	startedAt: string;
	durationMs: number;
	/** Null when there was no answer. */
	status: number | null;
	ok: boolean;
	error: string | null;
	/** Null when delivered, or given up after a month. */
	nextAttemptAt: string | null;
	event: SparkLoopEvent;
}

interface Delivery {
	readonly eventNumber: number;
	readonly event: SparkLoopEvent;
	readonly body: string;
	readonly url: string;
	readonly duplicate: boolean;
	readonly happenedAt: number;
	attempts: number;
}

/** Hands events over to the webhook rows, at least once each, for up to a month. */
export class Deliveries {
	readonly log: DeliveryAttempt[] = [];
	readonly faults: OutboundFaults;
	readonly #token: string;
	readonly #clock: Clock;
	readonly #options: DeliveryOptions;
	readonly #send: Send;
	readonly #changed: () => void;
	readonly #held: HoldBack<Delivery>;
	readonly #ready = new Queue<Delivery>();
	readonly #timers = new Set<() => void>();
	readonly #closing = new AbortController();
	#idlers: Array<() => void> = [];
	#rows: WebhookRow[] = [];
	#active = 0;
	#retrying = 0;
	#events = 0;
	#attempts = 0;

	constructor(setup: {
		token: string;
		clock: Clock;
		faults: OutboundFaults;
		options?: DeliveryOptions;
		send?: Send;
		/** Called after every attempt and every new event. */
		changed?: () => void;
	}) {
		this.#token = setup.token;
		this.#clock = setup.clock;
		this.faults = setup.faults;
		this.#options = setup.options ?? {};
		this.#send = setup.send ?? sendOverHttp;
		this.#changed = setup.changed ?? (() => {});
		this.#held = new HoldBack(setup.clock, this.#options.longestHoldMs ?? 1000, (delivery) =>
			this.#start(delivery),
		);
	}

	get webhooks(): WebhookRow[] {
		return this.#rows;
	}

	setWebhooks(rows: WebhookRow[]): void {
		this.#rows = rows.map((row) => ({ ...row, url: new URL(row.url).href }));
		this.#changed();
	}

	/** Deliveries that are queued, under way, held back or waiting to be tried again. */
	get pending(): number {
		return this.#ready.size + this.#active + this.#retrying + this.#held.size;
	}

	/** Sends an event to every row that wants its type. */
	publish(event: SparkLoopEvent): void {
		this.#events += 1;
		for (const row of this.#rows) {
			if (row.events?.includes(event.type) ?? true) this.#queue(event, row.url);
		}
		this.#changed();
	}

	/** Sends an event to one URL whatever its row wants, as the dashboard's test button does. */
	publishTo(url: string, event: SparkLoopEvent): void {
		this.#events += 1;
		this.#queue(event, new URL(url).href);
		this.#changed();
	}

	/**
	 * Resolves when nothing is pending any more. With `timeoutMs` (real time) it throws when that
	 * takes longer: a receiver that never answers 200 keeps an event pending for a month.
	 */
	async idle(timeoutMs?: number): Promise<void> {
		if (this.pending === 0) return;
		await new Promise<void>((resolve, reject) => {
			const cancel =
				timeoutMs === undefined
					? () => {}
					: this.#clock.schedule(
							() => reject(new Error(`${this.pending} deliveries are pending still`)),
							timeoutMs,
						);
			this.#idlers.push(() => {
				cancel();
				resolve();
			});
		});
	}

	/** Stops everything; what was pending is forgotten. */
	close(): void {
		this.#closing.abort();
		this.#held.clear();
		for (const cancel of this.#timers) cancel();
		this.#ready.clear();
		this.#retrying = 0;
		this.#settle();
	}

	#queue(event: SparkLoopEvent, url: string): void {
		const { duplicate, holdBack } = this.faults.decide(event.type);
		const delivery = {
			eventNumber: this.#events,
			event,
			body: JSON.stringify(event),
			url,
			happenedAt: this.#clock.now(),
			attempts: 0,
		};
		for (const copy of duplicate ? [false, true] : [false]) {
			const one = { ...delivery, duplicate: copy };
			if (holdBack > 0) this.#held.add(one, holdBack);
			else this.#start(one);
		}
	}

	#start(delivery: Delivery): void {
		this.#ready.push(delivery);
		this.#pump();
	}

	#pump(): void {
		while (this.#active < (this.#options.concurrency ?? 5)) {
			const delivery = this.#ready.shift();
			if (!delivery) return;
			this.#active += 1;
			void this.#attempt(delivery);
		}
	}

	async #attempt(delivery: Delivery): Promise<void> {
		const startedAt = this.#clock.now();
		const { status, error } = await this.#post(delivery);
		if (this.#closing.signal.aborted) {
			this.#active -= 1;
			this.#settle();
			return;
		}
		const now = this.#clock.now();
		delivery.attempts += 1;
		const delay = error
			? retryDelay(delivery.attempts, now - delivery.happenedAt, this.#options)
			: null;
		this.#record({
			id: ++this.#attempts,
			eventNumber: delivery.eventNumber,
			type: delivery.event.type,
			url: delivery.url,
			attempt: delivery.attempts,
			duplicate: delivery.duplicate,
			startedAt: iso(startedAt),
			durationMs: now - startedAt,
			status,
			ok: error === null,
			error,
			nextAttemptAt: delay === null ? null : iso(now + delay),
			event: delivery.event,
		});
		if (delay !== null) this.#retryIn(delay, delivery);
		this.#active -= 1;
		if (delivery.attempts === 1) this.#held.overtakenBy(delivery);
		this.#pump();
		this.#settle();
	}

	async #post({ url, body }: Delivery): Promise<{ status: number | null; error: string | null }> {
		const timeoutMs = this.#options.timeoutMs ?? 30_000;
		const timeout = new AbortController();
		const cancel = this.#clock.schedule(() => timeout.abort(), timeoutMs);
		const headers = { 'content-type': 'application/json', 'SparkLoop-Token': this.#token };
		try {
			const signal = AbortSignal.any([timeout.signal, this.#closing.signal]);
			const status = await this.#send(url, headers, body, signal);
			// docs.sparkloop.app/webhooks: "All not-200 responses will be considered errors".
			return { status, error: status === 200 ? null : `status ${status}, and only 200 counts` };
		} catch (error) {
			const late = timeout.signal.aborted;
			return { status: null, error: late ? `no answer in ${timeoutMs} ms` : reasonOf(error) };
		} finally {
			cancel();
		}
	}

	#retryIn(ms: number, delivery: Delivery): void {
		this.#retrying += 1;
		const cancel = this.#clock.schedule(() => {
			this.#timers.delete(cancel);
			this.#retrying -= 1;
			this.#start(delivery);
		}, ms);
		this.#timers.add(cancel);
	}

	#record(attempt: DeliveryAttempt): void {
		this.log.push(attempt);
		if (this.log.length > (this.#options.logLimit ?? 20_000)) this.log.shift();
		this.#changed();
	}

	#settle(): void {
		if (this.pending > 0) return;
		const idlers = this.#idlers;
		this.#idlers = [];
		for (const resolve of idlers) resolve();
	}
}
