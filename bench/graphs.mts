import { randomUUID } from 'node:crypto';

import type { WorkflowFile } from '../scripts/n8n/api.mts';
import type { Credential } from '../scripts/story/importing.mts';

export interface BenchNode {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: object;
	webhookId?: string;
	onError?: string;
	credentials?: Record<string, { id: string; name: string }>;
}

/** A node with what n8n demands filled in. */
export function node(
	name: string,
	type: string,
	typeVersion: number,
	parameters: object,
	extra: { credential?: Credential; webhookId?: string } = {},
): BenchNode {
	const { credential, webhookId } = extra;
	return {
		id: randomUUID(),
		name,
		type,
		typeVersion,
		position: [0, 0],
		parameters,
		...(webhookId && { webhookId }),
		...(credential && {
			credentials: { [credential.type]: { id: credential.id, name: credential.type } },
		}),
	};
}

/** To which nodes each node's outputs lead: node → one list an output. */
export type Edges = Readonly<Record<string, ReadonlyArray<readonly string[]>>>;

export const workflow = (name: string, nodes: BenchNode[], edges: Edges = {}): WorkflowFile => ({
	name,
	nodes,
	connections: Object.fromEntries(
		Object.entries(edges).map(([from, outputs]) => [
			from,
			{ main: outputs.map((to) => to.map((node) => ({ node, type: 'main', index: 0 }))) },
		]),
	),
	settings: { executionOrder: 'v1' },
});

/** n8n's Webhook node, answering blank when the workflow has finished, as our trigger does. */
export function webhook(header?: Credential): { node: BenchNode; path: string } {
	const webhookId = randomUUID();
	return {
		path: `/webhook/${webhookId}`,
		node: node(
			'Webhook',
			'n8n-nodes-base.webhook',
			2.1,
			{
				httpMethod: 'POST',
				path: webhookId,
				authentication: header ? 'headerAuth' : 'none',
				responseMode: 'lastNode',
				responseData: 'noData',
				options: {},
			},
			{ credential: header, webhookId },
		),
	};
}
