import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import type { Row } from '../../scripts/n8n/dataTables.mts';
import {
	importCredentials,
	importWorkflow,
	type Credential,
} from '../../scripts/story/importing.mts';
import type { Ground } from '../../scripts/story/stage.mts';

/** Whom SparkLoop's list may hold. */
export const WORLDS = ['all', 'withStatus', 'confirmedOnly'] as const;
export type World = (typeof WORLDS)[number];

/** A tenth of the time, and no more calls than in all of it. */
const LIMIT = { perMinute: 1_200, minute: 6_000 };
const SCHEDULE = 'Every night';

export const WENT_THROUGH = { status: 'success', message: undefined, last: 'The report' };

interface Setting {
	/** By which its tables are told from those of others. */
	name: string;
	/** Of `workflows/`. */
	file: string;
	world: World;
	values?: (sandbox: Sandbox) => Readonly<Record<string, string | number>>;
	ofTheEsp?: Readonly<Record<string, Credential>>;
}

/** A newsletter whose two sides can differ, and the workflow on a real n8n that compares them. */
export class ReconcileInService {
	readonly sandbox: Sandbox;
	private readonly ground: Ground;
	private readonly setting: Setting;
	private workflow = '';

	private constructor(ground: Ground, setting: Setting, sandbox: Sandbox) {
		this.ground = ground;
		this.setting = setting;
		this.sandbox = sandbox;
	}

	/** Starts a sandbox for it. The workflow is there once `set` was called. */
	static async start(ground: Ground, setting: Setting): Promise<ReconcileInService> {
		const sandbox = await startSandbox({
			subscribersInRest: setting.world,
			rateLimit: { max: LIMIT.perMinute, windowMs: LIMIT.minute },
		});
		return new ReconcileInService(ground, setting, sandbox);
	}

	async close(): Promise<void> {
		await this.sandbox.close();
	}

	/** Imports the workflow with these settings. @returns its id */
	async set(
		values: Readonly<Record<string, string | number>>,
		parameters: Readonly<Record<string, object>> = {},
	): Promise<string> {
		const { api } = this.ground.n8n;
		const { file, ofTheEsp } = this.setting;
		const { id } = await importWorkflow(
			api,
			await importCredentials(api, this.sandbox),
			file,
			{
				onDemand: 'repair',
				brakePeople: 60,
				settle: 0,
				leases: `${this.setting.name} lease`,
				pagesPerPart: 1,
				toldPerPart: 5,
				...this.#tables,
				...LIMIT,
				...this.setting.values?.(this.sandbox),
				...values,
			},
			{ settings: { saveDataSuccessExecution: 'all' }, parameters, ofTheEsp },
		);
		this.workflow = id;
		return id;
	}

	/** One run, as the schedule starts it. */
	async run(): Promise<{ status: string; message?: string; last?: string }> {
		const { api } = this.ground.n8n;
		const execution = await api.waitForExecution(
			await api.runWorkflow(this.workflow, SCHEDULE),
			60_000,
		);
		const { error, lastNodeExecuted } = execution.data.resultData;
		return { status: execution.status, message: error?.message, last: lastNodeExecuted };
	}

	async rows(table: 'told' | 'reports' | 'toLookAt'): Promise<Row[]> {
		return await this.ground.n8n.api.dataTables.rows(await this.#idOf(this.#tables[table]));
	}

	/** Sets until when the lease is held. @param until milliseconds since 1970 */
	async lease(until: number): Promise<void> {
		const table = await this.#idOf(`${this.setting.name} lease`);
		await this.ground.n8n.api.dataTables.update(table, ['name', 'reconcile'], { until });
	}

	get #tables() {
		const { name } = this.setting;
		return { told: `${name} told`, reports: `${name} reports`, toLookAt: `${name} people` };
	}

	async #idOf(table: string): Promise<string> {
		return (await this.ground.n8n.api.dataTables.list(table))[0].id;
	}
}
