import type { INodePropertyOptions } from 'n8n-workflow';

import { subscriber } from '../../../nodes/SparkLoop/actions/subscriber';
import { byTestId, type Editor } from '../../../scripts/browser/editor.mts';
import { NodesPanel } from '../../../scripts/browser/nodesPanel.mts';
import { until } from '../../../scripts/browser/waiting.mts';
import { ACTION, type BrowserStage, TRIGGER } from '../support/browserStage.mts';

/** What the panel calls an operation. */
const actionOf = (operation: string): string => {
	const options = subscriber.description[0].options as INodePropertyOptions[];
	return String(options.find(({ value }) => value === operation)?.action);
};

const WORDS = ['SparkLoop', 'referral', 'newsletter'];

/** Where people look for nodes. n8n shows a trigger and its action node as one entry. */
export function nodesPanel(stage: () => BrowserStage): void {
	/** A canvas whose start is there, so that the panel offers what can follow. */
	async function openWithStart(editor: Editor): Promise<NodesPanel> {
		const start = {
			id: 'start',
			name: 'Start',
			type: 'n8n-nodes-base.manualTrigger',
			typeVersion: 1,
			position: [0, 0],
			parameters: {},
		};
		const { api } = stage().ground.n8n;
		const file = { name: 'With a start', nodes: [start], connections: {} };
		await editor.openWorkflow(await api.importWorkflow(file));
		return await openPanel(editor);
	}

	async function openPanel(editor: Editor): Promise<NodesPanel> {
		const panel = new NodesPanel(editor);
		await panel.open();
		return panel;
	}

	it.each([
		['begins', async (editor: Editor) => await editor.newWorkflow().then(() => openPanel(editor))],
		['goes on', openWithStart],
	])('both nodes are found where a workflow %s', async (_where, open) => {
		const { editor, description } = stage();
		const panel = await open(editor);
		for (const word of WORDS) {
			const found = await panel.find(word, 'SparkLoop');
			// n8n describes the entry of both by the trigger.
			expect(await found.innerText()).toContain(description(TRIGGER).description);
		}
	});

	it('the entry offers every event and every operation', async () => {
		const { editor, description } = stage();
		await editor.newWorkflow();
		const panel = await openPanel(editor);
		await panel.openFound(await panel.find('SparkLoop', 'SparkLoop'));

		const events = description(TRIGGER).properties.find(({ name }) => name === 'events')!;
		const named = (events.options ?? []).map((option) => ('value' in option ? option.name : ''));
		expect(await panel.entries('Triggers')).toEqual(
			named.map((name) => `On ${name.toLowerCase()}`),
		);
		const actions = description(ACTION)
			.properties.filter(({ name }) => name === 'operation')
			.flatMap(({ options }) => options ?? [])
			.map((option) => ('action' in option ? option.action : undefined))
			.filter((action) => action !== undefined);
		expect((await panel.entries('Actions')).sort()).toEqual(actions.sort());
	});

	it.each(['light', 'dark'] as const)('the icons show in the %s theme', async (theme) => {
		const { editor: opened } = stage();
		const editor = theme === 'light' ? opened : await stage().openEditor(theme);
		try {
			const panel = await openWithStart(editor);
			await panel.openFound(await panel.find('SparkLoop', 'SparkLoop'));
			await panel.add('Actions', actionOf('subscribe'));
			const { page } = editor;
			const icons = page.locator('img[src*="sparkloop"]');
			await until('the icons are loaded', async () => {
				const loaded = await icons.evaluateAll((all) =>
					all.map((icon) => (icon as HTMLImageElement).naturalWidth > 0),
				);
				return loaded.length > 0 && loaded.every(Boolean);
			});
			const file = theme === 'dark' ? 'sparkloop.dark.svg' : 'sparkloop.svg';
			const sources = await icons.evaluateAll((all) =>
				all.map((icon) => (icon as HTMLImageElement).src.split('/').at(-1)),
			);
			expect(new Set(sources)).toEqual(new Set([file]));
			await byTestId(page, 'ndv-close-button').click();
		} finally {
			if (editor !== opened) await editor.page.close();
		}
	});
}
