import { mkdirSync } from 'node:fs';
import path from 'node:path';

import type { Browser, Page } from 'playwright-core';

import { launchChromium } from './browser/chromium.mts';
import { Editor, hide } from './browser/editor.mts';
import { SandboxPage } from './browser/sandboxPage.mts';
import { still } from './browser/waiting.mts';
import {
	NODE_SHOWN,
	pictureFile,
	picturesToTake,
	record,
	TRIGGER_SHOWN,
} from './pictureSources.mts';
import { importWorkflow, workflowFile } from './story/importing.mts';
import { setGround, setStage, type Ground } from './story/stage.mts';
import { STORY } from './story/story.mts';
import { Canvas } from './workflows/canvas.mts';

/** Whatever lies over the canvas and is not the workflow. */
const AROUND_THE_CANVAS = ['#canvas ~ *', '.vue-flow__panel'];

/** Hints that n8n lets hover over everything. */
const HINTS = [
	'[data-test-id="floating-nodes"]',
	'[data-reka-popper-content-wrapper]',
	'.el-popper',
	'[role="tooltip"]',
];

const LARGE = { width: 1500, height: 1400 };
const MEDIUM = { width: 1400, height: 800 };
const WIDE = { width: 1800, height: 1100 };
const PANEL = { width: 1320, height: 900 };
const SIZES: Readonly<Record<string, typeof MEDIUM>> = { 'newsletter-in-a-box': LARGE };

/** Pixels left free around the workflow. */
const MARGIN = 24;

const say = (line: string) => process.stdout.write(`${line}\n`);

/** What the pictures are taken of, and with. */
interface Studio {
	ground: Ground;
	/** An editor that is logged in, with so many pixels to one of the page. */
	editor(deviceScaleFactor: number): Promise<Editor>;
	page(): Promise<Page>;
}

