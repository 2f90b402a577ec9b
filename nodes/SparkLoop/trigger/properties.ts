import type { INodeProperties } from 'n8n-workflow';

import { FIELDS, type ExtraField, type Field } from '../events/contactFields';
import { EVENT_TYPES } from '../events/eventTypes';
import { API_EVENTS } from '../transport/webhooksApi';
import { OTHER_EVENTS } from './settings';

const EVENT_OPTIONS = [
	{
		name: 'Any Other Event',
		value: OTHER_EVENTS,
		description: 'Every type that SparkLoop does not document; it passes through whole',
	},
	...EVENT_TYPES.map(({ type, label, description }) => ({ name: label, value: type, description })),
].sort((a, b) => a.name.localeCompare(b.name));

const MEANINGS: Record<Field, string> = {
	RH_SUBID: "SparkLoop's subscriber ID",
	RH_CODE: 'Referral code',
	RH_REFLINK: 'Referral link',
	RH_ISREF: 'Whether the person was referred',
	RH_TOTREF: 'Total number of referrals',
	RH_COUPON: 'Most recently won coupon code',
	RH_LASTREWARD: 'ID of the last reward won',
};

const EXTRA_OPTIONS: ReadonlyArray<{ name: string; value: ExtraField; description: string }> = [
	{ name: 'First Name', value: 'first_name', description: 'As SparkLoop knows it' },
	{
		name: 'Guard',
		value: 'guard',
		description:
			'Which win the contact had last. The operation Compare tells an older win from a newer one by it.',
	},
	{ name: 'Name', value: 'name', description: 'Full name, as SparkLoop knows it' },
	{
		name: 'Referral Status',
		value: 'referral_status',
		description: 'The words pending, verified or rejected, in newer payloads',
	},
	{
		name: 'Referrals to Next Reward',
		value: 'next_reward',
		description: 'How many referrals are still needed',
	},
	{ name: 'Reward Name', value: 'reward_name', description: 'Name of the reward just won' },
	{
		name: 'Win Key',
		value: 'win_key',
		description:
			'A value that changes with each win, for automations that must also start when a recurring reward is won again: RH_LASTREWARD stays the same then',
	},
];

/** The canvas has room for about twelve characters beside an output. */
const OUTPUT_LABELS = {
	...Object.fromEntries(EVENT_TYPES.map(({ type, shortLabel }) => [type, shortLabel])),
	[OTHER_EVENTS]: 'Other',
};

/** The trigger's outputs: one, or one for each chosen event in the order chosen. */
export const OUTPUTS = `={{ $parameter["outputs"] === "perEvent" ? $parameter["events"].map((event) => ({ type: "main", displayName: ${JSON.stringify(OUTPUT_LABELS)}[event] })) : ["main"] }}`;

const onlyByHand = { show: { webhookSetup: ['manual'] } };
const BY_HAND_EVENTS = EVENT_OPTIONS.map(({ value }) => value).filter(
	(value) => !API_EVENTS.includes(value),
);

const onlyForContacts = { show: { items: ['contacts'] } };

