import { NodeOperationError, type INode } from 'n8n-workflow';

/** One reason why an item's parameters cannot be used. */
export interface ParameterProblem {
	/** In the words of the editor. */
	parameter: string;
	/** Goes on after the parameter's name: "is missing". */
	what: string;
	/** What the user can do, without a full stop. */
	todo: string;
}

/** Reads a parameter of one item. */
export type Read = (name: string) => unknown;

/** The error that names all problems of an item at once. */
export function parameterError(
	node: INode,
	item: number,
	problems: readonly ParameterProblem[],
): NodeOperationError {
	return new NodeOperationError(
		node,
		`${problems.map(({ parameter, what }) => `'${parameter}' ${what}`).join(', and ')} [item ${item}]`,
		{
			itemIndex: item,
			description: problems.map(({ parameter, todo }) => `'${parameter}': ${todo}.`).join(' '),
		},
	);
}
