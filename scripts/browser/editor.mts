import type { Locator, Page } from 'playwright-core';

import type { Owner } from '../n8n/api.mts';
import { NodeDetails } from './nodeDetails.mts';
import { still, until } from './waiting.mts';

/** How long a single act may take. A busy machine opens a workflow in five seconds. Milliseconds. */
const ACT_WITHIN_MS = 20_000;

export const byTestId = (within: Page | Locator, id: string): Locator =>
	within.locator(`[data-test-id="${id}"]`);

/** n8n's editor in a page, as a person sees it: everything is found by what is on the screen, and clicked. */
export class Editor {
	readonly page: Page;
	readonly url: string;

	constructor(page: Page, url: string) {
		page.setDefaultTimeout(ACT_WITHIN_MS);
		// The editor asks before it lets go of what is not saved.
		page.on('dialog', (dialog) => void dialog.accept().catch(() => {}));
		this.page = page;
		this.url = url;
	}

	/** Lets nothing glide or fade in pages that are opened from now on: a drop-down is there at once, or gone. */
	async withoutMotion(): Promise<this> {
		await this.page.addInitScript(() => {
			const style = document.createElement('style');
			style.textContent =
				'*, ::before, ::after { transition: none !important; animation: none !important }';
			document.addEventListener('DOMContentLoaded', () => document.head.append(style));
		});
		return this;
	}

	async logIn({ email, password }: Pick<Owner, 'email' | 'password'>): Promise<void> {
		await this.page.goto(`${this.url}/signin`);
		await this.page.locator('input[type="email"]').fill(email);
		await this.page.locator('input[type="password"]').fill(password);
		await this.page.keyboard.press('Enter');
		await this.page.waitForURL((url) => !url.pathname.includes('signin'));
	}

	async newWorkflow(): Promise<void> {
		await this.page.goto(`${this.url}/workflow/new`);
		await byTestId(this.page, 'canvas-add-button').waitFor();
	}

	async openWorkflow(id: string): Promise<void> {
		await this.page.goto(`${this.url}/workflow/${id}`);
		const first = this.page.locator('.vue-flow__node').first();
		await first.waitFor();
		await still(first);
	}

	/** Puts a file on the canvas that is open. @param file its path */
	async importFile(file: string): Promise<void> {
		const chosen = this.page.waitForEvent('filechooser');
		await byTestId(this.page, 'workflow-menu').first().click();
		await byTestId(this.page, 'workflow-menu-item-import').hover();
		await byTestId(this.page, 'workflow-menu-item-import-from-file').click();
		await (await chosen).setFiles(file);
		await byTestId(this.page, 'canvas-node').first().waitFor();
	}

	/** A node on the canvas. */
	node(name: string): Locator {
		return this.page.locator(`[data-test-id="canvas-node"][data-node-name="${name}"]`);
	}

	/** Opens a node as by a double click. */
	async openNode(name: string): Promise<NodeDetails> {
		const details = new NodeDetails(this.page);
		await until(`the node "${name}" opens`, async () => {
			if (!(await details.root.isVisible())) await this.node(name).dblclick({ timeout: 5_000 });
			return (await details.title()) === name;
		});
		return details;
	}

	/** The nodes on the canvas that n8n marks: something is missing. */
	async nodesWithIssues(): Promise<string[]> {
		return await byTestId(this.page, 'canvas-node').evaluateAll((nodes) =>
			nodes
				.filter((node) => node.querySelector('[data-test-id="node-issues"]'))
				.map((node) => node.getAttribute('data-node-name') ?? ''),
		);
	}

	/** Runs the workflow from one of its starts, and waits until n8n says that it has. */
	async executeFrom(start: string): Promise<void> {
		const { page } = this;
		await this.node(start).hover();
		await byTestId(page, `execute-workflow-button-${start}`).click();
		await page.getByText('Workflow executed successfully').first().waitFor();
	}

	/** Publishes the workflow, and waits until n8n says that it is. */
	async publish(): Promise<void> {
		const { page } = this;
		await byTestId(page, 'workflow-open-publish-modal-button').click();
		await byTestId(page, 'workflow-publish-button').click();
		await byTestId(page, 'workflow-active-version-indicator').waitFor();
	}
}

/** Takes parts of a page out of sight. */
export const hide = (page: Page, what: string[]) =>
	page.addStyleTag({ content: `${what.join(', ')} { display: none !important }` });
