/** Calls something with JSON and answers what came back; an answer that is no JSON is a text. */
export async function call(
	method: string,
	url: string,
	body?: unknown,
	headers: Record<string, string> = {},
) {
	const type: Record<string, string> =
		body === undefined ? {} : { 'content-type': 'application/json' };
	const response = await fetch(url, {
		method,
		headers: { ...type, ...headers },
		body: typeof body === 'string' ? body : JSON.stringify(body),
		redirect: 'manual',
	});
	const text = await response.text();
	return { status: response.status, headers: response.headers, body: parsed(text) };
}

function parsed(text: string) {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}
