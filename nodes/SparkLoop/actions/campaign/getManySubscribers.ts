import { segment } from '../../transport/restV2';
import type { ApiOperation } from '../apiOperation';
import { campaignLocator, located } from '../locators';
import { subscriberList, subscriberListFields } from '../subscriberList';
import { NO_SUCH_CAMPAIGN } from './fields';

const show = { resource: ['campaign'], operation: ['getManySubscribers'] };

export const getManySubscribers: ApiOperation = {
	description: [
		campaignLocator(show, 'The campaign whose members to list'),
		...subscriberListFields(show),
	],
	list(read, zone) {
		const campaign = located(read, 'campaign');
		if ('problem' in campaign) return { problems: [campaign.problem] };
		return subscriberList(read, zone, {
			path: `/campaigns/${segment(campaign.id)}/subscribers`,
			notFound: NO_SUCH_CAMPAIGN,
		});
	},
};
