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

/**
 * What the API can be told beyond the event.
 *
 * @param read reads a parameter for one item
 * @returns also the names of the parameters that hold no text
 */
export function apiDetails(read: (name: string) => unknown): {
	details: ApiDetails;
	noText: string[];
} {
	const more = read('additionalFields') as IDataObject;
	const entered: Array<[keyof ApiDetails, string, unknown]> = [
		['country_code', 'Country Code', more.countryCode],
		['ip_address', 'IP Address', more.ipAddress],
		['referrer_code', 'Referrer Code', more.referrerCode],
		['user_agent', 'User Agent', more.userAgent],
		['utm_campaign', 'UTM Campaign', more.utmCampaign],
		['utm_source', 'UTM Source', more.utmSource],
	];
	const isText = (value: unknown) => ['string', 'number', 'undefined'].includes(typeof value);
	return {
		details: Object.fromEntries(
			entered
				.map(([key, , value]) => [key, String(value ?? '').trim()])
				.filter(([, value]) => value !== ''),
		),
		noText: entered.filter(([, , value]) => !isText(value ?? '')).map(([, name]) => name),
	};
}
