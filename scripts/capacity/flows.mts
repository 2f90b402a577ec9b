import { setTimeout as sleep } from 'node:timers/promises';

import type { SparkLoopEvent } from '../../sandbox/events.mts';
import type { Sandbox } from '../../sandbox/server.mts';
import type { Outside } from '../chaos/world.mts';
import type { Cell } from '../n8n/dataTables.mts';
import { importCredentials, importWorkflow } from '../story/importing.mts';
import { OUTBOX_COLUMNS } from '../workflows/outbox.mts';
import { LEDGER_COLUMNS } from '../workflows/rewards.mts';
import { Events } from './events.mts';
import type { Ground } from './grounds.mts';
import { quantile, type Call } from '../measuring/load.mts';
import { measure, measureCalls, type Measurement } from './measure.mts';

/** How many events are measured, and how many run before that without being measured. */
export interface Extent {
	events: number;
	warmUp: number;
	/** Events that wait in the outbox when it is let run. */
	inOutbox: number;
	/** Rows of older wins in the ledger. */
	ledgerRows: number;
}

const ROWS_AT_ONCE = 1_000;
const POLL_MS = 250;
const RUN_WITHIN_MS = 120_000;
const DAY = 86_400_000;

/** When a node has run, in milliseconds since 1970, and for how long. */
interface Timed {
	startTime: number;
	executionTime: number;
}

interface Published {
	paths: { contacts: string; rewards: string; reports: string };
	ids: { contacts: string; outbox: string };
	/** What SparkLoop sends with every event, and the ESP with every report. */
	token: Record<string, string>;
	header: Record<string, string>;
}

/** The workflows as they are shipped, on a ground, with an ESP and a shop that answer at once. */
export class Flows {
	private readonly events = new Events();
	private readonly ground: Ground;
	private readonly extent: Extent;
	private readonly published: Published;
	private reported = 0;

	private constructor(ground: Ground, extent: Extent, published: Published) {
		this.ground = ground;
		this.extent = extent;
		this.published = published;
	}

	static async bring(
		ground: Ground,
		sandbox: Sandbox,
		outside: Outside,
		extent: Extent,
	): Promise<Flows> {
		const { api } = ground;
		const credentials = await importCredentials(api, sandbox);
		const bring = async (file: string, values: Record<string, string> = {}) =>
			await importWorkflow(api, credentials, file, values);
		const contacts = await bring('sparkloop-to-your-esp.json', {
			contactUrl: `${sandbox.espUrl}/contacts/{email}`,
		});
		const rewards = await bring('reward-fulfilment.json', { fulfilUrl: `${outside.url}/rewards` });
		// Not published: its schedule would send while something else is measured.
		const outbox = await bring('outbox.json');
		const reports = await bring('your-esp-to-outbox.json');
		for (const { id } of [contacts, rewards, reports]) await api.publish(id);
		const paths = {
			contacts: contacts.path('When SparkLoop sends an event'),
			rewards: rewards.path('When somebody wins a reward'),
			reports: reports.path('When your ESP reports a change'),
		};
		for (const path of Object.values(paths)) {
			await api.waitForWebhook(new URL(path, ground.webhookUrl).href);
		}
		const { name, value } = credentials.fromEsp.header;
		return new Flows(ground, extent, {
			paths,
			ids: { contacts: contacts.id, outbox: outbox.id },
			token: { 'SparkLoop-Token': sandbox.webhookToken },
			header: { [name]: value },
		});
	}

	/** Events that write one contact, or two, or that hand a reward out. */
	async fromSparkLoop(
		what: string,
		type: 'sync_subscriber' | 'new_referral' | 'reward_unlocked',
	): Promise<Measurement> {
		const path =
			type === 'reward_unlocked' ? this.published.paths.rewards : this.published.paths.contacts;
		const call = (body: SparkLoopEvent): Call => ({
			url: this.ground.webhookUrl + path,
			headers: this.published.token,
			body,
		});
		const { warmUp, events } = this.extent;
		return await measureCalls(this.ground, what, {
			warmUp: this.events.take(type, warmUp).map(call),
			calls: this.events.take(type, events).map(call),
		});
	}

	/** What the latest runs of the contacts flow tell of their leases. */
	async leases(): Promise<{ held: number; waited: number }> {
		const { api } = this.ground;
		const { contacts } = this.published.ids;
		const runs = await api.listExecutions({ workflowId: contacts }, this.extent.events);
		const held: number[] = [];
		let waited = 0;
		for (const { id } of runs) {
			const { runData } = (await api.getExecution(id)).data.resultData;
			if (runData['Wait for it']) waited += 1;
			const taken = runData['Is it ours?']?.at(-1) as Timed | undefined;
			const given = runData['Give the lease back']?.at(-1) as Timed | undefined;
			if (taken && given) held.push(given.startTime + given.executionTime - taken.startTime);
		}
		held.sort((one, other) => one - other);
		return { held: quantile(held, 0.5), waited: waited / runs.length };
	}

