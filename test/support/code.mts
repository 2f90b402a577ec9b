import { codeText } from '../../scripts/workflows/failures.mts';

type Code = (...args: unknown[]) => Array<{ json: object }>;

const compiled = new Map<string, Code>();

/** What a node put out in each of its runs. */
class Runs {
	readonly runs: object[][];

	constructor(runs: object[][]) {
		this.runs = runs;
	}
}

/** What a node puts out, in whichever run is asked for, or run by run. */
type Output = object[] | Runs;

/** Of a node that ran several times. */
export const runsOf = (runs: object[][]): Runs => new Runs(runs);

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
		const last = (given instanceof Runs ? given.runs.at(-1) : given) ?? [];
		return {
			isExecuted: last.length > 0,
			all: (_output = 0, run?: number) => {
				if (!(given instanceof Runs) || run === undefined) return items(last);
				if (!given.runs[run]) throw new Error(`Run ${run} not found`);
				return items(given.runs[run]);
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
