import 'reflect-metadata';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
	ExecutionLifecycleHooks,
	HookContext,
	LazyPackageDirectoryLoader,
	LoadOptionsContext,
	WebhookContext,
	WorkflowExecute,
} from 'n8n-core';
import {
	createRunExecutionData,
	ICredentialsHelper,
	NodeHelpers,
	Workflow,
	type IConnections,
	type ICredentialDataDecryptedObject,
	type ICredentialType,
	type IDataObject,
	type IHttpRequestOptions,
	type INode,
	type INodeExecutionData,
	type INodeListSearchResult,
	type INodeProperties,
	type INodeType,
	type INodeTypes,
	type IRun,
	type IWebhookResponseData,
	type IWorkflowExecuteAdditionalData,
	type IWorkflowSettings,
	type WorkflowActivateMode,
} from 'n8n-workflow';

import { SparkLoopApi } from '../../credentials/SparkLoopApi.credentials';
import { SparkLoopIncomingWebhookApi } from '../../credentials/SparkLoopIncomingWebhookApi.credentials';
import { SparkLoopWebhookTokenApi } from '../../credentials/SparkLoopWebhookTokenApi.credentials';
import { SparkLoop } from '../../nodes/SparkLoop/SparkLoop.node';
import { SparkLoopTrigger } from '../../nodes/SparkLoop/SparkLoopTrigger.node';
import { n8nModules } from '../../scripts/n8n/location.mjs';

// The engine keeps a key there; one folder for each of Jest's workers, whatever the number of runs.
process.env.N8N_USER_FOLDER ??= path.join(tmpdir(), `n8n-engine-${process.env.JEST_WORKER_ID}`);

/** Credential type → its data, as a user filled it in. */
export type Credentials = Record<string, ICredentialDataDecryptedObject>;

const OWN_NODES: Record<string, INodeType> = {
	'n8n-nodes-sparkloop.sparkLoop': new SparkLoop(),
	'n8n-nodes-sparkloop.sparkLoopTrigger': new SparkLoopTrigger(),
};
const OWN_CREDENTIALS: Record<string, ICredentialType> = Object.fromEntries(
	[new SparkLoopApi(), new SparkLoopIncomingWebhookApi(), new SparkLoopWebhookTokenApi()].map(
		(type) => [type.name, type],
	),
);

const nodesBase = new LazyPackageDirectoryLoader(path.join(n8nModules(), 'n8n-nodes-base'));
let loaded: Promise<void> | undefined;

const nodeTypes: INodeTypes = {
	getByName(type) {
		return OWN_NODES[type] ?? nodesBase.getNode(type.replace('n8n-nodes-base.', '')).type;
	},
	getByNameAndVersion(type, version) {
		return NodeHelpers.getVersionedNodeType(this.getByName(type), version);
	},
	getKnownTypes: () => ({}),
};

class Helper extends ICredentialsHelper {
	private readonly credentials: Credentials;

	constructor(credentials: Credentials) {
		super();
		this.credentials = credentials;
	}
	getParentTypes() {
		return [];
	}
	isCredentialUsableByNode() {
		return true;
	}
	async getDecrypted(_: unknown, __: unknown, type: string) {
		const data = this.credentials[type];
		if (!data) throw new Error(`This test has no credential of type ${type}`);
		return data;
	}
	async getCredentials(): Promise<never> {
		throw new Error('Not needed to run a workflow');
	}
	async preAuthentication() {
		return undefined;
	}
	async runPreAuthentication() {
		return undefined;
	}
	async authenticate(
		credentials: ICredentialDataDecryptedObject,
		type: string,
		options: IHttpRequestOptions,
	) {
		const { authenticate } = OWN_CREDENTIALS[type] ?? nodesBase.getCredential(type).type;
		if (typeof authenticate === 'function') return await authenticate(credentials, options);
		const headers = Object.entries(authenticate?.properties.headers ?? {}).map(([key, value]) => [
			fill(key, credentials),
			fill(String(value), credentials),
		]);
		return { ...options, headers: { ...options.headers, ...Object.fromEntries(headers) } };
	}
	async updateCredentials() {}
	async updateCredentialsOauthTokenData() {}
	getCredentialsProperties(type: string) {
		return (OWN_CREDENTIALS[type] ?? nodesBase.getCredential(type).type).properties;
	}
}

/** What n8n's expression engine makes of a credential's `authenticate` template. */
const fill = (template: string, credentials: ICredentialDataDecryptedObject): string =>
	template
		.replace(/^=/, '')
		.replace(/\{\{\s*\$credentials\??\.(\w+)\s*\}\}/g, (_, name: string) =>
			String(credentials[name]),
		);

