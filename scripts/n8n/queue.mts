import { once } from 'node:events';
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
} from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import path from 'node:path';

import type { N8nApi, Owner } from './api.mts';
import { prepareN8n, type RunningN8n, startN8n } from './host.mts';
import { LOOPBACK } from './ports.mts';
import { type Postgres, type Redis, startPostgres, startRedis } from './services.mts';

export interface QueueOptions {
	/** Holds `.n8n` of the main process with the encryption key and the community packages that all load. */
	userFolder: string;
	/** Set up once the main process runs. Without it `api` is anonymous. */
	owner?: Owner;
	/** How many there are from the start; 2 when left out. */
	workers?: number;
	/** Executions that one worker runs at the same time; 5 when left out. n8n warns about less. */
	workerConcurrency?: number;
	/** Settings of n8n that win over ours, for all its processes. */
	env?: Record<string, string>;
}

/** One process of n8n: `kill` ends it as a power cut would, `log` is what it has printed. */
export type QueueProcess = Omit<RunningN8n, 'api'>;

export interface RunningQueue {
	userFolder: string;
	/** What can be done with the main process. */
	api: N8nApi;
	/** The editor's origin. Production webhooks are not served there. */
	mainUrl: string;
	/** The origin of production webhooks and forms; `api.waitForWebhook` takes a whole address of it, too. */
	webhookUrl: string;
	main: QueueProcess;
	/** Another one after a restart. */
	readonly webhook: QueueProcess;
	/** In the order in which they came up; one that was killed stays in its place until it is restarted. */
	workers: readonly QueueProcess[];
	postgres: Postgres;
	redis: Redis;
	/**
	 * Adds a worker with nothing left from an earlier one, as a new container would be.
	 * @throws {N8nStartError} when it does not come up
	 */
	startWorker(): Promise<QueueProcess>;
	/**
	 * Starts a worker anew in the folder of the one in that place, which is killed if it still runs.
	 * @throws {N8nStartError} when it does not come up
	 */
	restartWorker(index: number): Promise<QueueProcess>;
	/**
	 * Kills the process for production webhooks and starts it anew where it was.
	 * @throws {N8nStartError} when it does not come up
	 */
	restartWebhook(): Promise<QueueProcess>;
	/** What all processes, past ones among them, have printed. */
	log(): string;
	/** Ends everything, and removes the data but not the user folder. */
	stop(): Promise<void>;
}

const LOG = 'n8n.log';
/** In the user folder: a folder for every process beside the main one. */
const PROCESSES = 'processes';

/**
 * Makes a folder for a process beside the main one. It shares its encryption key and community packages.
 * It cannot share the folder: n8n names its log of events after the kind of process, and a worker that
 * starts marks as crashed whatever that log holds unfinished, so two workers with one log would declare
 * each other's executions crashed while they still run.
 */
function processFolder(userFolder: string, name: string): string {
	const folder = path.join(userFolder, PROCESSES, name);
	const n8n = path.join(folder, '.n8n');
	if (existsSync(n8n)) return folder;
	mkdirSync(n8n, { recursive: true, mode: 0o700 });
	copyFileSync(path.join(userFolder, '.n8n', 'config'), path.join(n8n, 'config'));
	symlinkSync(path.join(userFolder, '.n8n', 'nodes'), path.join(n8n, 'nodes'), 'dir');
	return folder;
}

/** Keeps a free port until the process it is meant for starts: others must know its address before. */
async function holdPort(): Promise<{ port: number; server: Server }> {
	const server = createServer().listen({ port: 0, host: LOOPBACK, exclusive: true });
	await once(server, 'listening');
	return { port: (server.address() as AddressInfo).port, server };
}

/** The settings with which n8n keeps its data in a PostgreSQL. */
export const databaseSettings = (postgres: Postgres): Record<string, string> => ({
	DB_TYPE: 'postgresdb',
	DB_POSTGRESDB_HOST: postgres.host,
	DB_POSTGRESDB_PORT: String(postgres.port),
	DB_POSTGRESDB_USER: postgres.user,
	DB_POSTGRESDB_PASSWORD: postgres.password,
	DB_POSTGRESDB_DATABASE: postgres.database,
});

