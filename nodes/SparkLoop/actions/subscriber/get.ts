import { segment } from '../../transport/restV2';
import { objectOf, type ApiOperation } from '../apiOperation';
import { simpleSubscriber, simplifyField } from '../fields';
import { located, subscriberLocator } from '../locators';
import { NO_SUCH_SUBSCRIBER } from './fields';

const show = { resource: ['subscriber'], operation: ['get'] };

/** Gets one subscriber. SparkLoop gives no link, counter, reward or coupon here: those come by event. */
export const get: ApiOperation = {
	description: [
		subscriberLocator(
			show,
			'The subscriber to get. Their link, counts, reward and coupon come by event only, not from here.',
		),
		simplifyField(show),
	],
	request(read) {
		const subscriber = located(read, 'subscriber');
		if ('problem' in subscriber) return { problems: [subscriber.problem] };
		const simplify = read('simplify') === true;
		return {
			key: `get ${subscriber.id}`,
			persons: [],
			notFound: NO_SUCH_SUBSCRIBER,
			attempt: async (call) => await call('GET', `/subscribers/${segment(subscriber.id)}`),
			output({ answer }) {
				const found = objectOf(answer, 'subscriber');
				return simplify ? simpleSubscriber(found) : found;
			},
		};
	},
};
