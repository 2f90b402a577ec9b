import { randomBytes } from 'node:crypto';
import {
	closeSync,
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { claimPort, LOOPBACK } from '../n8n/ports.mts';
import { type ProcessGroup, spawnGroup } from '../n8n/processGroup.mts';
import { ensureGhost } from './install.mts';

export interface GhostOptions {
	/** Of an SMTP server on the loopback address that gets all of Ghost's mails. */
	mailPort: number;
	/** 0, or left out, picks a free one. */
	port?: number;
	/**
	 * Keeps the database and everything else, also after `stop()`; one used before is gone on with, on the
	 * same port. A fresh temporary one when left out.
	 */
	folder?: string;
}

export interface RunningGhost extends ProcessGroup {
	/** Without a slash at its end. */
	url: string;
	port: number;
	folder: string;
	/** What this Ghost has printed so far. */
	log(): string;
	/** Ends it, and removes its folder unless that was given. */
	stop(): Promise<void>;
}

const READY_WITHIN_MS = 120_000;
const PORT_ATTEMPTS = 3;
const POLL_MS = 100;
const MANY = 100_000;

/** Ghost takes every variable for a setting, `url` and `mail` too: only what any program needs is passed on. */
const PASSED_ON = /^(PATH|HOME|USERPROFILE|SYSTEMROOT|TEMP|TMP|TMPDIR|LANG|LC_ALL)$/i;

/** Ghost ended, or did not answer, while it was starting. */
export class GhostStartError extends Error {
	override name = 'GhostStartError';
}

function settings(folder: string, port: number, mailPort: number): object {
	// Ghost takes many sign-ups from one address for an attack.
	const unlimited = { freeRetries: MANY };
	return {
		url: `http://${LOOPBACK}:${port}`,
		server: { host: LOOPBACK, port, shutdownTimeout: 5_000 },
		database: {
			client: 'sqlite3',
			connection: { filename: path.join(folder, 'ghost.db') },
			useNullAsDefault: true,
		},
		mail: {
			from: 'Ghost <ghost@example.com>',
			transport: 'SMTP',
			options: { host: LOOPBACK, port: mailPort, secure: false, ignoreTLS: true },
		},
		paths: { contentPath: path.join(folder, 'content') },
		logging: { level: 'info', transports: ['stdout'] },
		// No update checks, pictures of people from elsewhere, or word to search engines and Ghost's own list.
		privacy: { useTinfoil: true },
		explore: { update_url: '' },
		security: {
			// Ghost refuses to send webhooks to the machine it runs on.
			allowWebhookInternalIPs: true,
			// Or the owner's log-in would want a code from a mail.
			staffDeviceVerification: false,
		},
		spam: {
			user_login: unlimited,
			member_login: unlimited,
			global_reset: unlimited,
			global_block: unlimited,
		},
	};
}

/** Makes a folder ready for Ghost; what an earlier Ghost left there stays. */
function prepare(installed: string, folder: string): void {
	const content = path.join(folder, 'content');
	mkdirSync(folder, { recursive: true });
	if (!existsSync(content)) cpSync(path.join(installed, 'content'), content, { recursive: true });
	// Where Ghost, with its settings beside it, looks for its own package.json: so Ghost's command lays it out.
	const current = path.join(folder, 'current');
	rmSync(current, { force: true });
	symlinkSync(installed, current, 'junction');
}

async function waitUntilReady(url: string, exited: Promise<number | null>): Promise<void> {
	let ended = false;
	const end = () => (ended = true);
	void exited.then(end, end);
	const deadline = Date.now() + READY_WITHIN_MS;
	while (Date.now() < deadline) {
		if (ended) throw new GhostStartError('Ghost ended while it was starting.');
		// It answers 503 while it makes its tables.
		const answer = await fetch(`${url}/ghost/api/admin/site/`).catch(() => null);
		if (answer?.ok) return;
		await sleep(POLL_MS);
	}
	throw new GhostStartError(`Ghost was not ready after ${READY_WITHIN_MS / 1000} seconds.`);
}

async function startOnce(options: GhostOptions, installed: string): Promise<RunningGhost> {
	const port = await claimPort(options.port ?? 0);
	const folder = options.folder ?? mkdtempSync(path.join(tmpdir(), 'ghost-'));
	const removeFolder = () => {
		if (options.folder) return;
		rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
	};
	prepare(installed, folder);
	writeFileSync(
		path.join(folder, 'config.production.json'),
		JSON.stringify(settings(folder, port, options.mailPort), null, '\t'),
	);
	const logFile = path.join(folder, `ghost-${randomBytes(4).toString('hex')}.log`);
	const output = openSync(logFile, 'w');
	const guard = pathToFileURL(path.join(import.meta.dirname, 'loopbackOnly.mjs')).href;
	const inherited = Object.entries(process.env).filter(
		(entry): entry is [string, string] => entry[1] !== undefined && PASSED_ON.test(entry[0]),
	);
	const group = spawnGroup(
		process.execPath,
		['--import', guard, path.join(installed, 'index.js')],
		{
			// Where Ghost looks for its settings.
			cwd: folder,
			env: { ...Object.fromEntries(inherited), NODE_ENV: 'production' },
			output,
		},
	);
	closeSync(output);
	let printed = '';
	const log = () => (existsSync(logFile) ? (printed = readFileSync(logFile, 'utf8')) : printed);
	const url = `http://${LOOPBACK}:${port}`;
	try {
		await waitUntilReady(url, group.exited);
	} catch (error) {
		await group.kill().catch(() => {});
		const tail = log().trimEnd().split('\n').slice(-30).join('\n');
		removeFolder();
		const message = error instanceof Error ? error.message : String(error);
		throw new GhostStartError(`${message} Its last words:\n${tail}`, { cause: error });
	}
	const stop = async () => {
		await group.stop();
		log();
		removeFolder();
	};
	return { ...group, url, port, folder, log, stop };
}

/**
 * Starts Ghost on the loopback address and waits until it answers. Nothing it does leaves this machine. It
 * ends with the process that started it, however that one ends. Installs Ghost when it is not there yet.
 * @throws {PortTakenError} when the port is in use
 * @throws {GhostStartError} with the end of Ghost's log when it does not come up
 */
export async function startGhost(options: GhostOptions): Promise<RunningGhost> {
	const installed = await ensureGhost();
	for (let attempt = 1; ; attempt++) {
		try {
			return await startOnce(options, installed);
		} catch (error) {
			// Between picking a free port and Ghost taking it, somebody else may have been faster.
			const lostTheRace =
				error instanceof GhostStartError && /in use|EADDRINUSE/.test(error.message);
			if (!lostTheRace || attempt === PORT_ATTEMPTS) throw error;
		}
	}
}
