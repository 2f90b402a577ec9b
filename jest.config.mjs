import { n8nModules } from './scripts/n8n/location.mjs';

// n8n's own classes must exist once, or `instanceof` fails between the node and the engine: everything
// resolves to the n8n that the tests run, never to the copies beside the linter.
const n8n = n8nModules();

// n8n's engine prints every error of a workflow, and here they are provoked.
process.env.N8N_LOG_LEVEL = 'silent';

export default {
	testEnvironment: 'node',
	roots: ['<rootDir>/test'],
	testMatch: ['**/*.test.mts'],
	moduleFileExtensions: ['mts', 'ts', 'mjs', 'js', 'json', 'node'],
	transform: {
		'^.+\\.m?[jt]s$': [
			'@swc/jest',
			{
				jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
				module: { type: 'commonjs' },
			},
		],
	},
	moduleNameMapper: {
		'^(n8n-core|n8n-workflow|n8n-nodes-base|reflect-metadata|@n8n/di)$': `${n8n}/$1`,
	},
	testTimeout: 30_000,
};
