import type { ApiOperation } from '../apiOperation';
import { limitFields, limitOf } from '../fields';

const show = { resource: ['campaign'], operation: ['getAll'] };

/** Lists the account's campaigns, in one answer; today an account has one (docs.sparkloop.app/api-v2). */
export const getMany: ApiOperation = {
	description: limitFields(show),
	list(read) {
		const limit = limitOf(read);
		if ('problem' in limit) return { problems: [limit.problem] };
		return {
			path: '/campaigns',
			of: 'campaigns',
			key: 'campaigns',
			paged: false,
			...limit,
			notFound: "Check 'Base URL' in the credential.",
		};
	},
};
