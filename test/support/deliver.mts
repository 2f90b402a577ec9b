import type { Ground } from '../../scripts/story/stage.mts';

/** Sends an event to a path of n8n's as SparkLoop does. @returns the status of the answer */
export async function deliver(
	{ n8n, sandbox }: Ground,
	path: string,
	event: object,
): Promise<number> {
	const answer = await fetch(n8n.url + path, {
		method: 'POST',
		headers: { 'content-type': 'application/json', 'SparkLoop-Token': sandbox.webhookToken },
		body: JSON.stringify(event),
	});
	return answer.status;
}