	/** Sign-ups that the ESP reports, into the outbox; then the outbox, which sends many at once. */
	async throughOutbox(): Promise<Measurement[]> {
		const { inOutbox, warmUp, events } = this.extent;
		const calls = (count: number) => Array.from({ length: count }, () => this.report());
		const { ground } = this;
		const filling = await measureCalls(ground, 'report of the ESP into the outbox', {
			warmUp: calls(warmUp),
			calls: calls(events),
		});
		await this.drain(warmUp + events);
		await this.fillOutbox();
		const sending = await measure(ground, `outbox sends ${inOutbox}`, async () => ({
			events: inOutbox,
			seconds: await this.drain(inOutbox),
		}));
		return [filling, sending];
	}

	private async fillOutbox(): Promise<void> {
		const { dataTables } = this.ground.api;
		const [{ id }] = await dataTables.list('SparkLoop outbox');
		const rows = Array.from(
			{ length: this.extent.inOutbox },
			(): Record<keyof typeof OUTBOX_COLUMNS, Cell> => {
				const email = this.newEmail();
				const event = { type: 'subscribe', subscriber: { email, first_name: 'Sam' } };
				return {
					person: ` ${email} `,
					event: JSON.stringify(event),
					state: 'waiting',
					attempts: 0,
					due: 0,
					reason: '',
				};
			},
		);
		await dataTables.insert(id, rows);
	}

	private newEmail(): string {
		this.reported += 1;
		return `subscriber${this.reported}@example.com`;
	}

	private report(): Call {
		return {
			url: this.ground.webhookUrl + this.published.paths.reports,
			headers: this.published.header,
			body: {
				event: 'subscribed',
				confirmed: true,
				email: this.newEmail(),
				first_name: 'Sam',
			},
		};
	}

	/** Lets the outbox run once. @returns how many seconds that took @throws when something is left */
	private async drain(count: number): Promise<number> {
		const { api } = this.ground;
		const id = await api.runWorkflow(this.published.ids.outbox, 'Every minute');
		const began = Date.now();
		let run = { status: 'new', startedAt: '', stoppedAt: '' };
		while (['new', 'running'].includes(run.status)) {
			if (Date.now() - began > RUN_WITHIN_MS) throw new Error(`${count} events were not sent`);
			await sleep(POLL_MS);
			run = await api.rest.call('GET', `/rest/executions/${id}`);
		}
		const left = (await this.rowsOf('SparkLoop outbox')).length;
		if (run.status !== 'success' || left > 0) {
			throw new Error(`The outbox ended with ${run.status}, and ${left} of ${count} are left`);
		}
		return (Date.parse(run.stoppedAt) - Date.parse(run.startedAt)) / 1000;
	}

	private async rowsOf(name: string) {
		const [{ id }] = await this.ground.api.dataTables.list(name);
		return await this.ground.api.dataTables.rows(id);
	}

	/** Fills the ledger with wins of last week. @returns how much the database grew by for each */
	async fillLedger(): Promise<number> {
		const { dataTables } = this.ground.api;
		const { ledgerRows } = this.extent;
		const [{ id }] = await dataTables.list('SparkLoop rewards');
		const bytesBefore = await this.ground.databaseBytes();
		const at = Date.now() - 7 * DAY;
		for (let first = 0; first < ledgerRows; first += ROWS_AT_ONCE) {
			const rows = Array.from(
				{ length: Math.min(ROWS_AT_ONCE, ledgerRows - first) },
				(_, index): Record<keyof typeof LEDGER_COLUMNS, Cell> => ({
					win: (first + index).toString(16).padStart(64, '0'),
					email: `winner${first + index}@example.com`,
					reward: 'reward_0123456789',
					reward_name: 'Report',
					coupon: `coupon${first + index}`,
					referrals: 3,
					state: 'fulfilled',
					note: 'status 200',
					at,
					until: at,
				}),
			);
			await dataTables.insert(id, rows);
		}
		return ((await this.ground.databaseBytes()) - bytesBefore) / ledgerRows;
	}

	/** Lets n8n keep no successful execution of the contacts flow, or what it keeps by itself. */
	async keepContactRuns(keep: boolean): Promise<void> {
		const { api } = this.ground;
		const { settings, versionId } = await api.getWorkflow(this.published.ids.contacts);
		await api.rest.call('PATCH', `/rest/workflows/${this.published.ids.contacts}`, {
			settings: { ...settings, saveDataSuccessExecution: keep ? 'DEFAULT' : 'none' },
			versionId,
		});
		await api.publish(this.published.ids.contacts);
		await api.waitForWebhook(new URL(this.published.paths.contacts, this.ground.webhookUrl).href);
	}
}