export const PROPERTIES: INodeProperties[] = [
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
		description: 'Who tells SparkLoop where to send its events',
	},
	{
		displayName:
			"In SparkLoop, open 'Account settings → Integrations → Webhooks' and add a webhook with the Production URL (under 'Webhook URLs' above). Tick the same events as below: 'Subscriber Created or Updated' at least. The token for the credential stands on the same page. To try things out, add a second webhook with the Test URL and choose 'Send test webhook'.",
		name: 'setupNotice',
		type: 'notice',
		default: '',
		displayOptions: onlyByHand,
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
				description: 'Anybody who knows the URL can send events to this workflow',
			},
		],
		default: 'sparkLoopToken',
	},
	{
		displayName:
			'Without the token, anybody who learns the URL can change your contacts and win rewards.',
		name: 'noAuthenticationNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { authentication: ['none'] } },
	},
	{
		displayName: 'Events',
		name: 'events',
		type: 'multiOptions',
		options: EVENT_OPTIONS,
		default: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		required: true,
		description: 'Which events start the workflow. The others are answered with 200 and ignored.',
	},
	{
		displayName:
			"SparkLoop's API registers 'New Partner Referral', 'New Referral', 'Reward Redeemed' and 'Reward Unlocked' only. For the other events chosen here (such as 'Subscriber Created or Updated'), open 'Account settings → Integrations → Webhooks' in SparkLoop and add a webhook with the Production URL (under 'Webhook URLs' above). Tick these other events there and none of the four, or they come twice.",
		name: 'byHandNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { webhookSetup: ['automatic'], events: BY_HAND_EVENTS } },
	},
	{
		displayName: 'Items',
		name: 'items',
		type: 'options',
		options: [
			{
				name: 'One per Contact to Update',
				value: 'contacts',
				description:
					"The contact's email and fields, ready for your ESP. A new referral gives two items: the referrer and the new subscriber.",
			},
			{
				name: 'Event as Received',
				value: 'event',
				description: 'What SparkLoop sent, untouched',
			},
		],
		default: 'contacts',
	},
	{
		displayName: 'Field Names',
		name: 'fieldNames',
		type: 'options',
		options: [
			{
				name: 'Custom',
				value: 'custom',
				description: 'A table of your own',
			},
			{
				name: 'Lower Case',
				value: 'lowerCase',
				description: 'For example rh_reflink, for Kit, beehiiv and Ghost',
			},
			{
				name: 'Mailchimp',
				value: 'mailchimp',
				description: 'At most 10 characters: RH_LASTREWARD is RH_LASTREW',
			},
			{
				name: 'Upper Case',
				value: 'upperCase',
				description: 'For example RH_REFLINK, for most ESPs',
			},
		],
		default: 'upperCase',
		displayOptions: onlyForContacts,
		description: 'How your ESP spells the fields',
	},
	{
		displayName: 'Field Name Table',
		name: 'fieldNameTable',
		type: 'fixedCollection',
		default: {},
		placeholder: 'Set Names',
		displayOptions: { show: { items: ['contacts'], fieldNames: ['custom'] } },
		description: 'The name of each field in your ESP. A field with a blank name is left out.',
		options: [
			{
				displayName: 'Names',
				name: 'names',
				values: [...FIELDS].sort().map((field) => ({
					displayName: field,
					name: field,
					type: 'string' as const,
					default: field,
					description: MEANINGS[field],
				})),
			},
		],
	},
	{
		displayName: 'Field Values',
		name: 'fieldValues',
		type: 'options',
		options: [
			{
				name: 'As SparkLoop Stores Them',
				value: 'sparkLoop',
				description: 'RH_ISREF is YES, NO, or REJECTED when SparkLoop found fraud',
			},
			{
				name: 'Raw',
				value: 'raw',
				description: 'RH_ISREF is true or false',
			},
		],
		default: 'sparkLoop',
		displayOptions: onlyForContacts,
	},
	{
		displayName: 'Outputs',
		name: 'outputs',
		type: 'options',
		options: [
			{ name: 'One', value: 'single', description: 'All items leave by one output' },
			{
				name: 'One per Event',
				value: 'perEvent',
				description: 'Each chosen event has an output of its own',
			},
		],
		default: 'single',
	},
	{
		displayName: 'Respond',
		name: 'respond',
		type: 'options',
		options: [
			{
				name: 'When the Workflow Finishes',
				value: 'lastNode',
				description: 'SparkLoop sends the event again, for up to a month, when the workflow fails',
			},
			{
				name: 'Immediately',
				value: 'onReceived',
				description: 'SparkLoop does not learn whether the workflow succeeds',
			},
		],
		default: 'lastNode',
		description: 'When SparkLoop is told that the event arrived: status 200 with a blank body',
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		options: [
			{
				displayName: 'Campaign ID',
				name: 'campaignId',
				type: 'string',
				default: '',
				placeholder: 'e.g. MF6319db9890',
				description:
					'Take the events of this campaign only. Those of others, and those that name none, are answered with 200 and ignored.',
			},
			{
				displayName: 'Extra Fields',
				name: 'extraFields',
				type: 'fixedCollection',
				typeOptions: { multipleValues: true },
				default: {},
				placeholder: 'Add Field',
				description: 'What else to write when the event knows it',
				options: [
					{
						displayName: 'Field',
						name: 'field',
						values: [
							{
								displayName: 'Value',
								name: 'source',
								type: 'options',
								options: [...EXTRA_OPTIONS],
								default: 'next_reward',
							},
							{
								displayName: 'Name in Your ESP',
								name: 'name',
								type: 'string',
								default: '',
								placeholder: 'e.g. RH_NEXTREWARD',
							},
						],
					},
				],
			},
		],
	},
];
