import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';

import { endpoint } from '../transport/endpoint';
import type { SendThrough } from './enteredEvent';

const CREDENTIALS = {
	api: { type: 'sparkLoopApi', property: 'baseUrl', label: 'Base URL' },
	incomingWebhook: {
		type: 'sparkLoopIncomingWebhookApi',
		property: 'webhookSecretUrl',
		label: 'Incoming Webhook URL',
	},
} as const;

/**
 * Checks the address in the credential once, before anything is sent: n8n would report it for each item, as a request
 * that did not get through.
 *
 * @throws NodeOperationError when it is no address that may be used
 */
export async function assertUsableCredential(
	this: IExecuteFunctions,
	sendThrough: SendThrough,
): Promise<void> {
	const { type, property, label } = CREDENTIALS[sendThrough];
	const checked = endpoint((await this.getCredentials(type))[property]);
	if ('reason' in checked) {
		throw new NodeOperationError(this.getNode(), `'${label}' ${checked.reason}`, {
			description: 'Open the credential in this node and correct it; nothing was sent.',
		});
	}
}
