import type { INodeProperties } from 'n8n-workflow';

import { EVENT_TYPES } from '../events/eventTypes';
import { API_EVENTS, WEBHOOKS_PAGE } from '../transport/webhooksApi';
import { OTHER_EVENTS } from './settings';

const BY_HAND_EVENTS = [...EVENT_TYPES.map(({ type }) => type), OTHER_EVENTS].filter(
	(type) => !API_EVENTS.includes(type),
);

const ADD_WEBHOOK = `open '${WEBHOOKS_PAGE}' and add a webhook with the Production URL (under 'Webhook URLs' above)`;

/** How SparkLoop comes to send its events here, and how they are known to be SparkLoop's. */
export const SETUP_FIELDS: INodeProperties[] = [
	{
		displayName: 'Webhook Setup',
		name: 'webhookSetup',
		type: 'options',
		options: [
			{
				name: 'Automatic',
				value: 'automatic',
				description:
					"The webhook is registered through SparkLoop's API when the workflow is published, and deleted when it is unpublished",
			},
			{
				name: 'Manual',
				value: 'manual',
				description: "You add the webhook in SparkLoop's dashboard",
			},
		],
		default: 'manual',
		description:
			"Who tells SparkLoop where to send its events. 'Automatic' takes an API key and an n8n that has an https address, and leaves some events to be ticked by hand.",
	},
	{
		displayName: `In SparkLoop, ${ADD_WEBHOOK}. Tick the events that are chosen below, 'Subscriber Created or Updated' at least: it brings the referral links. The token for the credential stands on the same page. To try things out, add a second webhook with the Test URL, click 'Execute step' here, and choose 'Send test webhook' in that webhook's menu (three dots).`,
		name: 'setupNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { webhookSetup: ['manual'] } },
	},
	{
		displayName: 'Authentication',
		name: 'authentication',
		type: 'options',
		options: [
			{
				name: 'SparkLoop Token',
				value: 'sparkLoopToken',
				description: 'Requests without the token of your account are refused',
			},
			{
				name: 'None',
				value: 'none',
				description: 'Anyone who knows the URL can send events to this workflow',
			},
		],
		default: 'sparkLoopToken',
		description:
			"How the trigger knows that a request comes from SparkLoop, which sends your account's token with every event",
	},
	{
		displayName: `Without the token, anyone who learns the URL can make events up and win rewards. In SparkLoop, open '${WEBHOOKS_PAGE}', copy the token, and choose 'SparkLoop Token' here.`,
		name: 'noAuthenticationNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { authentication: ['none'] } },
	},
];

/** What is left to do by hand when the trigger registers the webhook. */
export const BY_HAND_NOTICE: INodeProperties = {
	displayName: `SparkLoop's API registers 'New Partner Referral', 'New Referral', 'Reward Redeemed' and 'Reward Unlocked' only. For the other events chosen here (such as 'Subscriber Created or Updated'), go to SparkLoop, ${ADD_WEBHOOK}. Tick these other events there and none of the four, or they come twice.`,
	name: 'byHandNotice',
	type: 'notice',
	default: '',
	displayOptions: { show: { webhookSetup: ['automatic'], events: BY_HAND_EVENTS } },
};
