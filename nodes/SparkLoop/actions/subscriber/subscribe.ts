import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { Entered } from '../../events/subscriberEvent';
import { API_FIELDS } from './apiFields';
import { dateOption, emailField, firstNameOption, nameOption } from './fields';

const show = { resource: ['subscriber'], operation: ['subscribe'] };

const only = (sendThrough: string, field: INodeProperties): INodeProperties => ({
	...field,
	displayOptions: { show: { '/sendThrough': [sendThrough] } },
});

const idOption: INodeProperties = {
	displayName: 'ID',
	name: 'id',
	type: 'string',
	default: '',
	placeholder: 'e.g. 4711',
	description: "The contact's ID in your ESP, a number or text. Left out when blank.",
};

export const description: INodeProperties[] = [
	emailField(
		show,
		'Address of the person who signed up. With double opt-in, only after it is confirmed.',
	),
	{
		displayName: 'Additional Fields',
		name: 'additionalFields',
		type: 'collection',
		placeholder: 'Add Field',
		default: {},
		displayOptions: { show },
		description: 'What else SparkLoop is told of the person. What is blank is left out.',
		options: [
			dateOption('Created At', 'createdAt', 'When the person signed up'),
			firstNameOption,
			nameOption,
			only('incomingWebhook', idOption),
			...API_FIELDS.map((field) => only('api', field)),
		].sort((a, b) => a.displayName.localeCompare(b.displayName)),
	},
];

/** @param read reads a parameter for one item */
export function enter(read: (name: string) => unknown): Entered {
	const more = read('additionalFields') as IDataObject;
	return {
		email: read('email'),
		id: more.id,
		firstName: more.firstName,
		name: more.name,
		at: more.createdAt,
	};
}
