import type { ServerResponse } from 'node:http';

import type { Clock } from './clock.mts';

const PAUSE_MS = 200;

/** Tells open pages the state of things by Server-Sent Events, at most five times a second. */
export class Live {
	readonly #pages = new Set<ServerResponse>();
	readonly #clock: Clock;
	readonly #state: () => unknown;
	#cancel: (() => void) | undefined;

	constructor(clock: Clock, state: () => unknown) {
		this.#clock = clock;
		this.#state = state;
	}

	/** Takes over an answer and keeps it open until the page goes away. */
	add(page: ServerResponse): void {
		page.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
		this.#pages.add(page);
		page.on('close', () => this.#pages.delete(page));
		this.#send([page]);
	}

	changed(): void {
		if (this.#pages.size === 0 || this.#cancel) return;
		this.#cancel = this.#clock.schedule(() => {
			this.#cancel = undefined;
			this.#send([...this.#pages]);
		}, PAUSE_MS);
	}

	close(): void {
		this.#cancel?.();
		for (const page of this.#pages) page.end();
	}

	#send(pages: ServerResponse[]): void {
		const message = `data: ${JSON.stringify(this.#state())}\n\n`;
		for (const page of pages) page.write(message);
	}
}
