import { randomBytes } from 'node:crypto';
import {
	chownSync,
	closeSync,
	existsSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort, LOOPBACK } from './ports.mts';
import { type ProcessGroup, type Program, spawnProgramGroup } from './processGroup.mts';

const READY_WITHIN_MS = 30_000;
const PORT_ATTEMPTS = 3;
const POLL_MS = 20;

/** A server that stands beside n8n, on the loopback address, with a password drawn for it and a folder of its own. */
export interface Service {
	host: string;
	port: number;
	password: string;
	pid: number;
	/** What it has printed so far. */
	log(): string;
	/** Ends it and removes its data. */
	stop(): Promise<void>;
}

/** A service is not installed, ended while it was starting, or did not answer. */
export class ServiceStartError extends Error {
	override name = 'ServiceStartError';
}

/** Whom a program runs as. */
export interface Account {
	uid: number;
	gid: number;
}

/** How to start a service. */
export interface Recipe {
	title: string;
	/** Whom the folder belongs to and the program runs as; ourselves when left out. */
	account?: Account;
	/** Fills the folder once. @returns what to run, for the port it gets */
	prepare(folder: string, password: string): Promise<(port: number) => Program>;
	/** What it prints when it takes connections. */
	ready: RegExp;
}

/** The environment of whoever started us. */
export function environment(): Record<string, string> {
	return Object.fromEntries(
		// Settings meant for another PostgreSQL of the caller's.
		Object.entries(process.env).filter(
			(entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('PG'),
		),
	);
}

/**
 * Looks for a program on the PATH, then in other folders.
 * @throws {ServiceStartError} with the name of the Debian package when no folder has it
 */
export function findProgram(name: string, debianPackage: string, folders: string[] = []): string {
	const onPath = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
	const found = [...onPath, ...folders]
		.map((folder) => path.join(folder, name))
		.find((file) => existsSync(file));
	if (found) return found;
	throw new ServiceStartError(
		`There is no ${name} on this machine. On Debian and Ubuntu: apt-get install ${debianPackage}`,
	);
}

async function waitUntilReady(ready: RegExp, log: () => string, group: ProcessGroup) {
	let ended = false;
	const end = () => (ended = true);
	void group.exited.then(end, end);
	const deadline = Date.now() + READY_WITHIN_MS;
	// Its own words, and not an answer on the port, which somebody else may have got first.
	while (!ready.test(log())) {
		if (ended) throw new Error('It ended while it was starting.');
		if (Date.now() > deadline)
			throw new Error(`Not ready after ${READY_WITHIN_MS / 1000} seconds.`);
		await sleep(POLL_MS);
	}
}

/**
 * Starts a service on a free port. It ends with the process that started it, however that one ends.
 * @throws {ServiceStartError} with the end of its log when it does not come up
 */
export async function startService({ title, account, prepare, ready }: Recipe): Promise<Service> {
	const folder = mkdtempSync(path.join(tmpdir(), `n8n-${title.toLowerCase()}-`));
	const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
	const logFile = path.join(folder, 'service.log');
	const password = randomBytes(24).toString('hex');
	try {
		if (account) chownSync(folder, account.uid, account.gid);
		const programFor = await prepare(folder, password);
		for (let attempt = 1; ; attempt++) {
			const port = await freePort();
			const output = openSync(logFile, 'w');
			const program = { ...programFor(port), ...account };
			const group = spawnProgramGroup(program, { cwd: folder, env: environment(), output });
			closeSync(output);
			const log = () => readFileSync(logFile, 'utf8');
			try {
				await waitUntilReady(ready, log, group);
			} catch (error) {
				await group.kill().catch(() => {});
				// Between picking a free port and the program taking it, somebody else may have been faster.
				if (attempt < PORT_ATTEMPTS && /in use/i.test(log())) continue;
				throw new Error(`${(error as Error).message} Its last words:\n${log().slice(-2000)}`, {
					cause: error,
				});
			}
			const stop = async () => {
				await group.stop();
				removeFolder();
			};
			return { host: LOOPBACK, port, password, pid: group.pid, log, stop };
		}
	} catch (error) {
		removeFolder();
		if (error instanceof ServiceStartError) throw error;
		throw new ServiceStartError(`${title} did not start. ${(error as Error).message}`, {
			cause: error,
		});
	}
}
