import type {
	IExecuteFunctions,
	IDataObject,
	IHookFunctions,
	IHttpRequestMethods,
	IHttpRequestOptions,
	ILoadOptionsFunctions,
} from 'n8n-workflow';

import { isJsonObject } from '../events/json';
import type { Answer, NoAnswer } from './delivery';

/** What the codes of Node.js and OpenSSL mean to somebody who set up a workflow. */
const CAUSES: Readonly<Record<string, string>> = {
	ECONNABORTED: 'the time-out passed without an answer',
	ECONNREFUSED: 'the connection was refused',
	ECONNRESET: 'the connection was closed without an answer',
	EAI_AGAIN: "the server's name could not be looked up",
	ENOTFOUND: "the server's name is unknown",
	EHOSTUNREACH: 'the server cannot be reached from here',
	ENETUNREACH: 'there is no network',
	EPIPE: 'the connection was closed without an answer',
	ETIMEDOUT: 'the time-out passed without an answer',
	CERT_HAS_EXPIRED: "the server's certificate has expired",
	DEPTH_ZERO_SELF_SIGNED_CERT: "the server's certificate is self-signed",
	SELF_SIGNED_CERT_IN_CHAIN: "the server's certificate is self-signed",
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the server's certificate cannot be verified",
};

/** With these codes no connection was made, so nothing was sent. */
const UNSENT = new Set([
	'ECONNREFUSED',
	'EAI_AGAIN',
	'ENOTFOUND',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'CERT_HAS_EXPIRED',
	'DEPTH_ZERO_SELF_SIGNED_CERT',
	'SELF_SIGNED_CERT_IN_CHAIN',
	'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** Whoever can make requests with a credential. */
export type Requesting = IExecuteFunctions | IHookFunctions | ILoadOptionsFunctions;

/** One request to SparkLoop. `path` begins with a slash. */
export type Call = (
	method: IHttpRequestMethods,
	path: string,
	content?: { body?: IDataObject; qs?: IDataObject },
) => Promise<Answer | NoAnswer>;

/**
 * One HTTP request with the node's credential, answered by whatever status comes.
 *
 * @param timeout milliseconds
 * @returns the answer, or why none came: the cause alone, because the library's own messages and objects
 * repeat the address, which is a secret.
 */
export async function attempt(
	this: Requesting,
	credential: string,
	request: Pick<IHttpRequestOptions, 'method' | 'url' | 'body' | 'qs'>,
	timeout: number,
): Promise<Answer | NoAnswer> {
	try {
		const response: unknown = await this.helpers.httpRequestWithAuthentication.call(
			this,
			credential,
			{
				...request,
				timeout,
				json: true,
				returnFullResponse: true,
				ignoreHttpStatusErrors: true,
				disableFollowRedirect: true,
			},
		);
		return answerOf(response);
	} catch (error) {
		const { code, syscall } = causeOf(error);
		return {
			noAnswer:
				CAUSES[code ?? ''] ?? `the request did not get through (${code ?? 'no reason given'})`,
			// A connection may also lose its way after the request was sent.
			unsent: UNSENT.has(code ?? '') && syscall !== 'read' && syscall !== 'write',
		};
	}
}

function answerOf(response: unknown): Answer {
	const { statusCode, headers, body } = response as {
		statusCode: number;
		headers?: Record<string, unknown>;
		body?: unknown;
	};
	return {
		status: statusCode,
		headers: headers ?? {},
		text: typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body),
		body,
	};
}

export const isStatus = (answer: Answer | NoAnswer, status: number): answer is Answer =>
	'status' in answer && answer.status === status;

/** The first code in the chain of causes: n8n wraps the library's error, which wraps the system's. */
function causeOf(error: unknown): { code?: string; syscall?: unknown } {
	const chain: Array<{ code?: unknown; syscall?: unknown; cause?: unknown }> = [];
	for (let cause = error; cause && chain.length < 5; cause = chain.at(-1)?.cause) chain.push(cause);
	return {
		code: chain.map(({ code }) => code).find(isCode),
		syscall: chain.find(({ syscall }) => syscall !== undefined)?.syscall,
	};
}

const isCode = (code: unknown): code is string =>
	typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code);

/** The text under `error` or `message` of a JSON answer, or the answer itself. */
export function reasonOf(answer: Answer): string {
	let parsed: unknown;
	try {
		parsed = JSON.parse(answer.text);
	} catch {
		return answer.text;
	}
	const reason = isJsonObject(parsed) ? (parsed.error ?? parsed.message) : undefined;
	return typeof reason === 'string' ? reason : answer.text;
}
