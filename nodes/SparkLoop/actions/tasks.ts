import {
	sleep,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';

import { withoutEmails } from '../events/email';
import type { Call } from '../transport/attempt';
import {
	deliver,
	type Answer,
	type NoAnswer,
	type Outcome,
	type Parcel,
} from '../transport/delivery';
import { incomingWebhook } from '../transport/incomingWebhook';
import { restV2 } from '../transport/restV2';
import { SURROUNDINGS } from '../transport/surroundings';
import { deliveredBefore } from './deliveredBefore';
import { deliveryOptions, type DeliveryOptions } from './deliveryOptions';
import { undeliveredDetails, undeliveredError, type Thing, type Undelivered } from './undelivered';
import { usableCredential, type SendThrough } from './usableCredential';

export type Delivered = Extract<Outcome, { kind: 'delivered' }>;

/** What one item asks of SparkLoop, checked. */
export interface Task {
	thing: Thing;
	/** Which operation it is and whom it concerns, the same in each try of the node. */
	key: string;
	/** Who it is about. Tasks that share a person are done one after the other. */
	persons: readonly string[];
	/** Whether doing it twice has an effect of its own. */
	once?: boolean;
	attempt(call: Call): Promise<Answer | NoAnswer>;
	/** What to hand in again to have it done later. */
	payload: object;
	/** The item that comes out. */
	output(outcome: Delivered): IDataObject;
}

/** An error of this package's, or one that n8n threw. */
export type Failure = Error & { description?: string | null };

/**
 * How many items are read before the rest of n8n gets its turn: n8n takes some tenths of a millisecond to resolve an
 * expression, and the items of a large batch would keep it busy for seconds.
 */
const READ_AT_ONCE = 100;

interface ReadyItem {
	item: number;
	task: Task;
}

/**
 * Does what the items ask for: checks each first, then hands them over, and gives one item out for each item in. When
 * the execution is cancelled, only those that were delivered until then come out.
 *
 * @param prepare reads and checks one item
 * @throws for the first item that cannot be done, unless the node continues on error; then such an item leaves with
 * `error` and `details`. Nothing may be thrown then: n8n would let every item leave as if it had been delivered.
 */
export async function doTasks(
	this: IExecuteFunctions,
	sendThrough: SendThrough,
	prepare: (item: number) => Task | { error: Failure },
): Promise<INodeExecutionData[]> {
	const items = this.getInputData();
	const continues = this.continueOnFail();
	const before = deliveredBefore.call(this);
	const results: Array<INodeExecutionData | undefined> = items.map(() => undefined);
	const fail = (item: number, error: Failure, details: IDataObject) => {
		if (!continues) throw error;
		results[item] = errorItem(item, error, details);
	};

	const ready: ReadyItem[] = [];
	for (let item = 0; item < items.length; item += 1) {
		if (item > 0 && item % READ_AT_ONCE === 0) await sleep(0);
		const task = prepare(item);
		if ('error' in task) {
			fail(item, task.error, undeliveredDetails(undefined, sendThrough, undefined));
			continue;
		}
		const json = before.find(item, task.key);
		const unsure = before.findUnsure(item, task.key);
		if (json) results[item] = { json, pairedItem: { item } };
		else if (unsure) fail(item, ...undelivered.call(this, item, task, unsure, sendThrough, []));
		else ready.push({ item, task });
	}

	let secrets: string[] = [];
	let outcomes: Array<Outcome | undefined> = [];
	try {
		if (ready.length > 0) {
			const options = deliveryOptions.call(this);
			secrets = await usableCredential.call(this, sendThrough);
			const call = await calls.call(this, sendThrough, options);
			outcomes = await handOver.call(this, ready, call, options, continues);
		}
	} catch (error) {
		for (const { item, task } of ready) {
			fail(item, error as Failure, undeliveredDetails(undefined, sendThrough, task.payload));
		}
	}
	ready.forEach(({ item, task }, index) => {
		const outcome = outcomes[index];
		if (outcome?.kind !== 'delivered') return;
		const json = task.output(outcome);
		before.add(item, task.key, json);
		results[item] = { json, pairedItem: { item } };
	});
	ready.forEach(({ item, task }, index) => {
		const outcome = outcomes[index];
		if (outcome?.kind !== 'exhausted' || !outcome.unsure) return;
		// What SparkLoop answered may hold more of people than an execution should keep.
		before.addUnsure(item, task.key, { ...outcome, answer: undefined });
	});
	ready.forEach(({ item, task }, index) => {
		const outcome = outcomes[index];
		if (!outcome || outcome.kind === 'delivered') return;
		// `behind` counts the parcels; the user counts items.
		const told: Undelivered =
			outcome.kind === 'heldBack' ? { ...outcome, behind: ready[outcome.behind].item } : outcome;
		fail(item, ...undelivered.call(this, item, task, told, sendThrough, secrets));
	});

	const complete = results.filter((result): result is INodeExecutionData => result !== undefined);
	if (complete.every(({ json }) => !('error' in json))) before.forget();
	return complete;
}

/** The error of an item that was not delivered, and what the error output carries beside its message. */
function undelivered(
	this: IExecuteFunctions,
	item: number,
	{ thing, payload }: Task,
	outcome: Undelivered,
	sendThrough: SendThrough,
	secrets: readonly string[],
): [Failure, IDataObject] {
	return [
		undeliveredError(this.getNode(), item, outcome, thing, sendThrough, secrets),
		undeliveredDetails(outcome, sendThrough, payload),
	];
}

/** What makes a call the chosen way. */
export async function calls(
	this: IExecuteFunctions,
	sendThrough: SendThrough,
	{ longestPause, rateLimit, rateWindow, timeout }: DeliveryOptions,
): Promise<Call> {
	if (sendThrough === 'incomingWebhook') return incomingWebhook.call(this, timeout * 1000);
	return await restV2.call(this, {
		pace: { calls: Math.floor(rateLimit), window: rateWindow * 1000 },
		timeout: timeout * 1000,
		longestPause: longestPause * 1000,
		signal: this.getExecutionCancelSignal() ?? new AbortController().signal,
	});
}

async function handOver(
	this: IExecuteFunctions,
	ready: ReadyItem[],
	call: Call,
	{ concurrency, longestPause, maxAttempts }: DeliveryOptions,
	continueAfterFailure: boolean,
): Promise<Array<Outcome | undefined>> {
	const parcels = ready.map(
		({ task }): Parcel => ({
			persons: task.persons,
			once: task.once,
			attempt: async () => await task.attempt(call),
		}),
	);
	return await deliver(
		parcels,
		{
			concurrency,
			maxAttempts,
			maxPause: longestPause * 1000,
			continueAfterFailure,
			signal: this.getExecutionCancelSignal(),
		},
		SURROUNDINGS,
	);
}

/** n8n routes an item to the error output only if it has no other keys than these. */
export const errorItem = (
	item: number,
	{ message, description }: Failure,
	details: IDataObject,
): INodeExecutionData => ({
	json: { error: withoutEmails(message), details: { ...details, advice: description ?? '' } },
	pairedItem: { item },
});
