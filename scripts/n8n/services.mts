import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
	chownSync,
	closeSync,
	existsSync,
	mkdtempSync,
	openSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { freePort, LOOPBACK } from './ports.mts';
import { type ProcessGroup, type Program, spawnProgramGroup } from './processGroup.mts';

/** A server that n8n uses, on the loopback address, with a password drawn for it and a folder of its own. */
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

export type Redis = Service;

export interface Postgres extends Service {
	user: string;
	database: string;
}

/** A service is not installed, ended while it was starting, or did not answer. */
export class ServiceStartError extends Error {
	override name = 'ServiceStartError';
}

interface Account {
	uid: number;
	gid: number;
}

interface Recipe {
	title: string;
	/** Whom the folder belongs to and the program runs as; ourselves when left out. */
	account?: Account;
	/** Fills the folder once. @returns what to run, for the port it gets */
	prepare(folder: string, password: string): Promise<(port: number) => Program>;
	/** What it prints when it takes connections. */
	ready: RegExp;
}

const READY_WITHIN_MS = 30_000;
const PORT_ATTEMPTS = 3;
const POLL_MS = 20;
const DEBIAN_POSTGRES = '/usr/lib/postgresql';
const POSTGRES_USER = 'n8n';

function environment(): Record<string, string> {
	return Object.fromEntries(
		// Settings meant for another PostgreSQL of the caller's.
		Object.entries(process.env).filter(
			(entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('PG'),
		),
	);
}

/** @throws {ServiceStartError} with the name of the Debian package when no folder has the program */
function findProgram(name: string, debianPackage: string, folders: string[] = []): string {
	const onPath = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
	const found = [...onPath, ...folders]
		.map((folder) => path.join(folder, name))
		.find((file) => existsSync(file));
	if (found) return found;
	throw new ServiceStartError(
		`There is no ${name} on this machine. On Debian and Ubuntu: apt-get install ${debianPackage}`,
	);
}

/** Debian keeps the server off the PATH, one folder a version. @returns the newest first */
function debianPostgresFolders(): string[] {
	if (!existsSync(DEBIAN_POSTGRES)) return [];
	return readdirSync(DEBIAN_POSTGRES)
		.sort((one, other) => Number(other) - Number(one))
		.map((version) => path.join(DEBIAN_POSTGRES, version, 'bin'));
}

/** PostgreSQL refuses to run as root. @returns the account Debian's package makes for it, if we are root */
async function postgresAccount(): Promise<Account | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const id = async (flag: string) => {
		const { stdout } = await promisify(execFile)('id', [flag, 'postgres']);
		return Number(stdout);
	};
	try {
		return { uid: await id('-u'), gid: await id('-g') };
	} catch (error) {
		throw new ServiceStartError(
			'PostgreSQL refuses to run as root, and there is no user "postgres" to run it as.',
			{ cause: error },
		);
	}
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

async function startService({ title, account, prepare, ready }: Recipe): Promise<Service> {
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

/**
 * Starts a Redis with nothing in it, which keeps nothing on disk. It ends with the process that started
 * it, however that one ends.
 * @throws {ServiceStartError} when it is not installed, or with the end of its log when it does not come up
 */
export async function startRedis(): Promise<Redis> {
	const program = findProgram('redis-server', 'redis-server');
	return await startService({
		title: 'Redis',
		ready: /ready to accept connections/i,
		prepare: async (folder, password) => {
			const config = path.join(folder, 'redis.conf');
			// In a file, since everybody on the machine can read a command line.
			writeFileSync(config, `bind ${LOOPBACK}\nrequirepass ${password}\nsave ""\n`, {
				mode: 0o600,
			});
			return (port) => ({
				program,
				args: [config, '--port', String(port), '--dir', folder],
				stopSignal: 'SIGTERM',
			});
		},
	});
}

/**
 * Starts an empty PostgreSQL, which would lose its data in a power cut of the machine but not when n8n's
 * processes are killed. It ends with the process that started it, however that one ends.
 * @throws {ServiceStartError} when it is not installed, or with the end of its log when it does not come up
 */
export async function startPostgres(): Promise<Postgres> {
	const folders = debianPostgresFolders();
	const program = findProgram('postgres', 'postgresql', folders);
	const initdb = findProgram('initdb', 'postgresql', [path.dirname(program), ...folders]);
	const account = await postgresAccount();
	const service = await startService({
		title: 'PostgreSQL',
		account,
		ready: /database system is ready to accept connections/,
		prepare: async (folder, password) => {
			const data = path.join(folder, 'data');
			const passwordFile = path.join(folder, 'password');
			writeFileSync(passwordFile, password, { mode: 0o600 });
			if (account) chownSync(passwordFile, account.uid, account.gid);
			await promisify(execFile)(
				initdb,
				[
					`--pgdata=${data}`,
					`--username=${POSTGRES_USER}`,
					`--pwfile=${passwordFile}`,
					'--auth=scram-sha-256',
					'--encoding=UTF8',
					'--locale=C',
					'--no-sync',
				],
				{ cwd: folder, env: environment(), ...account },
			);
			const settings = {
				listen_addresses: LOOPBACK,
				unix_socket_directories: '',
				fsync: 'off',
				synchronous_commit: 'off',
				full_page_writes: 'off',
				timezone: 'UTC',
			};
			return (port) => ({
				program,
				args: [
					'-D',
					data,
					'-p',
					String(port),
					...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
				],
				// Its "fast" way, which does not wait until its clients have gone.
				stopSignal: 'SIGINT',
			});
		},
	});
	return { ...service, user: POSTGRES_USER, database: 'postgres' };
}
