import { type Sandbox, type SandboxOptions, startSandbox } from '../../../sandbox/server.mts';
import { call } from './http.mts';

/** Runs a task with a sandbox on free ports and closes it whatever happens. */
export async function withSandbox(
	options: SandboxOptions,
	task: (sandbox: Sandbox) => Promise<void>,
): Promise<void> {
	const sandbox = await startSandbox(options);
	try {
		await task(sandbox);
	} finally {
		await sandbox.close();
	}
}

/** Calls of the three interfaces, with their credentials. */
export function callsOf(sandbox: Sandbox) {
	const rest = { 'X-Api-Key': sandbox.apiKey };
	const esp = { authorization: `Bearer ${sandbox.espKey}` };
	return {
		incoming: (body: unknown) => call('POST', sandbox.incomingWebhookUrl, body),
		rest: (method: string, path: string, body?: unknown) =>
			call(method, `${sandbox.apiUrl}${path}`, body, rest),
		esp: (method: string, path: string, body?: unknown) =>
			call(method, `${sandbox.espUrl}${path}`, body, esp),
		control: (path: string, body: unknown = {}) =>
			call('POST', `${sandbox.url}/control/${path}`, body),
	};
}
