import type { IDataObject, INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import type { Listing } from './listings';
import { numberOf } from './numberOf';
import type { ParameterProblem, Read } from './parameterProblem';

type Show = Record<string, string[]>;

/** The operations of a resource. */
export const operationField = (
	resource: string,
	usual: string,
	options: INodePropertyOptions[],
): INodeProperties => ({
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	displayOptions: { show: { resource: [resource] } },
	options,
	default: usual,
});

/** 'Return All' and 'Limit', as every list of n8n has them. */
export const limitFields = (show: Show): INodeProperties[] => [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		displayOptions: { show },
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 50,
		displayOptions: { show: { ...show, returnAll: [false] } },
		description: 'Max number of results to return',
	},
];

export const simplifyField = (show: Show): INodeProperties => ({
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	displayOptions: { show },
	description: 'Whether to return a simplified version of the response instead of the raw data',
});

/** Reads 'Return All' and 'Limit'. */
export function limitOf(read: Read): Pick<Listing, 'limit'> | { problem: ParameterProblem } {
	if (read('returnAll') === true) return {};
	const limit = numberOf(read('limit'));
	return limit >= 1
		? { limit: Math.floor(limit) }
		: {
				problem: {
					parameter: 'Limit',
					what: 'is not a number of at least 1',
					todo: "Correct it, or switch on 'Return All'",
				},
			};
}

/** The ten that are asked for most, of the fifteen keys of a REST subscriber (docs.sparkloop.app/api-v2). */
const SUBSCRIBER_KEYS = [
	'uuid',
	'email',
	'name',
	'ref_code',
	'referrer_code',
	'referred',
	'referral_status',
	'origin',
	'country_code',
	'created_at',
];

/** What 'Simplify' leaves of a subscriber. */
export const simpleSubscriber = (subscriber: IDataObject): IDataObject =>
	Object.fromEntries(
		SUBSCRIBER_KEYS.filter((key) => key in subscriber).map((key) => [key, subscriber[key]]),
	);
