import type { Browser, Page } from 'playwright-core';

import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { launchChromium, noteComplaints } from '../../scripts/browser/chromium.mts';
import { SandboxPage } from '../../scripts/browser/sandboxPage.mts';
import { until } from '../../scripts/browser/waiting.mts';
import { Peer } from '../support/peer.mts';

const TABS = ['Subscribers', 'Rewards won', 'Deliveries', 'Incoming calls', 'ESP contacts'];
const PHONE = { width: 360, height: 740 };
const DESK = { width: 1440, height: 900 };
const ANN = 'ann@example.com';

let browser: Browser;
let sandbox: Sandbox;
let n8n: Peer;
const complaints: string[] = [];

beforeAll(async () => (browser = await launchChromium()), 60_000);
afterAll(async () => await browser?.close());
beforeEach(async () => {
	sandbox = await startSandbox();
	n8n = await Peer.start();
});
afterEach(async () => {
	await Promise.all(browser.contexts().map(async (context) => await context.close()));
	await Promise.all([sandbox.close(), n8n.stop()]);
	expect(complaints.splice(0)).toEqual([]);
});

/** Opens the page, in a browser that has never seen it. */
async function open(
	viewport = DESK,
	colorScheme: 'light' | 'dark' = 'light',
): Promise<SandboxPage & { page: Page }> {
	const page = await browser.newPage({ viewport, colorScheme });
	noteComplaints(page, sandbox.url, complaints);
	return await SandboxPage.open(page, sandbox.url);
}

/** A program in full swing: a reward is won, an ESP is written to, one delivery is refused, one call is. */
async function fill(): Promise<void> {
	sandbox.setWebhooks([{ url: n8n.url }, { url: 'http://127.0.0.1:9/webhook/nobody-there' }]);
	const { subscriber } = sandbox.program.subscribe({ email: ANN, name: 'Ann Archer' });
	for (const name of ['bob', 'cleo', 'dan']) {
		const email = `${name}@a-rather-long-name-of-a-domain.example.com`;
		sandbox.program.subscribe({ email, referrerCode: subscriber.referralCode });
	}
	const headers = {
		authorization: `Bearer ${sandbox.espKey}`,
		'content-type': 'application/json',
	};
	const fields = { RH_REFLINK: `${sandbox.url}/site?rh_ref=${subscriber.referralCode}` };
	const body = JSON.stringify({ fields });
	await fetch(`${sandbox.espUrl}/contacts/${ANN}`, { method: 'PUT', headers, body });
	await fetch(`${sandbox.apiUrl}/campaigns`);
	await until('both webhooks were called', async () => {
		const { log } = sandbox.deliveries;
		return log.some(({ ok }) => ok) && log.some(({ ok }) => !ok);
	});
}

describe('what a newcomer sees', () => {
	it('how a referral program works, and what to do first', async () => {
		const { page } = await open();
		const guide = page.locator('#guide');
		await guide.getByRole('heading', { name: 'Somebody signs up' }).waitFor();
		expect(await guide.getByRole('heading', { level: 3 }).allInnerTexts()).toEqual([
			'Somebody signs up',
			'A friend joins through the link',
			'Enough referrals win a reward',
			'SparkLoop sends each as an event',
		]);
		await guide.getByRole('button', { name: 'No webhook yet' }).waitFor();
	});

	it('where their event is, while it happens and without a click', async () => {
		const { page } = await open();
		sandbox.setWebhooks([{ url: n8n.url }]);
		const { subscriber } = sandbox.program.subscribe({ email: ANN });
		const guide = page.locator('#guide');
		await guide.getByRole('button', { name: '1 subscriber' }).waitFor();
		await guide.getByRole('button', { name: /sync_subscriber arrived at/ }).waitFor();

		sandbox.setWebhooks([{ url: 'http://127.0.0.1:9/webhook/nobody-there' }]);
		sandbox.program.subscribe({
			email: 'bob@example.com',
			referrerCode: subscriber.referralCode,
		});
		await guide.getByRole('button', { name: '1 referral', exact: true }).waitFor();
		const refused = guide.getByRole('button', { name: /was not taken: .+ Sent again at/ });
		await refused.click();
		await page.getByRole('tab', { name: /Deliveries/, selected: true }).waitFor();
		await page.getByRole('tabpanel').getByText('new_referral').first().waitFor();
	});

	it('the guide stays folded once it is', async () => {
		const { page } = await open();
		const steps = page.locator('#guide ol');
		await page.getByText('How a referral program works').click();
		await steps.waitFor({ state: 'hidden' });
		await page.reload();
		await page.getByText('Live', { exact: true }).waitFor();
		expect(await steps.isVisible()).toBe(false);
	});
});

