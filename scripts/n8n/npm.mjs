import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { manifestFolder } from './location.mjs';

const SHOWN_LINES = 8;
const watchdog = pathToFileURL(path.join(manifestFolder, 'exitWithParent.mjs')).href;

/** What npm tells the scripts it runs about the package it runs them for, and must not hear back. */
const ABOUT_THE_CALLER =
	/^npm_(package_|lifecycle_|command$|config_(local_prefix|ignore_scripts|dry_run|global|location|omit|include|only|production|workspace.*|package_lock.*|nodedir|loglevel|json|silent|prefix)$)|^(INIT_CWD|NODE_ENV|NODE_OPTIONS)$/i;

/** The beginning, where npm names the cause, and the end, where compilers do. */
function excerpt(output) {
	const lines = output
		.split('\n')
		.filter((line) => !/^npm (warn|notice)|^(npm error)?\s*$/i.test(line))
		.map((line) => `  | ${line}`);
	if (lines.length <= 2 * SHOWN_LINES) return lines;
	return [...lines.slice(0, SHOWN_LINES), '  | …', ...lines.slice(-SHOWN_LINES)];
}

/** A step of the set-up failed; the message says which, what was printed last, and what to do. */
export class StepError extends Error {
	/**
	 * @param {string} step such as 'installing n8n'
	 * @param {string} output all that was printed
	 * @param {string} remedy what the user can do
	 */
	constructor(step, output, remedy) {
		super([`Failed: ${step}.`, ...excerpt(output), remedy].filter(Boolean).join('\n'));
		this.name = 'StepError';
	}
}

/**
 * The npm that runs us, or else the one on the PATH.
 * @returns {{ command: string, first: string[], shell: boolean }}
 */
export function whichNpm() {
	const cli = process.env.npm_execpath;
	if (cli && /npm-cli\.[cm]?js$/.test(cli)) {
		return { command: process.execPath, first: ['--import', watchdog, cli], shell: false };
	}
	// Windows has npm as a batch file, which only a shell can start.
	return { command: 'npm', first: [], shell: process.platform === 'win32' };
}

/** @param {string} output of npm @returns {string} what to do about it */
export function remedyFor(output) {
	if (/ENOSPC|no space left/i.test(output)) {
		return 'The disk is full: free about 5 GB, or point XDG_CACHE_HOME to a folder on a larger disk.';
	}
	if (/gyp ERR!|not found: make|prebuild-install/i.test(output)) {
		return [
			'One package has to be compiled here. That needs a C++ compiler, make and Python 3:',
			'  Debian, Ubuntu:  sudo apt-get install build-essential python3',
			'  Fedora:          sudo dnf install gcc-c++ make python3',
			'  macOS:           xcode-select --install',
			'Then run the same command again.',
		].join('\n');
	}
	if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT/i.test(output)) {
		return 'The npm registry could not be reached: check the network, and the proxy ("npm config get proxy").';
	}
	if (/EACCES|EPERM|EROFS/.test(output)) {
		return 'A folder could not be written: check who owns it, or point XDG_CACHE_HOME to one of your own.';
	}
	return 'Run the same command again: what was interrupted is started anew.';
}

/**
 * Runs npm quietly.
 * @param {string} step named in the error
 * @param {string[]} args
 * @param {{ cwd: string, env?: Record<string, string>, log?: string }} options `log` is a file to append to
 * @returns {Promise<string>} what npm printed on stdout
 * @throws {StepError} when npm fails
 */
export async function runNpm(step, args, { cwd, env = {}, log }) {
	const npm = whichNpm();
	const inherited = Object.entries(process.env).filter(([name]) => !ABOUT_THE_CALLER.test(name));
	return await new Promise((resolve, reject) => {
		const child = spawn(npm.command, [...npm.first, ...args, '--no-progress'], {
			cwd,
			env: { ...Object.fromEntries(inherited), ...env },
			stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
			shell: npm.shell,
		});
		const end = () => child.kill();
		process.once('exit', end);
		let stdout = '';
		let all = '';
		const hear = (chunk) => {
			all += chunk;
			if (log) appendFileSync(log, chunk);
		};
		child.stdout.setEncoding('utf8').on('data', (chunk) => {
			stdout += chunk;
			hear(chunk);
		});
		child.stderr.setEncoding('utf8').on('data', hear);
		child.once('error', (error) => reject(new StepError(step, String(error), 'Is npm installed?')));
		child.once('close', (code) => {
			process.off('exit', end);
			if (code === 0) return resolve(stdout);
			const remedy = remedyFor(all) + (log ? `\nAll of npm's output: ${log}` : '');
			reject(new StepError(step, all, remedy));
		});
	});
}
