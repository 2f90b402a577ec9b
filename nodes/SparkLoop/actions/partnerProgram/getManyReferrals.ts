import { segment } from '../../transport/restV2';
import type { ApiOperation } from '../apiOperation';
import { limitFields, limitOf } from '../fields';
import { located, partnerProgramLocator, problemsOf } from '../locators';

const show = { resource: ['partnerProgram'], operation: ['getManyReferrals'] };

/** Lists whom partners sent. Under which key SparkLoop answers them is published nowhere. */
export const getManyReferrals: ApiOperation = {
	description: [
		partnerProgramLocator(show, 'The program whose referrals to list'),
		...limitFields(show),
	],
	list(read) {
		const program = located(read, 'partnerProgram');
		const limit = limitOf(read);
		if ('problem' in program || 'problem' in limit) {
			return { problems: problemsOf(program, limit) };
		}
		return {
			path: `/partner_programs/${segment(program.id)}/referrals`,
			of: 'referrals',
			paged: true,
			...limit,
			notFound:
				"SparkLoop knows no such partner program. Check 'Partner Program': choose it from the list.",
		};
	},
};