/** The rectangle that every node, label and note lies in. */
async function bounds(page: Page) {
	return await page.evaluate((margin) => {
		const parts = [
			...document.querySelectorAll(
				'.vue-flow__node, .vue-flow__node [data-test-id="canvas-node"] *',
			),
		]
			.filter((part) => part.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
			// A button that only hovering shows keeps its place free beside each trigger.
			.filter((part) => !part.querySelector('[data-test-id^="execute-workflow-button"]'))
			.map((part) => part.getBoundingClientRect())
			.filter(({ width, height }) => width > 0 && height > 0);
		const x = Math.min(...parts.map(({ left }) => left)) - margin;
		const y = Math.min(...parts.map(({ top }) => top)) - margin;
		const right = Math.max(...parts.map((part) => part.right)) + margin;
		const bottom = Math.max(...parts.map((part) => part.bottom)) + margin;
		return { x, y, width: right - x, height: bottom - y };
	}, MARGIN);
}

/**
 * The whole workflow, without the editor around it. Those of the ESPs are shown as they are imported: nothing is chosen or
 * filled in.
 */
async function takeCanvas({ ground, editor }: Studio, name: string): Promise<void> {
	const ofAnEsp = name.startsWith('esp/');
	const { api } = ground.n8n;
	const id = ofAnEsp
		? await api.importWorkflow(workflowFile(`${name}.json`))
		: (await importWorkflow(api, ground.credentials, `${name}.json`)).id;
	const opened = await editor(ofAnEsp ? 1 : 2);
	const { page } = opened;
	await page.setViewportSize(SIZES[name] ?? (ofAnEsp ? WIDE : MEDIUM));
	await opened.openWorkflow(id);
	await hide(page, [...AROUND_THE_CANVAS, ...HINTS]);
	await page.keyboard.press('1');
	await still(page.locator('.vue-flow__node').first());
	await page.screenshot({ path: pictureFile(name), clip: await bounds(page) });
}

/** A node's parameters, opened as by a double click. */
async function takePanel(studio: Studio, id: string, node: string, name: string): Promise<void> {
	const editor = await studio.editor(1.5);
	await editor.page.setViewportSize(PANEL);
	await editor.openWorkflow(id);
	await hide(editor.page, HINTS);
	const details = await editor.openNode(node);
	// The table begins with the columns that say least.
	const json = details.part('radio-button-json', details.part('output-panel'));
	if (await json.isVisible()) await json.click();
	await editor.page.mouse.move(0, 0);
	await still(details.root);
	await details.root.screenshot({ path: pictureFile(name) });
}

/** The node on its own, with the operation that people meet first. @returns the workflow's id */
async function importSubscribe({ n8n, credentials }: Ground): Promise<string> {
	const canvas = new Canvas('A sign-up');
	canvas.node('Start', 'manualTrigger', [0, 0], {});
	canvas.node('SparkLoop', 'n8n-nodes-sparkloop.sparkLoop', [1, 0], NODE_SHOWN, {
		credentials: { [credentials.api.type]: { id: credentials.api.id, name: 'SparkLoop API' } },
	});
	canvas.chain('Start', 'SparkLoop');
	canvas.pin('Start', [
		{
			email: 'ann@example.com',
			name: 'Ann Archer',
			createdAt: '2026-01-01T00:00:00.000Z',
			referrer_code: 'f9464199',
		},
	]);
	return await n8n.api.importWorkflow({ ...canvas.toFile() });
}

/** Pictures of something else than a canvas → how they are taken. */
const OTHERS: Readonly<Record<string, (studio: Studio) => Promise<void>>> = {
	trigger: async (studio) => {
		const { n8n, credentials } = studio.ground;
		const { id } = await importWorkflow(n8n.api, credentials, TRIGGER_SHOWN.file);
		await takePanel(studio, id, TRIGGER_SHOWN.node, 'trigger');
	},
	node: async (studio) =>
		await takePanel(studio, await importSubscribe(studio.ground), 'SparkLoop', 'node'),
	sandbox: async (studio) => {
		const page = await studio.page();
		await page.setViewportSize({ width: 1440, height: 900 });
		await SandboxPage.open(page, studio.ground.sandbox.url);
		await page.screenshot({ path: pictureFile('sandbox') });
	},
};

/** A ground to take pictures on. The sandbox's page has nothing to show before the story is played. */
async function groundFor(names: string[]): Promise<Ground> {
	const options = { n8nPort: 0, sandboxPort: 0, progress: say };
	if (!names.includes('sandbox')) return await setGround(options);
	const stage = await setStage(options);
	try {
		for (const step of STORY) {
			say(step.title);
			await step.play(stage);
		}
		return stage;
	} catch (error) {
		await stage.close();
		throw error;
	}
}

function studioOf(ground: Ground, browser: Browser): Studio {
	const editors = new Map<number, Editor>();
	return {
		ground,
		async editor(deviceScaleFactor) {
			const known = editors.get(deviceScaleFactor);
			if (known) return known;
			const page = await browser.newPage({ deviceScaleFactor });
			const editor = await new Editor(page, ground.n8n.url).withoutMotion();
			await editor.logIn(ground.owner);
			editors.set(deviceScaleFactor, editor);
			return editor;
		},
		page: async () => await browser.newPage(),
	};
}

/** @param wanted names of pictures, or `esp` for those of all ESPs; all pictures when none is given */
async function run(wanted: string[]): Promise<void> {
	const all = picturesToTake();
	const names = all.filter((name) => {
		const [first] = name.split('/');
		return wanted.length === 0 || wanted.includes(name) || wanted.includes(first);
	});
	const unknown = wanted.find((name) => name !== 'esp' && !all.includes(name));
	if (unknown) {
		throw new Error(`There is nothing to take '${unknown}' of. Name some of: ${all.join(', ')}`);
	}
	const browser = await launchChromium();
	let ground: Ground | undefined;
	try {
		say('Setting a stage with the package as it was built last (npm run build)');
		ground = await groundFor(names);
		const studio = studioOf(ground, browser);
		for (const name of names) {
			mkdirSync(path.dirname(pictureFile(name)), { recursive: true });
			await (OTHERS[name]?.(studio) ?? takeCanvas(studio, name));
			record(name);
			say(name);
		}
	} finally {
		await browser.close();
		await ground?.close();
	}
}

try {
	await run(process.argv.slice(2));
} catch (error) {
	say(error instanceof Error ? error.message : String(error));
	process.exitCode = 1;
}
