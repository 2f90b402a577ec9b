import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { n8nModules } from '../../scripts/n8n/location.mjs';
import { type Json, unpackExecutionData } from '../../scripts/n8n/executionData.mts';

/** The packer n8n itself uses. */
const { stringify } = createRequire(path.join(n8nModules(), 'n8n/package.json'))('flatted') as {
	stringify(value: unknown): string;
};

describe('execution data', () => {
	it.each<Json>([
		null,
		'text',
		42,
		[],
		{},
		{ a: 'a', b: ['a', '0', 0, null, true, { c: 'a' }] },
		JSON.parse(readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8')),
	])('comes back as n8n packed it: %j', (value) => {
		expect(unpackExecutionData(stringify(value))).toEqual(value);
	});

	it('keeps what refers to itself', () => {
		const value: { name: string; self?: unknown } = { name: 'x' };
		value.self = value;
		const unpacked = unpackExecutionData(stringify(value)) as typeof value;
		expect(unpacked.self).toBe(unpacked);
	});
});
