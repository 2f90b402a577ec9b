import { spawn } from 'node:child_process';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

import { manifestFolder } from './location.mjs';

const STOPPED_WITHIN_MS = 15_000;
const GONE_WITHIN_MS = 2_000;
const POLL_MS = 20;

/** A program and the processes it starts, which end together. */
export interface ProcessGroup {
	pid: number;
	/** Resolves with the program's exit code, or null when a signal ended it. */
	exited: Promise<number | null>;
	/** Asks the program to end, and makes it after 15 seconds. */
	stop(): Promise<void>;
	/** Ends all of them at once, as a power cut would. */
	kill(): Promise<void>;
}

/** Sends a signal to the whole group. @returns whether there was anybody left to get it */
function signalGroup(pid: number, name: NodeJS.Signals | 0): boolean {
	// Group 0 would be our own.
	if (pid === 0) return false;
	try {
		process.kill(process.platform === 'win32' ? pid : -pid, name);
		return true;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
		throw error;
	}
}

/**
 * Starts a Node script that ends when this process does, however this one ends.
 * @param node the Node to run it with
 * @param output file descriptor for what it prints
 */
export function spawnGroup(
	node: string,
	args: string[],
	{ cwd, env, output }: { cwd: string; env: Record<string, string>; output: number },
): ProcessGroup {
	const watchdog = pathToFileURL(path.join(manifestFolder, 'exitWithParent.mjs')).href;
	const child = spawn(node, ['--import', watchdog, ...args], {
		cwd,
		env,
		stdio: ['ignore', output, output, 'pipe'],
		// A group of its own: Ctrl-C in a terminal reaches us alone, and we end it in order.
		detached: process.platform !== 'win32',
	});
	const pid = child.pid ?? 0;
	const exited = new Promise<number | null>((resolve, reject) => {
		child.once('error', reject);
		child.once('exit', (code) => {
			signalGroup(pid, 'SIGKILL');
			resolve(code);
		});
	});
	exited.catch(() => {});
	const running = () => pid !== 0 && child.exitCode === null && child.signalCode === null;
	const kill = async () => {
		if (running()) signalGroup(pid, 'SIGKILL');
		await exited;
		const deadline = Date.now() + GONE_WITHIN_MS;
		while (signalGroup(pid, 0) && Date.now() < deadline) await sleep(POLL_MS);
	};
	const stop = async () => {
		if (running()) child.kill('SIGTERM');
		const ended = await Promise.race([
			exited.then(() => true),
			sleep(STOPPED_WITHIN_MS, false, { ref: false }),
		]);
		if (!ended) await kill();
	};
	return { pid, exited, stop, kill };
}

/** A program that is no Node script. */
export interface Program {
	program: string;
	args: string[];
	/** What asks it to end. */
	stopSignal: NodeJS.Signals;
	/** Whom it runs as; only root can choose. */
	uid?: number;
	gid?: number;
}

/**
 * Starts any program in a group that ends when this process does, however this one ends.
 * @param output file descriptor for what it prints
 */
export function spawnProgramGroup(
	program: Program,
	options: { cwd: string; env: Record<string, string>; output: number },
): ProcessGroup {
	const supervisor = path.join(manifestFolder, 'superviseProgram.mjs');
	return spawnGroup(process.execPath, [supervisor, JSON.stringify(program)], options);
}
