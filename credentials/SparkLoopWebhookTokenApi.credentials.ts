import type { ICredentialType, INodeProperties } from 'n8n-workflow';

// Nothing can be asked with this token, so the trigger checks its shape (`testedBy`).
export class SparkLoopWebhookTokenApi implements ICredentialType {
	name = 'sparkLoopWebhookTokenApi';

	displayName = 'SparkLoop Webhook Token API';

	icon = {
		light: 'file:../icons/sparkloopWebhookToken.svg',
		dark: 'file:../icons/sparkloopWebhookToken.dark.svg',
	} as const;

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-sparkloop#credentials';

	restrictToSupportedNodes = true as const;

	properties: INodeProperties[] = [
		{
			displayName:
				"In SparkLoop, open 'Account settings → Integrations → Webhooks' and copy the token shown there. SparkLoop sends it with every event, so that nobody else can send events to your workflow. n8n can only check the token's form: a test webhook from SparkLoop shows whether it is yours.",
			name: 'notice',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'SparkLoop Token',
			name: 'webhookToken',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description:
				"The token from SparkLoop's Webhooks page. It is the same for all webhooks of your account.",
		},
	];
}
