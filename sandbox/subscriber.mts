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
	/** Unix seconds. */
	readonly createdAt: number;
	/** The ESP's id, when it told us. */
	readonly espId: string | null;
	readonly details: SubscriberDetails;
}

/** What REST v2 may tell about a sign-up beyond who it is. */
export interface SubscriberDetails {
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
