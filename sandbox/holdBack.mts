import type { Clock } from './clock.mts';

interface Holdable {
	readonly eventNumber: number;
	readonly url: string;
}

interface Held<T> {
	readonly item: T;
	left: number;
	readonly cancel: () => void;
}

/** Keeps deliveries back until later ones to the same URL have overtaken them. */
export class HoldBack<T extends Holdable> {
	readonly #held = new Set<Held<T>>();
	readonly #clock: Clock;
	readonly #longestMs: number;
	readonly #release: (item: T) => void;

	/** `longestMs` ends the wait when nothing later comes. */
	constructor(clock: Clock, longestMs: number, release: (item: T) => void) {
		this.#clock = clock;
		this.#longestMs = longestMs;
		this.#release = release;
	}

	get size(): number {
		return this.#held.size;
	}

	/** Holds an item until `count` later ones have been tried. */
	add(item: T, count: number): void {
		const held: Held<T> = {
			item,
			left: count,
			cancel: this.#clock.schedule(() => this.#let(held), this.#longestMs),
		};
		this.#held.add(held);
	}

	/** Something else was tried for the first time. */
	overtakenBy({ eventNumber, url }: Holdable): void {
		for (const held of this.#held) {
			if (held.item.url !== url || held.item.eventNumber >= eventNumber) continue;
			held.left -= 1;
			if (held.left <= 0) this.#let(held);
		}
	}

	clear(): void {
		for (const { cancel } of this.#held) cancel();
		this.#held.clear();
	}

	#let(held: Held<T>): void {
		held.cancel();
		this.#held.delete(held);
		this.#release(held.item);
	}
}
