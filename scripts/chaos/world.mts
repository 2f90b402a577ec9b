import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Sandbox } from '../../sandbox/server.mts';
import type { N8nApi } from '../n8n/api.mts';
import type { Row } from '../n8n/dataTables.mts';
import { importWorkflow, type Credentials } from '../story/importing.mts';
import { templateFlows } from './templateFlows.mts';

/** n8n in whatever mode, as far as a run of chaos needs it. */
export interface Engine {
	/** Another one after a crash. */
	readonly api: N8nApi;
	/** The origin of the production webhooks. */
	readonly webhookUrl: string;
	/** Ends a process in the middle of its work, as a power cut would, and starts it again. */
	crash(): Promise<void>;
}

/** How the shop behaves: `refuse` hands nothing out and says so; `hang` hands out and does not answer. */
export type ShopMood = 'accept' | 'refuse' | 'hang';

/** Who hands the rewards out, and who hears the alerts. */
export class Outside {
	/** Coupon of the reward → whom it was handed out to, each time. */
	readonly handedOut = new Map<string, string[]>();
	/** How often nothing was answered. */
	unanswered = 0;
	readonly alerts: Array<Record<string, unknown>> = [];
	mood: ShopMood = 'accept';
	url = '';
	private readonly server: Server;

	private constructor() {
		this.server = createServer((request, response) => {
			const chunks: Buffer[] = [];
			request.on('data', (chunk: Buffer) => chunks.push(chunk));
			request.on('end', () => {
				const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
				if (request.url === '/alerts') this.alerts.push(body);
				else if (this.mood === 'refuse') {
					response.writeHead(429).end();
					return;
				} else {
					const coupon = String(body.coupon);
					const winners = this.handedOut.get(coupon) ?? [];
					this.handedOut.set(coupon, [...winners, String(body.email)]);
					if (this.mood === 'hang') {
						this.unanswered += 1;
						return;
					}
				}
				response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
			});
		});
	}

	static async open(): Promise<Outside> {
		const outside = new Outside();
		await new Promise<void>((ready) => outside.server.listen(0, '127.0.0.1', ready));
		outside.url = `http://127.0.0.1:${(outside.server.address() as AddressInfo).port}`;
		return outside;
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((done) => this.server.close(done));
	}
}

/** A newsletter whose services can be broken, and the workflows that must hold. */
export interface World {
	engine: Engine;
	sandbox: Sandbox;
	outside: Outside;
	/** Where the ESP reports to. */
	reportTo: { path: string; header: { name: string; value: string } };
	/** Events are delivered here, and the wins among them there. */
	paths: { contacts: string; rewards: string };
	/** Lets the schedules' work be done once, which n8n would do by itself every minute or five. */
	tick(): Promise<void>;
	/** What waits in the outbox, and what it has given up. */
	outboxRows(): Promise<Row[]>;
	ledgerRows(): Promise<Row[]>;
	/** What was noted of failures, and told of them. */
	failureRows(): Promise<Row[]>;
	alertRows(): Promise<Row[]>;
}

const SPARKLOOP_EVENTS = ['sync_subscriber', 'new_referral', 'reward_unlocked'];

type Flows = Omit<World, 'engine' | 'sandbox' | 'outside'>;

/**
 * Puts workflows into service, as their notes say, and lets SparkLoop deliver to them.
 *
 * @param pattern `ours`: those of `workflows/`; `template`: the one that n8n's template library recommends
 */
export async function buildWorld(
	engine: Engine,
	sandbox: Sandbox,
	credentials: Credentials,
	pattern: 'ours' | 'template',
): Promise<World> {
	const outside = await Outside.open();
	const bring = pattern === 'ours' ? bringOurs : bringTemplate;
	const flows = await bring(engine, sandbox, credentials, outside);
	const { paths, reportTo } = flows;
	for (const path of [paths.contacts, paths.rewards, reportTo.path]) {
		await engine.api.waitForWebhook(new URL(path, engine.webhookUrl).href);
	}
	sandbox.setWebhooks([
		{ url: engine.webhookUrl + paths.contacts, events: SPARKLOOP_EVENTS },
		{ url: engine.webhookUrl + paths.rewards, events: ['reward_unlocked'] },
	]);
	return { engine, sandbox, outside, ...flows };
}

