import type {
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';

import { endpoint } from '../nodes/SparkLoop/transport/endpoint';

export class SparkLoopIncomingWebhookApi implements ICredentialType {
	name = 'sparkLoopIncomingWebhookApi';

	displayName = 'SparkLoop Incoming Webhook API';

	icon = {
		light: 'file:../icons/sparkloopIncomingWebhook.svg',
		dark: 'file:../icons/sparkloopIncomingWebhook.dark.svg',
	} as const;

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-sparkloop#credentials';

	restrictToSupportedNodes = true as const;

	properties: INodeProperties[] = [
		{
			displayName:
				"In SparkLoop, open the 'Integrations' page and copy the Incoming Webhook URL. Whoever has it can subscribe people in your name: treat it like a password. n8n can only check that its server answers: the first person you send shows whether the URL is yours.",
			name: 'notice',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'Incoming Webhook URL',
			name: 'webhookSecretUrl',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			placeholder: 'e.g. https://…',
			description:
				'The address that SparkLoop shows on its Integrations page, starting with https://',
		},
	];

	/** The address is the whole credential: it is put in here, and known to nothing else. */
	authenticate = async (
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => {
		const checked = endpoint(credentials.webhookSecretUrl);
		if ('reason' in checked) throw new Error(`'Incoming Webhook URL' ${checked.reason}`);
		return { ...requestOptions, baseURL: undefined, url: checked.url, disableFollowRedirect: true };
	};

	/**
	 * SparkLoop offers nothing to ask that URL without sending an event, so this tells only whether it is a URL, whether
	 * its server exists and whether it answers. A HEAD request changes nothing.
	 */
	test: ICredentialTestRequest = {
		request: { method: 'HEAD', url: '/', ignoreHttpStatusErrors: true },
	};
}
