import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

const GRACE_MS = 12_000;

function killEverything() {
	try {
		// The whole group, where this process leads one: n8n has children of its own.
		process.kill(-process.pid, 'SIGKILL');
	} catch {
		process.kill(process.pid, 'SIGKILL');
	}
}

// Loaded into a process before its own code. The other end of descriptor 3 belongs to the process that
// started it; the operating system closes it however that one ends, even by SIGKILL.
if (isMainThread) {
	const parent = new Socket({ fd: 3 });
	parent.on('error', () => {});
	parent.once('close', () => {
		process.kill(process.pid, 'SIGTERM');
		setTimeout(killEverything, GRACE_MS).unref();
	});
	parent.resume();
	parent.unref();
}
