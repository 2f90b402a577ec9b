import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Sandbox } from '../../sandbox/server.mts';
import type { N8nApi, WorkflowFile } from '../n8n/api.mts';
import { fillIn } from './fillIn.mts';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'workflows');

/** The branch that makes a workflow's tables. */
const SET_UP = 'Set up (run once)';

interface NodeFile {
	name: string;
	type: string;
	typeVersion: number;
	webhookId?: string;
	parameters: Record<string, unknown>;
	credentials?: Record<string, { id: string; name: string }>;
}

/** A workflow of `workflows/`, as a user downloads it. */
export function workflowFile(file: string): WorkflowFile & { nodes: NodeFile[] } {
	return JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as WorkflowFile & {
		nodes: NodeFile[];
	};
}

/** A workflow on n8n, with everything chosen and filled in, not published yet. */
export interface ImportedWorkflow {
	id: string;
	/** The path of the production address of one of its entrances: a webhook, a form or our trigger. */
	path(entrance: string): string;
}

interface ImportOptions {
	settings?: object;
	sendThrough?: 'api';
	ofTheEsp?: Readonly<Record<string, Credential>>;
	parameters?: Readonly<Record<string, object>>;
	inPlaceOf?: Readonly<Record<string, Pick<NodeFile, 'type' | 'typeVersion' | 'parameters'>>>;
}

/**
 * Does what the notes on a canvas ask a user for: imports the file, fills its settings in, chooses a credential on every
 * node that wants one, and runs the set-up.
 *
 * @param values for the Settings node
 * @param more settings of the workflow beyond those in the file; how SparkLoop is told, if not as the file says; the ESP's own
 *   credentials, by the node's name, the type that it asks for or its own type; what is chosen on a node, by its name; and
 *   nodes of another type in place of those of a name
 * @throws when the set-up does not succeed
 */
export async function importWorkflow(
	api: N8nApi,
	credentials: Credentials,
	name: string,
	values: Readonly<Record<string, string | number>> = {},
	{
		settings = {},
		sendThrough,
		ofTheEsp = {},
		parameters = {},
		inPlaceOf = {},
	}: ImportOptions = {},
): Promise<ImportedWorkflow> {
	const file = workflowFile(name);
	file.settings = { ...file.settings, ...settings };
	if (Object.keys(values).length > 0) fillIn(file, values);
	for (const node of file.nodes) {
		Object.assign(node, inPlaceOf[node.name]);
		Object.assign(node.parameters, parameters[node.name]);
		if (sendThrough && 'sendThrough' in node.parameters) node.parameters.sendThrough = sendThrough;
		const chosen = ofTheEsp[node.name] ?? ofTheEsp[keyOf(node)] ?? choice(node, credentials);
		if (chosen) node.credentials = { [chosen.type]: { id: chosen.id, name: chosen.type } };
	}
	const id = await api.importWorkflow(file);
	const { nodes }: { nodes: NodeFile[] } = file;
	if (nodes.some((node) => node.name === SET_UP)) await runSetUp(api, id);
	return { id, path: (entrance) => pathOf(file, entrance) };
}

function pathOf(file: { nodes: NodeFile[] }, entrance: string): string {
	const node = file.nodes.find(({ name }) => name === entrance);
	if (!node?.webhookId) throw new Error(`The workflow has no entrance named "${entrance}"`);
	if (node.type.endsWith('.formTrigger')) return `/form/${node.webhookId}`;
	if (node.type.endsWith('.webhook')) return `/webhook/${node.webhookId}`;
	// What n8n's triggers call their path; Brevo's alone says it in the plural.
	const last = node.type.endsWith('.sendInBlueTrigger') ? 'webhooks' : 'webhook';
	return `/webhook/${node.webhookId}/${last}`;
}

async function runSetUp(api: N8nApi, id: string): Promise<void> {
	const run = await api.waitForExecution(await api.runWorkflow(id, SET_UP));
	if (run.status === 'success') return;
	throw new Error(`A set-up ended with ${run.status}: ${run.data.resultData.error?.message ?? ''}`);
}

/** A credential that n8n has stored. */
export interface Credential {
	id: string;
	/** n8n's name of the type. */
	type: string;
}

/** The credentials of a newsletter whose SparkLoop, ESP and mailbox are the sandbox. */
export interface Credentials {
	token: Credential;
	api: Credential;
	incomingWebhook: Credential;
	smtp: Credential;
	espKey: Credential;
	/** What an ESP of one's own has to send, and the header that it is. */
	fromEsp: Credential & { header: { name: string; value: string } };
}

/** What a node's credential is looked up by: its type when the node says it, else the node's own. */
const keyOf = ({ type, parameters }: NodeFile): string =>
	String(parameters.nodeCredentialType ?? parameters.genericAuthType ?? type.split('.').at(-1));

/** Operations of the SparkLoop node that do not ask how to send. */
const ONLY_THROUGH_THE_API = ['getAll', 'throughApi', 'upsert'];

function choice({ type, parameters }: NodeFile, credentials: Credentials): Credential | undefined {
	switch (type.split('.').at(-1)) {
		case 'sparkLoopTrigger':
			return credentials.token;
		case 'sparkLoop':
			if (ONLY_THROUGH_THE_API.includes(String(parameters.operation))) return credentials.api;
			if (parameters.resource !== 'subscriber') return undefined;
			return parameters.sendThrough === 'api' ? credentials.api : credentials.incomingWebhook;
		case 'emailSend':
			return credentials.smtp;
		case 'httpRequest':
			return parameters.genericAuthType ? credentials.espKey : undefined;
		case 'webhook':
			return credentials.fromEsp;
		default:
			return undefined;
	}
}

/** Stores the credentials of a newsletter whose SparkLoop, ESP and mailbox are the sandbox. */
export async function importCredentials(api: N8nApi, sandbox: Sandbox): Promise<Credentials> {
	const store = async (name: string, type: string, data: Record<string, unknown>) => ({
		type,
		id: await api.importCredential({ name, type, data }),
	});
	const header = { name: 'X-Your-ESP', value: randomBytes(24).toString('base64url') };
	return {
		token: await store('SparkLoop Webhook Token', 'sparkLoopWebhookTokenApi', {
			webhookToken: sandbox.webhookToken,
		}),
		api: await store('SparkLoop API', 'sparkLoopApi', {
			apiKey: sandbox.apiKey,
			baseUrl: sandbox.apiUrl,
		}),
		incomingWebhook: await store('SparkLoop Incoming Webhook', 'sparkLoopIncomingWebhookApi', {
			webhookSecretUrl: sandbox.incomingWebhookUrl,
		}),
		smtp: await store('Mail', 'smtp', {
			user: 'weekly',
			password: 'sandbox',
			host: sandbox.smtp.host,
			port: sandbox.smtp.port,
			secure: false,
			disableStartTls: true,
		}),
		espKey: await store('API key of your ESP', 'httpHeaderAuth', {
			name: 'Authorization',
			value: `Bearer ${sandbox.espKey}`,
		}),
		fromEsp: { ...(await store('What your ESP sends', 'httpHeaderAuth', header)), header },
	};
}
