import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';

import type { Call } from '../transport/attempt';
import { deliver } from '../transport/delivery';
import { LARGEST_PAGE } from '../transport/restV2';
import { SURROUNDINGS } from '../transport/surroundings';
import { deliveryOptions, type DeliveryOptions } from './deliveryOptions';
import { listIn, pagesIn } from './listAnswer';
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
	/** Which entries are wanted. A page without any ends the list. */
	isWanted?(entry: IDataObject): boolean;
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
	{ path, qs, key, paged, limit = Infinity, firstPage = 1, isWanted }: Listing,
	{ maxAttempts, longestPause }: DeliveryOptions,
	signal: AbortSignal | undefined,
): Promise<Pages> {
	const perPage = Math.min(LARGEST_PAGE, limit);
	const entries: IDataObject[] = [];
	const given = new Set<unknown>();
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

		// A server that knows no pages would give the same list for ever.
		const first = JSON.stringify(list[0]);
		if (first === before) return { entries };
		before = first;

		const wanted = isWanted ? list.filter(isWanted) : list;
		for (const entry of wanted) {
			// Somebody who joins meanwhile moves the last of a page to the next.
			if (entry.uuid !== undefined && given.has(entry.uuid)) continue;
			given.add(entry.uuid);
			entries.push(entry);
		}
		if (entries.length >= limit) return { entries: entries.slice(0, limit) };
		if (!paged || wanted.length === 0 || page >= pagesIn(outcome.answer)) return { entries };
	}
}
