import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';

import {
	NO_TEXT,
	subscriberEvent,
	type Entered,
	type Problem,
	type SubscriberEvent,
} from '../events/subscriberEvent';
import { keptDetails, keptEvent } from '../events/keptEvent';
import type { ApiDetails } from '../transport/throughApi';
import { parameterError } from './parameterProblem';
import { apiDetails } from './subscriber/apiFields';
import * as subscribe from './subscriber/subscribe';
import * as unsubscribe from './subscriber/unsubscribe';
import * as update from './subscriber/update';
import type { SendThrough } from './usableCredential';

const OPERATIONS = { subscribe, unsubscribe, update };
type Operation = keyof typeof OPERATIONS | 'sendAsIs';

/** One item's event, checked, or why it cannot be sent. */
export type EnteredEvent =
	| { event: SubscriberEvent; details: ApiDetails }
	| { error: Error & { description?: string | null } };

/** The parameter behind each value, in the words of the editor. */
const parameterName = (field: Problem['field'], operation: SubscriberEvent['type']): string =>
	({
		email: 'Email',
		previousEmail: 'Previous Email',
		id: 'ID',
		firstName: 'First Name',
		name: 'Name',
		at: operation === 'update' ? 'Updated At' : 'Created At',
	})[field];

/** Reads and checks the parameters of one item. An expression that n8n cannot resolve is a reason like any other. */
export function enteredEvent(
	this: IExecuteFunctions,
	item: number,
	sendThrough: SendThrough,
): EnteredEvent {
	try {
		return checkedEvent.call(this, item, sendThrough);
	} catch (error) {
		return { error: error as Error };
	}
}

function checkedEvent(
	this: IExecuteFunctions,
	item: number,
	sendThrough: SendThrough,
): EnteredEvent {
	const operation = this.getNodeParameter('operation', item) as Operation;
	const read = (name: string) => this.getNodeParameter(name, item);
	if (operation === 'sendAsIs') return keptEventOf.call(this, item, read('event'), sendThrough);

	const entered: Entered = OPERATIONS[operation].enter(read);
	const built = subscriberEvent(operation, entered, this.getTimezone());
	const withDetails = sendThrough === 'api' && operation === 'subscribe';
	const { details, noText } = withDetails ? apiDetails(read) : { details: {}, noText: [] };
	if (!('problems' in built) && noText.length === 0) return { event: built.event, details };

	const problems = [
		...('problems' in built ? built.problems : []).map(({ field, ...problem }) => ({
			...problem,
			parameter: parameterName(field, operation),
		})),
		...noText.map((parameter) => ({ ...NO_TEXT, parameter })),
	];
	return { error: parameterError(this.getNode(), item, problems) };
}

function keptEventOf(
	this: IExecuteFunctions,
	item: number,
	value: unknown,
	sendThrough: SendThrough,
): EnteredEvent {
	const kept = keptEvent(value);
	const refuse = (what: string, description: string): EnteredEvent => ({
		error: new NodeOperationError(this.getNode(), `'Event' ${what} [item ${item}]`, {
			itemIndex: item,
			description,
		}),
	});
	if ('event' in kept) {
		const details = kept.event.type === 'subscribe' ? keptDetails(value) : {};
		const [onlyForTheApi] = Object.keys(details);
		if (sendThrough !== 'api' && onlyForTheApi) {
			return refuse(
				`holds '${onlyForTheApi}', which only the API can be told`,
				"Choose 'API' under 'Send Through', or take the event's 'details' out.",
			);
		}
		return { event: kept.event, details };
	}
	return refuse(
		'reason' in kept
			? kept.reason
			: `holds an event in which ${kept.problems.map(({ key, what }) => `'subscriber.${key}' ${what}`).join(', and ')}`,
		"Give an event as it left this node's error output, under details.payload: a type and its subscriber.",
	);
}
