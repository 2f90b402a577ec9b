import { codeText } from '../../scripts/workflows/failures.mts';

type Code = (...args: unknown[]) => Array<{ json: object }>;

const compiled = new Map<string, Code>();

/** What a node puts out; of one that ran several times, a list of that. */
type Output = object[] | object[][];

/**
 * Runs the text of a Code node as n8n does.
 *
 * @param input what the node before puts out
 * @param nodes the same of other nodes; those that are not named did not run
 */
export function runCode<T = object>(
	text: string,
	input: object[],
	nodes: Readonly<Record<string, Output>>,
	runIndex = 0,
): T[] {
	const items = (list: object[]) => list.map((json, item) => ({ json, pairedItem: { item } }));
	const output = (given: Output = []) => {
		const runs = given.length > 0 && given.every(Array.isArray) ? given : [given];
		const last = runs.at(-1) as object[];
		return {
			isExecuted: last.length > 0,
			all: (_output = 0, run = runs.length - 1) => {
				if (!runs[run]) throw new Error(`Run ${run} not found`);
				return items(runs[run] as object[]);
			},
			first: () => items(last)[0],
			last: () => items(last).at(-1),
		};
	};
	const code = compiled.get(text) ?? (new Function('$input', '$', '$runIndex', text) as Code);
	compiled.set(text, code);
	return code(output(input), (name: string) => output(nodes[name]), runIndex).map(
		({ json }) => json as T,
	);
}

/** The same of a file in `scripts/workflows/code/`. */
export const runCodeFile = <T = object,>(
	file: string,
	...rest: [input: object[], nodes: Readonly<Record<string, Output>>, runIndex?: number]
): T[] => runCode<T>(codeText(file), ...rest);
