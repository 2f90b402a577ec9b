import type { ReferralStatus, SparkLoopEvent } from './events.mts';
import type { Program } from './program.mts';

/** The events of SparkLoop's partner network and of its offers. */
export type PartnerEventType =
	| 'new_partner_pending_referral'
	| 'new_partner_referral'
	| 'new_offer_lead';

export interface PartnerEventInput {
	email: string;
	/** Default: `pending` for a pending referral, else `verified`. */
	status?: ReferralStatus;
	/** Only of a lead. */
	source?: string;
	partnerId?: string;
	offerId?: string;
}

/**
 * Builds one of them with the names that docs.sparkloop.app documents and no others: the inner names
 * of the partner block are published nowhere, so there is none.
 */
export function partnerEvent(
	type: PartnerEventType,
	input: PartnerEventInput,
	program: Program,
): SparkLoopEvent {
	const status = input.status ?? (type === 'new_partner_pending_referral' ? 'pending' : 'verified');
	if (type === 'new_offer_lead') {
		return {
			type,
			offer_id: input.offerId ?? 'offer_sandbox',
			lead: {
				email: input.email,
				source: input.source ?? 'upscribe',
				partner_id: input.partnerId ?? 'partner_sandbox',
				referral_status: status,
			},
		};
	}
	const subscriber = program.find(input.email);
	return {
		type,
		campaign: { id: program.campaign.id, referral_code: subscriber?.referralCode ?? null },
		subscriber: {
			...(subscriber ? program.describe(subscriber) : { email: input.email }),
			referral_status: status,
		},
	};
}
