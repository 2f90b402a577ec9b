import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

import { chromium, type Browser, type Locator, type Page } from 'playwright-core';

import { Canvas } from './workflows/canvas.mts';
import { ESPS } from './workflows/esp/esps.mts';
import { importWorkflow, workflowFile } from './story/importing.mts';
import { setGround, setStage, type Ground, type Stage } from './story/stage.mts';
import { STORY } from './story/story.mts';

const IMAGES = path.join(import.meta.dirname, '..', 'docs', 'images');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/** Whatever lies over the canvas and is not the workflow. */
const AROUND_THE_CANVAS = ['#canvas ~ *', '.vue-flow__panel'];

/** Hints that n8n lets hover over everything. */
const HINTS = ['[data-reka-popper-content-wrapper]', '.el-popper', '[role="tooltip"]'];

/** Workflows that need no more than to be imported. */
const ONES_OWN = [
	'reward-fulfilment',
	'alerts',
	'replay',
	'import-existing-subscribers',
	'reconcile',
];

const LARGE = { width: 1500, height: 1400 };
const MEDIUM = { width: 1400, height: 800 };
const WIDE = { width: 1800, height: 1100 };
const SIZES: Readonly<Record<string, typeof MEDIUM>> = {
	'newsletter-in-a-box': LARGE,
	'import-existing-subscribers': WIDE,
	reconcile: WIDE,
};

/** Pixels left free around the workflow. */
const MARGIN = 24;

const say = (line: string) => process.stdout.write(`${line}\n`);
const file = (name: string) => path.join(IMAGES, `${name}.png`);

/**
 * What is given on the command line: files of `workflows/` and `workflows/esp/` without their folders and endings; all of
 * the latter after `esp`.
 */
const wanted = process.argv.slice(2);
const files = (wanted[0] === 'esp' ? Object.keys(ESPS) : wanted).map((name) =>
	name in ESPS ? `esp/${name}` : name,
);

async function logIn(page: Page, { n8n, owner }: Ground): Promise<void> {
	await page.goto(`${n8n.url}/signin`);
	await page.locator('input[type="email"]').fill(owner.email);
	await page.locator('input[type="password"]').fill(owner.password);
	await page.keyboard.press('Enter');
	await page.waitForURL((url) => !url.pathname.includes('signin'));
}

const hide = (page: Page, what: string[]) =>
	page.addStyleTag({ content: `${what.join(', ')} { display: none !important }` });

/** Waits until nothing moves any more: the editor zooms and slides its panels for a while. */
async function still(moving: Locator): Promise<void> {
	let before: string | undefined;
	for (;;) {
		const box = JSON.stringify(await moving.boundingBox());
		if (box === before) return;
		before = box;
		await moving.page().waitForTimeout(400);
	}
}

