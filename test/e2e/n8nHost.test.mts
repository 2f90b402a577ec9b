import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { n8nCli } from '../../scripts/n8n/cli.mts';
import { type RunningN8n, startN8n } from '../../scripts/n8n/host.mts';
import { installPackage } from '../../scripts/n8n/package.mts';
import { recordPackage } from '../../scripts/n8n/record.mts';

const NODE = `exports.TinyTrigger = class {
	description = {
		displayName: 'Tiny Trigger', name: 'tinyTrigger', group: ['trigger'], version: 1, description: '',
		defaults: { name: 'Tiny Trigger' }, inputs: [], outputs: ['main'], properties: [],
		webhooks: [{ name: 'default', httpMethod: 'POST', path: 'tiny', isFullPath: true, responseMode: 'lastNode' }],
	};
	async webhook() {
		return { workflowData: [[{ json: this.getBodyData() }]] };
	}
};`;
const WORKFLOW = {
	name: 'Greets',
	nodes: [
		{
			id: 't',
			name: 'In',
			type: 'n8n-nodes-tiny.tinyTrigger',
			typeVersion: 1,
			position: [0, 0],
			parameters: {},
			webhookId: 'tiny',
		},
		{
			id: 's',
			name: 'Greet',
			type: 'n8n-nodes-base.set',
			typeVersion: 3.4,
			position: [200, 0],
			parameters: { mode: 'raw', jsonOutput: '={{ { greeting: "Hello " + $json.name } }}' },
		},
	],
	connections: { In: { main: [[{ node: 'Greet', type: 'main', index: 0 }]] } },
	settings: {},
};
const BY_HAND = {
	name: 'By hand',
	nodes: [
		{
			id: 'm',
			name: 'Go',
			type: 'n8n-nodes-base.manualTrigger',
			typeVersion: 1,
			position: [0, 0],
			parameters: {},
		},
	],
	connections: {},
};
const owner = {
	email: 'owner@example.com',
	password: 'Passw0rd',
	firstName: 'O',
	lastName: 'Wner',
};

let folder: string;
let n8n: RunningN8n;

beforeAll(async () => {
	folder = mkdtempSync(path.join(tmpdir(), 'n8n-host-test-'));
	const projectRoot = path.join(folder, 'package');
	const userFolder = path.join(folder, 'user');
	mkdirSync(path.join(projectRoot, 'dist'), { recursive: true });
	writeFileSync(path.join(projectRoot, 'dist/TinyTrigger.node.js'), NODE);
	const manifest = {
		name: 'n8n-nodes-tiny',
		version: '1.2.3',
		n8n: { n8nNodesApiVersion: 1, nodes: ['dist/TinyTrigger.node.js'] },
	};
	writeFileSync(path.join(projectRoot, 'package.json'), JSON.stringify(manifest));
	const installed = await installPackage({ userFolder, projectRoot });
	n8n = await startN8n({ userFolder, port: 0, owner });
	await recordPackage(n8n, installed);
}, 120_000);

afterAll(async () => {
	await n8n?.stop();
	rmSync(folder, { recursive: true, force: true });
}, 30_000);

const greet = async () => {
	const response = await fetch(`${n8n.url}/webhook/tiny`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: '{"name":"Ann"}',
	});
	return { status: response.status, body: await response.text() };
};

describe('an n8n of ours', () => {
	it('runs a published workflow with the package’s trigger, and shows what it did', async () => {
		const { api } = n8n;
		const id = await api.importWorkflow(WORKFLOW);
		await expect(api.hasWebhook('/webhook/tiny')).resolves.toBe(false);
		await api.publish(id);
		await api.waitForWebhook('/webhook/tiny');
		expect(await greet()).toEqual({ status: 200, body: '{"greeting":"Hello Ann"}' });

		const [{ id: executionId }] = await api.listExecutions({ workflowId: id });
		const { status, data } = await api.waitForExecution(executionId);
		expect(status).toBe('success');
		const [run] = data.resultData.runData.Greet;
		expect(run.data?.main?.[0]?.[0].json).toEqual({ greeting: 'Hello Ann' });

		await api.unpublish(id);
		await expect(api.hasWebhook('/webhook/tiny')).resolves.toBe(false);
		await api.deleteWorkflow(id);
		await expect(api.getWorkflow(id)).rejects.toMatchObject({ status: 404 });
	});

	it('runs a workflow by hand', async () => {
		const id = await n8n.api.importWorkflow(BY_HAND);
		const execution = await n8n.api.waitForExecution(await n8n.api.runWorkflow(id, 'Go'));
		expect(execution).toMatchObject({ status: 'success', mode: 'manual' });
	});

	it('says why a workflow cannot be published', async () => {
		const [{ type, ...rest }] = BY_HAND.nodes;
		const id = await n8n.api.importWorkflow({ ...BY_HAND, nodes: [{ ...rest, type: `${type}X` }] });
		await expect(n8n.api.publish(id)).rejects.toThrow(`Unrecognized node type: ${type}X`);
	});

	it('keeps rows in a table, more than one page of them', async () => {
		const { dataTables } = n8n.api;
		const { id } = await dataTables.create('Contacts', { email: 'string', tot: 'number' });
		const rows = Array.from({ length: 600 }, (_, tot) => ({ email: `${tot}@example.com`, tot }));
		await expect(dataTables.insert(id, rows)).resolves.toBe(600);
		expect((await dataTables.rows(id)).map(({ tot }) => tot)).toEqual(rows.map(({ tot }) => tot));
		expect((await dataTables.list('Contacts')).map((table) => table.id)).toEqual([id]);
		await dataTables.delete(id);
		expect(await dataTables.list('Contacts')).toEqual([]);
	});

	it('tests a credential against the service it is for', async () => {
		const token = { name: 'Token', type: 'httpHeaderAuth', data: { name: 'a', value: 'b' } };
		expect(await n8n.api.importCredential(token)).toEqual(expect.any(String));
		const ghost = { name: 'G', type: 'ghostContentApi', data: { url: n8n.url, apiKey: 'none' } };
		expect((await n8n.api.testCredential(ghost)).status).toMatch(/^(OK|Error)$/);
	});

	it('lists the package under its community nodes', async () => {
		expect(await n8n.api.rest.call('GET', '/rest/community-packages')).toMatchObject([
			{ packageName: 'n8n-nodes-tiny', installedVersion: '1.2.3', failedLoading: false },
		]);
	});

	it('takes commands beside the server', async () => {
		const output = path.join(folder, 'all.json');
		await n8n.api.importWorkflow({ ...BY_HAND, name: 'To export' });
		await n8nCli(n8n.userFolder, ['export:workflow', '--all', `--output=${output}`]);
		await expect(n8nCli(n8n.userFolder, ['publish:workflow', '--id=none'])).rejects.toThrow(
			'Workflow "none" not found',
		);
	}, 60_000);

	it('asks nobody outside for anything', () => {
		expect(n8n.log()).not.toMatch(/ENOTFOUND|EAI_AGAIN|api\.n8n\.io/);
	});

	it('is gone after a power cut, children and all, and comes back with its data', async () => {
		const before = await n8n.api.listWorkflows();
		await n8n.kill();
		await expect(n8n.exited).resolves.toBeNull();
		expect(() => process.kill(-n8n.pid, 0)).toThrow('ESRCH');
		n8n = await startN8n({ userFolder: n8n.userFolder, port: 0, owner });
		expect(await n8n.api.listWorkflows()).toHaveLength(before.length);
	}, 120_000);
});
