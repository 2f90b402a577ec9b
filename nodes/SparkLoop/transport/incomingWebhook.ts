import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { SubscriberEvent } from '../events/subscriberEvent';
import { attempt } from './attempt';
import type { Parcel } from './delivery';

const INCOMING_WEBHOOK = 'sparkLoopIncomingWebhookApi';

/**
 * Hands an event to SparkLoop's Incoming Webhook URL. Any 2xx is success: SparkLoop documents no status of its own.
 *
 * @param timeout milliseconds for one attempt
 */
export function throughIncomingWebhook(
	this: IExecuteFunctions,
	event: SubscriberEvent,
	timeout: number,
): Parcel['attempt'] {
	return async () =>
		await attempt.call(
			this,
			INCOMING_WEBHOOK,
			// The credential puts in the address, which is all there is to authenticate with.
			{ method: 'POST', url: '', body: event as unknown as IDataObject },
			timeout,
		);
}
