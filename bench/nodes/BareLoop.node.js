'use strict';

// Not published: a node for the bench alone, which n8n loads as it is.

/**
 * The least that sends items with n8n's own request helper, some at a time: no checks, no retries, no order. Either what
 * the items hold to a URL, or, as a node for people does, what expressions choose to where a credential leads.
 */
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
		credentials: [{ name: 'benchTarget', required: false }],
		properties: [
			{ displayName: 'URL', name: 'url', type: 'string', default: '' },
			{ displayName: 'Concurrency', name: 'concurrency', type: 'number', default: 10 },
			{ displayName: 'For People', name: 'forPeople', type: 'boolean', default: false },
			{ displayName: 'Email', name: 'email', type: 'string', default: '' },
			{
				displayName: 'Additional Fields',
				name: 'additionalFields',
				type: 'collection',
				default: {},
				options: [{ displayName: 'First Name', name: 'firstName', type: 'string', default: '' }],
			},
		],
	};

	async execute() {
		const items = this.getInputData();
		const url = this.getNodeParameter('url', 0);
		const concurrency = this.getNodeParameter('concurrency', 0);
		const forPeople = this.getNodeParameter('forPeople', 0);
		const subscribers = forPeople
			? items.map((_, item) => ({
					email: this.getNodeParameter('email', item),
					first_name: this.getNodeParameter('additionalFields', item).firstName,
				}))
			: items.map(({ json }) => json);
		const request = async (options) =>
			forPeople
				? await this.helpers.httpRequestWithAuthentication.call(this, 'benchTarget', options)
				: await this.helpers.httpRequest(options);
		const results = [];
		let next = 0;
		const worker = async () => {
			while (next < items.length) {
				const item = next++;
				const subscriber = subscribers[item];
				const { statusCode } = await request({
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
