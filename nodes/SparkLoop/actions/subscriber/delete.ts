import { isStatus } from '../../transport/attempt';
import { segment } from '../../transport/restV2';
import type { ApiOperation } from '../apiOperation';
import { located, subscriberLocator } from '../locators';
import { NO_SUCH_SUBSCRIBER } from './fields';

const show = { resource: ['subscriber'], operation: ['delete'] };

/** Deletes a subscriber. Only one revision of SparkLoop's documentation knows this call. */
export const deleteSubscriber: ApiOperation = {
	description: [
		subscriberLocator(
			show,
			"Whom to delete, with their link and rewards. Somebody who merely leaves the newsletter is told with 'Unsubscribe'.",
		),
	],
	request(read) {
		const subscriber = located(read, 'subscriber');
		if ('problem' in subscriber) return { problems: [subscriber.problem] };
		return {
			key: `delete ${subscriber.id}`,
			persons: [subscriber.id.toLowerCase()],
			notFound: NO_SUCH_SUBSCRIBER,
			async attempt(call, number) {
				const answer = await call('DELETE', `/subscribers/${segment(subscriber.id)}`);
				// An earlier attempt without an answer may have got through.
				return number > 1 && isStatus(answer, 404) ? { ...answer, status: 200 } : answer;
			},
			output: () => ({ deleted: true }),
		};
	},
};
