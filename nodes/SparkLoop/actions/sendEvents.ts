import {
	sleep,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';

import { withoutEmails } from '../events/email';
import type { SubscriberEvent } from '../events/subscriberEvent';
import { deliver, type Outcome, type Parcel, type Surroundings } from '../transport/delivery';
import { throughIncomingWebhook } from '../transport/incomingWebhook';
import { throughApi, type ApiDetails } from '../transport/restV2';
import { deliveredBefore } from './deliveredBefore';
import { deliveryOptions, type DeliveryOptions } from './deliveryOptions';
import { enteredEvent, type SendThrough } from './enteredEvent';
import { undeliveredDetails, undeliveredError } from './undelivered';
import { usableCredential } from './usableCredential';

const SURROUNDINGS: Surroundings = {
	now: () => Date.now(),
	random: () => Math.random(),
	pause: async (ms, signal) => {
		const aborted = new Promise<void>((resolve) => {
			signal.addEventListener('abort', () => resolve(), { once: true });
		});
		await Promise.race([sleep(ms), aborted]);
	},
};

/** An error of this package's, or one that n8n threw. */
type Failure = Error & { description?: string | null };

interface ReadyItem {
	item: number;
	event: SubscriberEvent;
	details: ApiDetails;
}

/**
 * Tells SparkLoop what the items say: checks each first, then hands them over, and gives one item out for each item in.
 * When the execution is cancelled, only those that were delivered until then come out.
 *
 * @throws for the first item that cannot be sent, unless the node continues on error; then such an item leaves with
 * `error` and `details`. Nothing may be thrown then: n8n would let every item leave as if it had been delivered.
 */
export async function sendEvents(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const items = this.getInputData();
	const sendThrough = this.getNodeParameter('sendThrough', 0) as SendThrough;
	const continues = this.continueOnFail();
	const before = deliveredBefore.call(this);
	const results: Array<INodeExecutionData | undefined> = items.map(() => undefined);
	const fail = (item: number, error: Failure, details: IDataObject) => {
		if (!continues) throw error;
		results[item] = errorItem(item, error, details);
	};

	const ready: ReadyItem[] = [];
	for (let item = 0; item < items.length; item += 1) {
		const entered = enteredEvent.call(this, item, sendThrough);
		if ('error' in entered) {
			fail(item, entered.error, undeliveredDetails(undefined, sendThrough, undefined));
			continue;
		}
		const json = before.find(item, entered.event);
		if (json) results[item] = { json, pairedItem: { item } };
		else ready.push({ item, ...entered });
	}

	let secrets: string[] = [];
	let outcomes: Array<Outcome | undefined> = [];
	try {
		if (ready.length > 0) {
			const options = deliveryOptions.call(this);
			secrets = await usableCredential.call(this, sendThrough);
			outcomes = await handOver.call(this, ready, sendThrough, options, continues);
		}
	} catch (error) {
		for (const { item, event, details } of ready) {
			const payload = payloadOf(event, details);
			fail(item, error as Failure, undeliveredDetails(undefined, sendThrough, payload));
		}
	}
	ready.forEach(({ item, event }, index) => {
		const outcome = outcomes[index];
		if (outcome?.kind !== 'delivered') return;
		const json = deliveredJson(event, outcome);
		before.add(item, event, json);
		results[item] = { json, pairedItem: { item } };
	});
	ready.forEach(({ item, event, details }, index) => {
		const outcome = outcomes[index];
		if (!outcome || outcome.kind === 'delivered') return;
		// `behind` counts the parcels; the user counts items.
		const told =
			outcome.kind === 'heldBack' ? { ...outcome, behind: ready[outcome.behind].item } : outcome;
		fail(
			item,
			undeliveredError(this.getNode(), item, told, sendThrough, secrets),
			undeliveredDetails(told, sendThrough, payloadOf(event, details)),
		);
	});

	const complete = results.filter((result): result is INodeExecutionData => result !== undefined);
	if (complete.every(({ json }) => !('error' in json))) before.forget();
	return complete;
}

async function handOver(
	this: IExecuteFunctions,
	ready: ReadyItem[],
	sendThrough: SendThrough,
	{ concurrency, longestPause, maxAttempts, timeout }: DeliveryOptions,
	continueAfterFailure: boolean,
): Promise<Array<Outcome | undefined>> {
	const parcels = ready.map(
		({ event, details }): Parcel => ({
			persons: personsOf(event),
			attempt:
				sendThrough === 'api'
					? throughApi.call(this, event, details, timeout * 1000)
					: throughIncomingWebhook.call(this, event, timeout * 1000),
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

/** An update ties both addresses together: what follows under either has to wait for it. */
const personsOf = (event: SubscriberEvent): string[] =>
	[
		event.subscriber.email,
		...(event.type === 'update' ? [event.subscriber.previous_email] : []),
	].map((email) => email.toLowerCase());

/** The event and what only the API can be told. */
const payloadOf = (event: SubscriberEvent, details: ApiDetails): object => ({
	...event,
	...(Object.keys(details).length > 0 ? { details } : {}),
});

const deliveredJson = (
	event: SubscriberEvent,
	{ attempts, answer }: Extract<Outcome, { kind: 'delivered' }>,
): IDataObject => ({
	type: event.type,
	subscriber: { ...event.subscriber },
	delivery: { attempts, status: answer.status },
});

/** n8n routes an item to the error output only if it has no other keys than these. */
const errorItem = (
	item: number,
	{ message, description }: Failure,
	details: IDataObject,
): INodeExecutionData => ({
	json: { error: withoutEmails(message), details: { ...details, advice: description ?? '' } },
	pairedItem: { item },
});
