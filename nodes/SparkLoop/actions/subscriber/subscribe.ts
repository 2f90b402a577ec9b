import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { Entered } from '../../events/subscriberEvent';
import type { ApiDetails } from '../../transport/restV2';
import { dateOption, emailField, firstNameOption, nameOption } from './fields';

const show = { resource: ['subscriber'], operation: ['subscribe'] };

const API_ONLY = { show: { '/sendThrough': ['api'] } };

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
		options: [
			{
				displayName: 'Country Code',
				name: 'countryCode',
				type: 'string',
				default: '',
				placeholder: 'e.g. US',
				displayOptions: API_ONLY,
				description: 'Two letters (ISO 3166 alpha-2)',
			},
			dateOption('Created At', 'createdAt', 'When the person signed up'),
			firstNameOption,
			{
				displayName: 'ID',
				name: 'id',
				type: 'string',
				default: '',
				displayOptions: { show: { '/sendThrough': ['incomingWebhook'] } },
				description: "The contact's ID in your ESP",
			},
			{
				displayName: 'IP Address',
				name: 'ipAddress',
				type: 'string',
				default: '',
				displayOptions: API_ONLY,
				description: 'Where the person signed up from; helps SparkLoop to find fraud',
			},
			nameOption,
			{
				displayName: 'Referrer Code',
				name: 'referrerCode',
				type: 'string',
				default: '',
				placeholder: 'e.g. f9464199',
				displayOptions: API_ONLY,
				description:
					"Referral code of the friend whose link brought this person: the value of <code>rh_ref</code> in the link. Needed only where SparkLoop's script does not run on the sign-up page.",
			},
			{
				displayName: 'User Agent',
				name: 'userAgent',
				type: 'string',
				default: '',
				displayOptions: API_ONLY,
				description: "The browser's name for itself; helps SparkLoop to find fraud",
			},
			{
				displayName: 'UTM Campaign',
				name: 'utmCampaign',
				type: 'string',
				default: '',
				displayOptions: API_ONLY,
			},
			{
				displayName: 'UTM Source',
				name: 'utmSource',
				type: 'string',
				default: '',
				displayOptions: API_ONLY,
			},
		],
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

/** What the API can be told beyond the event. @param read reads a parameter for one item */
export function apiDetails(read: (name: string) => unknown): ApiDetails {
	const more = read('additionalFields') as IDataObject;
	const details = {
		referrer_code: more.referrerCode,
		ip_address: more.ipAddress,
		user_agent: more.userAgent,
		utm_source: more.utmSource,
		utm_campaign: more.utmCampaign,
		country_code: more.countryCode,
	};
	return Object.fromEntries(
		Object.entries(details)
			.map(([key, value]) => [key, String(value ?? '').trim()])
			.filter(([, value]) => value !== ''),
	);
}
