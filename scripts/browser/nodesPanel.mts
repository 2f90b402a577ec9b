import type { Locator } from 'playwright-core';

import { byTestId, type Editor } from './editor.mts';
import { NodeDetails } from './nodeDetails.mts';
import { until } from './waiting.mts';

/** The panel in which nodes are looked for. */
export class NodesPanel {
	readonly #editor: Editor;
	readonly root: Locator;

	constructor(editor: Editor) {
		this.#editor = editor;
		this.root = byTestId(editor.page, 'node-creator');
	}

	/** Opens it on a workflow that has a trigger (then it offers all nodes), or none (then it asks for one). */
	async open(): Promise<void> {
		const { page } = this.#editor;
		await byTestId(page, 'canvas-add-button')
			.or(byTestId(page, 'node-creator-plus-button'))
			.first()
			.click();
		await this.#search.waitFor();
	}

	/**
	 * Looks for a node.
	 *
	 * @param word to look for
	 * @param name of the node that is to be found by it
	 * @returns its entry
	 */
	async find(word: string, name: string): Promise<Locator> {
		const found = byTestId(this.root, 'node-creator-action-item').filter({
			has: byTestId(this.#editor.page, 'node-creator-item-name').getByText(name, { exact: true }),
		});
		// What an earlier search found must not be taken for what this one finds.
		await this.#search.fill('');
		await found.waitFor({ state: 'detached' });
		await this.#search.fill(word);
		await found.waitFor();
		return found;
	}

	/** Opens the triggers and actions of a node that was found, by a click on it. */
	async openFound(found: Locator): Promise<void> {
		await found.click();
		await this.#category('Actions').waitFor();
	}

	/** The names of the triggers or actions of the node that is open in the panel. */
	async entries(category: 'Triggers' | 'Actions'): Promise<string[]> {
		await this.#unfold(category);
		const names = byTestId(this.#section(category), 'node-creator-item-name');
		const [, count] = /\((\d+)\)/.exec(await this.#category(category).innerText()) ?? [];
		// Long lists are drawn piece by piece.
		await until(`${count} entries are there`, async () => (await names.count()) === Number(count));
		return (await names.allInnerTexts()).map((name) => name.trim());
	}

	/** Adds a trigger or an action to the canvas, which opens its node. */
	async add(category: 'Triggers' | 'Actions', name: string): Promise<NodeDetails> {
		await this.#unfold(category);
		await this.#section(category).getByText(name, { exact: true }).click();
		const details = new NodeDetails(this.#editor.page);
		await details.root.waitFor();
		return details;
	}

	async #unfold(category: string): Promise<void> {
		const names = byTestId(this.#section(category), 'node-creator-item-name');
		if ((await names.count()) === 0) await this.#category(category).click();
		await names.first().waitFor();
	}

	get #search(): Locator {
		return byTestId(this.#editor.page, 'node-creator-search-bar').last();
	}

	#category(name: string): Locator {
		return byTestId(this.root, 'node-creator-category-item').filter({ hasText: name });
	}

	/** A category with its entries. */
	#section(name: string): Locator {
		const category = byTestId(this.#editor.page, 'node-creator-category-item');
		return this.root
			.locator('[data-category-collapsed]')
			.filter({ has: category.filter({ hasText: name }) });
	}
}
