/** Time that passes only when everybody waits for it. */
export class StillTime {
	private time = Date.UTC(2026, 0, 1);
	private readonly waiting: Array<{ at: number; wake: () => void }> = [];
	readonly pauses: number[] = [];

	private readonly chance: () => number;

	constructor(chance = () => 0.5) {
		this.chance = chance;
	}

	now = () => this.time;
	random = () => this.chance();
	pause = async (ms: number, signal: AbortSignal): Promise<void> => {
		this.pauses.push(ms);
		await this.wait(ms, signal);
	};
	wait = async (ms: number, signal?: AbortSignal): Promise<void> =>
		await new Promise((wake) => {
			if (signal?.aborted) return wake();
			signal?.addEventListener('abort', () => wake());
			this.waiting.push({ at: this.time + ms, wake });
		});

	/** Runs until the work is done, moving time to the next event whenever nothing else happens. */
	async until<T>(work: Promise<T>): Promise<T> {
		let done = false;
		void work.finally(() => (done = true));
		for (let quiet = 0; !done; ) {
			await new Promise((next) => setImmediate(next));
			if ((quiet += 1) < 3) continue;
			quiet = 0;
			const next = this.waiting.sort((a, b) => a.at - b.at).shift();
			if (!next) continue;
			this.time = Math.max(this.time, next.at);
			next.wake();
		}
		return await work;
	}
}
