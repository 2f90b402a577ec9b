'use strict';

// Not published: a node for the bench alone, which n8n loads as it is.

/** Makes people to be reported, without the cost of a body that n8n would have to read. */
class BenchItems {
	description = {
		displayName: 'Bench Items',
		name: 'benchItems',
		group: ['input'],
		version: 1,
		description: 'Makes items for the bench',
		defaults: { name: 'Bench Items' },
		inputs: ['main'],
		outputs: ['main'],
		properties: [
			{ displayName: 'Count', name: 'count', type: 'number', default: 1 },
			{ displayName: 'Run', name: 'run', type: 'string', default: '' },
		],
	};

	async execute() {
		const count = this.getNodeParameter('count', 0);
		const run = this.getNodeParameter('run', 0);
		return [
			Array.from({ length: count }, (_, index) => ({
				json: { email: `reader${index}.${run}@example.com`, first_name: `Reader ${index}` },
				pairedItem: { item: 0 },
			})),
		];
	}
}

module.exports = { BenchItems };
