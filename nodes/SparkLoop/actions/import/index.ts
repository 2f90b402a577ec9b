import type { Resource } from '../apiOperation';
import { operationField } from '../fields';
import { description as createCsv } from './createCsv';
import { throughApi } from './throughApi';

export const importResource: Resource = {
	description: [
		operationField('import', 'createCsv', [
			{
				name: 'Create CSV',
				value: 'createCsv',
				action: 'Create CSV for import',
				description: "Make the CSV files with which SparkLoop's dashboard imports subscribers",
			},
			{
				name: 'Import Through API',
				value: 'throughApi',
				action: 'Import subscribers through API',
				description:
					'Tell SparkLoop who subscribed before it was there, one call for each person. Safe to run again.',
			},
		]),
		...createCsv,
		...throughApi.description,
	],
	operations: { throughApi },
};
