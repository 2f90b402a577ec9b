import { createRequire } from 'node:module';
import path from 'node:path';

import type { ExecuteContext, PackageDirectoryLoader } from 'n8n-core';
import type { INode, INodeExecutionData, INodeType } from 'n8n-workflow';

import { n8nModules } from '../scripts/n8n/location.mjs';
import type { BenchNode } from './graphs.mts';

type Core = typeof import('n8n-core');
type Workflows = typeof import('n8n-workflow');

// The n8n that is measured elsewhere, and not the copies beside the linter.
const require = createRequire(path.join(n8nModules(), 'n8n', 'package.json'));

const BASE = 'http://127.0.0.1/';

export interface Engine {
	/** Loads a package as n8n does when it starts. @param folder of the unpacked package */
	load(folder: string): Promise<PackageDirectoryLoader>;
	/** Runs one node on items, and nothing else of a workflow. @returns the items of each output */
	execute(type: INodeType, node: BenchNode, items: INodeExecutionData[]): Promise<unknown>;
}

/**
 * n8n's own parts without its server, in this process. Files go to disk, as they do in n8n.
 *
 * @throws when n8n is not installed, or the environment names no `N8N_USER_FOLDER`, where the files go
 */
export async function startEngine(): Promise<Engine> {
	if (!process.env.N8N_USER_FOLDER) throw new Error('Name a folder in N8N_USER_FOLDER');
	require('reflect-metadata');
	const { Container } = require('@n8n/di') as { Container: { get<T>(token: unknown): T } };
	const core = require('n8n-core') as Core;
	const { Workflow, createRunExecutionData } = require('n8n-workflow') as Workflows;
	await Container.get<InstanceType<Core['BinaryDataService']>>(core.BinaryDataService).init();

	return {
		async load(folder) {
			const loader = new core.PackageDirectoryLoader(folder);
			await loader.loadAll();
			return loader;
		},
		async execute(type, node, items) {
			const nodeTypes = {
				getByName: () => type,
				getByNameAndVersion: () => type,
				getKnownTypes: () => ({}),
			};
			const workflow = new Workflow({
				id: 'bench',
				nodes: [node as INode],
				connections: {},
				active: false,
				nodeTypes,
			});
			const input = { main: [items] };
			const [additionalData, run, executeData] = [
				{ executionId: '1', variables: {}, webhookWaitingBaseUrl: BASE, formWaitingBaseUrl: BASE },
				createRunExecutionData(),
				{ node: workflow.getNode(node.name)!, data: input, source: null },
			];
			const context: ExecuteContext = new core.ExecuteContext(
				workflow,
				executeData.node,
				additionalData as never,
				'webhook',
				run,
				0,
				items,
				input,
				executeData,
				[],
			);
			return await type.execute!.call(context);
		},
	};
}
