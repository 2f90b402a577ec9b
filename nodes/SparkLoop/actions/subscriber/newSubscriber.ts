import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { NO_TEXT, subscriberEvent, type NewSubscriber } from '../../events/subscriberEvent';
import type { ApiDetails } from '../../transport/throughApi';
import type { Problems } from '../apiOperation';
import type { ParameterProblem, Read } from '../parameterProblem';
import { API_FIELDS, apiDetails } from './apiFields';
import { dateOption, nameOption } from './fields';

/** All that the API can be told of a new subscriber besides the address, as entries of a collection. */
export const NEW_SUBSCRIBER_FIELDS: readonly INodeProperties[] = [
	dateOption('Created At', 'createdAt', 'When the person signed up'),
	nameOption,
	...API_FIELDS,
].sort((a, b) => a.displayName.localeCompare(b.displayName));

const LABELS: Readonly<Record<string, string>> = {
	email: 'Email',
	name: 'Name',
	at: 'Created At',
};

/**
 * Reads and checks a person for `POST /subscribers`.
 *
 * @param read reads a parameter for one item
 * @param zone IANA name of the zone for a date without an offset
 */
export function newSubscriber(
	read: Read,
	zone: string,
): { subscriber: NewSubscriber; details: ApiDetails } | Problems {
	const more = read('additionalFields') as IDataObject;
	const built = subscriberEvent(
		'subscribe',
		{ email: read('email'), name: more.name, at: more.createdAt },
		zone,
	);
	const { details, noText } = apiDetails(read);
	const problems: ParameterProblem[] = [
		...('problems' in built ? built.problems : []).map(({ field, ...problem }) => ({
			...problem,
			parameter: LABELS[field],
		})),
		...noText.map((parameter) => ({ ...NO_TEXT, parameter })),
	];
	if ('problems' in built || problems.length > 0) return { problems };
	return { subscriber: built.event.subscriber as NewSubscriber, details };
}
