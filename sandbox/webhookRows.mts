import type { Deliveries, WebhookRow } from './deliveries.mts';
import { HEX, type Random } from './random.mts';

/** A row of the webhooks page with the name by which REST v2 knows it. */
export interface NamedRow extends WebhookRow {
	/** `webhook_` and ten characters, as in the api-v2 docs. */
	uuid: string;
}

/** The webhooks page: what stands on it decides where events go, whoever wrote it there. */
export class WebhookRows {
	readonly #deliveries: Deliveries;
	readonly #random: Random;

	constructor(deliveries: Deliveries, random: Random) {
		this.#deliveries = deliveries;
		this.#random = random;
	}

	/** In the order in which they were made. */
	get list(): NamedRow[] {
		return this.#deliveries.webhooks.map((row) => ({ ...row, uuid: row.uuid ?? '' }));
	}

	find(uuid: string): NamedRow | undefined {
		return this.list.find((row) => row.uuid === uuid);
	}

	/**
	 * Makes these rows all that there is, those of REST v2 included. A row whose URL was there before keeps its uuid;
	 * of several with one URL, the first keeps that of the first.
	 */
	replace(rows: WebhookRow[]): void {
		const left = this.list;
		const uuidFor = (url: string) => {
			const index = left.findIndex((row) => row.url === new URL(url).href);
			return index < 0 ? this.#newUuid() : left.splice(index, 1)[0].uuid;
		};
		this.#deliveries.setWebhooks(rows.map((row) => ({ ...row, uuid: uuidFor(row.url) })));
	}

	add(row: WebhookRow): NamedRow {
		const added = { ...row, uuid: this.#newUuid() };
		this.#deliveries.setWebhooks([...this.list, added]);
		return added;
	}

	/** Does nothing when no row has the uuid. */
	change(uuid: string, change: Partial<WebhookRow>): void {
		this.#deliveries.setWebhooks(
			this.list.map((row) => (row.uuid === uuid ? { ...row, ...change } : row)),
		);
	}

	/** Does nothing when no row has the uuid. Waiting deliveries keep their URL. */
	remove(uuid: string): void {
		this.#deliveries.setWebhooks(this.list.filter((row) => row.uuid !== uuid));
	}

	#newUuid(): string {
		return `webhook_${this.#random.text(HEX, 10)}`;
	}
}
