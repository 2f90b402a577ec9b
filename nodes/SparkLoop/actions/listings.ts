import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';

import { isJsonObject, own } from '../events/json';
import type { Call } from '../transport/attempt';
import { deliver, type Answer } from '../transport/delivery';
import { LARGEST_PAGE } from '../transport/restV2';
import { SURROUNDINGS } from '../transport/surroundings';
import { deliveryOptions, type DeliveryOptions } from './deliveryOptions';
import { calls, errorItem, type Failure } from './tasks';
import { undeliveredDetails, undeliveredError, type Undelivered } from './undelivered';
import { usableCredential } from './usableCredential';

/** A list to read from SparkLoop. */
export interface Listing {
	/** Begins with a slash. */
	path: string;
	qs?: IDataObject;
	/** What it is a list of, for messages. */
	of: string;
	/** The key of the answer that holds it; undefined where SparkLoop publishes none. */
	key?: string;
	/** Whether SparkLoop gives the list in pages. */
	paged: boolean;
	/** How many entries to give out at most; undefined for all. */
	limit?: number;
	/** The page to begin with, from 1. */
	firstPage?: number;
	/** Whether neither this entry nor any after it is wanted. */
	isPast?(entry: IDataObject): boolean;
	/** What comes out of an entry. */
	output?(entry: IDataObject): IDataObject;
	/** What to do when SparkLoop answers 404. */
	notFound: string;
}

type Pages = { entries: IDataObject[] } | { undelivered: Undelivered } | 'unreadable';

/**
 * Reads a list for each item and gives an item out for each of its entries, page after page, in SparkLoop's order.
 * When the execution is cancelled, what was read until then comes out.
 *
 * @param prepare reads and checks one item
 * @throws for the first item that fails, unless the node continues on error; then it leaves with `error` and `details`
 */
export async function readListings(
	this: IExecuteFunctions,
	prepare: (item: number) => Listing | { error: Failure },
): Promise<INodeExecutionData[]> {
	const results: INodeExecutionData[] = [];
	for (const [item, { json }] of this.getInputData().entries()) {
		const read = await readListing.call(this, item, prepare(item));
		if ('items' in read) {
			for (const found of read.items) results.push(found);
			continue;
		}
		const { error, undelivered } = read;
		if (!this.continueOnFail()) throw error;
		const details = undeliveredDetails(undelivered, 'api', undelivered && json);
		results.push(errorItem(item, error, details));
	}
	return results;
}

async function readListing(
	this: IExecuteFunctions,
	item: number,
	listing: Listing | { error: Failure },
): Promise<{ items: INodeExecutionData[] } | { error: Failure; undelivered?: Undelivered }> {
	if ('error' in listing) return listing;
	try {
		const options = deliveryOptions.call(this);
		const secrets = await usableCredential.call(this, 'api');
		const call = await calls.call(this, 'api', options);
		const pages = await readPages(call, listing, options, this.getExecutionCancelSignal());
		if (pages !== 'unreadable' && 'entries' in pages) {
			const { output = (entry: IDataObject) => entry } = listing;
			return {
				items: pages.entries.map((entry) => ({ json: output(entry), pairedItem: { item } })),
			};
		}
		if (pages !== 'unreadable') {
			const { undelivered } = pages;
			const thing = { name: 'request', notFound: listing.notFound };
			const node = this.getNode();
			return {
				error: undeliveredError(node, item, undelivered, thing, 'api', secrets),
				undelivered,
			};
		}
		return {
			error: new NodeOperationError(
				this.getNode(),
				`SparkLoop's answer holds no list of ${listing.of} [item ${item}]`,
				{
					itemIndex: item,
					description:
						"Check 'Base URL' in the credential; SparkLoop's own is https://api.sparkloop.app/v2.",
				},
			),
		};
	} catch (error) {
		return { error: error as Failure };
	}
}

async function readPages(
	call: Call,
	{ path, qs, key, paged, limit = Infinity, firstPage = 1, isPast }: Listing,
	{ maxAttempts, longestPause }: DeliveryOptions,
	signal: AbortSignal | undefined,
): Promise<Pages> {
	const perPage = Math.min(LARGEST_PAGE, limit);
	const entries: IDataObject[] = [];
	let before = '';
	for (let page = firstPage; ; page += 1) {
		const query = { ...qs, ...(paged ? { page, per_page: perPage } : {}) };
		const [outcome] = await deliver(
			[{ persons: [], attempt: async () => await call('GET', path, { qs: query }) }],
			{
				concurrency: 1,
				maxAttempts,
				maxPause: longestPause * 1000,
				continueAfterFailure: true,
				signal,
			},
			SURROUNDINGS,
		);
		if (!outcome) return { entries };
		if (outcome.kind !== 'delivered') return { undelivered: outcome };
		const list = listIn(outcome.answer, key);
		if (!list) return 'unreadable';

		const past = isPast ? list.findIndex(isPast) : -1;
		entries.push(...(past < 0 ? list : list.slice(0, past)));
		if (entries.length >= limit) return { entries: entries.slice(0, limit) };
		// A server that knows no pages would give the same list for ever.
		const first = JSON.stringify(list[0]);
		const isLast = list.length === 0 || first === before || page >= pagesIn(outcome.answer);
		if (!paged || past >= 0 || isLast) return { entries };
		before = first;
	}
}

/** The list under the key; where none is known, the only list in the answer. */
function listIn({ body }: Answer, key: string | undefined): IDataObject[] | undefined {
	if (!isJsonObject(body)) return undefined;
	const lists = (key === undefined ? Object.values(body) : [own(body, key)]).filter(Array.isArray);
	return lists.length === 1 ? (lists[0] as IDataObject[]) : undefined;
}

/** How many pages there are: `meta.total_pages` (docs.sparkloop.app/api-v2), or nobody knows. */
function pagesIn({ body }: Answer): number {
	const meta = isJsonObject(body) ? own(body, 'meta') : undefined;
	const total = isJsonObject(meta) ? own(meta, 'total_pages') : undefined;
	return typeof total === 'number' ? total : Infinity;
}
