import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { unixSeconds } from '../events/unixSeconds';
import type { Problems } from './apiOperation';
import { limitFields, limitOf, simpleSubscriber, simplifyField } from './fields';
import type { Listing } from './listings';
import { numberOf } from './numberOf';
import type { ParameterProblem, Read } from './parameterProblem';

type Show = Record<string, string[]>;

/** The parameters of every list of subscribers. */
export const subscriberListFields = (show: Show): INodeProperties[] => [
	...limitFields(show),
	simplifyField(show),
	{
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add Filter',
		default: {},
		displayOptions: { show },
		description: 'Which subscribers to list. Without a filter, all of them.',
		options: [
			{
				displayName: 'Created After',
				name: 'createdAfter',
				type: 'dateTime',
				default: '',
				description:
					'Only those who signed up later than this. SparkLoop lists the newest first, so reading ends with the first page on which nobody did.',
			},
			{
				displayName: 'Type',
				name: 'type',
				type: 'options',
				options: [
					{ name: 'Advocates', value: 'advocates', description: 'Those who brought somebody' },
					{
						name: 'All',
						value: 'all',
						description: 'Everybody, part of a referral or not',
					},
					{ name: 'Referrals', value: 'referrals', description: 'Those who were brought' },
				],
				default: 'all',
				description: 'On which side of a referral they are',
			},
		],
	},
	{
		displayName: 'List Options',
		name: 'listOptions',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		displayOptions: { show },
		description: 'Where to begin in a long list, and what else to ask SparkLoop for',
		options: [
			{
				displayName: 'First Page',
				name: 'firstPage',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 1,
				description:
					"Which page to begin with, to read a long list in parts. A page holds 200 subscribers, or as many as 'Limit' if that is less.",
			},
			{
				displayName: 'Include Referral Programs',
				name: 'expand',
				type: 'boolean',
				default: false,
				description:
					"Whether to include what SparkLoop tells of the campaigns that each subscriber is in. Needs 'Simplify' switched off.",
			},
		],
	},
];

/**
 * Reads the parameters of a list of subscribers.
 *
 * @param zone IANA name of the zone for a date without an offset
 */
export function subscriberList(
	read: Read,
	zone: string,
	{ path, notFound }: Pick<Listing, 'path' | 'notFound'>,
): Listing | Problems {
	const filters = read('filters') as IDataObject;
	const { firstPage: entered = 1, expand } = read('listOptions') as IDataObject;
	const firstPage = Math.floor(numberOf(entered));
	const limit = limitOf(read);
	const { createdAfter } = filters;
	const isDated =
		typeof createdAfter === 'string' ? createdAfter.trim() !== '' : (createdAfter ?? null) !== null;
	const after = isDated ? unixSeconds(createdAfter, zone) : undefined;

	const problems: ParameterProblem[] = [];
	if ('problem' in limit) problems.push(limit.problem);
	if (!(firstPage >= 1)) {
		problems.push({
			parameter: 'First Page',
			what: 'is not a number of at least 1',
			todo: 'Correct it, or leave it out',
		});
	}
	if (isDated && after === undefined) {
		problems.push({
			parameter: 'Created After',
			what: 'cannot be read as a date',
			todo: 'Give a date of n8n, ISO 8601 text such as 2026-01-31T08:30:00Z, or unix seconds or milliseconds',
		});
	}
	if (problems.length > 0 || 'problem' in limit) return { problems };

	return {
		path,
		qs: {
			...(filters.type === undefined ? {} : { type: filters.type }),
			...(expand === true ? { expand: 'campaigns' } : {}),
		},
		of: 'subscribers',
		key: 'subscribers',
		paged: true,
		...limit,
		firstPage,
		...(after === undefined
			? {}
			: { isWanted: ({ created_at: at }) => !(Date.parse(String(at)) <= after * 1000) }),
		...(read('simplify') === true ? { output: simpleSubscriber } : {}),
		notFound,
	};
}
