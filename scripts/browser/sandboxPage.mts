import type { Page } from 'playwright-core';

/** How long a single act may take. Milliseconds. */
const ACT_WITHIN_MS = 10_000;

/** The sandbox's page, as a person uses it. */
export class SandboxPage {
	readonly page: Page;

	private constructor(page: Page) {
		this.page = page;
	}

	/** Opens it, and waits until it is told what happens. */
	static async open(page: Page, url: string): Promise<SandboxPage> {
		page.setDefaultTimeout(ACT_WITHIN_MS);
		await page.goto(url);
		await page.getByText('Live', { exact: true }).waitFor();
		return new SandboxPage(page);
	}

	/** Enters the webhooks. @param rows a line each: a URL, then its events */
	async setWebhooks(rows: string): Promise<void> {
		const form = this.page.locator('#webhooks');
		await form.locator('textarea').fill(rows);
		await form.getByRole('button').click();
		await this.said('Webhooks changed.');
	}

	/** Presses "Send test webhook". */
	async sendTest(type: string): Promise<void> {
		const form = this.page.locator('form[data-path="send-test"]');
		await form.getByRole('combobox').selectOption(type);
		await form.getByRole('button').click();
		await this.said('Test sent.');
	}

	/** Waits for what the page says after an act. */
	async said(text: string): Promise<void> {
		await this.page.locator('#toast', { hasText: text }).waitFor();
	}
}
