import { segment } from '../../transport/restV2';
import type { ApiOperation } from '../apiOperation';
import { limitFields, limitOf, simpleSubscriber, simplifyField } from '../fields';
import { campaignLocator, located, problemsOf, subscriberLocator } from '../locators';
import { NOT_IN_CAMPAIGN } from './fields';

const show = { resource: ['campaign'], operation: ['getManyReferrals'] };

/** Lists whom a subscriber brought into a campaign. Under which key SparkLoop answers them is published nowhere. */
export const getManyReferrals: ApiOperation = {
	description: [
		campaignLocator(show, 'The campaign in which the referrals were made'),
		subscriberLocator(show, 'The subscriber who brought those that are listed'),
		...limitFields(show),
		simplifyField(show),
	],
	list(read) {
		const campaign = located(read, 'campaign');
		const subscriber = located(read, 'subscriber');
		const limit = limitOf(read);
		if ('problem' in campaign || 'problem' in subscriber || 'problem' in limit) {
			return { problems: problemsOf(campaign, subscriber, limit) };
		}
		return {
			path: `/campaigns/${segment(campaign.id)}/subscribers/${segment(subscriber.id)}/referrals`,
			of: 'referrals',
			paged: true,
			...limit,
			...(read('simplify') === true ? { output: simpleSubscriber } : {}),
			notFound: NOT_IN_CAMPAIGN,
		};
	},
};
