import type { INode, INodeExecutionData, IRun } from 'n8n-workflow';

import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/server.mts';
import { chain, node, outputs, run, type Credentials } from './engine.mts';

const START = node('Start', 'n8n-nodes-base.noOp', {});

/** The SparkLoop node, set to one operation of the API. */
export const apiNode = (parameters: object, extra: Partial<INode> = {}): INode =>
	node(
		'SparkLoop',
		'n8n-nodes-sparkloop.sparkLoop',
		{ options: {}, ...parameters },
		{ credentials: { sparkLoopApi: { id: '1', name: 'API' } }, ...extra },
	);

export const credentialsOf = (sandbox: Sandbox): Credentials => ({
	sparkLoopApi: { apiKey: sandbox.apiKey, baseUrl: sandbox.apiUrl },
});

/** A sandbox without a limit, unless it is given one. */
export const sandboxFor = async (options: SandboxOptions = {}): Promise<Sandbox> =>
	await startSandbox({ rateLimit: false, ...options });

/** Runs the node on n8n's own engine. */
export async function ask(
	sandbox: Sandbox,
	parameters: object,
	items: object[] = [{}],
	extra: Partial<INode> = {},
	credentials: Credentials = credentialsOf(sandbox),
): Promise<IRun> {
	const graph = {
		nodes: [START, apiNode(parameters, extra)],
		connections: chain('Start', 'SparkLoop'),
		settings: { timezone: 'UTC' },
	};
	const input = items.map((json): INodeExecutionData => ({ json: { ...json } }));
	return await run(graph, 'Start', input, credentials);
}

/** What came out by the node's first output, or by another. */
export const jsonOf = (result: IRun, output = 0) =>
	(outputs(result, 'SparkLoop')[output] ?? []).map(({ json }) => json);

/** Why the node stopped. */
export const errorOf = (result: IRun) =>
	result.data.resultData.error as (Error & { description?: string | null }) | undefined;
