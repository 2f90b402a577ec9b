import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
} from 'n8n-workflow';

import { PROPERTIES } from './actions/properties';
import { OUTPUTS, route } from './actions/router';
import { searchCampaigns, searchPartnerPrograms, searchSubscribers } from './methods/listSearch';

export class SparkLoop implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'SparkLoop',
		name: 'sparkLoop',
		icon: { light: 'file:../../icons/sparkloop.svg', dark: 'file:../../icons/sparkloop.dark.svg' },
		group: ['output'],
		version: [1],
		subtitle: '={{ $parameter["operation"] + ": " + $parameter["resource"] }}',
		description:
			'Tell SparkLoop who signed up, changed their email address or unsubscribed, import and look up subscribers, and find out which of its events are new',
		defaults: { name: 'SparkLoop' },
		inputs: [NodeConnectionTypes.Main],
		outputs: OUTPUTS as INodeTypeDescription['outputs'],
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
				// Everything but what goes another way, or nowhere.
				displayOptions: {
					hide: {
						sendThrough: ['incomingWebhook'],
						resource: ['contact'],
						operation: ['createCsv'],
					},
				},
			},
		],
		properties: PROPERTIES,
		hints: [
			{
				message:
					"'Include Referral Programs' has no effect while 'Simplify' is on: it leaves them out of the output.",
				type: 'info',
				location: 'outputPane',
				whenToDisplay: 'always',
				displayCondition:
					'={{ $parameter["simplify"] === true && $parameter["listOptions"]?.["expand"] === true }}',
			},
		],
	};

	methods = { listSearch: { searchCampaigns, searchPartnerPrograms, searchSubscribers } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await route.call(this);
	}
}
