import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { SubscriberEvent } from '../events/subscriberEvent';
import { attempt, type Call } from './attempt';
import type { Answer, NoAnswer } from './delivery';

const INCOMING_WEBHOOK = 'sparkLoopIncomingWebhookApi';

/**
 * Makes requests to SparkLoop's Incoming Webhook URL. The credential puts in the address, which is all there is to
 * authenticate with.
 *
 * @param timeout milliseconds for one request
 */
export function incomingWebhook(this: IExecuteFunctions, timeout: number): Call {
	return async (method, path, content = {}) =>
		await attempt.call(this, INCOMING_WEBHOOK, { method, url: path, ...content }, timeout);
}

/** Hands an event over. Any 2xx is success: SparkLoop documents no status of its own. */
export async function throughIncomingWebhook(
	call: Call,
	event: SubscriberEvent,
): Promise<Answer | NoAnswer> {
	return await call('POST', '', { body: event as unknown as IDataObject });
}
