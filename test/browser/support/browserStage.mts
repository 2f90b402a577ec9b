import type { Browser, Page } from 'playwright-core';
import type { INodeTypeDescription } from 'n8n-workflow';

import { noteComplaints, launchChromium } from '../../../scripts/browser/chromium.mts';
import { Editor } from '../../../scripts/browser/editor.mts';
import { setGround, type Ground } from '../../../scripts/story/stage.mts';

export const ACTION = 'n8n-nodes-sparkloop.sparkLoop';
export const TRIGGER = 'n8n-nodes-sparkloop.sparkLoopTrigger';

/** A real n8n with the package, the sandbox as SparkLoop, and a browser whose editor is logged in. */
export interface BrowserStage {
	ground: Ground;
	editor: Editor;
	/** What the pages complained of in their consoles. */
	complaints: string[];
	/** A node's description as n8n serves it. */
	description(type: string): INodeTypeDescription;
	/** What the editor calls a type of credential. */
	credentialType(name: string): string;
	/** Another editor, logged in, in a window of its own. */
	openEditor(colorScheme: 'light' | 'dark'): Promise<Editor>;
	/** A page of its own, of no n8n. */
	newPage(): Promise<Page>;
	close(): Promise<void>;
}

export async function setBrowserStage(): Promise<BrowserStage> {
	const ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
	let browser: Browser | undefined;
	const close = async () => {
		await browser?.close();
		await ground.close();
	};
	try {
		browser = await launchChromium();
		return await openBrowserStage(ground, browser, close);
	} catch (error) {
		await close();
		throw error;
	}
}

async function openBrowserStage(
	ground: Ground,
	browser: Browser,
	close: () => Promise<void>,
): Promise<BrowserStage> {
	const { n8n, owner } = ground;
	const nodes = await n8n.api.rest.call<INodeTypeDescription[]>('GET', '/types/nodes.json');
	const credentials = await n8n.api.rest.call<Array<{ name: string; displayName: string }>>(
		'GET',
		'/types/credentials.json',
	);
	const named = <T extends { name: string }>(list: T[], wanted: string): T => {
		const found = list.find(({ name }) => name === wanted);
		if (!found) throw new Error(`n8n does not know ${wanted}`);
		return found;
	};

	const complaints: string[] = [];
	const openEditor = async (colorScheme: 'light' | 'dark') => {
		const page = await browser.newPage({
			viewport: { width: 1400, height: 900 },
			colorScheme,
		});
		const editor = await new Editor(page, n8n.url).withoutMotion();
		await editor.logIn(owner);
		// Before, n8n is asked who is there, and answers 401.
		noteComplaints(page, n8n.url, complaints);
		return editor;
	};
	return {
		ground,
		editor: await openEditor('light'),
		complaints,
		description: (type) => named(nodes, type),
		credentialType: (name) => named(credentials, name).displayName,
		openEditor,
		newPage: async () => await browser.newPage(),
		close,
	};
}
