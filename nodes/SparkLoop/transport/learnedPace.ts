import { RecentTimes } from './recentTimes';
import type { Surroundings } from './surroundings';

/** Fewer than this say too little about a limit: perhaps somebody else used it up. */
const ENOUGH_TO_LEARN = 20;

/** Milliseconds. Limits over longer stretches are not learned, because nobody could wait to see whether they are right. */
const LONGEST_WINDOW = 60_000;

/** After so many windows without a refusal, one tenth more is tried. */
const WINDOWS_BEFORE_MORE = 30;

/**
 * Learns how much the other side takes from how it refuses. Nothing is held back until a 429 says how long to wait: as
 * many as got through within that time before it are what the limit is taken for. Without that, all would come at once after
 * the wait, be refused again, and lose the time of each wait anew.
 *
 * A call counts from its answer, since the other side may have counted it that late.
 */
export class LearnedPace {
	private readonly surroundings: Pick<Surroundings, 'now' | 'pause'>;
	private quietUntil = 0;
	private underWay = 0;
	/** When calls got through; none that lies further back than the longest window. */
	private readonly taken = new RecentTimes();
	private learned: { calls: number; window: number; moreAt: number } | undefined;

	constructor(surroundings: Pick<Surroundings, 'now' | 'pause'>) {
		this.surroundings = surroundings;
	}

	/** Waits for a place. @returns false when the signal aborted before; then there is none to leave */
	async enter(signal: AbortSignal): Promise<boolean> {
		while (!signal.aborted) {
			const wait = this.untilFree();
			if (wait <= 0) {
				this.underWay += 1;
				return true;
			}
			await this.surroundings.pause(wait, signal);
		}
		return false;
	}

	/** The call was answered, or its answer will not come any more. @param through whether it was taken */
	leave(through: boolean): void {
		this.underWay -= 1;
		if (through) this.taken.add(this.surroundings.now());
	}

	/** Nobody may call for a while, in milliseconds. */
	quiet(pause: number): void {
		this.quietUntil = Math.max(this.quietUntil, this.surroundings.now() + pause);
	}

	/** A call was refused for its rate, with the request to wait so many milliseconds. */
	learn(asked: number): void {
		const now = this.surroundings.now();
		if (asked <= 0 || asked > LONGEST_WINDOW) return;
		this.taken.forgetOld(now, LONGEST_WINDOW);
		const calls = this.taken.countSince(now - asked);
		if (calls < ENOUGH_TO_LEARN) return;
		this.learned = { calls, window: asked, moreAt: now + WINDOWS_BEFORE_MORE * asked };
	}

	/** Milliseconds until it is worth asking again. */
	private untilFree(): number {
		const now = this.surroundings.now();
		if (now < this.quietUntil) return this.quietUntil - now;
		if (!this.learned) return 0;
		if (now >= this.learned.moreAt) {
			this.learned.calls = Math.ceil(this.learned.calls * 1.1);
			this.learned.moreAt = now + WINDOWS_BEFORE_MORE * this.learned.window;
		}
		const { calls, window } = this.learned;
		this.taken.forgetOld(now, LONGEST_WINDOW);
		if (this.taken.countSince(now - window) + this.underWay < calls) return 0;
		const oldest = this.taken.oldestSince(now - window);
		return oldest === undefined ? window / calls : oldest + window - now;
	}
}
