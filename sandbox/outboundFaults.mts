import type { Random } from './random.mts';

/** What is to go wrong with one delivery, beyond what the receiver does to it. */
export interface OutboundVerdict {
	duplicate: boolean;
	/** After how many later events to send it; 0 is at once. */
	holdBack: number;
}

export interface OutboundShares {
	/** Share (0 to 1) of events that are sent twice. */
	duplicate?: number;
	/** Share (0 to 1) of events that are overtaken by later ones. */
	reorder?: number;
	/** Only events of these types; default all. */
	types?: string[];
	/** Of those, only these are overtaken; default all. */
	reorderTypes?: string[];
}

interface Order {
	left: number;
	types?: string[];
}

const MOST_OVERTAKING = 3;

/**
 * What breaks on the way out. SparkLoop promises neither order nor that an event comes once, so a
 * receiver has to bear both.
 */
export class OutboundFaults {
	readonly #random: Random;
	#duplicate: Order = { left: 0 };
	#reorder: Order = { left: 0 };
	#shares: OutboundShares = {};

	constructor(random: Random) {
		this.#random = random;
	}

	/** Sends each of the next `count` events twice, both at the same time. */
	duplicateNext(count: number, types?: string[]): void {
		this.#duplicate = { left: count, types };
	}

	/** Holds each of the next `count` events back until 1 to 3 later ones have been tried. */
	reorderNext(count: number, types?: string[]): void {
		this.#reorder = { left: count, types };
	}

	/** From now on, breaks this share of all events. */
	randomly(shares: OutboundShares): void {
		this.#shares = shares;
	}

	clear(): void {
		this.#duplicate = { left: 0 };
		this.#reorder = { left: 0 };
		this.#shares = {};
	}

	get state() {
		return {
			duplicateNext: this.#duplicate.left,
			reorderNext: this.#reorder.left,
			duplicateShare: this.#shares.duplicate ?? 0,
			reorderShare: this.#shares.reorder ?? 0,
		};
	}

	/** Asked once for every event and webhook row. */
	decide(type: string): OutboundVerdict {
		const { duplicate: twice, reorder: late, reorderTypes } = this.#shares;
		const duplicate = this.#draws(this.#duplicate, twice, type);
		const overtaken = reorderTypes?.includes(type) ?? true;
		const reorder = this.#draws(this.#reorder, overtaken ? late : undefined, type);
		return { duplicate, holdBack: reorder ? 1 + this.#random.below(MOST_OVERTAKING) : 0 };
	}

	#draws(order: Order, share: number | undefined, type: string): boolean {
		if (order.left > 0 && (order.types?.includes(type) ?? true)) {
			order.left -= 1;
			return true;
		}
		const meant = this.#shares.types?.includes(type) ?? true;
		return share !== undefined && meant && this.#random.chance(share);
	}
}
