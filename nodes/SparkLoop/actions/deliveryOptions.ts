import { NodeOperationError, type IDataObject, type IExecuteFunctions } from 'n8n-workflow';

const OPTIONS = {
	concurrency: { label: 'Concurrency', usual: 10, least: 1 },
	longestPause: { label: 'Longest Pause', usual: 60, least: 0 },
	maxAttempts: { label: 'Max Attempts', usual: 5, least: 1 },
	timeout: { label: 'Timeout', usual: 30, least: 0.1 },
};

export type DeliveryOptions = Record<keyof typeof OPTIONS, number>;

/**
 * The node's options. Expressions may give anything, and a concurrency of 0 would send nothing for ever, as no number of
 * attempts would never end: so they are checked.
 *
 * @throws NodeOperationError when one is no number or too small
 */
export function deliveryOptions(this: IExecuteFunctions): DeliveryOptions {
	const chosen = this.getNodeParameter('options', 0, {}) as IDataObject;
	const entries = Object.entries(OPTIONS).map(([name, { label, usual, least }]) => {
		const value = chosen[name] ?? '';
		const number = value === '' ? usual : Number(value);
		if (!(number >= least)) {
			throw new NodeOperationError(
				this.getNode(),
				`'${label}' is not a number of at least ${least}`,
				{ description: `Correct it under 'Options', or remove it: then it is ${usual}.` },
			);
		}
		return [name, number];
	});
	return Object.fromEntries(entries) as DeliveryOptions;
}