function queueSettings(postgres: Postgres, redis: Redis, webhookUrl: string) {
	return {
		EXECUTIONS_MODE: 'queue',
		QUEUE_BULL_REDIS_HOST: redis.host,
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		QUEUE_BULL_REDIS_PASSWORD: redis.password,
		QUEUE_HEALTH_CHECK_ACTIVE: 'true',
		...databaseSettings(postgres),
		N8N_WEBHOOK_URL: webhookUrl,
		N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true',
		OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
	};
}

/** `Promise.all`, but fails only when all are over: nothing must come up behind a clean-up's back. */
async function all<const T extends ReadonlyArray<Promise<unknown>>>(promises: T) {
	await Promise.allSettled(promises);
	return await Promise.all(promises);
}

interface Stoppable {
	stop(): Promise<void>;
}

/** Notes what has come up, for whoever must stop it. */
async function keep<T extends Stoppable>(list: Stoppable[], starting: Promise<T>): Promise<T> {
	const running = await starting;
	list.push(running);
	return running;
}

/**
 * Starts n8n in queue mode on the loopback address: a main process, workers and a process for production
 * webhooks, with an empty PostgreSQL and Redis of their own. Everything ends with the process that
 * started it, however that one ends.
 * @throws {ServiceStartError} when PostgreSQL or Redis is not installed or does not come up
 * @throws {N8nStartError} with the end of n8n's log when one of its processes does not come up
 */
export async function startQueue(options: QueueOptions): Promise<RunningQueue> {
	const { userFolder, owner, workers: count = 2, workerConcurrency = 5 } = options;
	const processes = path.join(userFolder, PROCESSES);
	const services: Stoppable[] = [];
	const others: Stoppable[] = [];
	const workers: QueueProcess[] = [];
	const held = await holdPort();
	const stop = async () => {
		held.server.close();
		// The services last, or n8n would complain that they are gone.
		await Promise.allSettled([...workers, ...others].map((n8n) => n8n.stop()));
		await Promise.allSettled(services.map((service) => service.stop()));
	};
	try {
		// What processes of an earlier database had left unfinished means nothing to this one.
		rmSync(processes, { recursive: true, force: true });
		mkdirSync(path.join(prepareN8n(userFolder), 'nodes'), { recursive: true });
		const [postgres, redis] = await all([
			keep(services, startPostgres()),
			keep(services, startRedis()),
		]);
		const webhookUrl = `http://${LOOPBACK}:${held.port}`;
		const env = { ...queueSettings(postgres, redis, webhookUrl), ...options.env };
		const start = async (name: string, port: number, ...command: string[]) =>
			await startN8n({ userFolder: processFolder(userFolder, name), port, command, env });
		const startWorkerIn = async (name: string) =>
			await start(name, 0, 'worker', `--concurrency=${workerConcurrency}`);

		// First and alone, since it makes the tables.
		const main = await keep(others, startN8n({ userFolder, port: 0, owner, env }));
		let made = 0;
		const startWorker = async () => await keep(workers, startWorkerIn(`worker-${++made}`));
		held.server.close();
		await once(held.server, 'close');
		const startWebhook = async () => await keep(others, start('webhook', held.port, 'webhook'));
		let [webhook] = await all([startWebhook(), ...Array.from({ length: count }, startWorker)]);
		return {
			userFolder,
			api: main.api,
			mainUrl: main.url,
			webhookUrl,
			main,
			get webhook() {
				return webhook;
			},
			workers,
			postgres,
			redis,
			startWorker,
			restartWorker: async (index) => {
				const before = workers[index];
				if (!before) throw new RangeError(`There is no worker ${index}.`);
				await before.kill();
				return (workers[index] = await startWorkerIn(path.basename(before.userFolder)));
			},
			restartWebhook: async () => {
				await webhook.kill();
				return (webhook = await startWebhook());
			},
			log: () =>
				[userFolder, ...readdirSync(processes).map((name) => path.join(processes, name))]
					.map((folder) => readFileSync(path.join(folder, LOG), 'utf8'))
					.join('\n'),
			stop,
		};
	} catch (error) {
		await stop();
		throw error;
	}
}
