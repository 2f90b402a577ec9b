import type { Locator, Page, Response } from 'playwright-core';

import { byTestId, type Editor } from './editor.mts';
import { until } from './waiting.mts';

/** An attempt whose input was dropped changes nothing, so nothing is tested. Milliseconds. */
const TESTED_WITHIN_MS = 5_000;

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

	/** Fills fields in, saves, and waits for what the form says of the test. @returns that, with its details */
	async save(values: Readonly<Record<string, string>>): Promise<string> {
		// The name that n8n proposes comes a moment later, and without one nothing is saved.
		await until('the credential has a name', async () => {
			const name = byTestId(this.root, 'credential-name');
			return (await name.innerText()).trim() !== '';
		});
		let verdict: Verdict | undefined;
		// n8n takes an input over a moment after it was typed, and drops it where it draws the form anew just then.
		await until('what was filled in is tested', async () => {
			const { tested, answer } = await this.#test(values);
			verdict = answer;
			return Object.entries(values).every(([name, value]) => tested[name] === value);
		});
		const { status, message } = verdict!;
		return status === 'OK' ? await this.#success() : await this.#failure(message);
	}

	/** Closes the form. */
	async close(): Promise<void> {
		await until('the form is closed', async () => {
			if (!(await this.root.isVisible())) return true;
			await this.root.locator('.el-dialog__headerbtn').first().click({ timeout: 2_000 });
			return false;
		});
	}

	/** @returns the values that were sent to be tested, and what n8n answered */
	async #test(values: Readonly<Record<string, string>>): Promise<Tested> {
		for (const [name, value] of Object.entries(values)) {
			await byTestId(this.root, `parameter-input-${name}`).locator('input').fill(value);
		}
		const test = (response: Response): boolean => response.url().endsWith('/rest/credentials/test');
		const [response] = await Promise.all([
			this.root.page().waitForResponse(test, { timeout: TESTED_WITHIN_MS }),
			byTestId(this.root, 'credential-save-button').click({ timeout: TESTED_WITHIN_MS }),
		]);
		const sent = response.request().postDataJSON() as { credentials: { data: Tested['tested'] } };
		const { data } = (await response.json()) as { data: Verdict };
		return { tested: sent.credentials.data, answer: data };
	}

	async #success(): Promise<string> {
		const banner = byTestId(this.root, 'credentials-config-container-test-success');
		await banner.waitFor();
		return words(await banner.innerText());
	}

	/** Waits until the form shows this failure, and not the one before. */
	async #failure(message: string): Promise<string> {
		const banner = this.root
			.getByText('Couldn’t connect with these settings')
			.locator('xpath=ancestor::*[contains(@class, "el-tag--danger")][1]');
		const details = banner.getByText('More details');
		await until(`the form says "${message}"`, async () => {
			if (await details.isVisible()) await details.click({ timeout: 2_000 });
			return words(await banner.innerText({ timeout: 2_000 })).includes(words(message));
		});
		return words(await banner.innerText());
	}
}

interface Tested {
	tested: Readonly<Record<string, unknown>>;
	answer: Verdict;
}

/** What n8n answers to a test. */
interface Verdict {
	status: 'OK' | 'Error';
	message: string;
}

const words = (text: string): string => text.replace(/\s+/g, ' ').trim();
