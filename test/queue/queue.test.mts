import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

import { installPackage } from '../../scripts/n8n/package.mts';
import { LOOPBACK } from '../../scripts/n8n/ports.mts';
import { type RunningQueue, startQueue } from '../../scripts/n8n/queue.mts';

const NODE = `exports.Tiny = class {
	description = {
		displayName: 'Tiny', name: 'tiny', group: ['transform'], version: 1, description: '',
		defaults: { name: 'Tiny' }, inputs: ['main'], outputs: ['main'], properties: [],
	};
	async execute() {
		return [[{ json: { pid: process.pid } }]];
	}
};`;
const owner = {
	email: 'owner@example.com',
	password: 'Passw0rd',
	firstName: 'O',
	lastName: 'Wner',
};
/** Milliseconds. n8n's own are 60, 10 and 30 seconds; what follows from them is the same. */
const LOCK = {
	QUEUE_WORKER_LOCK_DURATION: '2000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '500',
	QUEUE_WORKER_STALLED_INTERVAL: '1000',
};

interface NodeFile {
	name: string;
	type: string;
	typeVersion: number;
	parameters: object;
}

const set: NodeFile = {
	name: 'Set',
	type: 'n8n-nodes-base.set',
	typeVersion: 3.4,
	parameters: { mode: 'raw', jsonOutput: '={{ { pid: $json.pid } }}' },
};
const tiny: NodeFile = {
	name: 'Tiny',
	type: 'n8n-nodes-tiny.tiny',
	typeVersion: 1,
	parameters: {},
};
const wait: NodeFile = {
	name: 'Wait',
	type: 'n8n-nodes-base.wait',
	typeVersion: 1.1,
	parameters: { resume: 'timeInterval', amount: 5, unit: 'seconds' },
};
const take: NodeFile = {
	name: 'Take',
	type: 'n8n-nodes-base.dataTable',
	typeVersion: 1.1,
	parameters: {
		resource: 'row',
		operation: 'update',
		dataTableId: { __rl: true, mode: 'name', value: 'Leases' },
		matchType: 'allConditions',
		filters: {
			conditions: [
				{ keyName: 'name', condition: 'eq', keyValue: 'outbox' },
				{ keyName: 'until', condition: 'lt', keyValue: '={{ Date.now() }}' },
			],
		},
		columns: {
			mappingMode: 'defineBelow',
			value: { until: '={{ Date.now() + 60000 }}', holder: '={{ $execution.id }}' },
			matchingColumns: [],
			schema: ['until', 'holder'].map((id) => ({
				id,
				displayName: id,
				type: id === 'until' ? 'number' : 'string',
				display: true,
				required: false,
				defaultMatch: false,
			})),
		},
		options: {},
	},
};

/** A workflow that answers a request with nothing once its last node has run. */
function workflow(name: string, ...nodes: NodeFile[]) {
	const webhook: NodeFile = {
		name: 'In',
		type: 'n8n-nodes-base.webhook',
		typeVersion: 2.1,
		parameters: {
			httpMethod: 'POST',
			path: name,
			responseMode: 'lastNode',
			responseData: 'noData',
			options: {},
		},
	};
	const all = [webhook, ...nodes];
	return {
		name,
		nodes: all.map((node, index) => ({
			...node,
			id: `${name}-${index}`,
			webhookId: `${name}-${index}`,
			position: [index * 200, 0],
		})),
		connections: Object.fromEntries(
			nodes.map((node, index) => [
				all[index].name,
				{ main: [[{ node: node.name, type: 'main', index: 0 }]] },
			]),
		),
		settings: {},
	};
}

let folder: string;
let queue: RunningQueue;
const ids: Record<string, string> = {};

const call = async (name: string) => {
	const since = Date.now();
	const response = await fetch(`${queue.webhookUrl}/webhook/${name}`, { method: 'POST' });
	const body = await response.text();
	return { status: response.status, body, seconds: (Date.now() - since) / 1000 };
};
/** Which of the workers has begun an execution. */
const workerOf = (id: string) =>
	queue.workers.findIndex((worker) => worker.log().includes(`Worker started execution ${id} `));
const newest = async (name: string) =>
	(await queue.api.listExecutions({ workflowId: ids[name] }, 1)).at(0);
const status = async (id: string) =>
	(await queue.api.rest.call<{ status: string }>('GET', `/rest/executions/${id}`)).status;

beforeAll(async () => {
	folder = mkdtempSync(path.join(tmpdir(), 'n8n-queue-test-'));
	const projectRoot = path.join(folder, 'package');
	const userFolder = path.join(folder, 'user');
	mkdirSync(path.join(projectRoot, 'dist'), { recursive: true });
	writeFileSync(path.join(projectRoot, 'dist/Tiny.node.js'), NODE);
	const manifest = {
		name: 'n8n-nodes-tiny',
		version: '1.2.3',
		n8n: { n8nNodesApiVersion: 1, nodes: ['dist/Tiny.node.js'] },
	};
	writeFileSync(path.join(projectRoot, 'package.json'), JSON.stringify(manifest));
	await installPackage({ userFolder, projectRoot });
	queue = await startQueue({ userFolder, owner, env: LOCK });
	await queue.api.dataTables.create('Leases', {
		name: 'string',
		until: 'number',
		holder: 'string',
	});
	const files = [workflow('fast', tiny, set), workflow('slow', wait), workflow('lease', take)];
	for (const file of files) {
		ids[file.name] = await queue.api.importWorkflow(file);
		await queue.api.publish(ids[file.name]);
		await queue.api.waitForWebhook(`${queue.webhookUrl}/webhook/${file.name}`);
	}
}, 120_000);

