import type { Resource } from '../apiOperation';
import { operationField } from '../fields';
import { create } from './create';

export const event: Resource = {
	description: [
		operationField('event', 'create', [
			{
				name: 'Create',
				value: 'create',
				action: 'Create custom event of subscriber (such as purchase)',
				description: 'Report a custom event of a subscriber, such as a purchase',
			},
		]),
		...create.description,
	],
	operations: { create },
};
