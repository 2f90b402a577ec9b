import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

/** The folder of the private package that names the n8n to run. */
export const manifestFolder =
	import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);

/**
 * Where what is installed only to be run lies: outside of the checkout, so that every clone shares it.
 * @returns {string} absolute path of a folder that may not exist yet
 */
export function cacheFolder() {
	const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
	return path.join(cache, 'n8n-nodes-sparkloop');
}

/** The version that the private package and its lock file name. */
function lockedVersion() {
	const manifest = JSON.parse(readFileSync(path.join(manifestFolder, 'package.json'), 'utf8'));
	return manifest.dependencies.n8n;
}

/**
 * Which n8n to run: `N8N_VERSION` from the environment, or else the one that everything is made and tested with.
 * @returns {{ version: string, isLocked: boolean }} `isLocked` when the lock file names its packages
 * @throws {Error} when `N8N_VERSION` is no version
 */
export function n8nToRun() {
	const locked = lockedVersion();
	const version = process.env.N8N_VERSION || locked;
	// It becomes part of a path, and what npm is told to install.
	if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
		throw new Error(`N8N_VERSION is "${version}". Give a whole version, such as ${locked}.`);
	}
	return { version, isLocked: version === locked };
}

/**
 * Where the n8n to run is installed: every clone with the same lock file and platform shares one
 * installation (3 GB). One of another version has a folder of its own.
 * @returns {string} absolute path of a folder that may not exist yet
 */
export function n8nFolder() {
	const { version, isLocked } = n8nToRun();
	const lock = () => readFileSync(path.join(manifestFolder, 'package-lock.json'));
	const id = isLocked ? createHash('sha256').update(lock()).digest('hex').slice(0, 12) : version;
	return path.join(cacheFolder(), `n8n-${id}-${process.platform}-${process.arch}`);
}

/** @returns {string} the `node_modules` of the n8n to run */
export function n8nModules() {
	return path.join(n8nFolder(), 'node_modules');
}