afterAll(async () => {
	await queue?.stop();
	rmSync(folder, { recursive: true, force: true });
}, 30_000);

describe('n8n in queue mode', () => {
	it('answers through the webhook process with what a worker did', async () => {
		expect(await call('fast')).toMatchObject({ status: 200, body: '' });
		const { id } = (await newest('fast'))!;
		const { data } = await queue.api.waitForExecution(id);
		const worker = queue.workers[workerOf(id)];
		expect(data.resultData.runData.Set[0].data?.main?.[0]?.[0].json).toEqual({ pid: worker.pid });
	});

	it('serves no production webhook on the main process', async () => {
		const response = await fetch(`${queue.mainUrl}/webhook/fast`, { method: 'POST' });
		expect(response.status).toBe(404);
	});

	it('lets one of many requests at once win a row, whichever worker runs it', async () => {
		const { dataTables } = queue.api;
		const [table] = await dataTables.list('Leases');
		await dataTables.insert(table.id, [{ name: 'outbox', until: 0, holder: '' }]);
		const answers = await Promise.all(Array.from({ length: 20 }, async () => await call('lease')));
		expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200));

		const runs = await queue.api.listExecutions({ workflowId: ids.lease });
		expect(runs).toHaveLength(20);
		expect(new Set(runs.map(({ id }) => workerOf(id)))).toEqual(new Set([0, 1]));
		const ended = await Promise.all(
			runs.map(async ({ id }) => await queue.api.waitForExecution(id)),
		);
		const winners = ended.filter(
			({ data }) => (data.resultData.runData.Take[0].data?.main?.[0] ?? []).length > 0,
		);
		expect(winners).toHaveLength(1);
		expect(await dataTables.rows(table.id)).toMatchObject([{ holder: winners[0].id }]);
	});

	describe('when a worker dies in the middle of an execution', () => {
		let doomed: Promise<Awaited<ReturnType<typeof call>>>;
		let id: string;

		it('carries the next request on the other one', async () => {
			doomed = call('slow');
			let index = -1;
			while (index === -1) {
				await sleep(50);
				const execution = await newest('slow');
				if (execution) index = workerOf((id = execution.id));
			}
			await queue.workers[index].kill();
			expect(await call('fast')).toMatchObject({ status: 200, body: '' });
			expect(workerOf((await newest('fast'))!.id)).toBe(1 - index);
			expect(await status(id)).toBe('running');
		});

		it('takes a new worker', async () => {
			const worker = await queue.startWorker();
			expect(queue.workers).toHaveLength(3);
			await Promise.all(Array.from({ length: 20 }, async () => await call('fast')));
			expect(worker.log()).toMatch('Worker started execution');
		}, 60_000);

		// n8n never runs it again (its maxStalledCount is 0, and no setting changes that).
		it('answers the caller with 500, half a minute after it has noticed', async () => {
			const answer = await doomed;
			expect(answer).toMatchObject({ status: 500, body: '{"message":"Error in workflow"}' });
			// The lock runs out, a living worker looks for such, and the webhook process waits 30 s more.
			expect(answer.seconds).toBeGreaterThan(24);
			expect(answer.seconds).toBeLessThan(60);
			const { status, data } = await queue.api.waitForExecution(id);
			expect(status).toBe('error');
			expect(data.resultData.error?.message).toMatch('failed to be processed too many times');
		}, 60_000);
	});
});

describe('PostgreSQL and Redis', () => {
	it('end with a process that is killed', async () => {
		const temporary = path.join(folder, 'temporary');
		mkdirSync(temporary);
		// PostgreSQL may run as another user, who must be able to reach its own folder in there.
		for (const passable of [folder, temporary]) chmodSync(passable, 0o711);
		const services = path.join(import.meta.dirname, '../../scripts/n8n/services.mts');
		const script = `
			const { startPostgres, startRedis } = await import(${JSON.stringify(services)});
			const started = await Promise.all([startPostgres(), startRedis()]);
			console.log(JSON.stringify(started.map(({ port }) => port)));
			setInterval(() => {}, 1000);`;
		const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
			env: { ...process.env, TMPDIR: temporary, NODE_OPTIONS: '' },
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		const lines = createInterface(child.stdout);
		const [line] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string];
		const ports = JSON.parse(line) as number[];
		const listening = async () =>
			await Promise.all(
				ports.map(
					async (port) =>
						await new Promise<boolean>((resolve) => {
							const socket = connect({ host: LOOPBACK, port });
							socket.once('error', () => resolve(false));
							socket.once('connect', () => {
								socket.destroy();
								resolve(true);
							});
						}),
				),
			);
		expect(await listening()).toEqual([true, true]);
		child.kill('SIGKILL');
		const deadline = Date.now() + 10_000;
		while ((await listening()).includes(true)) {
			expect(Date.now()).toBeLessThan(deadline);
			await sleep(50);
		}
	});
});
