/**
 * When calls were answered, as far back as somebody wants to count them. Each is added and forgotten once, so what that
 * costs does not depend on how many there are.
 */
export class RecentTimes {
	/** The oldest first. */
	private times: number[] = [];
	/** Where `times` begins. Taking the first off a long array would move all others each time. */
	private first = 0;

	/** @param time not before any that was added earlier; after a clock was set back, counts are wrong until it caught up */
	add(time: number): void {
		this.times.push(time);
	}

	/** Forgets those that lie as far back as `window`, or further. */
	forgetOld(now: number, window: number): void {
		while (this.first < this.times.length && this.times[this.first] + window <= now) {
			this.first += 1;
		}
		if (this.first * 2 > this.times.length) {
			this.times = this.times.slice(this.first);
			this.first = 0;
		}
	}

	/** How many are not forgotten. */
	get count(): number {
		return this.times.length - this.first;
	}

	/** The first of those that are not forgotten, or undefined when there is none. */
	get oldest(): number | undefined {
		return this.times[this.first];
	}

	/** How many of those that are not forgotten came after the time. */
	countSince(time: number): number {
		return this.times.length - this.indexSince(time);
	}

	/** The first of those that are not forgotten and came after the time, or undefined when there is none. */
	oldestSince(time: number): number | undefined {
		return this.times[this.indexSince(time)];
	}

	private indexSince(time: number): number {
		let [low, high] = [this.first, this.times.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.times[middle] <= time) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
