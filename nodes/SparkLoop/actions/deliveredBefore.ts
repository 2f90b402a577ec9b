import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { SubscriberEvent } from '../events/subscriberEvent';

/** What this node has delivered in earlier tries of the same run. */
export interface DeliveredBefore {
	/** The output of an item that was delivered already, or undefined. */
	find(item: number, event: SubscriberEvent): IDataObject | undefined;
	add(item: number, event: SubscriberEvent, json: IDataObject): void;
	forget(): void;
}

/**
 * n8n's 'Retry On Fail' runs the node again with all items, also those that were delivered. Its context lives as long as
 * the execution, so what is noted there is not sent twice. In a loop the node runs anew with other items, which the
 * index of the run tells apart. Only the person and the operation tell the events of an item apart, because a date such
 * as `$now` is another one in each try.
 */
export function deliveredBefore(this: IExecuteFunctions): DeliveredBefore {
	if (!this.getNode().retryOnFail) {
		return { find: () => undefined, add: () => {}, forget: () => {} };
	}
	const run = String(this.evaluateExpression('{{ $runIndex }}', 0));
	const context = this.getContext('node') as {
		delivered?: Record<string, Record<string, IDataObject>>;
	};
	const all = (context.delivered ??= {});
	const ofRun = (all[run] ??= {});
	const key = (item: number, { type, subscriber }: SubscriberEvent) =>
		`${item} ${type} ${subscriber.email}`;
	return {
		find: (item, event) => ofRun[key(item, event)],
		add: (item, event, json) => {
			ofRun[key(item, event)] = json;
		},
		forget: () => {
			delete all[run];
		},
	};
}