function additionalData(
	credentials: Credentials,
	extra: Partial<IWorkflowExecuteAdditionalData> = {},
): IWorkflowExecuteAdditionalData {
	const base = 'http://127.0.0.1/';
	return {
		credentialsHelper: new Helper(credentials),
		hooks: new ExecutionLifecycleHooks('webhook', '1', {
			id: 'test',
			name: 'Test',
			active: false,
			createdAt: new Date(0),
			updatedAt: new Date(0),
			nodes: [],
			connections: {},
		} as never),
		executionId: '1',
		restApiUrl: base,
		instanceBaseUrl: base,
		formWaitingBaseUrl: base,
		webhookBaseUrl: base,
		webhookWaitingBaseUrl: base,
		webhookTestBaseUrl: base,
		variables: {},
		setExecutionStatus() {},
		sendDataToUI() {},
		logAiEvent() {},
		...extra,
	} as unknown as IWorkflowExecuteAdditionalData;
}

export interface Graph {
	nodes: INode[];
	connections: IConnections;
	settings?: IWorkflowSettings;
}

const workflowOf = (
	{ nodes, connections, settings }: Graph,
	staticData: IDataObject = {},
): Workflow =>
	new Workflow({
		staticData,
		id: 'test',
		nodes,
		connections,
		active: false,
		nodeTypes,
		settings: { executionOrder: 'v1', ...settings },
	});

/** A node for a graph, with what n8n demands filled in. */
export const node = (
	name: string,
	type: string,
	parameters: object,
	extra: Partial<INode> = {},
): INode =>
	({ id: name, name, type, typeVersion: 1, position: [0, 0], parameters, ...extra }) as INode;

/** Connections that lead from each node's first output to the next node. */
export const chain = (...names: string[]): IConnections =>
	Object.fromEntries(
		names
			.slice(0, -1)
			.map((name, index) => [
				name,
				{ main: [[{ node: names[index + 1], type: 'main' as const, index: 0 }]] },
			]),
	);

/**
 * Runs a graph on n8n's own engine.
 *
 * @param items what the start node finds as its input
 * @param onStart is handed the function that cancels the execution
 */
export async function run(
	graph: Graph,
	start: string,
	items: INodeExecutionData[],
	credentials: Credentials = {},
	onStart?: (cancel: () => void) => void,
): Promise<IRun> {
	await (loaded ??= nodesBase.loadAll());
	const workflow = workflowOf(graph);
	const execution = new WorkflowExecute(
		additionalData(credentials),
		'webhook',
		createRunExecutionData({
			executionData: {
				nodeExecutionStack: [
					{ node: workflow.getNode(start)!, data: { main: [items] }, source: null },
				],
			},
		}),
	);
	const result = execution.processRunExecutionData(workflow);
	onStart?.(() => result.cancel());
	return await result;
}

/** What the node put out in its last run, by output. */
export const outputs = (result: IRun, name: string): INodeExecutionData[][] =>
	(result.data.resultData.runData[name]?.at(-1)?.data?.main ?? []).map((items) => items ?? []);

/** The names of the outputs that the editor draws on a node; a type where an output has no name. */
export function drawnOutputs(one: INode): string[] {
	const workflow = workflowOf({ nodes: [one], connections: {} });
	const { description } = nodeTypes.getByNameAndVersion(one.type, one.typeVersion);
	return NodeHelpers.getNodeOutputs(workflow, workflow.getNode(one.name)!, description).map(
		(output) => (typeof output === 'string' ? output : (output.displayName ?? output.type)),
	);
}

/** What stands under a node on the canvas. */
export function drawnSubtitle(one: INode): unknown {
	const workflow = workflowOf({ nodes: [one], connections: {} });
	const { description } = nodeTypes.getByNameAndVersion(one.type, one.typeVersion);
	return workflow.expression.getSimpleParameterValue(one, description.subtitle, 'internal', {});
}

/** What the editor hints at beside a node that has not run: the messages whose conditions hold. */
export function shownHints(one: INode): string[] {
	const workflow = workflowOf({ nodes: [one], connections: {} });
	const { description } = nodeTypes.getByNameAndVersion(one.type, one.typeVersion);
	const holds = (condition: string) =>
		workflow.expression.getParameterValue(condition, null, 0, 0, one.name, [], 'manual', {});
	return (description.hints ?? [])
		.filter(({ displayCondition }) => displayCondition && holds(displayCondition) === true)
		.map(({ message }) => message);
}

export interface Response {
	/** Undefined when the trigger leaves the answer to n8n. */
	status?: number;
	body?: unknown;
	/** Undefined when no execution starts. */
	output?: INodeExecutionData[][];
}

