import type { IDataObject, INodeProperties } from 'n8n-workflow';

import type { ApiDetails } from '../../transport/throughApi';

/** The parameters that only the API knows, as entries of a collection, in the order of their names. */
export const API_FIELDS: readonly INodeProperties[] = [
	{
		displayName: 'Country Code',
		name: 'countryCode',
		type: 'string',
		default: '',
		placeholder: 'e.g. US',
		description: 'Where the person lives, in two letters (ISO 3166 alpha-2)',
	},
	{
		displayName: 'IP Address',
		name: 'ipAddress',
		type: 'string',
		default: '',
		placeholder: 'e.g. 203.0.113.7',
		description: 'Address from which the person signed up; helps SparkLoop to find fraud',
	},
	{
		displayName: 'Referrer Code',
		name: 'referrerCode',
		type: 'string',
		default: '',
		placeholder: 'e.g. f9464199',
		description:
			"Referral code of the friend whose link brought this person: the value of <code>rh_ref</code> in the link. Needed only where SparkLoop's script does not run on the sign-up page.",
	},
	{
		displayName: 'User Agent',
		name: 'userAgent',
		type: 'string',
		default: '',
		placeholder: 'e.g. Mozilla/5.0 (Macintosh; …)',
		description:
			'What the browser calls itself in the header of the same name; helps SparkLoop to find fraud',
	},
	{
		displayName: 'UTM Campaign',
		name: 'utmCampaign',
		type: 'string',
		default: '',
		placeholder: 'e.g. spring-giveaway',
		description: 'Value of <code>utm_campaign</code> in the address by which the person came',
	},
	{
		displayName: 'UTM Source',
		name: 'utmSource',
		type: 'string',
		default: '',
		placeholder: 'e.g. podcast',
		description: 'Value of <code>utm_source</code> in the address by which the person came',
	},
];

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
	const isText = (value: unknown) => ['string', 'number'].includes(typeof value);
	return {
		details: Object.fromEntries(
			entered
				.filter(([, , value]) => isText(value ?? ''))
				.map(([key, , value]) => [key, String(value ?? '').trim()])
				.filter(([, value]) => value !== ''),
		),
		noText: entered.filter(([, , value]) => !isText(value ?? '')).map(([, name]) => name),
	};
}
