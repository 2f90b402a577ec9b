import type { Person } from '../../sandbox/events.mts';

/** The RH_ fields that SparkLoop's own state makes of a person; the rewards are told by wins, and not among them. */
export const fieldsOf = (person: Person): Record<string, unknown> => ({
	RH_SUBID: person.id,
	RH_CODE: person.referral_code,
	RH_REFLINK: person.referral_link,
	RH_ISREF: person.referred ? 'YES' : 'NO',
	RH_TOTREF: person.tot_referrals,
});
