import type { Resource } from '../apiOperation';
import { operationField } from '../fields';
import { throughApi } from './throughApi';

export const importResource: Resource = {
	description: [
		operationField('import', 'throughApi', [
			{
				name: 'Import Through API',
				value: 'throughApi',
				action: 'Import subscribers through API',
				description:
					'Tell SparkLoop who subscribed before it was there, one call for each person. Safe to run again.',
			},
		]),
		...throughApi.description,
	],
	operations: { throughApi },
};