/** Hands one request to a trigger, in n8n's own webhook context. */
export async function request(
	trigger: INode,
	{ headers = {}, body }: { headers?: Record<string, unknown>; body?: unknown },
	credentials: Credentials = {},
): Promise<Response> {
	const workflow = workflowOf({ nodes: [trigger], connections: {} });
	const type = nodeTypes.getByNameAndVersion(trigger.type, trigger.typeVersion);
	const answered: Response = {};
	const response = {
		status(code: number) {
			answered.status = code;
			return response;
		},
		json(value: unknown) {
			answered.body = value;
			return response;
		},
		end() {
			return response;
		},
	};
	const context = new WebhookContext(
		workflow,
		workflow.getNode(trigger.name)!,
		additionalData(credentials, {
			httpRequest: { headers, body, params: {}, query: {} } as never,
			httpResponse: response as never,
		}),
		'webhook',
		{ webhookDescription: type.description.webhooks![0] } as never,
		[],
		null,
	);
	const result: IWebhookResponseData = await type.webhook!.call(context);
	return { ...answered, output: result.workflowData as INodeExecutionData[][] | undefined };
}

type Hook = 'checkExists' | 'create' | 'delete';

/** What n8n asks of a trigger when it is put into service and out of it, in n8n's own hook context. */
export class Registration {
	/** As n8n keeps it between two calls. */
	staticData: IDataObject = {};
	/** Where this n8n is reached, with a slash at the end. */
	base = 'http://127.0.0.1:5678/';
	/** Lines that the trigger logged. */
	readonly log: string[] = [];

	trigger: INode;
	private readonly credentials: Credentials;

	constructor(trigger: INode, credentials: Credentials) {
		this.trigger = trigger;
		this.credentials = credentials;
	}

	/** As publishing does. @param activation `init` as when n8n starts again */
	async publish(activation: WorkflowActivateMode = 'activate'): Promise<void> {
		if (!(await this.call('checkExists', activation))) await this.call('create', activation);
	}

	/** As unpublishing does. */
	async unpublish(): Promise<void> {
		await this.call('delete', 'update');
	}

	/** As 'Listen for test event' does. */
	async listen(): Promise<void> {
		if (!(await this.call('checkExists', 'manual', true)))
			await this.call('create', 'manual', true);
	}

	/** As n8n does after a test event, or after nobody sent one. */
	async stopListening(): Promise<void> {
		await this.call('delete', 'update', true);
	}

	/** The address that SparkLoop is to call. */
	url(test = false): string {
		const { webhookId } = this.trigger;
		return `${this.base}${test ? 'webhook-test' : 'webhook'}/${webhookId}/webhook`;
	}

	/** One of the trigger's hooks. What it changes in the static data is kept, as n8n does also when it throws. */
	async call(hook: Hook, activation: WorkflowActivateMode, isTest = false): Promise<boolean> {
		const graph = { nodes: [this.trigger], connections: {} };
		const workflow = workflowOf(graph, structuredClone(this.staticData));
		const type = nodeTypes.getByNameAndVersion(this.trigger.type, this.trigger.typeVersion);
		const context = new HookContext(
			workflow,
			workflow.getNode(this.trigger.name)!,
			additionalData(this.credentials, {
				webhookBaseUrl: `${this.base}webhook`,
				webhookTestBaseUrl: `${this.base}webhook-test`,
			}),
			hook === 'delete' ? 'internal' : isTest ? 'manual' : 'trigger',
			activation,
			{ webhookDescription: type.description.webhooks![0], isTest } as never,
		);
		Object.defineProperty(context, 'logger', {
			value: { warn: (line: string) => this.log.push(line) },
		});
		try {
			return await type.webhookMethods!.default![hook]!.call(context);
		} finally {
			this.staticData = JSON.parse(JSON.stringify(workflow.staticData)) as IDataObject;
		}
	}
}

/** What the editor gets when somebody opens the list of a resource locator. */
export async function searchList(
	one: INode,
	method: string,
	credentials: Credentials,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const workflow = workflowOf({ nodes: [one], connections: {} });
	const type = nodeTypes.getByNameAndVersion(one.type, one.typeVersion);
	const context = new LoadOptionsContext(
		workflow,
		workflow.getNode(one.name)!,
		additionalData(credentials),
		'',
	);
	return await type.methods!.listSearch![method].call(context, filter, paginationToken);
}

/** The parameters that a node type describes in one of its versions. @throws when n8n has no such type or version */
export async function describedParameters(
	type: string,
	version: number,
): Promise<INodeProperties[]> {
	await (loaded ??= nodesBase.loadAll());
	const { description } = nodeTypes.getByNameAndVersion(type, version);
	const versions = [description.version].flat();
	if (!versions.includes(version)) throw new Error(`${type} has no version ${version}`);
	return description.properties;
}
