import type { INodeProperties } from 'n8n-workflow';

import { operationField } from '../fields';
import * as compare from './compare';

export const description: INodeProperties[] = [
	operationField('contact', 'compare', [
		{
			name: 'Compare',
			value: 'compare',
			action: 'Compare event with ESP contact',
			description:
				'Leave out of an event of SparkLoop what is older than what the contact in your ESP has',
		},
	]),
	...compare.description,
];
