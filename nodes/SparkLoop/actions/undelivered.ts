import { NodeApiError, NodeOperationError, type IDataObject, type INode } from 'n8n-workflow';

import { withoutEmails } from '../events/email';
import { reasonOf } from '../transport/attempt';
import type { Answer, Outcome } from '../transport/delivery';
import { CREDENTIALS, type SendThrough } from './usableCredential';

export type Undelivered = Exclude<Outcome, { kind: 'delivered' }>;

/** What an item asks for, in the words of a message. */
export interface Thing {
	/** Goes after "the". */
	name: string;
	/** What to do when SparkLoop answers 404. */
	notFound: string;
}

export const AN_EVENT: Thing = {
	name: 'event',
	notFound: 'SparkLoop does not seem to know the address: has it been told of the sign-up?',
};

/** How such items are kept, unless they are already. */
const keep = ({ onError }: INode): string =>
	onError === 'continueErrorOutput'
		? ''
		: "To keep such items and send them again later, set 'On Error' in the node's settings to 'Continue (using error output)'.";

/**
 * Says what happened to an item that SparkLoop did not take, and what to do.
 *
 * @param thing what was to be handed over
 * @param secrets what must not be repeated of an answer
 */
export function undeliveredError(
	node: INode,
	item: number,
	outcome: Undelivered,
	thing: Thing,
	sendThrough: SendThrough,
	secrets: readonly string[],
): NodeApiError | NodeOperationError {
	const { message, description } = explain(node, item, outcome, thing, sendThrough, secrets);
	const answer = 'answer' in outcome ? outcome.answer : undefined;
	if (!answer) return new NodeOperationError(node, message, { itemIndex: item, description });
	return new NodeApiError(
		node,
		{ message },
		{ message, description, httpCode: String(answer.status), itemIndex: item },
	);
}

function explain(
	node: INode,
	item: number,
	outcome: Undelivered,
	thing: Thing,
	sendThrough: SendThrough,
	secrets: readonly string[],
): { message: string; description: string } {
	switch (outcome.kind) {
		case 'refused':
			return {
				message: `SparkLoop refused the ${thing.name} with status ${outcome.answer.status} [item ${item}]`,
				description: [
					quote(outcome.answer, secrets),
					advice(outcome.answer.status, thing, sendThrough),
				]
					.join(' ')
					.trim(),
			};
		case 'exhausted': {
			const times = outcome.attempts === 1 ? '1 attempt' : `${outcome.attempts} attempts`;
			return {
				message: `SparkLoop did not take the ${thing.name} in ${times}: ${outcome.reason} [item ${item}]`,
				description: [
					outcome.answer ? quote(outcome.answer, secrets) : '',
					outcome.retryAfter ? `Wait ${outcome.retryAfter} seconds at least.` : '',
					...(outcome.unsure
						? [UNSURE]
						: [
								'Sending it again later makes sense.',
								outcome.answer ? '' : ifItLasts(sendThrough),
								keep(node),
							]),
				]
					.filter(Boolean)
					.join(' '),
			};
		}
		case 'heldBack':
			return {
				message: `The ${thing.name} was not sent, because item ${outcome.behind} of the same person is still to be delivered [item ${item}]`,
				description: `Sending both later, in this order, makes sense. ${keep(node)}`.trim(),
			};
	}
}

const UNSURE =
	'It may have been done nevertheless, and doing it twice would count twice, so it was not tried again. Look in SparkLoop first.';

/** SparkLoop documents no error bodies for the Incoming Webhook, so what it says is shown, without people and secrets. */
function quote(answer: Answer, secrets: readonly string[]): string {
	const safe = secrets.reduce((said, secret) => said.replaceAll(secret, '…'), reasonOf(answer));
	const text = withoutEmails(safe).replace(/\s+/g, ' ').trim();
	if (text === '') return 'SparkLoop gave no reason.';
	return `SparkLoop answered: "${text.length > 300 ? `${text.slice(0, 300)}…` : text}".`;
}

/** The parameter that holds SparkLoop's address. */
const addressOf = (sendThrough: SendThrough): string =>
	`'${CREDENTIALS[sendThrough].label}' in the credential`;

const ifItLasts = (sendThrough: SendThrough): string =>
	`If it stays like this, check ${addressOf(sendThrough)}.`;

const RIGHT_ADDRESS: Record<SendThrough, string> = {
	api: "SparkLoop's own is https://api.sparkloop.app/v2",
	incomingWebhook: "copy it again from SparkLoop's Integrations page",
};

function advice(status: number, thing: Thing, sendThrough: SendThrough): string {
	if (status >= 300 && status < 400)
		return `${addressOf(sendThrough)} redirects elsewhere: ${RIGHT_ADDRESS[sendThrough]}.`;
	if (sendThrough === 'api' && (status === 401 || status === 403))
		return "Check 'API Key' in the credential.";
	if (sendThrough === 'incomingWebhook' && (status === 401 || status === 403 || status === 404)) {
		return "Check 'Incoming Webhook URL' in the credential against SparkLoop's Integrations page.";
	}
	if (status === 404) return thing.notFound;
	return 'Correct the item: sent again unchanged, it would be refused again.';
}

/**
 * What the error output carries besides the message: all that is needed to send the item again.
 *
 * @param outcome undefined when nothing was attempted
 * @param payload undefined when the item has nothing that could be sent
 */
export function undeliveredDetails(
	outcome: Undelivered | undefined,
	sendThrough: SendThrough,
	payload: object | undefined,
): IDataObject {
	const done = outcome?.kind === 'exhausted' && outcome.unsure;
	const answer = outcome && 'answer' in outcome ? outcome.answer : undefined;
	return {
		payload: (payload as IDataObject) ?? null,
		sendThrough,
		attempts: outcome?.attempts ?? 0,
		lastStatus: answer?.status ?? null,
		retry: payload !== undefined && outcome?.kind !== 'refused' && !done,
		...(outcome?.kind === 'exhausted' && outcome.retryAfter
			? { retryAfter: outcome.retryAfter }
			: {}),
	};
}
