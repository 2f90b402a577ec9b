import { Socket } from 'node:net';
import { isMainThread } from 'node:worker_threads';

const GRACE_MS = 12_000;

// Loaded into n8n before n8n itself. The other end of descriptor 3 belongs to the process that started
// n8n; the operating system closes it however that process ends, even by SIGKILL.
if (isMainThread) {
	const parent = new Socket({ fd: 3 });
	parent.on('error', () => {});
	parent.once('close', () => {
		process.kill(process.pid, 'SIGTERM');
		setTimeout(() => process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL'), GRACE_MS);
	});
	parent.resume();
	parent.unref();
}
