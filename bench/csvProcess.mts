import path from 'node:path';

import type { INodeType } from 'n8n-workflow';

import { n8nModules } from '../scripts/n8n/location.mjs';
import { csvRows } from './csvRows.mts';
import { startEngine, type Engine } from './engine.mts';
import { node, type BenchNode } from './graphs.mts';
import { extraMemory } from './memory.mts';

/** What this process is asked to do: each size so many times, in turn. */
export interface CsvTask {
	side: 'ours' | 'theirs';
	sizes: Array<{ rows: number; times: number }>;
	/** How many rows are written first, without being counted. */
	warmUp: number;
}

export interface CsvResult {
	/** Microseconds for one row, by size. */
	perRow: number[];
	/** Megabytes that all of it took at most beyond the rows themselves. */
	memory: number;
}

const OURS: BenchNode = node('Create CSV', 'n8n-nodes-sparkloop.sparkLoop', 1, {
	resource: 'import',
	operation: 'createCsv',
	emailField: 'email',
	additionalColumns: {
		nameField: 'name',
		registrationDateField: 'created_at',
		ipAddressField: 'ip_address',
		referrerField: 'referrer',
		sourceField: 'source',
	},
	options: { rowsPerFile: 1_000_000 },
});
const THEIRS: BenchNode = node('Convert to File', 'n8n-nodes-base.convertToFile', 1.1, {
	operation: 'csv',
	binaryPropertyName: 'data',
	options: {},
});

async function typeOf(engine: Engine, side: CsvTask['side']): Promise<INodeType> {
	if (side === 'ours') {
		const { nodeTypes } = await engine.load(path.join(import.meta.dirname, '..'));
		return nodeTypes.sparkLoop.type as INodeType;
	}
	const file = path.join(n8nModules(), 'n8n-nodes-base/dist/nodes/Files/ConvertToFile');
	const { ConvertToFile } = (await import(path.join(file, 'ConvertToFile.node.js'))) as {
		ConvertToFile: new () => INodeType;
	};
	return new ConvertToFile();
}

async function work({ side, sizes, warmUp }: CsvTask): Promise<CsvResult> {
	const engine = await startEngine();
	const type = await typeOf(engine, side);
	const settings = side === 'ours' ? OURS : THEIRS;
	const all = csvRows(Math.max(warmUp, ...sizes.map(({ rows }) => rows)));
	const write = async (rows: number) => {
		const items = all.slice(0, rows);
		const began = performance.now();
		await engine.execute(type, settings, items);
		return performance.now() - began;
	};
	if (warmUp > 0) await write(warmUp);
	globalThis.gc!();
	const { result, extra } = await extraMemory(process.pid, async () => {
		const perRow: number[] = [];
		for (const { rows, times } of sizes) {
			let milliseconds = 0;
			for (let time = 0; time < times; time += 1) milliseconds += await write(rows);
			perRow.push((milliseconds * 1000) / (rows * times));
		}
		return perRow;
	});
	return { perRow: result, memory: extra };
}

const result = await work(JSON.parse(process.argv[2]) as CsvTask);
process.stdout.write(`\n${JSON.stringify(result)}\n`);
