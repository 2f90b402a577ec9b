import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { resolveOutputSchemaPath } from 'n8n-core';
import type { IDataObject, INodePropertyOptions } from 'n8n-workflow';

import { SparkLoop } from '../../nodes/SparkLoop/SparkLoop.node';
import { misfits, outputSchema, type OutputSchema } from '../../scripts/outputSchema.mts';
import { OPERATION_EXAMPLES, outputOfExamples } from '../support/operationExamples.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const NODE_DIR = path.join(ROOT, 'nodes', 'SparkLoop');
const { description } = new SparkLoop();

/** Of the newest version of the node, as n8n names its folder. */
const VERSION = Math.max(...[description.version].flat());

const operations = description.properties
	.filter(({ name }) => name === 'operation')
	.flatMap(({ displayOptions, options }) =>
		(displayOptions!.show!.resource as string[]).flatMap((resource) =>
			(options as INodePropertyOptions[]).map(({ value }): [string, string] => [
				resource,
				String(value),
			]),
		),
	);

const fileOf = (resource: string, operation: string) =>
	path.join(NODE_DIR, '__schema__', `v${VERSION}.0.0`, resource, `${operation}.json`);

/** Only `scripts/schemas.mts` asks for it. */
function writeSchema(file: string, schema: OutputSchema): void {
	mkdirSync(path.dirname(file), { recursive: true });
	writeFileSync(file, `${JSON.stringify({ ...schema, version: 1 }, null, '\t')}\n`);
}

const readSchema = (file: string) =>
	JSON.parse(readFileSync(file, 'utf8')) as OutputSchema & { version: number };

describe.each(operations)('the schema of %s: %s', (resource, operation) => {
	const file = fileOf(resource, operation);
	let output: IDataObject[];
	beforeAll(async () => {
		output = await outputOfExamples(resource, operation);
		if (process.env.WRITE_SCHEMAS) writeSchema(file, outputSchema(output));
	});

	it('lies where n8n looks for it', () => {
		const ref = { nodeDir: NODE_DIR, version: VERSION, resource, operation };
		expect(resolveOutputSchemaPath(ref)).toBe(file);
		expect(existsSync(file)).toBe(true);
	});

	it('fits what the operation puts out, and lacks no field of it', () => {
		expect(output.flatMap((json) => misfits(readSchema(file), json))).toEqual([]);
	});

	it('names nothing that does not come out', () => {
		expect(readSchema(file)).toEqual({ ...outputSchema(output), version: 1 });
	});
});

it('there is one for every operation and for nothing else', () => {
	const files = globSync('__schema__/**/*.json', { cwd: NODE_DIR });
	const expected = operations.map(([resource, operation]) =>
		path.relative(NODE_DIR, fileOf(resource, operation)),
	);
	expect(files.sort()).toEqual(expected.sort());
	expect(Object.keys(OPERATION_EXAMPLES).sort()).toEqual(
		operations.map((names) => names.join('/')).sort(),
	);
});
