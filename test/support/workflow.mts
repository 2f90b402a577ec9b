import { readFileSync } from 'node:fs';
import path from 'node:path';

import { fillIn } from '../../scripts/story/fillIn.mts';
import type { Graph } from './engine.mts';

/** A workflow of `workflows/`, with values filled into its Settings node. */
export function workflow(file: string, values: Record<string, string> = {}): Graph {
	const text = readFileSync(path.join(import.meta.dirname, '..', '..', 'workflows', file), 'utf8');
	const graph = JSON.parse(text) as Graph;
	if (Object.keys(values).length > 0) fillIn(graph, values);
	return graph;
}

/** The same with a credential chosen wherever a node wants one. */
export function withCredentials(graph: Graph): Graph {
	const wanted = (node: Graph['nodes'][number]): string | undefined => {
		if (node.type.endsWith('.sparkLoopTrigger')) return 'sparkLoopWebhookTokenApi';
		if (node.type.endsWith('.sparkLoop')) return 'sparkLoopIncomingWebhookApi';
		return /\.(httpRequest|webhook)$/.test(node.type) ? 'httpHeaderAuth' : undefined;
	};
	const nodes = graph.nodes.map((node) => {
		const type = wanted(node);
		return type ? { ...node, credentials: { [type]: { id: '1', name: type } } } : node;
	});
	return { ...graph, nodes };
}
