/**
 * What SparkLoop says, as TypeScript. The names and types are those of SparkLoop's custom
 * integration article and of docs.sparkloop.app/webhooks; where the two differ, both are optional.
 */

export type ReferralStatus = 'pending' | 'verified' | 'rejected';

/** A person in an event: the subscriber, or the one who brought them. */
export interface Person {
	id: string;
	first_name: string | null;
	name: string | null;
	email: string;
	referral_code: string;
	referral_link: string;
	referred: boolean;
	/** In newer payloads only, and here only for people who were referred. */
	referral_status?: ReferralStatus;
	tot_referrals: number;
	/** Absent from the payloads in SparkLoop's public docs. */
	last_reward?: string | null;
	/** Referrals still needed; null here when no reward is left, which nothing documents. */
	next_reward: number | null;
	/** Unix seconds; absent from the `sync_subscriber` of the custom integration article. */
	created_at?: number;
}

export interface Reward {
	id: string;
	name: string;
	/** How many referrals win it; of a recurring reward, each time anew. */
	referrals: number;
	recurring: boolean;
}

/** The body of one event. Only `type` is certain: others than these names may occur. */
export interface SparkLoopEvent {
	type: string;
	campaign_id?: string;
	subscriber?: Person | Record<string, unknown>;
	referrer?: Person;
	reward?: Reward;
	referrals?: number;
	coupon_code?: string | null;
	[key: string]: unknown;
}

/** Every type that SparkLoop documents. */
export const EVENT_TYPES = [
	'sync_subscriber',
	'new_referral',
	'reward_unlocked',
	'reward_redeemed',
	'new_partner_pending_referral',
	'new_partner_referral',
	'new_offer_lead',
] as const;
