import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { N8nApi, type Owner } from './api.mts';
import { n8nEnvironment } from './environment.mts';
import { n8nModules } from './location.mjs';
import { claimPort, freePort, LOOPBACK } from './ports.mts';
import { type ProcessGroup, spawnGroup } from './processGroup.mts';

export interface N8nOptions {
	/** Holds `.n8n` with the database, the encryption key and the community packages. */
	userFolder: string;
	/** 0 picks a free one. */
	port: number;
	/** n8n's command with its flags, such as `['worker', '--concurrency=5']`; the server when left out. */
	command?: string[];
	/** Settings of n8n that win over ours. */
	env?: Record<string, string>;
	/** Where n8n's output goes; `n8n.log` in the user folder when left out. */
	logFile?: string;
	/** Set up as the owner on the first start, logged in on later ones. Without it `api` is anonymous. */
	owner?: Owner;
}

export interface RunningN8n extends ProcessGroup {
	url: string;
	port: number;
	userFolder: string;
	api: N8nApi;
	/** What this n8n has printed so far. */
	log(): string;
}

const READY_WITHIN_MS = 120_000;
const PORT_ATTEMPTS = 3;

/** n8n ended, or did not answer, while it was starting. */
export class N8nStartError extends Error {
	override name = 'N8nStartError';
}

/** The Node 24 that came with the n8n to run. */
export function n8nNode(): string {
	return path.join(n8nModules(), 'node/bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

/** n8n's entry script. */
export function n8nScript(): string {
	return path.join(n8nModules(), 'n8n', 'bin', 'n8n');
}

/**
 * Makes a user folder ready for n8n. One that was used before keeps its key and its data.
 * @returns the folder n8n keeps its files in, `<userFolder>/.n8n`
 */
export function prepareN8n(userFolder: string): string {
	const folder = path.join(userFolder, '.n8n');
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const config = path.join(folder, 'config');
	if (!existsSync(config)) {
		// Written before the first start: a command-line call beside the server would make a second key.
		const encryptionKey = randomBytes(24).toString('base64');
		writeFileSync(config, JSON.stringify({ encryptionKey }, null, '\t'), { mode: 0o600 });
	}
	return folder;
}

async function waitUntilReady(url: string, exited: Promise<number | null>): Promise<void> {
	let ended = false;
	const end = () => (ended = true);
	void exited.then(end, end);
	const deadline = Date.now() + READY_WITHIN_MS;
	while (Date.now() < deadline) {
		if (ended) throw new N8nStartError('n8n ended while it was starting.');
		const answer = await fetch(`${url}/healthz/readiness`).catch(() => null);
		if (answer?.ok) return;
		await sleep(100);
	}
	throw new N8nStartError(`n8n was not ready after ${READY_WITHIN_MS / 1000} seconds.`);
}

async function startOnce(options: N8nOptions): Promise<RunningN8n> {
	if (!existsSync(n8nScript())) {
		throw new N8nStartError('n8n is not installed yet: "npm start" and "npm test" install it.');
	}
	const { userFolder } = options;
	const port = await claimPort(options.port);
	const broker = await freePort();
	prepareN8n(userFolder);
	const logFile = options.logFile ?? path.join(userFolder, 'n8n.log');
	mkdirSync(path.dirname(logFile), { recursive: true });
	const logStart = existsSync(logFile) ? readFileSync(logFile).length : 0;
	const output = openSync(logFile, 'a');
	const group = spawnGroup(n8nNode(), [n8nScript(), ...(options.command ?? ['start'])], {
		// n8n reads a .env file from the folder it is started in.
		cwd: userFolder,
		env: n8nEnvironment(
			userFolder,
			{ http: port, broker },
			{
				// Where a worker says whether it is ready. It listens everywhere unless told otherwise.
				QUEUE_HEALTH_CHECK_PORT: String(port),
				N8N_WORKER_SERVER_ADDRESS: LOOPBACK,
				...options.env,
			},
		),
		output,
	});
	closeSync(output);
	const log = () => readFileSync(logFile).subarray(logStart).toString('utf8');
	const url = `http://${LOOPBACK}:${port}`;
	const api = new N8nApi(url);
	try {
		await waitUntilReady(url, group.exited);
		if (options.owner) await api.enter(options.owner);
	} catch (error) {
		await group.kill().catch(() => {});
		const tail = log().trimEnd().split('\n').slice(-15).join('\n');
		const message = error instanceof Error ? error.message : String(error);
		throw new N8nStartError(`${message} Its last words, from ${logFile}:\n${tail}`, {
			cause: error,
		});
	}
	return { ...group, url, port, userFolder, api, log };
}

/**
 * Starts n8n on the loopback address and waits until it answers. It ends with the process that started
 * it, however that one ends.
 * @throws {PortTakenError} when the port is in use
 * @throws {N8nStartError} with the end of n8n's log when it does not come up
 */
export async function startN8n(options: N8nOptions): Promise<RunningN8n> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await startOnce(options);
		} catch (error) {
			// Between picking a free port and n8n taking it, somebody else may have been faster.
			const lostTheRace = error instanceof N8nStartError && /in use|EADDRINUSE/.test(error.message);
			if (!lostTheRace || attempt === PORT_ATTEMPTS) throw error;
		}
	}
}
