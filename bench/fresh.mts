import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { n8nModules } from '../scripts/n8n/location.mjs';

/**
 * Lets a script of this folder do one task in a process of its own, which nothing was done in before.
 *
 * @returns its last line, parsed
 */
export async function inFreshProcess<T>(script: string, task: unknown): Promise<T> {
	const folder = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-bench-'));
	try {
		const { stdout } = await promisify(execFile)(
			process.execPath,
			['--expose-gc', path.join(import.meta.dirname, script), JSON.stringify(task)],
			{
				env: {
					...process.env,
					N8N_USER_FOLDER: folder,
					// Where n8n lets community packages look for what it has itself.
					NODE_PATH: n8nModules(),
				},
				maxBuffer: 2 ** 24,
			},
		);
		// n8n's own parts have something to say before.
		return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as T;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}
