import { RecentTimes } from './recentTimes';
import { unlessAborted, type Surroundings } from './surroundings';

/** How many calls an API allows within how long. */
export interface Pace {
	calls: number;
	/** Milliseconds; the limit holds for any stretch of this length. */
	window: number;
}

/** Milliseconds. A server that asks for more by mistake must not keep a key from being used for ever. */
const LONGEST_QUIET = 86_400_000;

/**
 * Keeps all calls with one key below what the API allows, whoever makes them: each asks for a place first, in the order
 * of asking, and tells when it was answered.
 *
 * A call counts from the moment of its answer, since the other side may have counted it that late; so the limit holds
 * however long a call was on its way. When the other side refuses nevertheless, somebody else uses the same key: from
 * then on only as many calls are made as got through within the last window, and one tenth of the limit is tried again
 * with each window that passes without a refusal.
 */
export class Pacer {
	private readonly surroundings: Pick<Surroundings, 'now' | 'pause'>;
	private pace: Pace;
	/** What is allowed at the moment; below `pace.calls` after a refusal. */
	private allowed: number;
	private underWay = 0;
	/** When the calls of the last window were answered. */
	private readonly answered = new RecentTimes();
	private quietUntil = 0;
	private changedAt = 0;
	private line: Promise<void> = Promise.resolve();
	/** Wakes the first in line, who waits for a call that is under way. */
	private answerCame: () => void = () => {};
	/** Wakes the first in line, who waits for the time that the old pace asked for. */
	private paceChanged: () => void = () => {};

	/** @param surroundings their clock may begin anywhere, but must not be set back: nobody would call until it is there */
	constructor(pace: Pace, surroundings: Pick<Surroundings, 'now' | 'pause'>) {
		this.pace = pace;
		this.allowed = pace.calls;
		this.surroundings = surroundings;
	}

	/** Another pace from now on, such as after the user changed it. */
	set(pace: Pace): void {
		if (pace.calls === this.pace.calls && pace.window === this.pace.window) return;
		this.pace = pace;
		this.allowed = pace.calls;
		this.paceChanged();
		this.answerCame();
	}

	/** Milliseconds for which no call at all is made, because the other side wants none; 0 for none. */
	get quiet(): number {
		return Math.max(0, this.quietUntil - this.surroundings.now());
	}

	/**
	 * Waits for a place.
	 *
	 * @param longest milliseconds; when the other side wants no call for longer than this, there is no waiting. A window
	 * is always waited for
	 * @returns false when there is no such place, or the signal aborted before; then there is none to leave
	 */
	async enter(signal: AbortSignal, longest = Infinity): Promise<boolean> {
		const turn = this.line;
		let done = () => {};
		this.line = new Promise((resolve) => {
			done = resolve;
		});
		await unlessAborted(turn, signal);
		if (signal.aborted) {
			void turn.then(done);
			return false;
		}
		try {
			return await this.placeForFirst(signal, longest);
		} finally {
			done();
		}
	}

	private async placeForFirst(signal: AbortSignal, longest: number): Promise<boolean> {
		while (!signal.aborted && this.quiet <= Math.max(longest, this.pace.window)) {
			const wait = this.untilFree();
			if (wait === 0) {
				this.underWay += 1;
				return true;
			}
			if (wait === undefined) {
				await unlessAborted(new Promise<void>((wake) => (this.answerCame = wake)), signal);
			} else {
				const changed = new Promise<void>((wake) => (this.paceChanged = wake));
				await Promise.race([this.surroundings.pause(wait, signal), changed]);
			}
		}
		return false;
	}

	/** The call was answered, or its answer will not come any more. */
	leave(): void {
		this.underWay -= 1;
		this.answered.add(this.surroundings.now());
		this.answerCame();
	}

	/**
	 * The call was refused for its rate.
	 *
	 * @param asked milliseconds that the other side asks to wait, if it does
	 * @returns milliseconds that this call should wait; no call at all is made in that time, or for a day if it is longer
	 */
	refused(asked: number | undefined): number {
		const now = this.surroundings.now();
		this.underWay -= 1;
		this.answered.forgetOld(now, this.pace.window);
		const pause = asked ?? (this.answered.oldest ?? now) - now + this.pace.window;
		this.allowed = Math.max(1, Math.min(this.allowed, this.answered.count));
		this.quietUntil = Math.max(this.quietUntil, now + Math.min(pause, LONGEST_QUIET));
		this.changedAt = this.quietUntil;
		this.answerCame();
		return Math.max(pause, this.quietUntil - now);
	}

	/** Milliseconds until a place is free, or undefined when that depends on a call that is under way. */
	private untilFree(): number | undefined {
		const now = this.surroundings.now();
		if (this.quiet > 0) return this.quiet;
		this.answered.forgetOld(now, this.pace.window);
		this.recover(now);
		if (this.underWay + this.answered.count < this.allowed) return 0;
		const { oldest } = this.answered;
		return oldest === undefined ? undefined : oldest + this.pace.window - now;
	}

	private recover(now: number): void {
		const step = Math.max(1, Math.floor(this.pace.calls / 10));
		while (this.allowed < this.pace.calls && this.changedAt + this.pace.window <= now) {
			this.allowed = Math.min(this.pace.calls, this.allowed + step);
			this.changedAt += this.pace.window;
		}
	}
}
