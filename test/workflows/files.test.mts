import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { INode, INodeProperties } from 'n8n-workflow';

import { textOf, WORKFLOWS } from '../../scripts/workflows/build.mts';
import { describedParameters, node, request } from '../support/engine.mts';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'workflows');
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
	.map((file) => file.replaceAll(path.sep, '/'))
	.filter((file) => file.endsWith('.json'));

interface File {
	name: string;
	nodes: INode[];
	connections: Record<string, { main: Array<Array<{ node: string }>> }>;
	pinData?: Record<string, Array<{ json: object }>>;
}
const read = (file: string): File =>
	JSON.parse(readFileSync(path.join(FOLDER, file), 'utf8')) as File;
const ofType = (file: string, type: string) =>
	read(file).nodes.filter((one) => one.type === type || one.type.endsWith(`.${type}`));

it('every workflow file has its source, and every source its file', () => {
	expect(files.sort()).toEqual(Object.keys(WORKFLOWS).sort());
});

describe.each(files)('%s', (file) => {
	it('is what its source builds', () => {
		expect(readFileSync(path.join(FOLDER, file), 'utf8')).toBe(textOf(WORKFLOWS[file]()));
	});

	it('holds no credential, no address of this machine, and no secret', () => {
		const workflow = read(file);
		expect(workflow.nodes.filter(({ credentials }) => credentials)).toEqual([]);
		expect(JSON.stringify(workflow)).not.toMatch(/localhost|127\.0\.0\.1|\$env/);
	});

	it('uses only parameters that its nodes have, in versions that n8n has', async () => {
		for (const one of read(file).nodes) {
			const described = await describedParameters(one.type, one.typeVersion);
			const names = described.map(({ name }: INodeProperties) => name);
			expect([one.name, ...Object.keys(one.parameters)]).toEqual([
				one.name,
				...Object.keys(one.parameters).filter((name) => names.includes(name)),
			]);
		}
	});

	it('leads from each entrance to every other node', () => {
		const { nodes, connections } = read(file);
		const reached = new Set<string>();
		const walk = (name: string): void => {
			if (reached.has(name)) return;
			reached.add(name);
			for (const to of (connections[name]?.main ?? []).flat()) walk(to.node);
		};
		const working = nodes.filter(({ type }) => !type.endsWith('.stickyNote'));
		for (const { name, type } of working) if (/Trigger$|\.webhook$/.test(type)) walk(name);
		expect([...reached].sort()).toEqual(working.map(({ name }) => name).sort());
	});

	it('loses no error that a node hands on', () => {
		const { nodes, connections } = read(file);
		const lost = nodes.filter(
			({ name, onError }) =>
				onError === 'continueErrorOutput' && !connections[name]?.main[1]?.length,
		);
		expect(lost.map(({ name }) => name)).toEqual([]);
	});

	it('says on notes what to fill in and what happens on failure', () => {
		const notes = ofType(file, 'stickyNote').map(({ parameters }) => String(parameters.content));
		expect(notes.join('\n')).toMatch(/credential/i);
		expect(notes.join('\n')).toMatch(/When something fails/);
		expect(notes.join('\n')).toMatch(/Error workflow/);
	});

	it('has addresses of its own', () => {
		const own = (name: string) =>
			read(name).nodes.flatMap(({ webhookId }) => (webhookId ? [webhookId] : []));
		const others = files.filter((other) => other !== file).flatMap(own);
		expect(new Set([...own(file), ...others]).size).toBe(own(file).length + others.length);
	});
});

const WITH_SAMPLES = 'When SparkLoop sends an event';

const TABLE_SETTINGS = [
	'table',
	'leases',
	'outbox',
	'recordings',
	'addresses',
	'fieldIds',
	'progress',
	'refusals',
	'told',
	'reports',
	'toLookAt',
	'written',
];

it('no name of a Data Table is part of another, because n8n finds tables by a part of their name', () => {
	const named = files.flatMap((file) =>
		ofType(file, 'set').flatMap(({ parameters }) => {
			const { assignments = [] } = (parameters.assignments ?? {}) as {
				assignments?: Array<{ name: string; value: string }>;
			};
			return assignments
				.filter(({ name }) => TABLE_SETTINGS.includes(name))
				.map(({ value }) => value);
		}),
	);
	const tables = [...new Set(named)];
	expect(tables.length).toBeGreaterThan(2);
	for (const table of tables) {
		expect(tables.filter((other) => other.includes(table))).toEqual([table]);
		expect(table).not.toMatch(/[_%]/);
	}
});

it.each(files.filter((file) => WITH_SAMPLES in (read(file).pinData ?? {})))(
	'the pinned samples of %s are what its trigger makes of the event',
	async (file) => {
		const [trigger] = ofType(file, 'sparkLoopTrigger');
		const pinned = (read(file).pinData?.[trigger.name] ?? []).map(({ json }) => json);
		const [{ payload }] = pinned as Array<{ payload: object }>;
		const unguarded = node(trigger.name, trigger.type, {
			...trigger.parameters,
			authentication: 'none',
		});
		const { output } = await request(unguarded, { body: payload });
		const made = (output ?? []).flat().map(({ json }) => ({
			...json,
			receivedAt: '2026-01-01T00:00:00.000Z',
		}));
		expect(pinned).toEqual(made);
	},
);
