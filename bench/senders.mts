import { setTimeout as sleep } from 'node:timers/promises';

import type { Credential } from '../scripts/story/importing.mts';
import type { NodeRun } from '../scripts/n8n/api.mts';
import { publish, type BenchGround } from './ground.mts';
import { node, webhook, workflow, type BenchNode } from './graphs.mts';
import { extraMemory } from './memory.mts';
import type { Target } from './target.mts';

/** What a node did with some items. */
export interface Sent {
	/** How long the node took, in seconds. */
	seconds: number;
	/** The most that n8n took for it beyond what it had before, in megabytes. */
	memory: number;
	/** How many items left the node. */
	items: number;
	/** Why it failed; undefined when it did not. */
	error: string | undefined;
}

/** A workflow that makes items and hands them to one node. */
export interface Sender {
	/** Waits until it can be called, which takes a moment after n8n was started. */
	ready(): Promise<void>;
	/** Lets the workflow run once, and waits until n8n has saved what happened. */
	send(count: number): Promise<Sent>;
}

export const CONCURRENCY = 10;
const WITHIN_MS = 300_000;
const POLL_MS = 50;
let runs = 0;

/** Puts a node that sends into service. */
export async function sender(ground: BenchGround, sending: BenchNode): Promise<Sender> {
	const { node: entrance, path } = webhook();
	const items = node('Items', 'CUSTOM.benchItems', 1, {
		count: '={{ $json.body.count }}',
		run: '={{ $json.body.run }}',
	});
	const id = await publish(
		ground,
		workflow(`Bench: ${sending.name}`, [entrance, items, sending], {
			Webhook: [['Items']],
			Items: [[sending.name]],
		}),
		path,
	);
	const ended = async () => {
		const [latest] = await ground.n8n.api.listExecutions({ workflowId: id }, 1);
		return ['success', 'error'].includes(latest?.status) ? latest.id : undefined;
	};
	return {
		ready: async () => await ground.n8n.api.waitForWebhook(path),
		async send(count) {
			const { api, url, pid } = ground.n8n;
			const { result: execution, extra } = await extraMemory(pid, async () => {
				const answer = await fetch(url + path, {
					method: 'POST',
					headers: { 'content-type': 'application/json' },
					body: JSON.stringify({ count, run: `run${(runs += 1)}` }),
					signal: AbortSignal.timeout(WITHIN_MS),
				});
				await answer.arrayBuffer();
				for (;;) {
					const found = await ended();
					if (found !== undefined) return found;
					await sleep(POLL_MS);
				}
			});
			const { data } = await api.getExecution(execution);
			return { ...sentBy(data.resultData.runData[sending.name]?.at(-1)), memory: extra };
		},
	};
}

function sentBy(run: NodeRun | undefined): Omit<Sent, 'memory'> {
	if (!run) throw new Error('The node that sends did not run');
	return {
		seconds: Number(run.executionTime) / 1000,
		items: run.data?.main?.[0]?.length ?? 0,
		error: run.error?.message,
	};
}

const CHOSEN = {
	email: '={{ $json.email }}',
	additionalFields: { firstName: '={{ $json.first_name }}' },
};

/** Our node, through the Incoming Webhook. */
export const ourNode = (incomingWebhook: Credential, options: object = {}): BenchNode =>
	node(
		'SparkLoop',
		'n8n-nodes-sparkloop.sparkLoop',
		1,
		{
			resource: 'subscriber',
			operation: 'subscribe',
			sendThrough: 'incomingWebhook',
			...CHOSEN,
			options: { concurrency: CONCURRENCY, ...options },
		},
		{ credential: incomingWebhook },
	);

/** n8n's HTTP Request node, sending the same. */
export const httpRequest = (name: string, { url }: Target, options: object = {}): BenchNode =>
	node(name, 'n8n-nodes-base.httpRequest', 4.3, {
		method: 'POST',
		url,
		sendBody: true,
		specifyBody: 'json',
		jsonBody:
			"={{ { type: 'subscribe', subscriber: { email: $json.email, first_name: $json.first_name } } }}",
		options,
	});

/** The least that could send with n8n's request helper. */
export const bareLoop = ({ url }: Target): BenchNode =>
	node('Bare loop', 'CUSTOM.bareLoop', 1, { url, concurrency: CONCURRENCY });

/** The same for people, who choose with expressions what is sent, and with a credential where to. */
export const loopForPeople = (credential: Credential): BenchNode =>
	node(
		'Bare loop for people',
		'CUSTOM.bareLoop',
		1,
		{ concurrency: CONCURRENCY, forPeople: true, ...CHOSEN },
		{ credential },
	);

/** The credential that leads it to a target. */
export const benchTarget = async ({ n8n }: BenchGround, { url }: Target): Promise<Credential> => {
	const type = 'benchTarget';
	return {
		id: await n8n.api.importCredential({ name: 'Bench target', type, data: { url } }),
		type,
	};
};

/** The credential of an Incoming Webhook that leads to a target. */
export async function incomingWebhookTo(
	{ n8n }: BenchGround,
	{ url }: Target,
): Promise<Credential> {
	const type = 'sparkLoopIncomingWebhookApi';
	const id = await n8n.api.importCredential({
		name: 'Bench',
		type,
		data: { webhookSecretUrl: url },
	});
	return { id, type };
}
