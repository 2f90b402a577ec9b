import { setTimeout as sleep } from 'node:timers/promises';

import { DataTables } from './dataTables.mts';
import { type Json, unpackExecutionData } from './executionData.mts';
import { N8nApiError, RestClient } from './rest.mts';

export interface Owner {
	email: string;
	/** At least 8 characters with a capital letter and a digit: n8n insists. */
	password: string;
	firstName: string;
	lastName: string;
}

/** A workflow as n8n exports it; only what n8n itself needs is named. */
export interface WorkflowFile {
	name: string;
	nodes: unknown[];
	connections: object;
	settings?: object;
	[other: string]: unknown;
}

export interface SavedWorkflow extends WorkflowFile {
	id: string;
	versionId: string;
	active: boolean;
	isArchived: boolean;
}

export interface CredentialFile {
	name: string;
	type: string;
	data: Record<string, unknown>;
}

export interface ExecutionSummary {
	id: string;
	workflowId: string;
	mode: string;
	status: string;
	startedAt: string | null;
	stoppedAt: string | null;
}

/** What one node did in one run of it. */
export interface NodeRun {
	error?: { message: string; [other: string]: unknown };
	data?: { main?: Array<Array<{ json: Record<string, Json> }> | null> };
	[other: string]: unknown;
}

export interface Execution extends ExecutionSummary {
	data: {
		resultData: {
			runData: Record<string, NodeRun[]>;
			error?: { message: string; [other: string]: unknown };
			lastNodeExecuted?: string;
		};
		[other: string]: unknown;
	};
}

export interface ParameterContext {
	/** Full type, such as `n8n-nodes-base.dataTable`. */
	nodeType: string;
	version: number;
	/** Where the parameter stands, such as `parameters.campaign`. */
	path?: string;
	parameters?: Record<string, unknown>;
	credentials?: Record<string, { id: string; name: string }>;
}

interface PublicationStatus {
	status: 'in_progress' | 'not_published' | 'published' | 'partial' | 'failed';
	triggers: Array<{ nodeId: string; status: string; errorMessage: string | null }>;
}

const DONE: PublicationStatus = { status: 'published', triggers: [] };

const POLL_MS = 50;
const WITHIN_MS = 30_000;
/** What `POST /rest/workflows` takes of an exported workflow; the rest belongs to the instance it came from. */
const PORTABLE = [
	'id',
	'name',
	'description',
	'nodes',
	'connections',
	'settings',
	'pinData',
] as const;

/** Asks until the answer is there. @throws when it is not within the time, in milliseconds */
async function until<T>(
	what: string,
	within: number,
	ask: () => Promise<T | undefined>,
): Promise<T> {
	const deadline = Date.now() + within;
	for (;;) {
		const answer = await ask();
		if (answer !== undefined) return answer;
		if (Date.now() > deadline) throw new Error(`${what}: not within ${within / 1000} seconds.`);
		await sleep(POLL_MS);
	}
}

/** The answer, or undefined when n8n answers with that status. */
const unless = async <T,>(status: number, answer: Promise<T>): Promise<T | undefined> =>
	await answer.catch((error: unknown) => {
		if (error instanceof N8nApiError && error.status === status) return undefined;
		throw error;
	});

/** What can be done with a running n8n, as its owner, over the interface its editor uses. */
export class N8nApi {
	readonly dataTables: DataTables;

	/** For whatever has no method here. */
	readonly rest: RestClient;

	private readonly origin: string;

	constructor(origin: string) {
		this.origin = origin;
		this.rest = new RestClient(origin);
		this.dataTables = new DataTables(this.rest);
	}

	/** Makes the owner's account on an n8n that has none yet, and logs in. */
	async setupOwner(owner: Owner): Promise<void> {
		await this.rest.call('POST', '/rest/owner/setup', owner);
	}

	/** Logs in. @throws {N8nApiError} 401 when e-mail or password are wrong */
	async login(owner: Pick<Owner, 'email' | 'password'>): Promise<void> {
		await this.rest.call('POST', '/rest/login', {
			emailOrLdapLoginId: owner.email,
			password: owner.password,
		});
	}

