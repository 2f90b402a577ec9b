import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	IHookFunctions,
	INodeCredentialTestResult,
	INodeType,
	INodeTypeDescription,
	IWebhookFunctions,
	IWebhookResponseData,
} from 'n8n-workflow';

import { WEBHOOKS_PAGE } from './transport/webhooksApi';
import { HINTS, OUTPUTS, PROPERTIES } from './trigger/properties';
import { receive } from './trigger/receive';
import { RESPONSE_MODE } from './trigger/responseMode';
import { tokenProblem } from './trigger/token';
import { isSetUp, setUp, takeDown } from './trigger/webhookSetup';

// The menu is SparkLoop's (docs.sparkloop.app/webhooks, Test a webhook).
const WHILE_BUILDING = `<b>While building</b>, click <b>Execute step</b>, then in SparkLoop, under <b>${WEBHOOKS_PAGE}</b>, choose <b>Send test webhook</b> in the menu (three dots) of the webhook with the <b>Test URL</b>: the event shows up here, and you can pin it.`;

export class SparkLoopTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'SparkLoop Trigger',
		name: 'sparkLoopTrigger',
		icon: { light: 'file:../../icons/sparkloop.svg', dark: 'file:../../icons/sparkloop.dark.svg' },
		group: ['trigger'],
		// With each request to a node of version 1, n8n 2 starts its engine for expressions to ask for a parameter of its own.
		version: [1, 1.1],
		subtitle:
			'={{ $parameter["events"].length }} event{{ $parameter["events"].length === 1 ? "" : "s" }}',
		description: 'Starts the workflow when something happens in your SparkLoop referral program',
		eventTriggerDescription: `In SparkLoop, open '${WEBHOOKS_PAGE}' and choose 'Send test webhook' in the menu (three dots) of the webhook with the Test URL`,
		activationMessage: `SparkLoop can now send its events to the Production URL. With 'Webhook Setup' on 'Manual', add a webhook with that URL in SparkLoop under '${WEBHOOKS_PAGE}' if you have not yet.`,
		triggerPanel: {
			header: 'Pull in events from SparkLoop',
			executionsHelp: {
				inactive: `${WHILE_BUILDING} No event at hand? Paste one of the samples from the package's documentation as pinned data.<br /><br /><b>Once the workflow is published</b>, SparkLoop's events to the <b>Production URL</b> run it automatically. Those executions show up in the executions list.`,
				active: `${WHILE_BUILDING}<br /><br /><b>The workflow is published</b>, so SparkLoop's events to the <b>Production URL</b> run it automatically. Those executions show up in the <a data-key='executions'>executions list</a>.`,
			},
			activationHint: `Once you've finished building your workflow, publish it. With 'Webhook Setup' on 'Manual', add a webhook with the Production URL in SparkLoop under '${WEBHOOKS_PAGE}'.`,
		},
		defaults: { name: 'SparkLoop Trigger' },
		inputs: [],
		outputs: OUTPUTS as INodeTypeDescription['outputs'],
		credentials: [
			{
				name: 'sparkLoopWebhookTokenApi',
				required: true,
				testedBy: 'webhookToken',
				displayOptions: { show: { authentication: ['sparkLoopToken'] } },
			},
			{
				name: 'sparkLoopApi',
				required: true,
				displayOptions: { show: { webhookSetup: ['automatic'] } },
			},
		],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				path: 'webhook',
				...RESPONSE_MODE,
				responseData: 'noData',
			},
		],
		properties: PROPERTIES,
		hints: HINTS,
	};

	methods = {
		credentialTest: {
			/** Nothing can be asked with the token, so this tells only whether it could be one. */
			async webhookToken(
				this: ICredentialTestFunctions,
				credential: ICredentialsDecrypted,
			): Promise<INodeCredentialTestResult> {
				const problem = tokenProblem(credential.data?.webhookToken);
				return problem
					? { status: 'Error', message: problem }
					: {
							status: 'OK',
							message:
								'The token could be one. Whether it is yours shows when SparkLoop sends a test webhook.',
						};
			},
		},
	};

	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return await isSetUp.call(this);
			},
			async create(this: IHookFunctions): Promise<boolean> {
				return await setUp.call(this);
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return await takeDown.call(this);
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receive.call(this);
	}
}
