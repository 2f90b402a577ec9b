import { readFileSync, unlinkSync, utimesSync, writeFileSync, statSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const HEARTBEAT_MS = 2_000;
/** After this long without a heartbeat the owner is dead: killed, or its machine was. */
const DEAD_AFTER_MS = 15_000;
const POLL_MS = 500;

function ageOf(file) {
	try {
		return Date.now() - statSync(file).mtimeMs;
	} catch {
		return null;
	}
}

function remove(file) {
	try {
		unlinkSync(file);
	} catch (error) {
		if (error.code !== 'ENOENT') throw error;
	}
}

function tryLock(file, token) {
	try {
		writeFileSync(file, token, { flag: 'wx' });
		return true;
	} catch (error) {
		if (error.code !== 'EEXIST') throw error;
		return false;
	}
}

function holds(file, token) {
	try {
		return readFileSync(file, 'utf8') === token;
	} catch {
		return false;
	}
}

/**
 * Does some work while no other process that uses the same file does. The lock of a process that died is
 * taken over.
 * @template T
 * @param {string} file its folder must exist
 * @param {() => Promise<T>} work
 * @param {() => void} onWait called once if another process has the lock
 * @returns {Promise<T>}
 */
export async function withLock(file, work, onWait = () => {}) {
	const token = randomUUID();
	let waited = false;
	for (;;) {
		if (tryLock(file, token)) {
			// Two that take over a dead lock at once can both get here; the later one's token stays.
			if (waited) await sleep(POLL_MS);
			if (holds(file, token)) break;
		}
		if (!waited) onWait();
		waited = true;
		const age = ageOf(file);
		if (age !== null && age > DEAD_AFTER_MS) remove(file);
		else await sleep(POLL_MS);
	}
	const release = () => {
		if (holds(file, token)) remove(file);
	};
	const heartbeat = setInterval(() => {
		if (holds(file, token)) utimesSync(file, new Date(), new Date());
	}, HEARTBEAT_MS);
	process.once('exit', release);
	try {
		return await work();
	} finally {
		clearInterval(heartbeat);
		process.off('exit', release);
		release();
	}
}
