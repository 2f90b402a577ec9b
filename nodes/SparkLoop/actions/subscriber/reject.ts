import { isStatus } from '../../transport/attempt';
import { segment } from '../../transport/restV2';
import type { ApiOperation } from '../apiOperation';
import { located, subscriberLocator } from '../locators';
import { NO_SUCH_SUBSCRIBER } from './fields';

const show = { resource: ['subscriber'], operation: ['reject'] };

/**
 * Rejects a pending referral. A 409 says that there is nothing to reject (docs.sparkloop.app/api-v2), whether it was
 * rejected or confirmed before or there is none.
 */
export const reject: ApiOperation = {
	description: [
		subscriberLocator(
			show,
			'The friend whose referral to reject while it is pending. With nothing to reject, the output says <code>changed: false</code>.',
		),
	],
	request(read) {
		const subscriber = located(read, 'subscriber');
		if ('problem' in subscriber) return { problems: [subscriber.problem] };
		return {
			key: `reject ${subscriber.id}`,
			persons: [subscriber.id.toLowerCase()],
			notFound: NO_SUCH_SUBSCRIBER,
			async attempt(call) {
				const answer = await call('PUT', `/subscribers/${segment(subscriber.id)}/reject`);
				return isStatus(answer, 409)
					? { ...answer, status: 200, body: { changed: false } }
					: answer;
			},
			output: ({ answer }) => ({
				changed: (answer.body as { changed?: boolean } | undefined)?.changed !== false,
			}),
		};
	},
};
