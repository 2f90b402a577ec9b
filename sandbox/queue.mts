/**
 * First in, first out. An array's own `shift` moves all that remain, which is slow once a queue is
 * long; here they move only when half of the array is spent.
 */
export class Queue<T> {
	#things: T[] = [];
	#first = 0;

	get size(): number {
		return this.#things.length - this.#first;
	}

	push(thing: T): void {
		this.#things.push(thing);
	}

	/** The oldest, which stays. */
	peek(): T | undefined {
		return this.#things[this.#first];
	}

	/** Takes the oldest out. */
	shift(): T | undefined {
		if (this.size === 0) return undefined;
		const thing = this.#things[this.#first];
		this.#first += 1;
		if (this.#first * 2 > this.#things.length) {
			this.#things = this.#things.slice(this.#first);
			this.#first = 0;
		}
		return thing;
	}

	clear(): void {
		this.#things = [];
		this.#first = 0;
	}
}
