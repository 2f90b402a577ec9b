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
