const PAYLOAD = {
	type: 'new_referral',
	campaign_id: 'MF6319db9890',
	subscriber: {
		id: 'sub_hjdgc74u',
		first_name: 'John',
		name: 'John Doe',
		email: 'john.doe@email.com',
		referral_code: 'ada90f39',
		referral_link: 'https://mywebsite.com?rh_ref=ada90f39',
		referred: true,
		tot_referrals: 0,
		last_reward: null,
		next_reward: 2,
		created_at: 1564400550,
	},
	referrer: {
		id: 'sub_93ehus8h',
		first_name: 'John',
		name: 'John Smith',
		email: 'john.smith@email.com',
		referral_code: 'f9464199',
		referral_link: 'https://mywebsite.com?rh_ref=f9464199',
		referred: false,
		tot_referrals: 4,
		last_reward: 'reward_38sf38hd',
		next_reward: 1,
		created_at: 1564403873,
	},
};

/**
 * What the trigger makes of the `new_referral` event in SparkLoop's article on custom integrations.
 *
 * @param spell how the ESP spells a field
 */
export const sampleItems = (spell = (field: string): string => field): object[] => {
	const spelled = (fields: Record<string, string | number>) =>
		Object.fromEntries(Object.entries(fields).map(([field, value]) => [spell(field), value]));
	const first = { event: 'new_referral' };
	const last = {
		campaignId: 'MF6319db9890',
		eventKey: '7ac01e49d8e26c986faab467fd1be6857b9071b43ab4421e5241cc2b86d9f28d',
		receivedAt: '2026-01-01T00:00:00.000Z',
		payload: PAYLOAD,
	};
	return [
		{
			...first,
			role: 'referrer',
			email: 'john.smith@email.com',
			fields: spelled({
				RH_SUBID: 'sub_93ehus8h',
				RH_CODE: 'f9464199',
				RH_REFLINK: 'https://mywebsite.com?rh_ref=f9464199',
				RH_ISREF: 'NO',
				RH_TOTREF: 4,
				RH_LASTREWARD: 'reward_38sf38hd',
			}),
			order: {
				referrals: 4,
				referralsField: spell('RH_TOTREF'),
				guard: null,
				guardField: spell('RH_GUARD'),
				rewardFields: [spell('RH_LASTREWARD')],
			},
			...last,
		},
		{
			...first,
			role: 'subscriber',
			email: 'john.doe@email.com',
			fields: spelled({
				RH_SUBID: 'sub_hjdgc74u',
				RH_CODE: 'ada90f39',
				RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
				RH_ISREF: 'YES',
				RH_TOTREF: 0,
			}),
			order: {
				referrals: 0,
				referralsField: spell('RH_TOTREF'),
				guard: null,
				guardField: spell('RH_GUARD'),
				rewardFields: [],
			},
			...last,
		},
	];
};
