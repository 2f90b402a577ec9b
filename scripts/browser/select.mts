import type { Locator } from 'playwright-core';

import { until } from './waiting.mts';

const ACT_WITHIN_MS = 2_000;

/** A drop-down of n8n's editor, whose list hangs elsewhere in the page. */
export class Select {
	readonly #input: Locator;

	/** @param around what the drop-down stands in */
	constructor(around: Locator) {
		this.#input = around.locator('input[role="combobox"]').first();
	}

	/** Opens it unless it is open. @returns its options */
	async open(): Promise<Locator> {
		const list = await this.#list();
		await until('a drop-down opens', async () => {
			if (await list.isVisible()) return true;
			await this.#input.click({ timeout: ACT_WITHIN_MS });
			return false;
		});
		return list.locator('[role="option"]');
	}

	/** Closes it, and waits until its list no longer covers what lies below. */
	async close(): Promise<void> {
		const list = await this.#list();
		await until('a drop-down closes', async () => {
			if (!(await list.isVisible())) return true;
			if ((await this.#input.getAttribute('aria-expanded')) === 'true') {
				await this.#input.click({ timeout: ACT_WITHIN_MS });
			}
			return false;
		});
	}

	/** @param choice the first line of the option */
	async choose(choice: string): Promise<void> {
		await until(`"${choice}" is chosen`, async () => {
			const option = (await this.#list())
				.locator('[role="option"]')
				.filter({ has: this.#input.page().getByText(choice, { exact: true }) });
			const selected = async () =>
				(await option.getAttribute('aria-selected', { timeout: ACT_WITHIN_MS })) === 'true';
			if ((await option.count()) > 0 && (await selected())) return true;
			await this.open();
			if (!(await selected())) await option.click({ timeout: ACT_WITHIN_MS });
			return false;
		});
		await this.close();
	}

	async #list(): Promise<Locator> {
		const id = await this.#input.getAttribute('aria-controls', { timeout: ACT_WITHIN_MS });
		return this.#input.page().locator(`[id="${id}"]`);
	}
}
