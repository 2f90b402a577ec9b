import type { Locator, Page } from 'playwright-core';

import { Select } from './select.mts';
import { until } from './waiting.mts';

/** A node's opened window: its parameters in the middle, its input and output at the sides. */
export class NodeDetails {
	readonly page: Page;
	readonly root: Locator;

	constructor(page: Page) {
		this.page = page;
		this.root = this.part('ndv', page);
	}

	part(id: string, within: Page | Locator = this.root): Locator {
		return within.locator(`[data-test-id="${id}"]`);
	}

	/** The name of the node; blank while none is open. */
	async title(): Promise<string> {
		const title = this.part('node-title-container');
		return (await title.isVisible()) ? (await title.innerText()).trim() : '';
	}

	/**
	 * What stands above and in the form from top to bottom: the labels of the parameters and the texts of the notices, those
	 * within collections and the credentials' left out.
	 */
	async labels(): Promise<string[]> {
		return await this.part('node-parameters').evaluate((form) => {
			const visible = [...form.querySelectorAll('[data-test-id="parameter-item"]')].filter(
				(item) =>
					item.checkVisibility() && !item.parentElement?.closest('[data-test-id="parameter-item"]'),
			);
			return visible.map((item) => {
				const label = item.querySelector('[data-test-id="input-label"] label .n8n-text');
				const notice = item.querySelector('.notice');
				return (label ?? notice ?? item).textContent?.trim() ?? '';
			});
		});
	}

	/** What n8n hints at above the output, from top to bottom. */
	async hints(): Promise<string[]> {
		const hints = await this.part('node-hint', this.part('output-panel')).allInnerTexts();
		return hints.map((text) => text.trim());
	}

	/** The credentials asked for, by the names of their types. */
	async credentials(): Promise<string[]> {
		const labels = await this.part('credentials-label').allInnerTexts();
		return labels.map((label) => label.trim().replace(/^Credential for /, ''));
	}

	/** What a drop-down offers, from top to bottom. */
	async choices(parameter: string): Promise<string[]> {
		const select = new Select(this.#input(parameter));
		const options = await select.open();
		const names = await options.locator('.option-headline').allTextContents();
		await select.close();
		return names.map((name) => name.trim());
	}

	/** Chooses in a drop-down. @param choice as the list shows it */
	async choose(parameter: string, choice: string): Promise<void> {
		await new Select(this.#input(parameter)).choose(choice);
	}

	/** Switches a switch. */
	async toggle(parameter: string, on: boolean): Promise<void> {
		const toggle = this.#input(parameter).locator('.el-switch');
		await until(`"${parameter}" is ${on ? 'on' : 'off'}`, async () => {
			if ((await toggle.locator('input').getAttribute('aria-checked')) === String(on)) return true;
			await toggle.click({ timeout: 2_000 });
			return false;
		});
	}

	/** Writes into a text field, as text and not as an expression. */
	async type(parameter: string, text: string): Promise<void> {
		await this.#input(parameter).locator('input, textarea').first().fill(text);
	}

	/**
	 * Adds every option of a collection, one after the other.
	 *
	 * @param label of the collection
	 * @returns the labels of what is there then
	 */
	async addAll(label: string): Promise<string[]> {
		const collection = this.#collection(label);
		const add = this.part('collection-parameter-add', collection);
		const added = () => this.#labelsWithin(collection);
		for (;;) {
			const before = (await added()).length;
			if (!(await add.isVisible())) return await added();
			await until(`"${label}" has one option more`, async () => {
				if ((await added()).length > before || !(await add.isVisible())) return true;
				// With one thing to add there is nothing to choose from.
				const choice = (await add.locator('input').count())
					? (await new Select(add).open()).first()
					: add;
				await choice.click({ timeout: 2_000 });
				return false;
			});
		}
	}

	/**
	 * Adds a group of values to a fixed collection.
	 *
	 * @returns the labels of the values
	 */
	async addGroup(parameter: string): Promise<string[]> {
		const collection = this.part(`fixed-collection-${parameter}`);
		const labels = collection.locator('[data-test-id="parameter-item"] label');
		await until(`"${parameter}" has values`, async () => {
			if ((await labels.count()) > 0) return true;
			await this.part('fixed-collection-add', collection).click({ timeout: 2_000 });
			return false;
		});
		return await labels.evaluateAll((all) =>
			all.map((label) => label.querySelector('.n8n-text')?.textContent?.trim() ?? ''),
		);
	}

	/**
	 * Chooses a credential that is already stored.
	 *
	 * @param type its display name
	 * @param name the credential's own
	 */
	async chooseCredential(type: string, name: string): Promise<void> {
		const slot = this.part('node-credentials-slot').filter({ hasText: type });
		await new Select(slot).choose(name);
	}

	/** The URL that a trigger shows at its top. */
	async webhookUrl(which: 'test' | 'production'): Promise<string> {
		const headline = this.root.getByText('Webhook URLs', { exact: true });
		const url = this.root.locator('.webhook-url');
		await until(`the ${which} URL is shown`, async () => {
			if (!(await url.isVisible())) await headline.click({ timeout: 2_000 });
			const choice = this.part(`radio-button-${which}`);
			if ((await choice.getAttribute('aria-checked', { timeout: 2_000 })) === 'true') return true;
			await choice.click({ timeout: 2_000 });
			return false;
		});
		return (await url.innerText()).trim();
	}

	/** Writes a value of a node that sets fields. @param name the field's */
	async assign(name: string, value: string): Promise<void> {
		const assignments = this.part('assignment');
		const names = await assignments.evaluateAll((all) =>
			all.map(
				(one) =>
					one.querySelector<HTMLInputElement>('[data-test-id="assignment-name"] input')?.value,
			),
		);
		const assignment = assignments.nth(names.indexOf(name));
		await this.part('assignment-value', assignment).locator('input, textarea').fill(value);
	}

	/** Runs the node, as the button beside its parameters does. */
	async execute(): Promise<void> {
		await this.part('node-execute-button').click();
	}

	/** Closes the window, so that the canvas is there again. */
	async close(): Promise<void> {
		await until('the node is closed', async () => {
			if (!(await this.root.isVisible())) return true;
			await this.part('ndv-close-button').click({ timeout: 2_000 });
			return false;
		});
	}

	#input(parameter: string): Locator {
		return this.part(`parameter-input-${parameter}`);
	}

	#collection(label: string): Locator {
		return this.part('node-parameters')
			.locator('[data-test-id="parameter-item"]')
			.filter({ has: this.page.locator('label .n8n-text').getByText(label, { exact: true }) })
			.first();
	}

	/** The labels of the parameters that stand directly in a collection. */
	async #labelsWithin(collection: Locator): Promise<string[]> {
		return await collection.evaluate((around) =>
			[...around.querySelectorAll('[data-test-id="parameter-item"]')]
				.filter((item) => item.parentElement?.closest('[data-test-id="parameter-item"]') === around)
				.map((item) => item.querySelector('label .n8n-text')?.textContent?.trim() ?? ''),
		);
	}
}
