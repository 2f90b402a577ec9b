import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { ensureGhost } from './ghost/install.mts';
import { runNpm, StepError } from './n8n/npm.mjs';

const ROOT = path.join(import.meta.dirname, '..');

/** Folders of `test/` that take more than Node or more time than `npm test` → what is set up for them first. */
const SUITES: Readonly<Record<string, () => Promise<unknown>>> = {
	browser: async () => {},
	burst: async () => {},
	// Here it shows how far it is; in a test it would be silent for minutes.
	ghost: ensureGhost,
	postgresql: async () => {},
	proxy: async () => {},
};

/** Builds the package and runs one of the suites on it. @returns Jest's exit code */
async function main([suite, ...args]: string[]): Promise<number> {
	if (!(suite in SUITES)) {
		throw new StepError('running a suite', `Name one of ${Object.keys(SUITES).join(', ')}.`, '');
	}
	await runNpm('building the package', ['run', 'build'], { cwd: ROOT });
	await SUITES[suite]();
	const jest = spawn(
		process.execPath,
		[
			// Jest needs it to load the .mjs files that must also run before Node 24 is there.
			'--experimental-vm-modules',
			'--disable-warning=ExperimentalWarning',
			path.join(ROOT, 'node_modules/jest/bin/jest.js'),
			`test/${suite}/`,
			'--runInBand',
			...args,
		],
		{ cwd: ROOT, stdio: 'inherit' },
	);
	const [code] = (await once(jest, 'exit')) as [number | null];
	return code ?? 1;
}

try {
	process.exitCode = await main(process.argv.slice(2));
} catch (error) {
	console.error(error instanceof StepError ? `\n${error.message}` : error);
	process.exitCode = 1;
}