async function openWorkflow(page: Page, { n8n }: Ground, id: string): Promise<void> {
	await page.goto(`${n8n.url}/workflow/${id}`);
	await page.locator('.vue-flow__node').first().waitFor();
	await still(page.locator('.vue-flow__node').first());
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

/** The whole workflow, without the editor around it. */
async function canvas(page: Page, stage: Ground, id: string, name: string): Promise<void> {
	await page.setViewportSize(SIZES[name] ?? (name.startsWith('esp/') ? WIDE : MEDIUM));
	await openWorkflow(page, stage, id);
	await hide(page, [...AROUND_THE_CANVAS, ...HINTS]);
	await page.keyboard.press('1');
	await still(page.locator('.vue-flow__node').first());
	await page.screenshot({ path: file(name), clip: await bounds(page) });
}

/** A node's parameters, opened as by a double click. */
async function panel(page: Page, stage: Stage, id: string, node: string, name: string) {
	await openWorkflow(page, stage, id);
	await hide(page, HINTS);
	await page.locator(`[data-test-id="canvas-node"][data-node-name="${node}"]`).dblclick();
	const details = page.locator('[data-test-id="ndv"]');
	await details.waitFor();
	// The table begins with the columns that say least.
	const json = details.locator('[data-test-id="output-panel"] [data-test-id="radio-button-json"]');
	if (await json.isVisible()) await json.click();
	await page.mouse.move(0, 0);
	await still(details);
	await details.screenshot({ path: file(name) });
}

/** The node on its own, with the operation that people meet first. @returns the workflow's id */
async function importSubscribe({ n8n, credentials }: Stage): Promise<string> {
	const canvas = new Canvas('A sign-up');
	canvas.node('Start', 'manualTrigger', [0, 0], {});
	canvas.node(
		'SparkLoop',
		'n8n-nodes-sparkloop.sparkLoop',
		[1, 0],
		{
			resource: 'subscriber',
			operation: 'subscribe',
			sendThrough: 'api',
			email: '={{ $json.email }}',
			additionalFields: {
				name: '={{ $json.name }}',
				createdAt: '={{ $json.createdAt }}',
				referrerCode: '={{ $json.referrer_code }}',
			},
		},
		{ credentials: { [credentials.api.type]: { id: credentials.api.id, name: 'SparkLoop API' } } },
	);
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

async function takePictures(browser: Browser, stage: Stage): Promise<void> {
	const canvases = await browser.newPage({ viewport: LARGE, deviceScaleFactor: 2 });
	await logIn(canvases, stage);
	const { box, outbox, sparkLoopToYourEsp, yourEsp, yourEspToOutbox } = stage;
	await canvas(canvases, stage, box.id, 'newsletter-in-a-box');
	await canvas(canvases, stage, sparkLoopToYourEsp.id, 'sparkloop-to-your-esp');
	await canvas(canvases, stage, yourEsp.id, 'your-esp-to-sparkloop');
	await canvas(canvases, stage, outbox.id, 'outbox');
	await canvas(canvases, stage, yourEspToOutbox.id, 'your-esp-to-outbox');
	for (const name of ONES_OWN) {
		const { id } = await importWorkflow(stage.n8n.api, stage.credentials, `${name}.json`);
		await canvas(canvases, stage, id, name);
	}

	const panels = await browser.newPage({
		viewport: { width: 1320, height: 900 },
		deviceScaleFactor: 1.5,
	});
	await logIn(panels, stage);
	const event = 'When SparkLoop sends an event';
	await panel(panels, stage, sparkLoopToYourEsp.id, event, 'trigger');
	await panel(panels, stage, await importSubscribe(stage), 'SparkLoop', 'node');

	const sandbox = await browser.newPage({ viewport: { width: 1440, height: 900 } });
	await sandbox.goto(stage.sandbox.url);
	await sandbox.waitForLoadState('load');
	await sandbox.waitForTimeout(1000);
	await sandbox.screenshot({ path: file('sandbox') });
}

/** Canvases as they are imported: nothing is chosen or filled in. */
async function takeCanvases(browser: Browser, ground: Ground): Promise<void> {
	const page = await browser.newPage({ viewport: WIDE });
	await logIn(page, ground);
	for (const name of files) {
		const id = await ground.n8n.api.importWorkflow(workflowFile(`${name}.json`));
		await canvas(page, ground, id, name);
		say(name);
	}
}

async function ofTheWanted(): Promise<void> {
	mkdirSync(path.join(IMAGES, 'esp'), { recursive: true });
	const ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: say });
	let browser: Browser | undefined;
	try {
		browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
		await takeCanvases(browser, ground);
	} finally {
		await browser?.close();
		await ground.close();
	}
}

async function run(): Promise<void> {
	if (!existsSync(CHROMIUM)) {
		throw new Error(
			`There is no browser at ${CHROMIUM}. Install Chromium, or set CHROMIUM to where it is.`,
		);
	}
	if (files.length > 0) return await ofTheWanted();
	mkdirSync(IMAGES, { recursive: true });
	say('Setting a stage with the package as it was built last (npm run build)');
	const stage = await setStage({ n8nPort: 0, sandboxPort: 0, progress: say });
	let browser: Browser | undefined;
	try {
		for (const step of STORY) {
			say(step.title);
			await step.play(stage);
		}
		browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
		say('Taking the pictures');
		await takePictures(browser, stage);
	} finally {
		await browser?.close();
		await stage.close();
	}
}

try {
	await run();
} catch (error) {
	say(error instanceof Error ? error.message : String(error));
	process.exitCode = 1;
}
