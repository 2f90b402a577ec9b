import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';

import { endpoint } from '../transport/endpoint';
import { isSecret } from '../transport/secret';

export type SendThrough = 'api' | 'incomingWebhook';

/** Where the address of each way stands. */
export const CREDENTIALS = {
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
 * @returns the secrets in the credential that an answer could repeat, such as "Cannot POST /the/secret/path"
 * @throws NodeOperationError when it is no address that may be used
 */
export async function usableCredential(
	this: IExecuteFunctions,
	sendThrough: SendThrough,
): Promise<string[]> {
	const { type, property, label } = CREDENTIALS[sendThrough];
	const credential = await this.getCredentials(type);
	const checked = endpoint(credential[property]);
	if ('reason' in checked) {
		throw new NodeOperationError(this.getNode(), `'${label}' ${checked.reason}`, {
			description: 'Open the credential in this node and correct it; nothing was sent.',
		});
	}
	const secret = sendThrough === 'api' ? String(credential.apiKey).trim() : checked.url;
	return [secret, ...partsOf(secret)].filter(isSecret);
}

/** Of an address: its path with what follows, and each part of that. */
function partsOf(secret: string): string[] {
	if (!URL.canParse(secret)) return [];
	const { pathname, search } = new URL(secret);
	return [`${pathname}${search}`, ...`${pathname}${search}`.split(/[/?&=]/)];
}
