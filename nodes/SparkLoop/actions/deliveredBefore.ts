import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';

import type { Undelivered } from './undelivered';

/** What this node has done in earlier tries of the same run. */
export interface DeliveredBefore {
	/** The output of an item that was delivered already, or undefined. */
	find(item: number, what: string): IDataObject | undefined;
	add(item: number, what: string, json: IDataObject): void;
	/** What became of an item of which nobody knows whether it was delivered, or undefined. */
	findUnsure(item: number, what: string): Undelivered | undefined;
	addUnsure(item: number, what: string, outcome: Undelivered): void;
	forget(): void;
}

interface Notes {
	delivered: Record<string, IDataObject>;
	unsure: Record<string, Undelivered>;
}

/**
 * n8n's 'Retry On Fail' runs the node again with all items, also those that were delivered. Its context lives as long as
 * the execution, so what is noted there is not sent twice. In a loop the node runs anew with other items, which the
 * index of the run tells apart. `what` names the operation and the person, and nothing else tells the tasks of an item
 * apart, because a date such as `$now` is another one in each try.
 */
export function deliveredBefore(this: IExecuteFunctions): DeliveredBefore {
	if (!this.getNode().retryOnFail) {
		return {
			find: () => undefined,
			add: () => {},
			findUnsure: () => undefined,
			addUnsure: () => {},
			forget: () => {},
		};
	}
	const run = String(this.evaluateExpression('{{ $runIndex }}', 0));
	const context = this.getContext('node') as { done?: Record<string, Notes> };
	const all = (context.done ??= {});
	const { delivered, unsure } = (all[run] ??= { delivered: {}, unsure: {} });
	const key = (item: number, what: string) => `${item} ${what}`;
	return {
		find: (item, what) => delivered[key(item, what)],
		add: (item, what, json) => {
			delivered[key(item, what)] = json;
		},
		findUnsure: (item, what) => unsure[key(item, what)],
		addUnsure: (item, what, outcome) => {
			unsure[key(item, what)] = outcome;
		},
		forget: () => {
			delete all[run];
		},
	};
}
