import fc from 'fast-check';

/** E-mail addresses as people have them, with the characters that are special in URLs. */
export const email = fc
	.tuple(
		fc.stringMatching(/^[a-zA-Z0-9+/_'-]{1,20}$/),
		fc.stringMatching(/^[a-z][a-z0-9]{0,10}\.(com|io|org)$/),
	)
	.map(([local, domain]) => `${local}@${domain}`);

/** Any body that a server could be sent, the awkward ones included. */
export const anyBody: fc.Arbitrary<unknown> = fc.oneof(
	fc.constantFrom(undefined, null, '', [], {}),
	fc.jsonValue({ maxDepth: 4 }),
	fc.record(
		{
			type: fc.oneof(
				fc.constantFrom(
					'sync_subscriber',
					'new_referral',
					'reward_unlocked',
					'reward_redeemed',
					'new_partner_pending_referral',
					'new_partner_referral',
					'new_offer_lead',
					'__proto__',
					'constructor',
				),
				fc.jsonValue({ maxDepth: 1 }),
			),
			campaign_id: fc.jsonValue({ maxDepth: 1 }),
			campaign: fc.jsonValue({ maxDepth: 2 }),
			subscriber: person(),
			referrer: person(),
			lead: person(),
			reward: fc.jsonValue({ maxDepth: 2 }),
			coupon_code: fc.jsonValue({ maxDepth: 1 }),
			extra: fc.jsonValue({ maxDepth: 3 }),
		},
		{ requiredKeys: [] },
	),
);

function person(): fc.Arbitrary<unknown> {
	return fc.oneof(
		fc.jsonValue({ maxDepth: 1 }),
		fc.record(
			{
				id: fc.jsonValue({ maxDepth: 0 }),
				email: fc.oneof(email, fc.jsonValue({ maxDepth: 0 })),
				referral_code: fc.jsonValue({ maxDepth: 1 }),
				referred: fc.jsonValue({ maxDepth: 0 }),
				referral_status: fc.constantFrom('rejected', 'pending', null),
				tot_referrals: fc.jsonValue({ maxDepth: 0 }),
				last_reward: fc.jsonValue({ maxDepth: 0 }),
			},
			{ requiredKeys: [] },
		),
	);
}
