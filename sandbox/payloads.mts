import type { Person, SparkLoopEvent } from './events.mts';
import { referralLink } from './referralLink.mts';
import { type ProgramReward, referralsToNext } from './rewards.mts';
import type { Subscriber, Win } from './subscriber.mts';

/**
 * Which revision of SparkLoop's payloads to send: `article` is that of the custom integration
 * article, `docs` that of docs.sparkloop.app/webhooks, `complete` everything either has.
 */
export type PayloadRevision = 'complete' | 'article' | 'docs';

export interface PayloadContext {
	campaignId: string;
	siteUrl: string;
	rewards: ProgramReward[];
	revision: PayloadRevision;
}

/** `sync_subscriber`: the person was created or updated. */
export function syncSubscriber(context: PayloadContext, subscriber: Subscriber): SparkLoopEvent {
	const { created_at, ...person } = personOf(context, subscriber);
	return {
		type: 'sync_subscriber',
		campaign_id: context.campaignId,
		subscriber: context.revision === 'article' ? person : { ...person, created_at },
	};
}

/** `new_referral`: `friend` came through the link of `referrer`, whose counters have changed. */
export function newReferral(
	context: PayloadContext,
	friend: Subscriber,
	referrer: Subscriber,
): SparkLoopEvent {
	return {
		type: 'new_referral',
		campaign_id: context.campaignId,
		subscriber: personOf(context, friend),
		referrer: personOf(context, referrer),
	};
}

/** `reward_unlocked`: the person has just won the reward; no coupon is sent as null. */
export function rewardUnlocked(
	context: PayloadContext,
	winner: Subscriber,
	reward: ProgramReward,
	win: Win,
): SparkLoopEvent {
	return {
		type: 'reward_unlocked',
		campaign_id: context.campaignId,
		...(context.revision === 'article'
			? {}
			: { referrals: win.referrals, coupon_code: win.coupon }),
		subscriber: personOf(context, winner),
		reward: rewardOf(reward),
	};
}

/**
 * `reward_redeemed`: the winner of a physical reward left an address. SparkLoop documents no names
 * inside `shipping_details`, so they are the caller's.
 */
export function rewardRedeemed(
	context: PayloadContext,
	winner: Subscriber,
	reward: ProgramReward,
	shippingDetails: Record<string, unknown>,
): SparkLoopEvent {
	return {
		type: 'reward_redeemed',
		campaign_id: context.campaignId,
		subscriber: personOf(context, winner),
		reward: rewardOf(reward),
		reward_variant_name: reward.physical?.variantName ?? null,
		reward_variant_sku: reward.physical?.variantSku ?? null,
		shipping_details: shippingDetails,
	};
}

/** The block by which every event describes a person. */
export function personOf(context: PayloadContext, subscriber: Subscriber): Person {
	const { revision, siteUrl, rewards } = context;
	return {
		id: subscriber.id,
		first_name: subscriber.firstName,
		name: subscriber.name,
		email: subscriber.email,
		referral_code: subscriber.referralCode,
		referral_link: referralLink(siteUrl, subscriber.referralCode),
		referred: subscriber.referrerId !== null,
		...(revision === 'complete' && subscriber.referralStatus
			? { referral_status: subscriber.referralStatus }
			: {}),
		tot_referrals: subscriber.totReferrals,
		...(revision === 'docs' ? {} : { last_reward: subscriber.lastReward }),
		next_reward: referralsToNext(subscriber.totReferrals, rewards),
		created_at: subscriber.createdAt,
	};
}

function rewardOf({ id, name, referrals, recurring }: ProgramReward) {
	return { id, name, referrals, recurring };
}
