import type { INodeProperties } from 'n8n-workflow';

import type { Resource } from '../apiOperation';
import { operationField } from '../fields';
import { deleteSubscriber } from './delete';
import { get } from './get';
import { getMany } from './getMany';
import { reject } from './reject';
import * as sendAsIs from './sendAsIs';
import * as subscribe from './subscribe';
import * as unsubscribe from './unsubscribe';
import * as update from './update';
import { upsert } from './upsert';

/** The operations that tell an event, either way. */
const EVENTS = ['sendAsIs', 'subscribe', 'unsubscribe', 'update'];

const sendThrough: INodeProperties = {
	displayName: 'Send Through',
	name: 'sendThrough',
	type: 'options',
	options: [
		{
			name: 'API',
			value: 'api',
			description:
				"SparkLoop's REST API v2, with an API key. Knows more about a new subscriber, such as who referred them.",
		},
		{
			name: 'Incoming Webhook',
			value: 'incomingWebhook',
			description:
				"The Incoming Webhook URL from SparkLoop's Integrations page. Who referred somebody is left to SparkLoop's script on your site.",
		},
	],
	default: 'incomingWebhook',
	noDataExpression: true,
	displayOptions: { show: { resource: ['subscriber'], operation: EVENTS } },
	description: 'Which entrance of SparkLoop takes the event. Each has a credential of its own.',
};

export const subscriber: Resource = {
	description: [
		operationField('subscriber', 'subscribe', [
			{
				name: 'Create or Update',
				value: 'upsert',
				action: 'Create or update subscriber',
				description: 'Create a new record, or update the current one if it already exists (upsert)',
			},
			{
				name: 'Delete',
				value: 'delete',
				action: 'Delete subscriber',
				description:
					"Delete a subscriber. Not every revision of SparkLoop's documentation has this call.",
			},
			{
				name: 'Get',
				value: 'get',
				action: 'Get subscriber by ID or email address',
				description: 'Get a subscriber by ID or email address',
			},
			{
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many subscribers',
				description: 'List subscribers, the newest first',
			},
			{
				name: 'Reject',
				value: 'reject',
				action: 'Reject pending referral of subscriber',
				description: 'Reject a pending referral, so that it does not count',
			},
			{
				name: 'Send As Is',
				value: 'sendAsIs',
				action: 'Send event as it is (for example again)',
				description:
					"Send an event that is made already, such as one that left this node's error output. Keys that SparkLoop does not know are left out.",
			},
			{
				name: 'Subscribe',
				value: 'subscribe',
				action: 'Subscribe person who signed up for newsletter',
				description: 'Tell SparkLoop that a person signed up, which creates the referral link',
			},
			{
				name: 'Unsubscribe',
				value: 'unsubscribe',
				action: 'Unsubscribe person who left newsletter',
				description: 'Tell SparkLoop that a person unsubscribed',
			},
			{
				name: 'Update',
				value: 'update',
				action: 'Update email address of person',
				description: 'Tell SparkLoop that a person has a new email address',
			},
		]),
		sendThrough,
		...upsert.description,
		...deleteSubscriber.description,
		...get.description,
		...getMany.description,
		...reject.description,
		...sendAsIs.description,
		...subscribe.description,
		...update.description,
		...unsubscribe.description,
	],
	operations: { upsert, delete: deleteSubscriber, get, getAll: getMany, reject },
};
