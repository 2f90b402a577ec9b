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

/**
 * Where the n8n to run is installed: every clone with the same lock file and platform shares one
 * installation (3 GB).
 * @returns {string} absolute path of a folder that may not exist yet
 */
export function n8nFolder() {
	const lock = readFileSync(path.join(manifestFolder, 'package-lock.json'));
	const id = createHash('sha256').update(lock).digest('hex').slice(0, 12);
	return path.join(cacheFolder(), `n8n-${id}-${process.platform}-${process.arch}`);
}

/** @returns {string} the `node_modules` of the n8n to run */
export function n8nModules() {
	return path.join(n8nFolder(), 'node_modules');
}
