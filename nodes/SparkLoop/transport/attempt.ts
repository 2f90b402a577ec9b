import type { IExecuteFunctions, IHookFunctions, IHttpRequestOptions } from 'n8n-workflow';

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

/**
 * One HTTP request with the node's credential, answered by whatever status comes.
 *
 * @param timeout milliseconds
 * @returns the answer, or why none came: the cause alone, because the library's own messages and objects
 * repeat the address, which is a secret.
 */
export async function attempt(
	this: IExecuteFunctions | IHookFunctions,
	credential: string,
	request: Pick<IHttpRequestOptions, 'method' | 'url' | 'body'>,
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
		const code = causeCode(error);
		return {
			noAnswer:
				CAUSES[code ?? ''] ?? `the request did not get through (${code ?? 'no reason given'})`,
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
	};
}

/** The first code in the chain of causes: n8n wraps the library's error, which wraps the system's. */
function causeCode(error: unknown): string | undefined {
	for (let cause = error, depth = 0; cause && depth < 5; depth += 1) {
		const { code, cause: next } = cause as { code?: unknown; cause?: unknown };
		if (typeof code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(code)) return code;
		cause = next;
	}
	return undefined;
}

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
