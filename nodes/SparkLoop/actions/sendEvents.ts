import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { SubscriberEvent } from '../events/subscriberEvent';
import { throughIncomingWebhook } from '../transport/incomingWebhook';
import { hadUnsubscribed, throughApi, type ApiDetails } from '../transport/throughApi';
import { enteredEvent } from './enteredEvent';
import { doTasks, type Delivered, type Task } from './tasks';
import { AN_EVENT } from './undelivered';
import type { SendThrough } from './usableCredential';

/** Tells SparkLoop what the items say, the way that the node is set to. One item comes out for each item in. */
export async function sendEvents(this: IExecuteFunctions): Promise<INodeExecutionData[]> {
	const sendThrough = this.getNodeParameter('sendThrough', 0) as SendThrough;
	return await doTasks.call(this, sendThrough, (item) => {
		const entered = enteredEvent.call(this, item, sendThrough);
		return 'error' in entered ? entered : taskOf(entered.event, entered.details, sendThrough);
	});
}

function taskOf(event: SubscriberEvent, details: ApiDetails, sendThrough: SendThrough): Task {
	const through = sendThrough === 'api' ? throughApi : throughIncomingWebhook;
	return {
		thing: AN_EVENT,
		key: `${event.type} ${event.subscriber.email}`,
		persons: personsOf(event),
		attempt: async (call) => await through(call, event, details),
		payload: { ...event, ...(Object.keys(details).length > 0 ? { details } : {}) },
		output: (outcome) => deliveredJson(event, outcome, sendThrough),
	};
}

/** An update ties both addresses together: what follows under either has to wait for it. */
const personsOf = (event: SubscriberEvent): string[] =>
	[
		event.subscriber.email,
		...(event.type === 'update' ? [event.subscriber.previous_email] : []),
	].map((email) => email.toLowerCase());

/** The Incoming Webhook does not say whether an unsubscribe changed anything. */
const deliveredJson = (
	event: SubscriberEvent,
	{ attempts, answer }: Delivered,
	sendThrough: SendThrough,
): IDataObject => ({
	type: event.type,
	subscriber: { ...event.subscriber },
	delivery: {
		attempts,
		status: answer.status,
		...(event.type === 'unsubscribe' && sendThrough === 'api'
			? { changed: !hadUnsubscribed(answer) }
			: {}),
	},
});
