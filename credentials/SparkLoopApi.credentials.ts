import type {
	ICredentialDataDecryptedObject,
	ICredentialTestRequest,
	ICredentialType,
	IHttpRequestOptions,
	INodeProperties,
} from 'n8n-workflow';

import { endpoint } from '../nodes/SparkLoop/transport/endpoint';

export class SparkLoopApi implements ICredentialType {
	name = 'sparkLoopApi';

	displayName = 'SparkLoop API';

	icon = {
		light: 'file:../icons/sparkloop.svg',
		dark: 'file:../icons/sparkloop.dark.svg',
	} as const;

	documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-sparkloop#credentials';

	restrictToSupportedNodes = true as const;

	properties: INodeProperties[] = [
		// Where the key is: docs.sparkloop.app, API v2, Auth.
		{
			displayName:
				'In SparkLoop, open <a href="https://dash.sparkloop.app/settings/integrations" target="_blank">\'Account settings → Integrations\'</a> and copy the API key. Whoever has it can read and change your subscribers: treat it like a password.',
			name: 'notice',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'API Key',
			name: 'apiKey',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description: "The key of your account for SparkLoop's API v2, sent with every call",
		},
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'https://api.sparkloop.app/v2',
			required: true,
			description:
				"The address of SparkLoop's API v2, starting with https://. Change it only to try things against a stand-in.",
		},
	];

	authenticate = async (
		credentials: ICredentialDataDecryptedObject,
		requestOptions: IHttpRequestOptions,
	): Promise<IHttpRequestOptions> => {
		const checked = endpoint(credentials.baseUrl);
		if ('reason' in checked) throw new Error(`'Base URL' ${checked.reason}`);
		return {
			...requestOptions,
			baseURL: undefined,
			// A redirect would take the key along, also to another server.
			disableFollowRedirect: true,
			// n8n treats the same request once more when it tries again after a 401.
			url: requestOptions.url.startsWith(`${checked.url}/`)
				? requestOptions.url
				: `${checked.url}${requestOptions.url}`,
			headers: { ...requestOptions.headers, 'X-Api-Key': String(credentials.apiKey).trim() },
		};
	};

	/** Changes nothing, and answers 401 to a wrong key (docs.sparkloop.app, API v2). */
	test: ICredentialTestRequest = {
		request: { method: 'GET', url: '/campaigns' },
		// Otherwise n8n shows nothing but the words that go with the status.
		rules: [
			{
				type: 'responseCode',
				properties: {
					value: 401,
					message:
						"SparkLoop does not know this API key: copy it again from 'Account settings → Integrations' in SparkLoop",
				},
			},
			{
				type: 'responseCode',
				properties: {
					value: 404,
					message: "There is no SparkLoop API at this 'Base URL': it usually ends with /v2",
				},
			},
		],
	};
}
