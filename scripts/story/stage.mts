import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/server.mts';
import type { Owner } from '../n8n/api.mts';
import { startN8n, type RunningN8n } from '../n8n/host.mts';
import { installPackage } from '../n8n/package.mts';
import { recordPackage } from '../n8n/record.mts';
import {
	importCredentials,
	importWorkflow,
	type Credentials,
	type ImportedWorkflow,
} from './importing.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/** The owner of an n8n, with a password of its own. */
export const newOwner = (): Owner => ({
	email: 'owner@example.com',
	password: `Aa1${randomBytes(12).toString('base64url')}`,
	firstName: 'Newsletter',
	lastName: 'Owner',
});

/** The workflows in service, by what they do: n8n's id and the addresses of their entrances. */
export interface Box {
	id: string;
	signUpForm: string;
	confirmationForm: string;
	manageForm: string;
	/** Name of the Data Table. */
	table: string;
}

/** A fresh n8n with the packed package, the sandbox as SparkLoop, ESP and mailbox, and the credentials for both. */
export interface Ground {
	/** Another one after a restart. */
	n8n: RunningN8n;
	sandbox: Sandbox;
	owner: Owner;
	/** As in {@link StageOptions}; a restart keeps it. */
	env?: Record<string, string>;
	credentials: Credentials;
	/** Stops everything and removes n8n's folder. */
	close(): Promise<void>;
}

/** A newsletter with everything it needs, on this machine. */
export interface Stage extends Ground {
	box: Box;
	/** Where an ESP of one's own reports its changes (POST), with the header that the workflow wants. */
	yourEsp: { id: string; url: string; header: { name: string; value: string } };
	sparkLoopToYourEsp: { id: string };
	outbox: { id: string; table: string };
	/** The import of those who subscribed before; `table` shows how far it is. Runs when somebody starts it. */
	importing: { id: string; table: string };
	/** The same for reports that go through the outbox. */
	yourEspToOutbox: Stage['yourEsp'];
}

export interface StageOptions {
	/** 0 takes any free port. */
	n8nPort: number;
	/** 0 takes any free port. */
	sandboxPort: number;
	/** Told what happens while it is set up. */
	progress: (what: string) => void;
	/** Environment variables of n8n that win over ours. */
	env?: Record<string, string>;
}

/**
 * Sets up what any newsletter here needs, with no workflow yet.
 *
 * @param options of the sandbox, beyond its port
 * @throws when a port is taken, or anything does not come up; nothing keeps running then
 */
export async function setGround(
	{ n8nPort, sandboxPort, progress, env }: StageOptions,
	options: SandboxOptions = {},
): Promise<Ground> {
	const userFolder = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-'));
	let sandbox: Sandbox | undefined;
	let n8n: RunningN8n | undefined;
	const removeFolder = () => rmSync(userFolder, { recursive: true, force: true, maxRetries: 5 });
	try {
		sandbox = await startSandbox({ port: sandboxPort, ...options });
		progress('Putting the packed package into a fresh n8n');
		const installed = await installPackage({ userFolder, projectRoot: ROOT });
		progress('Starting n8n');
		const owner = newOwner();
		n8n = await startN8n({ userFolder, port: n8nPort, owner, env });
		await recordPackage(n8n, installed);
		const credentials = await importCredentials(n8n.api, sandbox);
		const ground: Ground = {
			n8n,
			sandbox,
			owner,
			env,
			credentials,
			close: async () => {
				await Promise.allSettled([ground.n8n.stop(), ground.sandbox.close()]);
				removeFolder();
			},
		};
		return ground;
	} catch (error) {
		await Promise.allSettled([n8n?.stop(), sandbox?.close()]);
		removeFolder();
		throw error;
	}
}

/** Ends n8n as a power cut would, and starts it again where it was. */
export async function killAndRestart(ground: Ground): Promise<void> {
	const { userFolder, port } = ground.n8n;
	await ground.n8n.kill();
	ground.n8n = await startN8n({ userFolder, port, owner: ground.owner, env: ground.env });
}

/**
 * Sets a newsletter up: the ground, and the workflows, imported and published as the notes on their canvases say.
 *
 * @throws when a port is taken, or anything does not come up; nothing keeps running then
 */
export async function setStage(options: StageOptions): Promise<Stage> {
	const ground = await setGround(options, { delivery: { timeScale: 1 / 600 } });
	try {
		options.progress('Importing the workflows');
		return Object.assign(ground, await putWorkflowsIntoService(ground));
	} catch (error) {
		await ground.close();
		throw error;
	}
}

async function putWorkflowsIntoService({
	n8n: { api, url },
	sandbox,
	credentials,
}: Ground): Promise<Omit<Stage, keyof Ground>> {
	const bring = async (file: string, values: Record<string, string | number> = {}) =>
		// The box tells SparkLoop who brought somebody, which only the API can be told, so the outbox does too.
		await importWorkflow(api, credentials, file, values, {
			...(file === 'outbox.json' ? { sendThrough: 'api' } : {}),
		});

	const table = 'SparkLoop newsletter contacts';
	const box = await bring('newsletter-in-a-box.json', {
		table,
		newsletter: 'The Sandbox Weekly',
		sender: 'weekly@example.com',
	});
	const toEsp = await bring('sparkloop-to-your-esp.json', {
		contactUrl: `${sandbox.espUrl}/contacts/{email}`,
	});
	const outboxTable = 'SparkLoop outbox';
	// A minute of the outbox passes in a second, so that nobody has to wait for its pauses.
	const outbox = await bring('outbox.json', { table: outboxTable, minute: 1000 });
	const progressTable = 'SparkLoop import progress';
	const importing = await bring('import-existing-subscribers.json', {
		contactsUrl: `${sandbox.espUrl}/contacts`,
		pageSize: 10,
		progress: progressTable,
	});
	const direct = await bring('your-esp-to-sparkloop.json');
	const throughOutbox = await bring('your-esp-to-outbox.json');

	const events = [box, toEsp].map((workflow) => workflow.path('When SparkLoop sends an event'));
	const reports = [direct, throughOutbox].map((workflow) =>
		workflow.path('When your ESP reports a change'),
	);
	for (const { id } of [box, toEsp, outbox, direct, throughOutbox]) await api.publish(id);
	for (const path of [...events, ...reports]) await api.waitForWebhook(path);

	const reporting = ({ id }: ImportedWorkflow, path: string): Stage['yourEsp'] => ({
		id,
		url: url + path,
		header: credentials.fromEsp.header,
	});
	const signUpForm = url + box.path('Sign-up form');
	sandbox.setSiteUrl(signUpForm);
	sandbox.setWebhooks(
		events.map((path) => ({
			url: url + path,
			events: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		})),
	);
	return {
		box: {
			id: box.id,
			table,
			signUpForm,
			confirmationForm: url + box.path('Confirmation form'),
			manageForm: url + box.path('Manage form'),
		},
		yourEsp: reporting(direct, reports[0]),
		yourEspToOutbox: reporting(throughOutbox, reports[1]),
		sparkLoopToYourEsp: { id: toEsp.id },
		outbox: { id: outbox.id, table: outboxTable },
		importing: { id: importing.id, table: progressTable },
	};
}
