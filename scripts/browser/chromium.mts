import { existsSync } from 'node:fs';

import { chromium, type Browser, type ConsoleMessage, type Page } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
const ARGUMENTS = [
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

/**
 * Starts Debian's Chromium, without a window.
 *
 * @throws when there is none at /usr/bin/chromium, or where the variable CHROMIUM says
 */
export async function launchChromium(): Promise<Browser> {
	if (!existsSync(EXECUTABLE)) {
		throw new Error(
			`There is no browser at ${EXECUTABLE}. Install Chromium, or set CHROMIUM to where it is.`,
		);
	}
	return await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

/**
 * Notes what a page complains of in its console from now on.
 *
 * @param origin whose resources count: n8n's editor also asks n8n.io for news, which no test may need
 * @param complaints the list to write to
 */
export function noteComplaints(page: Page, origin: string, complaints: string[]): void {
	// The editor asks for the schema of every node's output, and most of n8n's own have none.
	const matters = (url: string) => url.startsWith(origin) && !url.startsWith(`${origin}/schemas/`);
	page.on('pageerror', ({ message }) => complaints.push(message));
	page.on('console', (message) => {
		const { url } = message.location();
		if (message.type() !== 'error' || (isLoading(message) && !matters(url))) return;
		complaints.push(`${message.text()} (${url})`);
	});
}

const isLoading = (message: ConsoleMessage) => message.text().startsWith('Failed to load resource');
