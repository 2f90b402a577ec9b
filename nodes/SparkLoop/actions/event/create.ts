import { NO_TEXT } from '../../events/subscriberEvent';
import { segment } from '../../transport/restV2';
import { objectOf, type ApiOperation } from '../apiOperation';
import { numberOf } from '../numberOf';
import { campaignLocator, located, problemsOf, subscriberLocator } from '../locators';
import type { ParameterProblem } from '../parameterProblem';

const show = { resource: ['event'], operation: ['create'] };

/**
 * Reports a custom event of a subscriber, such as a purchase (docs.sparkloop.app/api-v2, Events). Two reports are two
 * events, so it is not repeated when it may have got through.
 */
export const create: ApiOperation = {
	description: [
		subscriberLocator(show, 'The subscriber who did it, such as the buyer'),
		campaignLocator(show, 'The campaign that it counts for'),
		{
			displayName: 'Value',
			name: 'value',
			type: 'number',
			typeOptions: { numberPrecision: 2 },
			default: 0,
			required: true,
			displayOptions: { show },
			description: 'What the event is worth in money, such as 23.90: a number without a currency',
		},
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			displayOptions: { show },
			description: 'What else SparkLoop is told of the event',
			options: [
				{
					displayName: 'Description',
					name: 'description',
					type: 'string',
					default: '',
					placeholder: 'e.g. Purchase of a premium membership',
					description: 'What happened, in your own words. Left out when blank.',
				},
			],
		},
	],
	request(read) {
		const subscriber = located(read, 'subscriber');
		const campaign = located(read, 'campaign');
		const value = numberOf(read('value'));
		const { description } = read('additionalFields') as { description?: unknown };
		const problems: ParameterProblem[] = problemsOf(subscriber, campaign);
		if (!Number.isFinite(value)) {
			problems.push({
				parameter: 'Value',
				what: 'is not a number',
				todo: 'Give a number such as 23.90, without a currency',
			});
		}
		if (!['string', 'number'].includes(typeof (description ?? ''))) {
			problems.push({ parameter: 'Description', ...NO_TEXT });
		}
		if (problems.length > 0 || 'problem' in subscriber || 'problem' in campaign)
			return { problems };
		const text = String(description ?? '').trim();
		return {
			key: `event ${subscriber.id}`,
			persons: [subscriber.id.toLowerCase()],
			once: true,
			notFound:
				"SparkLoop knows no such subscriber or campaign. Check 'Subscriber' and 'Campaign'.",
			attempt: async (call) =>
				await call('POST', `/subscribers/${segment(subscriber.id)}/events`, {
					// SparkLoop spells the key of the description like this.
					body: { value, campaign_uuid: campaign.id, ...(text === '' ? {} : { descripton: text }) },
				}),
			output: ({ answer }) => objectOf(answer, 'event'),
		};
	},
};
