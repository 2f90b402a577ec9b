import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeProperties,
} from 'n8n-workflow';

import { comparedItem } from '../../events/comparedItem';
import { withoutEmails } from '../../events/email';

const show = { resource: ['contact'], operation: ['compare'] };

export const description: INodeProperties[] = [
	{
		displayName: 'Event',
		name: 'event',
		type: 'json',
		default: '={{ $json }}',
		required: true,
		displayOptions: { show },
		description:
			"An item of the SparkLoop Trigger, whose 'Items' is set to 'One per Contact to Update'",
	},
	{
		displayName: 'Known Referrals',
		name: 'knownReferrals',
		type: 'string',
		default: '',
		placeholder: 'e.g. {{ $json.fields.RH_TOTREF }}',
		displayOptions: { show },
		description:
			'What the contact in your ESP has in the field RH_TOTREF. Blank when it has nothing yet, or when there is no such contact.',
	},
	{
		displayName: 'Known Guard',
		name: 'knownGuard',
		type: 'string',
		default: '',
		placeholder: 'e.g. {{ $json.fields.RH_GUARD }}',
		displayOptions: { show },
		description:
			"What the contact in your ESP has in the field for the Guard, which the trigger fills when it is among its 'Extra Fields'. Without it, an older win may overwrite a newer one.",
	},
];

/**
 * Leaves out of each item's event what is older than what the contact in the ESP has (`newFields`).
 *
 * @returns the event with its new fields, and `stale`: whether nothing of it is new
 * @throws NodeOperationError for an item that is no event of the trigger's, unless the node continues on error
 */
export function compare(this: IExecuteFunctions): INodeExecutionData[] {
	return this.getInputData().map((_, item) => {
		try {
			const read = (name: string) => this.getNodeParameter(name, item);
			const compared = comparedItem(read('event'), read('knownReferrals'), read('knownGuard'));
			if ('reason' in compared) {
				throw new NodeOperationError(this.getNode(), `${compared.reason} [item ${item}]`, {
					itemIndex: item,
					description: compared.todo,
				});
			}
			return { json: compared.item as IDataObject, pairedItem: { item } };
		} catch (error) {
			const failure = new NodeOperationError(this.getNode(), error as Error, { itemIndex: item });
			if (!this.continueOnFail()) throw failure;
			return { json: { error: withoutEmails(failure.message) }, pairedItem: { item } };
		}
	});
}
