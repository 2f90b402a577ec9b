import type { Canvas, Place } from '../canvas.mts';
import { FAILING, WRITING, type Written } from '../guardedWrite.mts';
import { writtenBy } from './writing.mts';

const TIMEOUT = "={{ $('Settings').first().json.timeout }}";

/** Whose key a request carries: a credential that n8n has for the ESP, or one of its general ones. */
export type Authentication =
	| { predefined: string }
	| { generic: 'httpHeaderAuth' | 'httpBearerAuth' | 'httpBasicAuth' | 'httpCustomAuth' };

/** A request to an ESP; texts may be expressions. */
export interface Call {
	method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
	url: string;
	authentication: Authentication;
	query?: Readonly<Record<string, string>>;
	headers?: Readonly<Record<string, string>>;
	/** An expression that gives the JSON body. */
	json?: string;
	/** The fields of a form, instead of JSON. */
	form?: Readonly<Record<string, string>>;
	/** An expression that gives the whole form as a text, where its fields differ from time to time. */
	formText?: string;
	/** Of the HTTP Request node, beyond the time-out. */
	options?: object;
}

/** Answers as they are, whatever their status: `statusCode`, `headers`, `body`. */
export const ANY_ANSWER = {
	response: { response: { neverError: true, fullResponse: true } },
} as const;

/**
 * The same, of which all that are not as expected make the node fail that asked: then n8n asks again (*Retry On Fail*),
 * and so does whoever retries the execution. The HTTP Request node has no such option; but an answer that ends its pages
 * is no error to it, and one that does not is.
 *
 * @param expected of `$response`, an expression without its braces
 */
export const answersThat = (expected: string): object => ({
	...ANY_ANSWER,
	pagination: {
		pagination: {
			paginationMode: 'updateAParameterInEachRequest',
			parameters: {
				parameters: [{ type: 'headers', name: 'Accept', value: 'application/json' }],
			},
			paginationCompleteWhen: 'other',
			completeExpression: `={{ ${expected} }}`,
		},
	},
});

/** An answer about somebody: who it is, or that there is no such person. */
export const FOUND_OR_NOT = '[200, 404].includes($response.statusCode)';

/**
 * Settings of a node that asks an ESP which does not report again: what is in the way is waited for. All time-outs of two
 * such nodes together stay below the execution's own.
 */
export const ASKING = { retryOnFail: true, maxTries: 2, waitBetweenTries: 5000 };

const pairs = (values: Readonly<Record<string, string>>): object => ({
	parameters: Object.entries(values).map(([name, value]) => ({ name, value })),
});

/** Adds an HTTP Request node. @returns its name */
export const request = (
	canvas: Canvas,
	name: string,
	place: Place,
	{ method, url, authentication, query, headers, json, form, formText, options }: Call,
	settings: object = {},
): string =>
	canvas.node(
		name,
		'httpRequest',
		place,
		{
			method,
			url,
			...('predefined' in authentication
				? {
						authentication: 'predefinedCredentialType',
						nodeCredentialType: authentication.predefined,
					}
				: {
						authentication: 'genericCredentialType',
						genericAuthType: authentication.generic,
					}),
			...(query ? { sendQuery: true, queryParameters: pairs(query) } : {}),
			...(headers ? { sendHeaders: true, headerParameters: pairs(headers) } : {}),
			...(json ? { sendBody: true, specifyBody: 'json', jsonBody: json } : {}),
			...(form
				? { sendBody: true, contentType: 'form-urlencoded', bodyParameters: pairs(form) }
				: {}),
			...(formText
				? {
						sendBody: true,
						contentType: 'form-urlencoded',
						specifyBody: 'string',
						body: formText,
					}
				: {}),
			options: { timeout: TIMEOUT, ...options },
		},
		settings,
	);

/** Adds the node that reads a contact; one that does not exist yet is no failure. */
export const readByHttp =
	(call: Omit<Call, 'method'>) =>
	(canvas: Canvas, place: Place): string =>
		request(
			canvas,
			'Read the contact',
			place,
			{ method: 'GET', ...call, options: { ...ANY_ANSWER, ...call.options } },
			FAILING,
		);

/** Adds the node that writes a contact, for ESPs where one request creates or changes it. */
export const writeByHttp =
	(call: Call) =>
	(canvas: Canvas, place: Place): Written =>
		writtenBy(request(canvas, 'Write the fields', place, call, WRITING));
