import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { Entered } from '../../events/subscriberEvent';
import { dateOption, emailField, firstNameOption, nameOption } from './fields';

const show = { resource: ['subscriber'], operation: ['update'] };

export const description: INodeProperties[] = [
	emailField(show, 'The address after the change'),
	{
		displayName: 'Previous Email',
		name: 'previousEmail',
		type: 'string',
		placeholder: 'e.g. nathan.old@example.com',
		default: '',
		required: true,
		displayOptions: { show },
		description:
			'The address before the change. SparkLoop identifies people by it: without the change, the new address is a second person without link and rewards.',
	},
	{
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		displayOptions: { show },
		description: 'What else SparkLoop is told of the change. What is blank is left out.',
		options: [
			firstNameOption,
			nameOption,
			dateOption('Updated At', 'updatedAt', 'When the address changed'),
		],
	},
];

/** @param read reads a parameter for one item */
export function enter(read: (name: string) => unknown): Entered {
	const more = read('additionalFields') as IDataObject;
	return {
		email: read('email'),
		previousEmail: read('previousEmail'),
		firstName: more.firstName,
		name: more.name,
		at: more.updatedAt,
	};
}
