import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startSandbox } from '../../sandbox/server.mts';
import { installPackage } from '../n8n/package.mts';
import { startQueue } from '../n8n/queue.mts';
import { importCredentials } from '../story/importing.mts';
import { newOwner } from '../story/stage.mts';
import { openRelay } from './front.mts';
import { chaos, sandboxOptions, type ChaosOptions, type Verdict } from './run.mts';
import { buildWorld } from './world.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** n8n notices within seconds that a worker has died, instead of within two minutes. */
const SOON = {
	QUEUE_WORKER_LOCK_DURATION: '4000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '1000',
	QUEUE_WORKER_STALLED_INTERVAL: '2000',
};

/**
 * A run on n8n in queue mode behind a proxy, where the workers and the process for webhooks are killed in the middle of
 * their work, one after the other.
 */
export async function onQueue(options: ChaosOptions): Promise<Verdict> {
	const userFolder = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-queue-'));
	const sandbox = await startSandbox(sandboxOptions(options.seed));
	try {
		options.say('Putting the packed package into a fresh n8n');
		await installPackage({ userFolder, projectRoot: ROOT });
		options.say(
			'Starting PostgreSQL, Redis and n8n: a main process, two workers, a webhook process',
		);
		const queue = await startQueue({ userFolder, owner: newOwner(), env: SOON });
		const front = await openRelay(queue.webhookUrl);
		try {
			const credentials = await importCredentials(queue.api, sandbox);
			const victims = [
				async () => await queue.restartWorker(0),
				async () => await queue.restartWebhook(),
				async () => await queue.restartWorker(1),
			];
			let crashes = 0;
			const world = await buildWorld(
				{
					api: queue.api,
					webhookUrl: front.url,
					crash: async () => {
						await victims[crashes++ % victims.length]();
					},
				},
				sandbox,
				credentials,
				options.pattern,
			);
			try {
				return await chaos(world, options);
			} finally {
				await world.outside.close();
			}
		} finally {
			await front.close().catch(() => {});
			await queue.stop();
		}
	} finally {
		await sandbox.close();
		rmSync(userFolder, { recursive: true, force: true, maxRetries: 5 });
	}
}
