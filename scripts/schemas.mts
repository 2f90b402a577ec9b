import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');

// Their test derives them and writes what it would compare: n8n's engine runs with Jest's resolution of modules alone.
const { status } = spawnSync(
	process.execPath,
	[
		'--experimental-vm-modules',
		'--disable-warning=ExperimentalWarning',
		path.join(ROOT, 'node_modules/jest/bin/jest.js'),
		'test/nodes/schemas.test.mts',
	],
	{ cwd: ROOT, stdio: 'inherit', env: { ...process.env, WRITE_SCHEMAS: '1' } },
);
process.exitCode = status ?? 1;
