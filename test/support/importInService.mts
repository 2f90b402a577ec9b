import type { Sandbox } from '../../sandbox/server.mts';
import type { ExecutionSummary } from '../../scripts/n8n/api.mts';
import type { Row } from '../../scripts/n8n/dataTables.mts';
import { importWorkflow, type Credentials } from '../../scripts/story/importing.mts';
import type { Ground } from '../../scripts/story/stage.mts';

export const SCHEDULE = 'Every minute';
export const SET_UP = 'Set up (run once)';
const PROGRESS = 'SparkLoop import progress';
const REFUSALS = 'SparkLoop import refusals';

const MINUTE = 3_000;
/** SparkLoop's 120 calls in 60 seconds, twenty times as fast: for the sandbox, and for the import's settings. */
export const FAST_PACE = {
	rateLimit: { max: 120, windowMs: MINUTE },
	settings: { perMinute: 120, minute: MINUTE },
};

/**
 * Imports a file of `workflows/` that imports subscribers, and runs its set-up; it is not published.
 *
 * @param name of the import, by which its rows are told from those of others
 * @returns the workflow's id
 */
export async function bringImport(
	{ n8n, credentials }: Ground,
	file: string,
	name: string,
	settings: Readonly<Record<string, string | number>>,
	options: NonNullable<Parameters<typeof importWorkflow>[4]> = {},
	ofSparkLoop: Credentials = credentials,
): Promise<string> {
	const { id } = await importWorkflow(
		n8n.api,
		ofSparkLoop,
		file,
		{ import: name, ...settings },
		{ settings: { saveDataSuccessExecution: 'all' }, ...options },
	);
	return id;
}

/** A workflow that imports subscribers, on a real n8n. */
export class ImportInService {
	private readonly ground: Ground;
	private readonly workflow: string;
	private readonly name: string;

	constructor(ground: Ground, workflow: string, name: string) {
		this.ground = ground;
		this.workflow = workflow;
		this.name = name;
	}

	/** One run, as the schedule starts it. */
	async run(trigger = SCHEDULE): Promise<{ status: string; message?: string }> {
		const { api } = this.ground.n8n;
		const id = await api.runWorkflow(this.workflow, trigger);
		const { status, data } = await api.waitForExecution(id, 60_000);
		return { status, message: data.resultData.error?.message };
	}

	/** The row of the import. */
	async row(): Promise<Row> {
		const [row, ...others] = await this.rows(PROGRESS, 'name');
		expect(others).toEqual([]);
		return row;
	}

	async refusals(): Promise<Row[]> {
		return await this.rows(REFUSALS, 'import');
	}

	async publish(): Promise<void> {
		await this.ground.n8n.api.publish(this.workflow);
	}

	async unpublish(): Promise<void> {
		await this.ground.n8n.api.unpublish(this.workflow);
	}

	async executions(): Promise<ExecutionSummary[]> {
		return await this.ground.n8n.api.listExecutions({ workflowId: this.workflow });
	}

	/** As time does it after a kill. */
	async letLeaseRunOut(): Promise<void> {
		const { dataTables } = this.ground.n8n.api;
		const [{ id }] = await dataTables.list(PROGRESS);
		await dataTables.update(id, ['name', this.name], { heldUntil: 1 });
	}

	private async rows(table: string, column: string): Promise<Row[]> {
		const { dataTables } = this.ground.n8n.api;
		const [{ id }] = await dataTables.list(table);
		return (await dataTables.rows(id)).filter((row) => row[column] === this.name);
	}
}

/** An import into a SparkLoop of its own. */
export class ImportIntoSandbox extends ImportInService {
	readonly sandbox: Sandbox;

	constructor(sandbox: Sandbox, ...rest: ConstructorParameters<typeof ImportInService>) {
		super(...rest);
		this.sandbox = sandbox;
	}

	/** Of the people whom SparkLoop knows. */
	get addresses(): string[] {
		return this.sandbox.program.subscribers.map(({ email }) => email).sort();
	}

	/** Statuses of the calls that created subscribers, or tried to. */
	get creations(): Array<number | null> {
		return this.sandbox.calls.log
			.filter(({ kind, method }) => kind === 'rest' && method === 'POST')
			.map(({ status }) => status);
	}
}
