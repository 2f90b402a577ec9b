import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { ensureGhost } from './ghost/install.mts';
import { runNpm } from './n8n/npm.mjs';

const ROOT = path.join(import.meta.dirname, '..');

await runNpm('building the package', ['run', 'build'], { cwd: ROOT });
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
process.exitCode = code ?? 1;
