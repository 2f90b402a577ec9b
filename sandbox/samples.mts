import type { SparkLoopEvent } from './events.mts';

const ADVOCATE = {
	id: 'sub_93ehus8h',
	first_name: 'John',
	name: 'John Smith',
	email: 'john.smith@email.com',
	referral_code: 'f9464199',
	referral_link: 'https://mywebsite.com?rh_ref=f9464199',
	referred: false,
	tot_referrals: 4,
	next_reward: 1,
	created_at: 1564403873,
};
const FRIEND = {
	id: 'sub_hjdgc74u',
	first_name: 'John',
	name: 'John Doe ',
	email: 'john.doe@email.com',
	referral_code: 'ada90f39',
	referral_link: 'https://mywebsite.com?rh_ref=ada90f39',
	referred: true,
	tot_referrals: 0,
	next_reward: 2,
	created_at: 1564400550,
};
const REWARD = {
	id: 'reward_cdebf4f013',
	name: '2018 Private Report: State of the Ecommerce',
	referrals: 4,
	recurring: false,
};

const SAMPLES: SparkLoopEvent[] = [
	{ type: 'sync_subscriber', subscriber: FRIEND },
	{ type: 'new_referral', subscriber: FRIEND, referrer: ADVOCATE },
	{
		type: 'reward_unlocked',
		referrals: 4,
		coupon_code: '9wusha0',
		subscriber: ADVOCATE,
		reward: REWARD,
	},
	{
		type: 'reward_redeemed',
		subscriber: ADVOCATE,
		reward: REWARD,
		reward_variant_name: null,
		reward_variant_sku: null,
		shipping_details: {},
	},
];

/**
 * What the dashboard's "Send test webhook" sends: the sample people of docs.sparkloop.app/webhooks,
 * whom no account has. A type without a sample is sent with its type alone.
 */
export function sampleEvent(type: string): SparkLoopEvent {
	const sample = SAMPLES.find((one) => one.type === type);
	return sample ? { campaign_id: 'MF6319db9890', ...structuredClone(sample) } : { type };
}
