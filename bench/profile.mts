import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { table } from '../scripts/measuring/columns.mts';

interface CallFrame {
	functionName: string;
	url: string;
	lineNumber: number;
}

/** What V8's profiler gives: samples of which function was running. */
export interface CpuProfile {
	nodes: Array<{ id: number; callFrame: CallFrame; children?: number[] }>;
	samples?: number[];
	/** Microseconds before each sample. */
	timeDeltas?: number[];
}

const TRIES = 50;
const POLL_MS = 100;

/** Asks a process that waits for a debugger's port, in DevTools' language. */
class Inspector {
	private readonly socket: WebSocket;
	private last = 0;
	private readonly waiting = new Map<number, (result: unknown) => void>();

	private constructor(socket: WebSocket) {
		this.socket = socket;
		socket.addEventListener('message', ({ data }) => {
			const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
			if (id !== undefined) this.waiting.get(id)?.(result);
		});
	}

	/** Makes a Node process listen for a debugger, and connects. @param port it was started to listen at */
	static async open(pid: number, port: number): Promise<Inspector> {
		process.kill(pid, 'SIGUSR1');
		for (let tries = 0; tries < TRIES; tries += 1) {
			const answer = await fetch(`http://127.0.0.1:${port}/json`).catch(() => undefined);
			if (!answer) {
				await sleep(POLL_MS);
				continue;
			}
			const [{ webSocketDebuggerUrl }] = (await answer.json()) as Array<{
				webSocketDebuggerUrl: string;
			}>;
			const socket = new WebSocket(webSocketDebuggerUrl);
			await new Promise((open, fail) => {
				socket.addEventListener('open', open);
				socket.addEventListener('error', () => fail(new Error('The inspector does not answer')));
			});
			return new Inspector(socket);
		}
		throw new Error(`Process ${pid} does not listen for a debugger at port ${port}`);
	}

	async ask<T>(method: string, params: object = {}): Promise<T> {
		const id = ++this.last;
		this.socket.send(JSON.stringify({ id, method, params }));
		return await new Promise((resolve) => this.waiting.set(id, resolve as never));
	}

	close(): void {
		this.socket.close();
	}
}

/**
 * Records what a process' main thread does while something else is done.
 *
 * @param file where the profile goes, for Chrome's DevTools; beside it, `.txt` holds the summary
 */
export async function recordProfile<T>(
	{ pid, port }: { pid: number; port: number },
	file: string,
	work: () => Promise<T>,
): Promise<T> {
	const inspector = await Inspector.open(pid, port);
	try {
		await inspector.ask('Profiler.enable');
		await inspector.ask('Profiler.start');
		const result = await work();
		const { profile } = await inspector.ask<{ profile: CpuProfile }>('Profiler.stop');
		writeFileSync(file, JSON.stringify(profile));
		writeFileSync(`${file}.txt`, summary(profile));
		return result;
	} finally {
		inspector.close();
	}
}

const BY_FUNCTION = 25;
const BY_PACKAGE = 15;

/** Which functions and packages the time went to, idle time aside: the time that was spent in them and in nothing they called. */
export function summary(profile: CpuProfile): string {
	const shareOf = selfTime(profile, ({ functionName, url, lineNumber }) =>
		`${functionName || '(anonymous)'} ${placeOf(url)}${url ? `:${lineNumber + 1}` : ''}`.trim(),
	);
	const packages = selfTime(profile, ({ functionName, url }) =>
		url ? packageOf(url) : functionName,
	);
	const rows = (shares: Array<[string, number]>, count: number, title: string) =>
		table(
			shares.slice(0, count).map(([what, share]) => ({
				[title]: what,
				'%': (share * 100).toFixed(1),
			})),
			1,
		);
	return `${rows(packages, BY_PACKAGE, 'package')}\n\n${rows(shareOf, BY_FUNCTION, 'function')}\n`;
}

/** Shares of the time that was not idle, the largest first. */
export function selfTime(
	{ nodes, samples = [], timeDeltas = [] }: CpuProfile,
	nameOf: (frame: CallFrame) => string,
): Array<[string, number]> {
	const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
	const times = new Map<string, number>();
	let all = 0;
	samples.forEach((id, index) => {
		const frame = frames.get(id);
		if (!frame || frame.functionName === '(idle)') return;
		const name = nameOf(frame);
		times.set(name, (times.get(name) ?? 0) + timeDeltas[index]);
		all += timeDeltas[index];
	});
	return [...times]
		.map(([name, time]): [string, number] => [name, time / all])
		.sort(([, one], [, other]) => other - one);
}

const placeOf = (url: string): string => path.posix.join(...url.split('/').slice(-2));

/** The innermost package a file belongs to; `node` for Node's own. */
function packageOf(url: string): string {
	if (url.startsWith('node:')) return 'node';
	const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
	return name ?? url;
}
