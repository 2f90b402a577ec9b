import type { INodeProperties } from 'n8n-workflow';

import { FIELDS, type ExtraField, type Field } from '../events/contactFields';

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
			"Which win the contact had last. The operation 'Compare' tells an older win from a newer one by it.",
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

const onlyForContacts = { show: { items: ['contacts'] } };

/** What an item is, and how it spells the fields of a contact. */
export const ITEM_FIELDS: INodeProperties[] = [
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
		description:
			"What an event becomes. The operation 'Compare' and the workflows of this package take 'One per Contact to Update'.",
	},
	{
		displayName: 'Field Names',
		name: 'fieldNames',
		type: 'options',
		options: [
			{
				name: 'Custom',
				value: 'custom',
				description: "A table of your own, under 'Field Name Table'",
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
		description: 'How your ESP spells the RH_ fields, which you create there beforehand',
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
		description:
			"How RH_ISREF is written: in words, as SparkLoop's own integrations do, or as a boolean",
	},
];

/** What an item may hold besides the RH_ fields; an entry of the options. */
export const EXTRA_FIELDS_OPTION: INodeProperties = {
	displayName: 'Extra Fields',
	name: 'extraFields',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	default: {},
	placeholder: 'Add Field',
	description:
		"What else an item's fields hold when the event knows it, under a name of your choice",
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
					description:
						'What of the event is written. An event that does not know it writes nothing.',
				},
				{
					displayName: 'Name in Your ESP',
					name: 'name',
					type: 'string',
					default: '',
					placeholder: 'e.g. RH_NEXTREWARD',
					description:
						'The field of the contact that takes the value, spelled as in your ESP; no other field may have the same name',
				},
			],
		},
	],
};