describe('by keyboard', () => {
	it('everything is reached, has a name, and shows that it is in focus', async () => {
		await fill();
		const { page } = await open();
		const expected = await page.evaluate(() => {
			const all = document.querySelectorAll<HTMLElement>(
				'a[href], button, input, select, textarea, summary, [tabindex="0"]',
			);
			return [...all].filter(
				(one) => one.checkVisibility() && one.tabIndex >= 0 && !one.matches(':disabled'),
			).length;
		});
		const reached: Array<{ text: string; outline: string }> = [];
		for (;;) {
			await page.keyboard.press('Tab');
			const one = await page.evaluate(() => {
				const active = document.activeElement as HTMLElement;
				if (active === document.body || active.dataset.reached) return undefined;
				active.dataset.reached = 'yes';
				const text = active.ariaLabel ?? active.textContent?.trim() ?? active.id;
				return { text, outline: getComputedStyle(active).outlineStyle };
			});
			if (!one) break;
			reached.push(one);
		}
		expect(reached).toHaveLength(expected);
		expect(reached.filter(({ outline }) => outline === 'none')).toEqual([]);

		const session = await page.context().newCDPSession(page);
		const { nodes } = await session.send('Accessibility.getFullAXTree');
		const controls = nodes.filter(({ role, ignored }) => {
			return (
				!ignored &&
				/^(button|link|tab|textbox|searchbox|spinbutton|combobox|checkbox)$/.test(
					String(role?.value),
				)
			);
		});
		expect(controls.length).toBeGreaterThan(30);
		expect(controls.filter(({ name }) => !name?.value).map(({ role }) => role?.value)).toEqual([]);
	});

	it('somebody signs up, refers a friend and gets another address', async () => {
		const { page } = await open();
		await page.keyboard.press('Tab');
		await page.keyboard.press('Enter');
		await page.keyboard.press('Tab');
		await page.keyboard.type(ANN);
		await page.keyboard.press('Enter');
		const refer = page.getByRole('button', { name: `Refer ${ANN}` });
		await refer.waitFor();

		await refer.focus();
		await page.keyboard.press('Enter');
		await page
			.getByRole('row', { name: ANN })
			.getByRole('cell', { name: '1', exact: true })
			.waitFor();
		// The row was drawn anew under the focus.
		await until(
			'the focus is back',
			async () => (await refer.evaluate((button) => button === document.activeElement)) === true,
		);

		await page.keyboard.press('Tab');
		await page.keyboard.press('Enter');
		await page.getByRole('dialog').waitFor();
		await page.keyboard.type('anne@example.com');
		await page.keyboard.press('Enter');
		await page.getByRole('row', { name: 'anne@example.com' }).waitFor();
		expect(sandbox.program.find('anne@example.com')?.totReferrals).toBe(1);
	});

	it('the arrow keys go from tab to tab', async () => {
		const { page } = await open();
		await page.getByRole('tab', { name: 'Subscribers' }).focus();
		await page.keyboard.press('ArrowRight');
		await page.getByRole('tab', { name: 'Rewards won', selected: true }).waitFor();
		await page.keyboard.press('ArrowLeft');
		await page.keyboard.press('ArrowLeft');
		await page.getByRole('tab', { name: 'Mailbox', selected: true }).waitFor();
	});
});