	/** Makes the owner's account if there is none, and logs in either way. */
	async enter(owner: Owner): Promise<void> {
		// n8n 2.0 says that it is ready before it answers there.
		const settings = await until("n8n's REST interface", WITHIN_MS, async () =>
			unless(
				404,
				this.rest.call<{ userManagement: { showSetupOnFirstLoad: boolean } }>(
					'GET',
					'/rest/settings',
				),
			),
		);
		if (settings.userManagement.showSetupOnFirstLoad) await this.setupOwner(owner);
		else await this.login(owner);
	}

	/** Stores a credential. @returns its id, which workflows name */
	async importCredential(credential: CredentialFile): Promise<string> {
		const { id } = await this.rest.call<{ id: string }>('POST', '/rest/credentials', credential);
		return id;
	}

	/** Runs the test a credential type declares, on unsaved data, as the editor's Save does. */
	async testCredential(
		credential: CredentialFile,
	): Promise<{ status: 'OK' | 'Error'; message: string }> {
		return await this.rest.call('POST', '/rest/credentials/test', {
			credentials: { id: '', ...credential },
		});
	}

	/** Saves a workflow, unpublished. A file with an id keeps it. @returns the id */
	async importWorkflow(file: WorkflowFile): Promise<string> {
		const body = Object.fromEntries(
			PORTABLE.filter((key) => file[key] !== undefined).map((key) => [key, file[key]]),
		);
		const { id } = await this.rest.call<SavedWorkflow>('POST', '/rest/workflows', {
			...body,
			// n8n 2.0 has no default for it.
			active: false,
		});
		return id;
	}

	async getWorkflow(id: string): Promise<SavedWorkflow> {
		return await this.rest.call('GET', `/rest/workflows/${id}`);
	}

	async listWorkflows(): Promise<SavedWorkflow[]> {
		return await this.rest.call('GET', '/rest/workflows');
	}

	/**
	 * Publishes a workflow and waits until its triggers are registered.
	 * @param versionId the saved version; the latest when left out
	 * @throws when n8n could not activate a trigger, with n8n's reason
	 */
	async publish(id: string, versionId?: string): Promise<void> {
		const version = versionId ?? (await this.getWorkflow(id)).versionId;
		await this.rest.call('POST', `/rest/workflows/${id}/activate`, { versionId: version });
		const done = await this.settled(id);
		if (done.status === 'published') return;
		const reasons = done.triggers.map(({ errorMessage }) => errorMessage).filter(Boolean);
		throw new Error(`Workflow ${id} is not published: ${reasons.join('; ') || done.status}`);
	}

	async publication(id: string): Promise<PublicationStatus> {
		return await this.rest.call('GET', `/rest/workflows/${id}/publication-status`);
	}

	/** The state after n8n's publication service has done what it was told by an earlier call. */
	private async settled(id: string): Promise<PublicationStatus> {
		return await until(`The publication of workflow ${id}`, WITHIN_MS, async () => {
			// An older n8n has no such service: there the earlier call did it all, or was refused.
			const state = (await unless(404, this.publication(id))) ?? DONE;
			return state.status === 'in_progress' ? undefined : state;
		});
	}

	/** Takes a published workflow's triggers out of service, and waits until they are. */
	async unpublish(id: string): Promise<void> {
		await this.rest.call('POST', `/rest/workflows/${id}/deactivate`, {});
		await this.settled(id);
	}

	async archiveWorkflow(id: string): Promise<void> {
		await this.rest.call('POST', `/rest/workflows/${id}/archive`);
	}

	/** Removes a workflow for good. n8n deletes archived ones only, so it is archived first. */
	async deleteWorkflow(id: string): Promise<void> {
		if (!(await this.getWorkflow(id)).isArchived) await this.archiveWorkflow(id);
		await this.rest.call('DELETE', `/rest/workflows/${id}`);
	}

