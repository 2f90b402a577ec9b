import type { ReferralStatus } from './events.mts';

/** One win of a reward. */
export interface Win {
	rewardId: string;
	rewardName: string;
	/** The count that won it. */
	referrals: number;
	coupon: string | null;
	/** Unix seconds. */
	wonAt: number;
	redeemed: boolean;
}

/** That somebody is in the campaign. Its names are those of the api-v2 docs, spelled as here. */
export interface Membership {
	/** `membership_…` */
	readonly id: string;
	/** Unix seconds. */
	readonly createdAt: number;
}

/** Something the newsletter says somebody did (`POST /subscribers/{id}/events`), for example a purchase. */
export interface CustomEvent {
	readonly value: number;
	readonly description: string | null;
	/** Unix seconds. */
	readonly createdAt: number;
}

/** A person in SparkLoop. */
export interface Subscriber {
	/** `sub_…`; REST v2 calls it `uuid`. */
	readonly id: string;
	email: string;
	name: string | null;
	firstName: string | null;
	status: 'confirmed' | 'unsubscribed';
	/** REST v2 calls it `ref_code`. */
	readonly referralCode: string;
	/** Whose link brought them, when that counted. */
	readonly referrerId: string | null;
	readonly referrerCode: string | null;
	referralStatus: ReferralStatus | null;
	/** Since the last reset of the campaign. */
	totReferrals: number;
	lastReward: string | null;
	readonly wins: Win[];
	/** Null for somebody who was taken out of the campaign. */
	membership: Membership | null;
	readonly customEvents: CustomEvent[];
	/** Unix seconds. */
	readonly createdAt: number;
	/** The ESP's id, when it told us. */
	readonly espId: string | null;
	readonly details: SubscriberDetails;
}

/** What is told about a sign-up beyond who it is. */
export interface SubscriberDetails {
	/** The column `Source` of an imported CSV. */
	origin?: string;
	ip_address?: string;
	user_agent?: string;
	utm_source?: string;
	utm_campaign?: string;
	country_code?: string;
}

/** People are identified by e-mail; blanks around it and its case make no difference here. */
export function emailKey(email: string): string {
	return email.trim().toLowerCase();
}

/** Whether a text has the form of an e-mail address: a mailbox, one @, a domain, no blanks. */
export function isEmail(text: string): boolean {
	return /^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>".]+$/.test(text.trim()) && text.length <= 254;
}
