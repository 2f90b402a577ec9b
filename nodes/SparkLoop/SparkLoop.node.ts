import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

import { compare } from './actions/contact/compare';
import { createCsv } from './actions/import/createCsv';
import { PROPERTIES } from './actions/properties';
import { sendEvents } from './actions/sendEvents';

export class SparkLoop implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'SparkLoop',
		name: 'sparkLoop',
		icon: { light: 'file:../../icons/sparkloop.svg', dark: 'file:../../icons/sparkloop.dark.svg' },
		group: ['output'],
		version: [1],
		subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
		description:
			'Tell SparkLoop who signed up, changed their email address or unsubscribed, and find out which of its events are new',
		defaults: { name: 'SparkLoop' },
		inputs: [NodeConnectionTypes.Main],
		outputs: `={{ $parameter["resource"] === "import" ? [{ type: "main", displayName: "Files" }, { type: "main", displayName: "Invalid Rows" }] : ["main"] }}`,
		usableAsTool: true,
		credentials: [
			{
				name: 'sparkLoopIncomingWebhookApi',
				required: true,
				displayOptions: { show: { sendThrough: ['incomingWebhook'] } },
			},
			{
				name: 'sparkLoopApi',
				required: true,
				displayOptions: { show: { sendThrough: ['api'] } },
			},
		],
		properties: PROPERTIES,
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		if (this.getNodeParameter('resource', 0) === 'import') return await createCsv.call(this);
		const isAboutContacts = this.getNodeParameter('resource', 0) === 'contact';
		return [isAboutContacts ? compare.call(this) : await sendEvents.call(this)];
	}
}
