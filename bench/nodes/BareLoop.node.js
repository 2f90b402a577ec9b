'use strict';

// Not published: a node for the bench alone, which n8n loads as it is.

/** The least that sends items with n8n's own request helper, some at a time: no checks, no retries, no order. */
class BareLoop {
	description = {
		displayName: 'Bare Loop',
		name: 'bareLoop',
		group: ['output'],
		version: 1,
		description: 'Sends items one after the other, some at a time',
		defaults: { name: 'Bare Loop' },
		inputs: ['main'],
		outputs: ['main'],
		properties: [
			{ displayName: 'URL', name: 'url', type: 'string', default: '' },
			{ displayName: 'Concurrency', name: 'concurrency', type: 'number', default: 10 },
		],
	};

	async execute() {
		const items = this.getInputData();
		const url = this.getNodeParameter('url', 0);
		const concurrency = this.getNodeParameter('concurrency', 0);
		const results = [];
		let next = 0;
		const worker = async () => {
			while (next < items.length) {
				const item = next++;
				const subscriber = items[item].json;
				const { statusCode } = await this.helpers.httpRequest({
					method: 'POST',
					url,
					body: { type: 'subscribe', subscriber },
					json: true,
					returnFullResponse: true,
					ignoreHttpStatusErrors: true,
				});
				results[item] = { json: { ...subscriber, status: statusCode }, pairedItem: { item } };
			}
		};
		await Promise.all(Array.from({ length: concurrency }, worker));
		return [results];
	}
}

module.exports = { BareLoop };