	/**
	 * Runs a workflow as the editor's Execute button does.
	 * @param trigger name of the trigger node to start from
	 * @returns the execution's id
	 * @throws when the trigger waits for a request from outside instead
	 */
	async runWorkflow(id: string, trigger: string): Promise<string> {
		const answer = await this.rest.call<{ executionId?: string }>(
			'POST',
			`/rest/workflows/${id}/run`,
			// An older n8n runs what it is given here, not what it has.
			{ workflowData: await this.getWorkflow(id), triggerToStartFrom: { name: trigger } },
		);
		if (answer.executionId === undefined) {
			throw new Error(`Workflow ${id} did not run: its trigger "${trigger}" waits for a request.`);
		}
		return answer.executionId;
	}

	/** The newest executions first. @param limit at most 100 */
	async listExecutions(
		filter: { workflowId?: string; status?: string[] } = {},
		limit = 100,
	): Promise<ExecutionSummary[]> {
		const query = new URLSearchParams({ filter: JSON.stringify(filter), limit: String(limit) });
		const page = await this.rest.call<{ results: ExecutionSummary[] }>(
			'GET',
			`/rest/executions?${query}`,
		);
		return page.results;
	}

	/** One execution with everything its nodes received and returned. */
	async getExecution(id: string): Promise<Execution> {
		const stored = await this.rest.call<ExecutionSummary & { data: string }>(
			'GET',
			`/rest/executions/${id}`,
		);
		return { ...stored, data: unpackExecutionData(stored.data) as unknown as Execution['data'] };
	}

	/** Waits until an execution has ended. @param within milliseconds */
	async waitForExecution(id: string, within = WITHIN_MS): Promise<Execution> {
		await until(`The end of execution ${id}`, within, async () => {
			// n8n 2.20 fails as long as an execution has no data.
			const told = await unless(
				500,
				this.rest.call<ExecutionSummary>('GET', `/rest/executions/${id}`),
			);
			return !told || ['new', 'running', 'waiting'].includes(told.status) ? undefined : told;
		});
		return await this.getExecution(id);
	}

	/** Runs an execution that failed once more from where it failed, as the button in its list does. */
	async retryExecution(id: string): Promise<void> {
		await this.rest.call('POST', `/rest/executions/${id}/retry`, { loadWorkflow: false });
	}

	/** Calls a node's method that fills a drop-down list (`loadOptions`). */
	async loadOptions(
		method: string,
		node: ParameterContext,
	): Promise<Array<{ name: string; value: Json; description?: string }>> {
		return await this.rest.call('POST', '/rest/dynamic-node-parameters/options', {
			methodName: method,
			...parameterRequest(node),
		});
	}

	/** Calls a node's method that fills a searchable list (`listSearch`). */
	async listSearch(
		method: string,
		node: ParameterContext,
		filter?: string,
	): Promise<{ results: Array<{ name: string; value: Json }> }> {
		return await this.rest.call('POST', '/rest/dynamic-node-parameters/resource-locator-results', {
			methodName: method,
			...parameterRequest(node),
			...(filter !== undefined && { filter }),
		});
	}

	/** Whether a published webhook or form is registered, asked without triggering it. */
	async hasWebhook(path: string): Promise<boolean> {
		const response = await fetch(new URL(path, this.origin), {
			method: 'OPTIONS',
			headers: { origin: this.origin },
		});
		const methods = response.headers.get('access-control-allow-methods') ?? '';
		return response.ok && /DELETE|GET|HEAD|PATCH|POST|PUT/.test(methods);
	}

	/**
	 * Waits until a published webhook is registered: after a start n8n says it is ready a moment before.
	 * @param path as in the address, such as `/webhook/abc` or `/form/abc`
	 * @param within milliseconds
	 */
	async waitForWebhook(path: string, within = WITHIN_MS): Promise<void> {
		await until(`Webhook ${path}`, within, async () => (await this.hasWebhook(path)) || undefined);
	}
}

function parameterRequest(node: ParameterContext): Record<string, unknown> {
	return {
		path: node.path ?? '',
		nodeTypeAndVersion: { name: node.nodeType, version: node.version },
		currentNodeParameters: node.parameters ?? {},
		...(node.credentials && { credentials: node.credentials }),
	};
}
