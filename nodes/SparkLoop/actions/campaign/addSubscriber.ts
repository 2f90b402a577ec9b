import { isStatus, reasonOf } from '../../transport/attempt';
import type { Answer, NoAnswer } from '../../transport/delivery';
import { segment } from '../../transport/restV2';
import { objectOf, type ApiOperation } from '../apiOperation';
import { campaignLocator, located, problemsOf, subscriberLocator } from '../locators';
import { NO_SUCH_CAMPAIGN_OR_SUBSCRIBER } from './fields';

const show = { resource: ['campaign'], operation: ['addSubscriber'] };

/** Makes a subscriber a member of a campaign. Who is one already stays one, which SparkLoop answers by a 400. */
export const addSubscriber: ApiOperation = {
	description: [
		campaignLocator(show, 'The campaign that the subscriber joins'),
		subscriberLocator(
			show,
			'The subscriber who joins it. A member stays one: the output says <code>added: false</code>.',
		),
	],
	request(read) {
		const campaign = located(read, 'campaign');
		const subscriber = located(read, 'subscriber');
		if ('problem' in campaign || 'problem' in subscriber) {
			return { problems: problemsOf(campaign, subscriber) };
		}
		return {
			key: `addSubscriber ${campaign.id} ${subscriber.id}`,
			persons: [subscriber.id.toLowerCase()],
			notFound: NO_SUCH_CAMPAIGN_OR_SUBSCRIBER,
			async attempt(call) {
				const path = `/campaigns/${segment(campaign.id)}/campaign_memberships`;
				const answer = await call('POST', path, { body: { subscriber_uuid: subscriber.id } });
				return isMember(answer) ? { ...answer, status: 200, body: ALREADY_IN } : answer;
			},
			output: ({ answer }) =>
				answer.body === ALREADY_IN
					? { campaign_uuid: campaign.id, added: false }
					: { ...objectOf(answer, 'campaign_membership'), added: true },
		};
	},
};

/** Stands for the body of an answer that says that there is nothing to add. */
const ALREADY_IN = {};

const isMember = (answer: Answer | NoAnswer): answer is Answer =>
	isStatus(answer, 400) && /already been added/i.test(reasonOf(answer));
