import { segment } from '../../transport/restV2';
import { deletion, type ApiOperation } from '../apiOperation';
import { located, subscriberLocator } from '../locators';
import { NO_SUCH_SUBSCRIBER } from './fields';

const show = { resource: ['subscriber'], operation: ['delete'] };

/** Deletes a subscriber. Only one revision of SparkLoop's documentation knows this call. */
export const deleteSubscriber: ApiOperation = {
	description: [
		subscriberLocator(
			show,
			"The subscriber to delete. That somebody merely left the newsletter is told with the operation 'Unsubscribe' instead.",
		),
	],
	request(read) {
		const subscriber = located(read, 'subscriber');
		if ('problem' in subscriber) return { problems: [subscriber.problem] };
		return {
			key: `delete ${subscriber.id}`,
			persons: [subscriber.id.toLowerCase()],
			notFound: NO_SUCH_SUBSCRIBER,
			...deletion(`/subscribers/${segment(subscriber.id)}`),
		};
	},
};
