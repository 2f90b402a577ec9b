/** What SparkLoop says with one event, as far as this package needs to know it. */
export interface EventType {
	/** `type` in the payload. */
	type: string;
	/** What happened, in the words of the editor. */
	label: string;
	/** The same in at most twelve characters. */
	shortLabel: string;
	description: string;
	/** The payload's keys that hold a person whose contact in the ESP may be updated, the most affected first. */
	people: readonly Role[];
	/** Whether SparkLoop's article on custom integrations specifies the payload completely. */
	complete: boolean;
}

export type Role = 'subscriber' | 'referrer' | 'lead';

/**
 * The seven event types that SparkLoop documents.
 *
 * Sources: the custom integration article (help.sparkloop.app, article 5850916) for the three complete ones,
 * docs.sparkloop.app/webhooks for the others. Other types exist and differ by account.
 */
export const EVENT_TYPES: readonly EventType[] = [
	{
		type: 'new_offer_lead',
		label: 'New Offer Lead',
		shortLabel: 'Offer Lead',
		description: 'A lead of an offer was confirmed',
		people: ['lead'],
		complete: false,
	},
	{
		type: 'new_partner_pending_referral',
		label: 'New Partner Pending Referral',
		shortLabel: 'Pending',
		description: "A partner's referral starts its screening period",
		people: ['subscriber'],
		complete: false,
	},
	{
		type: 'new_partner_referral',
		label: 'New Partner Referral',
		shortLabel: 'Partner',
		description: "A partner's referral was confirmed",
		people: ['subscriber'],
		complete: false,
	},
	{
		type: 'new_referral',
		label: 'New Referral',
		shortLabel: 'Referral',
		description: 'A subscriber brought a friend: both contacts are updated',
		people: ['referrer', 'subscriber'],
		complete: true,
	},
	{
		type: 'reward_redeemed',
		label: 'Reward Redeemed',
		shortLabel: 'Redeemed',
		description: 'A winner left a postal address for a reward',
		people: ['subscriber'],
		complete: false,
	},
	{
		type: 'reward_unlocked',
		label: 'Reward Unlocked',
		shortLabel: 'Reward',
		description: 'A subscriber won a milestone reward',
		people: ['subscriber'],
		complete: true,
	},
	{
		type: 'sync_subscriber',
		label: 'Subscriber Created or Updated',
		shortLabel: 'Subscriber',
		description:
			'SparkLoop knows a subscriber: the referral link and the other data exist now (sync_subscriber)',
		people: ['subscriber'],
		complete: true,
	},
];

/** A type in the words of the editor, in quotes: `'New Referral'`. */
export const labelOf = (type: string): string => `'${eventType(type)?.label ?? type}'`;

/** @returns what is known of a type, or undefined for one that SparkLoop does not document */
export const eventType = (type: string): EventType | undefined =>
	EVENT_TYPES.find((known) => known.type === type);
