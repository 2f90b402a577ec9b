/** Sends a body to a URL and answers the status, or throws when there is no answer. */
export type Send = (
	url: string,
	headers: Record<string, string>,
	body: string,
	signal: AbortSignal,
) => Promise<number>;

/** A POST over the network. A redirect is an answer like any other, not to be followed. */
export const sendOverHttp: Send = async (url, headers, body, signal) => {
	const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
	await response.arrayBuffer();
	return response.status;
};

/** Why there was no answer, in words: fetch hides the reason in its error's cause. */
export function reasonOf(error: unknown): string {
	const { cause, message } = Object(error) as { cause?: unknown; message?: string };
	const { code } = Object(cause) as { code?: string };
	return `no answer: ${code ?? message ?? String(error)}`;
}
