import { execFile } from 'node:child_process';
import { chownSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import { LOOPBACK } from './ports.mts';
import {
	type Account,
	environment,
	findProgram,
	type Service,
	ServiceStartError,
	startService,
} from './service.mts';

export type Redis = Service;

export interface Postgres extends Service {
	user: string;
	database: string;
}

const DEBIAN_POSTGRES = '/usr/lib/postgresql';
const POSTGRES_USER = 'n8n';

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
