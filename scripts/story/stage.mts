import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import type { N8nApi, Owner, WorkflowFile } from '../n8n/api.mts';
import { startN8n, type RunningN8n } from '../n8n/host.mts';
import { installPackage } from '../n8n/package.mts';
import { recordPackage } from '../n8n/record.mts';
import { fillIn } from './fillIn.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** The owner's address; the password is drawn anew for every stage. */
const OWNER_EMAIL = 'owner@example.com';

/** The workflows in service, by what they do: n8n's id and the addresses of their entrances. */
export interface Box {
	id: string;
	signUpForm: string;
	confirmationForm: string;
	manageForm: string;
	/** Name of the Data Table. */
	table: string;
}

/** A newsletter with everything it needs, on this machine. */
export interface Stage {
	n8n: RunningN8n;
	sandbox: Sandbox;
	owner: Owner;
	box: Box;
	/** Where an ESP of one's own reports its changes (POST), with the header that the workflow wants. */
	yourEsp: { id: string; url: string; header: { name: string; value: string } };
	sparkLoopToYourEsp: { id: string };
	outbox: { id: string; table: string };
	/** The same for reports that go through the outbox. */
	yourEspToOutbox: Stage['yourEsp'];
	close(): Promise<void>;
}

export interface StageOptions {
	/** 0 takes any free port. */
	n8nPort: number;
	/** 0 takes any free port. */
	sandboxPort: number;
	/** Told what happens while it is set up. */
	progress: (what: string) => void;
}

interface NodeFile {
	name: string;
	type: string;
	webhookId?: string;
	parameters: Record<string, unknown>;
	credentials?: Record<string, { id: string; name: string }>;
}

/** A workflow of `workflows/`, as a user downloads it. */
export function workflowFile(file: string): WorkflowFile & { nodes: NodeFile[] } {
	return JSON.parse(readFileSync(path.join(ROOT, 'workflows', file), 'utf8')) as WorkflowFile & {
		nodes: NodeFile[];
	};
}

/** The last part of the address of a form or webhook in a workflow file. */
const entrance = (file: { nodes: NodeFile[] }, name: string): string => {
	const id = file.nodes.find((node) => node.name === name)?.webhookId;
	if (!id) throw new Error(`The workflow has no entrance named "${name}"`);
	return id;
};

/** Does what the notes on the canvas ask a user for: chooses a credential on every node that wants one. */
function chooseCredentials(
	file: { nodes: NodeFile[] },
	choice: (node: NodeFile) => { type: string; id: string } | undefined,
): void {
	for (const node of file.nodes) {
		const chosen = choice(node);
		if (chosen) node.credentials = { [chosen.type]: { id: chosen.id, name: chosen.type } };
	}
}

/**
 * Sets a newsletter up: a fresh n8n with the packed package, the sandbox as SparkLoop, ESP and mailbox, and the three
 * workflows, imported and published as the notes on their canvases say.
 *
 * @throws when a port is taken, or anything does not come up; nothing keeps running then
 */
export async function setStage({ n8nPort, sandboxPort, progress }: StageOptions): Promise<Stage> {
	const userFolder = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-'));
	let sandbox: Sandbox | undefined;
	let n8n: RunningN8n | undefined;
	const close = async () => {
		await Promise.allSettled([n8n?.stop(), sandbox?.close()]);
		rmSync(userFolder, { recursive: true, force: true, maxRetries: 5 });
	};
	try {
		sandbox = await startSandbox({ port: sandboxPort, delivery: { timeScale: 1 / 600 } });
		progress('Putting the packed package into a fresh n8n');
		const installed = await installPackage({ userFolder, projectRoot: ROOT });
		progress('Starting n8n');
		const owner = {
			email: OWNER_EMAIL,
			password: `Aa1${randomBytes(12).toString('base64url')}`,
			firstName: 'Newsletter',
			lastName: 'Owner',
		};
		n8n = await startN8n({ userFolder, port: n8nPort, owner });
		await recordPackage(n8n, installed);
		progress('Importing credentials and workflows');
		return { n8n, sandbox, owner, close, ...(await putWorkflowsIntoService(n8n, sandbox)) };
	} catch (error) {
		await close();
		throw error;
	}
}