/** With compressed time: a minute of the outbox passes in a second, a lease runs out after 20. */
async function bringOurs(
	engine: Engine,
	sandbox: Sandbox,
	credentials: Credentials,
	outside: Outside,
): Promise<Flows> {
	const bring = async (file: string, values: Record<string, string | number>) =>
		await importWorkflow(
			engine.api,
			credentials,
			file,
			values,
			// As in earnest, no execution outlives its lease.
			'waitFor' in values ? { settings: { executionTimeout: 15 } } : {},
		);
	const leases = { leaseFor: 20_000, waitFor: 8_000 };
	const contacts = await bring('sparkloop-to-your-esp.json', {
		contactUrl: `${sandbox.espUrl}/contacts/{email}`,
		timeout: 1_500,
		...leases,
	});
	const rewards = await bring('reward-fulfilment.json', {
		fulfilUrl: `${outside.url}/rewards`,
		timeout: 1_500,
		claimFor: 20_000,
		...leases,
	});
	const outbox = await bring('outbox.json', {
		minute: 1_000,
		longestPause: 10_000,
		leaseFor: 30_000,
		runFor: 10_000,
	});
	const reports = await bring('your-esp-to-outbox.json', {});
	const alerts = await bring('alerts.json', {
		alertUrl: `${outside.url}/alerts`,
		pause: 60_000,
		leaseFor: 30_000,
	});
	for (const { id } of [contacts, rewards, outbox, reports, alerts]) await engine.api.publish(id);
	const rowsOf = async (name: string) => {
		const [{ id }] = await engine.api.dataTables.list(name);
		return await engine.api.dataTables.rows(id);
	};
	return {
		reportTo: {
			path: reports.path('When your ESP reports a change'),
			header: credentials.fromEsp.header,
		},
		paths: {
			contacts: contacts.path('When SparkLoop sends an event'),
			rewards: rewards.path('When somebody wins a reward'),
		},
		tick: async () => {
			for (const [workflow, schedule] of [
				[outbox, 'Every minute'],
				[rewards, 'Every five minutes'],
				[alerts, 'Every minute'],
			] as const) {
				const run = await engine.api.runWorkflow(workflow.id, schedule);
				await engine.api.waitForExecution(run, 120_000);
			}
		},
		outboxRows: async () => await rowsOf('SparkLoop outbox'),
		ledgerRows: async () => await rowsOf('SparkLoop rewards'),
		failureRows: async () => await rowsOf('SparkLoop failures'),
		alertRows: async () => await rowsOf('SparkLoop alerts'),
	};
}

async function bringTemplate(
	{ api }: Engine,
	sandbox: Sandbox,
	{ espKey, fromEsp }: Credentials,
	outside: Outside,
): Promise<Flows> {
	const flows = templateFlows({
		espUrl: sandbox.espUrl,
		fulfilUrl: `${outside.url}/rewards`,
		incomingWebhookUrl: sandbox.incomingWebhookUrl,
	});
	for (const flow of Object.values(flows)) {
		for (const node of flow.nodes) {
			const { genericAuthType } = node.parameters as { genericAuthType?: string };
			if (genericAuthType) {
				node.credentials = { [espKey.type]: { id: espKey.id, name: espKey.type } };
			}
		}
		await api.publish(await api.importWorkflow({ ...flow }));
	}
	return {
		reportTo: { path: '/webhook/template-reports', header: fromEsp.header },
		paths: { contacts: '/webhook/template-contacts', rewards: '/webhook/template-rewards' },
		// There is nothing that works by a schedule, and nothing that is kept.
		tick: async () => {},
		outboxRows: async () => [],
		ledgerRows: async () => [],
		failureRows: async () => [],
		alertRows: async () => [],
	};
}
