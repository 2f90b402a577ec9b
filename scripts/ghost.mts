import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { ensureGhost } from './ghost/install.mts';
import { runNpm, StepError } from './n8n/npm.mjs';

const ROOT = path.join(import.meta.dirname, '..');

/** Runs what needs a real Ghost. @returns Jest's exit code */
async function main(): Promise<number> {
	await runNpm('building the package', ['run', 'build'], { cwd: ROOT });
	// Here it shows how far it is; in a test it would be silent for minutes.
	await ensureGhost();
	const jest = spawn(
		process.execPath,
		[
			// Jest needs it to load the .mjs files that must also run before Node 24 is there.
			'--experimental-vm-modules',
			'--disable-warning=ExperimentalWarning',
			path.join(ROOT, 'node_modules/jest/bin/jest.js'),
			'test/ghost/',
			'--runInBand',
			...process.argv.slice(2),
		],
		{ cwd: ROOT, stdio: 'inherit' },
	);
	const [code] = (await once(jest, 'exit')) as [number | null];
	return code ?? 1;
}

try {
	process.exitCode = await main();
} catch (error) {
	console.error(error instanceof StepError ? `\n${error.message}` : error);
	process.exitCode = 1;
}
