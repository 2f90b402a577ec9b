import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

/** What this node has delivered in earlier tries of the same run. */
export interface DeliveredBefore {
	/** The output of an item that was delivered already, or undefined. */
	find(item: number, what: string): IDataObject | undefined;
	add(item: number, what: string, json: IDataObject): void;
	forget(): void;
}

/**
 * n8n's 'Retry On Fail' runs the node again with all items, also those that were delivered. Its context lives as long as
 * the execution, so what is noted there is not sent twice. In a loop the node runs anew with other items, which the
 * index of the run tells apart. `what` names the operation and the person, and nothing else tells the tasks of an item
 * apart, because a date such as `$now` is another one in each try.
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
	const key = (item: number, what: string) => `${item} ${what}`;
	return {
		find: (item, what) => ofRun[key(item, what)],
		add: (item, what, json) => {
			ofRun[key(item, what)] = json;
		},
		forget: () => {
			delete all[run];
		},
	};
}
