import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { N8nApi } from '../n8n/api.mts';
import { startN8n } from '../n8n/host.mts';
import { n8nModules } from '../n8n/location.mjs';
import { installPackage } from '../n8n/package.mts';
import { startQueue } from '../n8n/queue.mts';
import type { Postgres } from '../n8n/services.mts';
import { newOwner } from '../story/stage.mts';
import type { Root } from '../measuring/processes.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');
/** n8n's own default for its command `worker`. */
const WORKER_CONCURRENCY = 10;
/**
 * Without it, n8n 2.41.1 sometimes never answers a request whose execution ends before the webhook process has begun to
 * listen for its end: Bull looks for the job again, but it was removed.
 */
const KEPT_JOBS = { N8N_EXECUTIONS_QUEUE_KEEP_LAST_COMPLETED: '1000' };

/** An n8n to be measured. */
export interface Ground {
	/** How it is put together, such as `queue, 2 workers`. */
	readonly title: string;
	readonly api: N8nApi;
	/** The origin of its production webhooks. */
	readonly webhookUrl: string;
	readonly roots: readonly Root[];
	databaseBytes(): Promise<number>;
}

type Settings = Record<string, string>;

async function withPackage<T>(use: (userFolder: string) => Promise<T>): Promise<T> {
	const userFolder = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-capacity-'));
	try {
		await installPackage({ userFolder, projectRoot: ROOT });
		return await use(userFolder);
	} finally {
		rmSync(userFolder, { recursive: true, force: true, maxRetries: 5 });
	}
}

/** One process with SQLite, as long as it is used. */
export async function onOneProcess(
	env: Settings,
	use: (ground: Ground) => Promise<void>,
): Promise<void> {
	await withPackage(async (userFolder) => {
		const n8n = await startN8n({ userFolder, port: 0, owner: newOwner(), env });
		try {
			await use({
				title: 'one process',
				api: n8n.api,
				webhookUrl: n8n.url,
				roots: [{ part: 'main', pid: n8n.pid }],
				databaseBytes: async () => sqliteBytes(path.join(userFolder, '.n8n', 'database.sqlite')),
			});
		} finally {
			await n8n.stop();
		}
	});
}

/** Queue mode with one worker, to which others can be added, as long as it is used. */
export async function onQueue(
	env: Settings,
	use: (ground: Ground, addWorker: () => Promise<void>) => Promise<void>,
): Promise<void> {
	await withPackage(async (userFolder) => {
		const queue = await startQueue({
			userFolder,
			owner: newOwner(),
			workers: 1,
			workerConcurrency: WORKER_CONCURRENCY,
			env: { ...KEPT_JOBS, ...env },
		});
		try {
			const ground: Ground = {
				get title() {
					const { length } = queue.workers;
					return `queue, ${length} worker${length === 1 ? '' : 's'}`;
				},
				api: queue.api,
				webhookUrl: queue.webhookUrl,
				get roots(): Root[] {
					return [
						{ part: 'main', pid: queue.main.pid },
						{ part: 'webhook', pid: queue.webhook.pid },
						...queue.workers.map(({ pid }): Root => ({ part: 'worker', pid })),
						{ part: 'PostgreSQL', pid: queue.postgres.pid },
						{ part: 'Redis', pid: queue.redis.pid },
					];
				},
				databaseBytes: async () => await postgresBytes(queue.postgres),
			};
			await use(ground, async () => void (await queue.startWorker()));
		} finally {
			await queue.stop();
		}
	});
}

function sqliteBytes(file: string): number {
	const database = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
	try {
		const [{ bytes }] = database
			.prepare(
				'SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
			)
			.all() as Array<{ bytes: number }>;
		return bytes;
	} finally {
		database.close();
	}
}

interface PostgresClient {
	connect(): Promise<void>;
	query(sql: string): Promise<{ rows: Array<Record<string, string>> }>;
	end(): Promise<void>;
}

async function postgresBytes({ host, port, user, password, database }: Postgres): Promise<number> {
	const { Client } = createRequire(path.join(n8nModules(), 'n8n', 'package.json'))('pg') as {
		Client: new (options: object) => PostgresClient;
	};
	const client = new Client({ host, port, user, password, database });
	await client.connect();
	try {
		const { rows } = await client.query('SELECT pg_database_size(current_database()) AS bytes');
		return Number(rows[0].bytes);
	} finally {
		await client.end();
	}
}
