import type { Locator, Page } from 'playwright-core';

import { byTestId, type Editor } from './editor.mts';
import { until } from './waiting.mts';

/** The form in which a credential is made. */
export class CredentialForm {
	readonly root: Locator;

	private constructor(page: Page) {
		this.root = byTestId(page, 'editCredential-modal');
	}

	/** Opens the form of a type. @param type its display name */
	static async open(editor: Editor, type: string): Promise<CredentialForm> {
		const { page, url } = editor;
		if (!page.url().startsWith(`${url}/home/credentials`))
			await page.goto(`${url}/home/credentials`);
		await byTestId(page, 'add-resource-credential').first().click();
		await byTestId(page, 'new-credential-type-select').locator('input').fill(type);
		await byTestId(page, 'new-credential-type-select-option')
			.getByText(type, { exact: true })
			.click();
		await byTestId(page, 'new-credential-type-button').click();
		const form = new CredentialForm(page);
		await form.root.waitFor();
		return form;
	}

	/** The labels of what is to be filled in. */
	async labels(): Promise<string[]> {
		const labels = byTestId(this.root, 'credential-connection-parameter').locator('label');
		const texts = await labels.locator('.n8n-text:first-child').allTextContents();
		return texts.map((text) => text.replace('*', '').trim()).filter(Boolean);
	}

	/** Fills the fields in, saves, and waits for what the credential's test says. @returns that, with its details */
	async save(values: Readonly<Record<string, string>>): Promise<string> {
		// The name that n8n proposes comes a moment later, and without one nothing is saved.
		await until('the credential has a name', async () => {
			const name = byTestId(this.root, 'credential-name');
			return (await name.innerText()).trim() !== '';
		});
		for (const [name, value] of Object.entries(values)) {
			await byTestId(this.root, `parameter-input-${name}`).locator('input').fill(value);
		}
		await byTestId(this.root, 'credential-save-button').click();
		return await this.#verdict();
	}

	/** Closes the form. */
	async close(): Promise<void> {
		await until('the form is closed', async () => {
			if (!(await this.root.isVisible())) return true;
			await this.root.locator('.el-dialog__headerbtn').first().click({ timeout: 2_000 });
			return false;
		});
	}

	async #verdict(): Promise<string> {
		const good = byTestId(this.root, 'credentials-config-container-test-success');
		const bad = this.root.getByText('Couldn’t connect with these settings');
		await good.or(bad).filter({ visible: true }).first().waitFor();
		if (await good.isVisible()) return (await good.innerText()).replace(/\s+/g, ' ').trim();

		const banner = bad.locator('xpath=ancestor::*[contains(@class, "el-tag--danger")][1]');
		const before = await banner.innerText();
		await until('the details are shown', async () => {
			if ((await banner.innerText()) !== before) return true;
			await banner.getByText('More details').click({ timeout: 2_000 });
			return false;
		});
		return (await banner.innerText()).replace(/\s+/g, ' ').trim();
	}
}
