import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { ensureN8n } from './n8n/install.mjs';
import { runNpm, StepError } from './n8n/npm.mjs';
import { Progress } from './n8n/progress.mjs';

/** Command → its script, below the project's folder. */
const COMMANDS = {
	...Object.fromEntries(
		['start', 'test', 'suite', 'chaos', 'capacity'].map((name) => [name, `scripts/${name}.mts`]),
	),
	bench: 'bench/main.mts',
	sandbox: 'sandbox/main.mts',
};

/** These need no n8n. */
const ALONE = ['sandbox'];

const scripts = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(scripts);
const node24 = path.join(
	root,
	'node_modules/node/bin',
	process.platform === 'win32' ? 'node.exe' : 'node',
);

/** Whether the project's own Node 24 is there and runs on this machine. */
function node24Works() {
	const { status, stdout } = spawnSync(node24, ['-v'], { encoding: 'utf8' });
	return status === 0 && stdout.startsWith('v24.');
}

async function ensureNode24() {
	if (node24Works()) return;
	const progress = new Progress('Setting up Node 24 for this project (a download of about 50 MB)');
	try {
		await runNpm('setting up Node 24', ['rebuild', 'node', '--ignore-scripts=false'], {
			cwd: root,
		});
	} finally {
		progress.end();
	}
	if (!node24Works()) {
		throw new StepError('setting up Node 24', `${node24} is missing or does not run.`, '');
	}
}

/** Runs a script under Node 24 and resolves with its exit code. */
async function runUnderNode24(script, args) {
	const bin = path.join(root, 'node_modules/.bin');
	const watchdog = pathToFileURL(path.join(scripts, 'n8n/exitWithParent.mjs')).href;
	const child = spawn(node24, ['--import', watchdog, script, ...args], {
		cwd: root,
		stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
		env: { ...process.env, PATH: bin + path.delimiter + process.env.PATH },
	});
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
		process.on(signal, () => {
			// A terminal sends Ctrl-C to the child itself; twice would read as "stop at once".
			if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
		});
	}
	return await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
	});
}

/**
 * Sets up what is missing, then runs a command's script under Node 24. Ends the process with that
 * script's exit code, or with 1 and a message.
 * @param {string} command one of the commands above
 * @param {string[]} args for the script
 */
export async function launch(command, args) {
	if (!Object.hasOwn(COMMANDS, command)) {
		console.error(`Usage: node scripts/run.mjs ${Object.keys(COMMANDS).join('|')} [arguments]`);
		process.exit(2);
	}
	const script = path.join(root, COMMANDS[command]);
	if (!existsSync(path.join(root, 'node_modules/node/package.json'))) {
		console.error('The packages this project needs are not installed: run "npm ci" first.');
		process.exit(1);
	}
	for (const signal of ['SIGINT', 'SIGTERM']) {
		process.once(signal, () => process.exit(128 + constants.signals[signal]));
	}
	try {
		await ensureNode24();
		if (!ALONE.includes(command)) await ensureN8n();
	} catch (error) {
		console.error(error instanceof StepError ? `\n${error.message}` : error);
		process.exit(1);
	}
	process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
	process.exit(await runUnderNode24(script, args));
}
