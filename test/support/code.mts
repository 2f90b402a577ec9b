import { codeText } from '../../scripts/workflows/failures.mts';

type Code = (...args: unknown[]) => Array<{ json: object }>;

const compiled = new Map<string, Code>();

/**
 * Runs the text of a Code node as n8n does.
 *
 * @param input what the node before puts out
 * @param nodes the same of other nodes
 */
export function runCode<T = object>(
	text: string,
	input: object[],
	nodes: Readonly<Record<string, object[]>>,
	runIndex = 0,
): T[] {
	const items = (list: object[]) => list.map((json, item) => ({ json, pairedItem: { item } }));
	const output = (list: object[]) => ({
		all: () => items(list),
		first: () => items(list)[0],
		last: () => items(list).at(-1),
	});
	const code = compiled.get(text) ?? (new Function('$input', '$', '$runIndex', text) as Code);
	compiled.set(text, code);
	return code(output(input), (name: string) => output(nodes[name]), runIndex).map(
		({ json }) => json as T,
	);
}

/** The same of a file in `scripts/workflows/code/`. */
export const runCodeFile = <T = object,>(
	file: string,
	...rest: [input: object[], nodes: Readonly<Record<string, object[]>>, runIndex?: number]
): T[] => runCode<T>(codeText(file), ...rest);
