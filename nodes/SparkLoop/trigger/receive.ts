import type { IWebhookFunctions, IWebhookResponseData } from 'n8n-workflow';

import { missingEmail, parseEvent } from '../events/parseEvent';
import { isWanted, outputOf } from './items';
import { keptToken } from './keptToken';
import { readSettings } from './settings';
import { TOKEN_HEADER, tokenMatches } from './token';

/**
 * Answers one request from SparkLoop. Exactly 200 with a blank body tells SparkLoop that all is well, anything else
 * makes it repeat the event (docs.sparkloop.app/webhooks); so what cannot become better by repeating is answered with
 * 200 as well, unless it is no event of SparkLoop's at all.
 *
 * - 401: the token is missing or wrong. 400: the body is no event, or lacks its person's email.
 * - 200 without an execution: not chosen. Otherwise the workflow runs, and n8n answers as 'Respond' says.
 */
export async function receive(this: IWebhookFunctions): Promise<IWebhookResponseData> {
	if (!(await isAuthentic.call(this)))
		return answer.call(this, 401, 'SparkLoop-Token is missing or wrong');

	const parsed = parseEvent(this.getBodyData());
	if ('reason' in parsed) return answer.call(this, 400, parsed.reason);
	const { event } = parsed;

	const settings = readSettings((name, fallback) =>
		this.getNodeParameter(name, fallback as object),
	);
	if (!isWanted(event, settings)) return answer.call(this, 200);

	const missing = settings.items === 'contacts' ? missingEmail(event) : undefined;
	if (missing) return answer.call(this, 400, `The ${event.type} event has no '${missing}'`);

	return { workflowData: outputOf(event, settings, new Date()) };
}

async function isAuthentic(this: IWebhookFunctions): Promise<boolean> {
	if (this.getNodeParameter('authentication') === 'none') return true;
	const sent = this.getHeaderData()[TOKEN_HEADER];
	// Reading the credential costs more than the rest of a refusal, and anybody can send requests without a token.
	if (!sent) return false;
	return tokenMatches(sent, await keptToken.call(this));
}

/** Answers without an execution. */
function answer(this: IWebhookFunctions, status: number, message?: string): IWebhookResponseData {
	const response = this.getResponseObject().status(status);
	if (message) response.json({ message });
	else response.end();
	return { noWebhookResponse: true };
}