async function putWorkflowsIntoService(
	{ api, url }: RunningN8n,
	sandbox: Sandbox,
): Promise<Omit<Stage, 'n8n' | 'sandbox' | 'owner' | 'close'>> {
	const credentials = await importCredentials(api, sandbox);

	const box = workflowFile('newsletter-in-a-box.json');
	const table = 'SparkLoop newsletter contacts';
	fillIn(box, { table, newsletter: 'The Sandbox Weekly', sender: 'weekly@example.com' });
	chooseCredentials(box, ({ type }) =>
		type.endsWith('.sparkLoopTrigger')
			? credentials.token
			: type.endsWith('.sparkLoop')
				? credentials.api
				: type.endsWith('.emailSend')
					? credentials.smtp
					: undefined,
	);
	const boxId = await api.importWorkflow(box);
	await runSetUp(api, boxId);

	const toEsp = workflowFile('sparkloop-to-your-esp.json');
	fillIn(toEsp, { contactUrl: `${sandbox.espUrl}/contacts/{email}` });
	chooseCredentials(toEsp, ({ type }) =>
		type.endsWith('.sparkLoopTrigger')
			? credentials.token
			: type.endsWith('.httpRequest')
				? credentials.espKey
				: undefined,
	);
	const toEspId = await api.importWorkflow(toEsp);

	const outbox = workflowFile('outbox.json');
	const outboxTable = 'SparkLoop outbox';
	// A minute of the outbox passes in a second, so that nobody has to wait for its pauses.
	fillIn(outbox, { table: outboxTable, minute: 1000 });
	chooseCredentials(outbox, ({ type }) =>
		type.endsWith('.sparkLoop') ? credentials.incomingWebhook : undefined,
	);
	const outboxId = await api.importWorkflow(outbox);
	await runSetUp(api, outboxId);

	const fromEsp = ['your-esp-to-sparkloop.json', 'your-esp-to-outbox.json'].map(workflowFile);
	const fromEspIds: string[] = [];
	for (const file of fromEsp) {
		chooseCredentials(file, ({ type }) =>
			type.endsWith('.webhook')
				? credentials.fromEsp
				: type.endsWith('.sparkLoop')
					? credentials.incomingWebhook
					: undefined,
		);
		fromEspIds.push(await api.importWorkflow(file));
	}

	const eventsOf = (file: { nodes: NodeFile[] }) =>
		`/webhook/${entrance(file, 'When SparkLoop sends an event')}/webhook`;
	const reportsTo = fromEsp.map(
		(file) => `/webhook/${entrance(file, 'When your ESP reports a change')}`,
	);
	for (const id of [boxId, toEspId, outboxId, ...fromEspIds]) await api.publish(id);
	for (const path of [eventsOf(box), eventsOf(toEsp), ...reportsTo]) await api.waitForWebhook(path);

	const reports = (which: number): Stage['yourEsp'] => ({
		id: fromEspIds[which],
		url: url + reportsTo[which],
		header: credentials.fromEsp.header,
	});
	const forms = `${url}/form/`;
	const signUpForm = forms + entrance(box, 'Sign-up form');
	sandbox.setSiteUrl(signUpForm);
	sandbox.setWebhooks(
		[box, toEsp].map((file) => ({
			url: url + eventsOf(file),
			events: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		})),
	);
	return {
		box: {
			id: boxId,
			table,
			signUpForm,
			confirmationForm: forms + entrance(box, 'Confirmation form'),
			manageForm: forms + entrance(box, 'Manage form'),
		},
		yourEsp: reports(0),
		yourEspToOutbox: reports(1),
		sparkLoopToYourEsp: { id: toEspId },
		outbox: { id: outboxId, table: outboxTable },
	};
}

/** Runs the branch that makes a workflow's tables. @throws when it does not succeed */
async function runSetUp(api: N8nApi, id: string): Promise<void> {
	const run = await api.waitForExecution(await api.runWorkflow(id, 'Set up (run once)'));
	if (run.status === 'success') return;
	throw new Error(`A set-up ended with ${run.status}: ${run.data.resultData.error?.message ?? ''}`);
}

async function importCredentials(api: N8nApi, sandbox: Sandbox) {
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
