import type { Resource } from '../apiOperation';
import { operationField } from '../fields';
import { getMany } from './getMany';
import { getManyReferrals } from './getManyReferrals';

export const partnerProgram: Resource = {
	description: [
		operationField('partnerProgram', 'getAll', [
			{
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many partner programs',
				description: 'List the partner programs of the account',
			},
			{
				name: 'Get Many Referrals',
				value: 'getManyReferrals',
				action: 'Get many referrals of partner program',
				description: 'List whom partners sent to a program',
			},
		]),
		...getMany.description,
		...getManyReferrals.description,
	],
	operations: { getAll: getMany, getManyReferrals },
};
