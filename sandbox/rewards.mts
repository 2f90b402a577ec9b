import type { Reward } from './events.mts';
import { HEX, type Random } from './random.mts';

/** A reward as the operator sets it up. */
export interface RewardRule {
	/** Default: drawn from the seed. */
	id?: string;
	name: string;
	/** How many referrals win it. */
	referrals: number;
	/** Won again at every multiple of `referrals`, always with the same id. */
	recurring?: boolean;
	/** Each win carries a coupon code of its own. */
	coupon?: boolean;
	/** A reward that is posted: the winner leaves an address, which is a `reward_redeemed`. */
	physical?: { variantName: string; variantSku: string };
}

export type ProgramReward = Reward & Pick<RewardRule, 'coupon' | 'physical'>;

export const DEFAULT_REWARDS: RewardRule[] = [
	{ name: 'Private report', referrals: 3, coupon: true },
	{ name: 'A month on us', referrals: 5, recurring: true, coupon: true },
];

/** Gives every rule an id and orders them by threshold. Throws on a threshold that is no count. */
export function setUpRewards(rules: RewardRule[], random: Random): ProgramReward[] {
	const rewards = rules.map((rule) => {
		if (!Number.isInteger(rule.referrals) || rule.referrals < 1) {
			throw new Error(`Reward "${rule.name}": referrals must be a whole number from 1`);
		}
		return {
			...rule,
			id: rule.id ?? `reward_${random.text(HEX, 10)}`,
			recurring: rule.recurring ?? false,
		};
	});
	return rewards.sort((a, b) => a.referrals - b.referrals);
}

/** The rewards that the referral number `total` wins, smallest threshold first. */
export function rewardsWonAt<R extends Reward>(total: number, rewards: R[]): R[] {
	return rewards.filter((reward) =>
		reward.recurring ? total > 0 && total % reward.referrals === 0 : total === reward.referrals,
	);
}

/** How many more referrals win something, or null when nothing is left to win. */
export function referralsToNext(total: number, rewards: Reward[]): number | null {
	const distances = rewards
		.filter((reward) => reward.recurring || reward.referrals > total)
		.map((reward) => reward.referrals - (reward.recurring ? total % reward.referrals : total));
	return distances.length === 0 ? null : Math.min(...distances);
}
