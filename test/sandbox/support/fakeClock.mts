import type { Clock } from '../../../sandbox/clock.mts';

interface Task {
	at: number;
	run: () => void;
}

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
	#now: number;
	#tasks: Task[] = [];

	constructor(start = Date.UTC(2026, 0, 1)) {
		this.#now = start;
	}

	now(): number {
		return this.#now;
	}

	schedule(run: () => void, ms: number): () => void {
		const task = { at: this.#now + ms, run };
		this.#tasks.push(task);
		return () => {
			this.#tasks = this.#tasks.filter((one) => one !== task);
		};
	}

	/** Lets `ms` pass, task by task, giving promises their turn after each. */
	async advance(ms: number): Promise<void> {
		const end = this.#now + ms;
		await settle();
		for (let task = this.#due(end); task; task = this.#due(end)) {
			const due = task;
			this.#tasks = this.#tasks.filter((one) => one !== due);
			this.#now = Math.max(this.#now, due.at);
			due.run();
			await settle();
		}
		this.#now = end;
	}

	#due(end: number): Task | undefined {
		return this.#tasks.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
	}
}

/** Lets everything happen that waits for no timer and no network. */
export async function settle(): Promise<void> {
	for (let turn = 0; turn < 5; turn += 1) {
		await new Promise<void>((resolve) => setImmediate(resolve));
	}
}
