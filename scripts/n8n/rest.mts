import type { Json } from './executionData.mts';

/** n8n's answers carry its stack trace beside the message. */
function messageIn(body: string): string {
	try {
		return (JSON.parse(body) as { message?: string }).message ?? body;
	} catch {
		return body.slice(0, 500);
	}
}

/** n8n answered a REST call with an error. */
export class N8nApiError extends Error {
	override name = 'N8nApiError';

	readonly status: number;

	constructor(method: string, path: string, status: number, body: string) {
		super(`n8n answered ${method} ${path} with ${status}: ${messageIn(body)}`);
		this.status = status;
	}
}

/** n8n's REST interface as its editor uses it, with the session cookie of whoever logged in. */
export class RestClient {
	private cookie = '';

	private readonly origin: string;

	constructor(origin: string) {
		this.origin = origin;
	}

	/**
	 * Calls n8n and unwraps the `data` envelope of its answer.
	 * @param path below the origin, such as `/rest/workflows`
	 * @throws {N8nApiError} for any status but 2xx
	 */
	async call<T = Json>(method: string, path: string, body?: unknown): Promise<T> {
		const response = await fetch(this.origin + path, {
			method,
			headers: {
				...(this.cookie && { cookie: this.cookie }),
				...(body !== undefined && { 'content-type': 'application/json' }),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		const text = await response.text();
		if (!response.ok) throw new N8nApiError(method, path, response.status, text);
		for (const line of response.headers.getSetCookie()) {
			if (line.startsWith('n8n-auth=')) this.cookie = line.slice(0, line.indexOf(';'));
		}
		if (text === '') return undefined as T;
		const answer = JSON.parse(text) as { data?: T };
		return answer !== null && typeof answer === 'object' && 'data' in answer
			? (answer.data as T)
			: (answer as T);
	}
}
