import { NodeHelpers, type INodePropertyOptions } from 'n8n-workflow';

import { SparkLoop } from '../../nodes/SparkLoop/SparkLoop.node';

const { description } = new SparkLoop();

/** What n8n tells a model of the node as a tool, for each of its operations. */
const told = description.properties
	.filter(({ name }) => name === 'operation')
	.flatMap(({ displayOptions, options }) =>
		(options as INodePropertyOptions[]).map(({ name, value: operation }) => {
			const [resource] = displayOptions!.show!.resource as string[];
			const parameters = { resource, operation };
			return [name, NodeHelpers.makeDescription(parameters, description)] as const;
		}),
	);

it.each(told)("'%s' is described to a model as '%s'", (name, text) => {
	expect(text).toMatch(/ in SparkLoop$/);
	// n8n's style guide: sentence case, without articles, beginning with what the operation is called.
	expect(text).not.toMatch(/ (a|an|the) /i);
	const [verb] = name.split(' ');
	expect(text.startsWith(verb)).toBe(true);
});

it('no two operations are described alike', () => {
	expect(new Set(told.map(([, text]) => text)).size).toBe(told.length);
});
