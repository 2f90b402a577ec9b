import { segment } from '../../transport/restV2';
import { deletion, type ApiOperation } from '../apiOperation';
import { campaignLocator, located, pathPart, problemsOf } from '../locators';

const show = { resource: ['campaign'], operation: ['removeSubscriber'] };

/** Ends a membership. SparkLoop lists none, so its ID has to be kept from when the subscriber was added. */
export const removeSubscriber: ApiOperation = {
	description: [
		campaignLocator(show, 'The campaign that the subscriber leaves'),
		{
			displayName: 'Membership ID',
			name: 'membershipId',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. membership_0cf7ec1e76d1',
			displayOptions: { show },
			description:
				"What the operation 'Add Subscriber' gave as <code>uuid</code>. SparkLoop does not list memberships, so keep it.",
		},
	],
	request(read) {
		const campaign = located(read, 'campaign');
		const membership = pathPart(read('membershipId'), 'Membership ID');
		if ('problem' in campaign || 'problem' in membership) {
			return { problems: problemsOf(campaign, membership) };
		}
		return {
			key: `removeSubscriber ${campaign.id} ${membership.id}`,
			persons: [membership.id],
			notFound: "SparkLoop knows no such membership. Check 'Campaign' and 'Membership ID'.",
			...deletion(
				`/campaigns/${segment(campaign.id)}/campaign_memberships/${segment(membership.id)}`,
			),
		};
	},
};
