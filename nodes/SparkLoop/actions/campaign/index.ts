import type { Resource } from '../apiOperation';
import { operationField } from '../fields';
import { addSubscriber } from './addSubscriber';
import { getMany } from './getMany';
import { getManyReferrals } from './getManyReferrals';
import { getManySubscribers } from './getManySubscribers';
import { removeSubscriber } from './removeSubscriber';

export const campaign: Resource = {
	description: [
		operationField('campaign', 'getAll', [
			{
				name: 'Add Subscriber',
				value: 'addSubscriber',
				action: 'Add subscriber to campaign',
				description: 'Make a subscriber a member of a campaign',
			},
			{
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many campaigns',
				description: 'List the campaigns of the account',
			},
			{
				name: 'Get Many Referrals',
				value: 'getManyReferrals',
				action: 'Get many referrals of subscriber in campaign',
				description: 'List whom a subscriber brought into a campaign',
			},
			{
				name: 'Get Many Subscribers',
				value: 'getManySubscribers',
				action: 'Get many subscribers of campaign',
				description: 'List the members of a campaign, the newest first',
			},
			{
				name: 'Remove Subscriber',
				value: 'removeSubscriber',
				action: 'Remove subscriber from campaign by membership ID',
				description: 'End the membership of a subscriber in a campaign',
			},
		]),
		...addSubscriber.description,
		...getMany.description,
		...getManyReferrals.description,
		...getManySubscribers.description,
		...removeSubscriber.description,
	],
	operations: {
		addSubscriber,
		getAll: getMany,
		getManyReferrals,
		getManySubscribers,
		removeSubscriber,
	},
};
