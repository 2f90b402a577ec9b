import path from 'node:path';

import type { WorkflowFile } from '../scripts/n8n/api.mts';
import { freePort } from '../scripts/n8n/ports.mts';
import { setGround, type Ground } from '../scripts/story/stage.mts';

/**
 * SparkLoop's limit with its minute pressed into 1.5 seconds. A call to the sandbox takes some 5 ms, which is to this
 * window what 0.2 seconds, the time of a call over the internet, are to a minute.
 */
export const COMPRESSED_LIMIT = { max: 120, windowMs: 1_500 };

export interface BenchGround extends Ground {
	/** Where n8n listens for a debugger, once it is asked to. */
	inspectorPort: number;
}

/** A real n8n with the packed package, the bench's own nodes and the sandbox. */
export async function benchGround(progress: (what: string) => void): Promise<BenchGround> {
	const inspectorPort = await freePort();
	const ground = await setGround(
		{
			n8nPort: 0,
			sandboxPort: 0,
			progress,
			env: {
				N8N_CUSTOM_EXTENSIONS: path.join(import.meta.dirname, 'nodes'),
				NODE_OPTIONS: `--inspect-port=127.0.0.1:${inspectorPort}`,
			},
		},
		{ rateLimit: COMPRESSED_LIMIT, callLogLimit: 20_000 },
	);
	return Object.assign(ground, { inspectorPort });
}

/** Puts a workflow into service. @param path of its entrance @returns the workflow's id */
export async function publish({ n8n }: Ground, file: WorkflowFile, path: string): Promise<string> {
	const id = await n8n.api.importWorkflow(file);
	await n8n.api.publish(id);
	await n8n.api.waitForWebhook(path);
	return id;
}