describe.each([
	['a phone', PHONE],
	['a desk', DESK],
])('on %s', (_what, viewport) => {
	it('nothing is wider than the window', async () => {
		await fill();
		const { page } = await open(viewport);
		for (const tab of TABS) {
			await page.getByRole('tab', { name: tab }).click();
			await page.getByRole('tabpanel').getByRole('row').first().waitFor({ state: 'attached' });
			const wide = await page.evaluate(() =>
				[...document.querySelectorAll('body *')]
					.filter((part) => part.checkVisibility() && !part.matches('.skip'))
					.filter((part) => {
						const { left, right } = part.getBoundingClientRect();
						return left < 0 || right > document.documentElement.clientWidth + 1;
					})
					.map((part) => part.outerHTML.slice(0, 80)),
			);
			expect({ [tab]: wide }).toEqual({ [tab]: [] });
		}
	});

	it.each(['light', 'dark'] as const)('all text can be read in %s mode', async (colorScheme) => {
		await fill();
		sandbox.faults.inbound.failNext(1);
		const { page } = await open(viewport, colorScheme);
		for (const tab of TABS) {
			await page.getByRole('tab', { name: tab }).click();
			await page.getByRole('tabpanel').getByRole('row').first().waitFor({ state: 'attached' });
			expect({ [tab]: await page.evaluate(paleTexts) }).toEqual({ [tab]: [] });
		}
	});
});

it('the headings are in order, under one title', async () => {
	const { page } = await open();
	await page.locator('#guide h3').first().waitFor();
	const levels = await page
		.locator('h1, h2, h3, h4')
		.evaluateAll((all) => all.map(({ tagName }) => Number(tagName[1])));
	expect(levels.filter((level) => level === 1)).toHaveLength(1);
	expect(levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1)).toEqual([]);
});

it('what somebody is reading stays open while things go on', async () => {
	sandbox.setWebhooks([{ url: n8n.url }]);
	const { page } = await open();
	sandbox.program.subscribe({ email: ANN });
	await page.getByRole('tab', { name: 'Deliveries' }).click();
	await page.getByRole('tabpanel').getByText('sync_subscriber #1').click();
	await page.getByText('"type": "sync_subscriber"').waitFor();
	sandbox.program.subscribe({ email: 'bob@example.com' });
	await page.getByRole('tabpanel').getByText('sync_subscriber #2').waitFor();
	expect(await page.getByText('"type": "sync_subscriber"').isVisible()).toBe(true);
});

/**
 * Runs in the page: the texts whose contrast to what lies behind them is less than the 4.5 of WCAG 2.2 AA, 1.4.3. What
 * cannot be used is left out, as it is there.
 */
function paleTexts(): string[] {
	const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
	const channels = (color: string): number[] => {
		canvas.clearRect(0, 0, 1, 1);
		canvas.fillStyle = color;
		canvas.fillRect(0, 0, 1, 1);
		return [...canvas.getImageData(0, 0, 1, 1).data];
	};
	const luminance = (color: string): number => {
		const [red, green, blue] = channels(color)
			.map((value) => value / 255)
			.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
		return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
	};
	const behind = (part: Element | null): string => {
		for (let one = part; one; one = one.parentElement) {
			const color = getComputedStyle(one).backgroundColor;
			if (channels(color)[3] === 255) return color;
		}
		return 'white';
	};
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	const pale: string[] = [];
	while (texts.nextNode()) {
		const text = texts.currentNode.textContent?.trim();
		const part = texts.currentNode.parentElement!;
		if (!text || !part.checkVisibility() || part.matches(':disabled, option')) continue;
		const [light, dark] = [luminance(getComputedStyle(part).color), luminance(behind(part))].sort(
			(a, b) => b - a,
		);
		const contrast = (light + 0.05) / (dark + 0.05);
		if (contrast < 4.5) pale.push(`${contrast.toFixed(2)}: ${text}`);
	}
	return pale;
}
