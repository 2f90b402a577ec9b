import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeProperties,
} from 'n8n-workflow';

import { DOCUMENTED_PACE } from '../transport/restV2';
import { numberOf } from './numberOf';

const KNOWN = {
	concurrency: { label: 'Concurrency', usual: 10, least: 1 },
	longestPause: { label: 'Longest Pause', usual: 60, least: 0 },
	maxAttempts: { label: 'Max Attempts', usual: 5, least: 1 },
	rateLimit: { label: 'Rate Limit', usual: DOCUMENTED_PACE.calls, least: 1 },
	rateWindow: { label: 'Rate Window', usual: DOCUMENTED_PACE.window / 1000, least: 0.1 },
	timeout: { label: 'Timeout', usual: 30, least: 0.1 },
};

type Name = keyof typeof KNOWN;

export type DeliveryOptions = Record<Name, number>;

/** The options of everything that is sent to SparkLoop. */
export const OPTIONS: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	displayOptions: { hide: { resource: ['contact'], operation: ['createCsv'] } },
	description:
		'How SparkLoop is called: how much at once, how often again, and how long to wait. What is left out has its default.',
	options: [
		{
			displayName: 'Concurrency',
			name: 'concurrency',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 10,
			description:
				'How many items are sent at the same time. Items of one person always go one after the other.',
		},
		{
			displayName: 'Longest Pause',
			name: 'longestPause',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 60,
			description:
				'Seconds to wait at most before another attempt. When SparkLoop asks for a longer pause, the item is given up instead.',
		},
		{
			displayName: 'Max Attempts',
			name: 'maxAttempts',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 5,
			description: 'How often each item is tried while SparkLoop is busy or cannot be reached',
		},
		{
			displayName: 'Rate Limit',
			name: 'rateLimit',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 120,
			description:
				"How many calls with one API key are made within the 'Rate Window'. SparkLoop allows 120 in 60 seconds; give less when something else uses the same key, or when n8n runs in several processes, and the same in every node with that key: the one that ran last decides. It does not hold for the Incoming Webhook.",
		},
		{
			displayName: 'Rate Window',
			name: 'rateWindow',
			type: 'number',
			typeOptions: { minValue: 0.1 },
			default: 60,
			description: "Seconds in which no more calls are made than 'Rate Limit' says",
		},
		{
			displayName: 'Timeout',
			name: 'timeout',
			type: 'number',
			typeOptions: { minValue: 1 },
			default: 30,
			description:
				'Seconds to wait for the answer to one request. Without an answer by then, the attempt counts as failed.',
		},
	],
};

/**
 * The node's options. Expressions may give anything, and a concurrency of 0 would send nothing for ever, as no number of
 * attempts would never end: so they are checked.
 *
 * @throws NodeOperationError when one is no number or too small
 */
export function deliveryOptions(this: IExecuteFunctions): DeliveryOptions {
	const chosen = this.getNodeParameter('options', 0, {}) as IDataObject;
	const entries = Object.entries(KNOWN).map(([name, { label, usual, least }]) => {
		const value = chosen[name] ?? '';
		const number = value === '' ? usual : numberOf(value);
		if (!(number >= least)) {
			throw new NodeOperationError(
				this.getNode(),
				`'${label}' is not a number of at least ${least}`,
				{ description: `Correct it under 'Options', or remove it: then it is ${usual}.` },
			);
		}
		return [name, number];
	});
	return Object.fromEntries(entries) as DeliveryOptions;
}
