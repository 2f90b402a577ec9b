import { fromParameter, webhookDescriptionFields, type IWebhookDescription } from 'n8n-workflow';

/**
 * When n8n answers, as the parameter 'Respond' says. Newer versions of n8n read the parameter themselves; older ones know
 * the expression only, for which they run code in a sandbox with each request.
 */
export const RESPONSE_MODE: Pick<IWebhookDescription, 'responseMode'> =
	typeof webhookDescriptionFields === 'function'
		? webhookDescriptionFields({ responseMode: fromParameter('respond') })
		: { responseMode: '={{$parameter["respond"]}}' };
