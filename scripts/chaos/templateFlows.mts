import { Canvas, type WorkflowFile } from '../workflows/canvas.mts';

/** The addresses that a user fills in. */
export interface Addresses {
	espUrl: string;
	fulfilUrl: string;
	incomingWebhookUrl: string;
}

/**
 * The pattern that n8n's template library recommends for webhooks that come more than once: answer 200 at once, Remove
 * Duplicates, then the work, tried three times. Made for the same three ways as the workflows of this package, with the
 * whole body as what two deliveries of one event share.
 */
export function templateFlows({ espUrl, fulfilUrl, incomingWebhookUrl }: Addresses) {
	const body = (name: string): string => `$('${name}').first().json.body`;
	const flow = (name: string, path: string, request: (body: string) => object): WorkflowFile => {
		const canvas = new Canvas(name);
		const webhook = canvas.node('Webhook', 'webhook', [0, 0], {
			httpMethod: 'POST',
			path,
			responseMode: 'onReceived',
			options: {},
		});
		canvas.node(
			'Remove Duplicates',
			'removeDuplicates',
			[1, 0],
			{
				operation: 'removeItemsSeenInPreviousExecutions',
				logic: 'removeItemsWithAlreadySeenKeyValues',
				dedupeValue: "={{ JSON.stringify($json.body).hash('sha256') }}",
				options: {},
			},
			{ typeVersion: 2 },
		);
		canvas.node('HTTP Request', 'httpRequest', [2, 0], request(body(webhook)), {
			retryOnFail: true,
			maxTries: 3,
			waitBetweenTries: 1000,
		});
		canvas.chain(webhook, 'Remove Duplicates', 'HTTP Request');
		return canvas.toFile();
	};
	const keyed = { authentication: 'genericCredentialType', genericAuthType: 'httpHeaderAuth' };

	return {
		contacts: flow('Template: contacts', 'template-contacts', (event) => {
			const person = `(${event}.referrer ?? ${event}.subscriber)`;
			return {
				method: 'PUT',
				url: `={{ '${espUrl}/contacts/' + encodeURIComponent(${person}.email) }}`,
				...keyed,
				sendBody: true,
				specifyBody: 'json',
				jsonBody: `={{ { fields: Object.fromEntries(Object.entries({ RH_SUBID: ${person}.id, RH_CODE: ${person}.referral_code, RH_REFLINK: ${person}.referral_link, RH_ISREF: ${person}.referred ? 'YES' : 'NO', RH_TOTREF: ${person}.tot_referrals, RH_LASTREWARD: ${event}.reward?.id ?? ${person}.last_reward, RH_COUPON: ${event}.coupon_code }).filter(([, value]) => value !== undefined && value !== null)) } }}`,
				options: { timeout: 1_500 },
			};
		}),
		rewards: flow('Template: rewards', 'template-rewards', (event) => ({
			method: 'POST',
			url: fulfilUrl,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `={{ { email: ${event}.subscriber.email, coupon: ${event}.coupon_code } }}`,
			options: { timeout: 1_500 },
		})),
		reports: flow('Template: reports', 'template-reports', (report) => ({
			method: 'POST',
			url: incomingWebhookUrl,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: `={{ { type: ({ subscribed: 'subscribe', email_changed: 'update' })[${report}.event] ?? 'unsubscribe', subscriber: Object.fromEntries(Object.entries({ email: ${report}.email, previous_email: ${report}.previous_email, first_name: ${report}.first_name }).filter(([, value]) => value !== undefined)) } }}`,
			options: { timeout: 1_500 },
		})),
	};
}
