const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Checks the address that a credential holds: https, or plain http to this machine. Never repeats the address, which
 * may be a secret.
 *
 * @returns the address without a trailing slash, or what is wrong with it
 */
export function endpoint(text: unknown): { url: string } | { reason: string } {
	if (typeof text !== 'string' || text.trim() === '') return { reason: 'is empty' };
	let url: URL;
	try {
		url = new URL(text.trim());
	} catch {
		return { reason: 'is not a URL; it has to start with https://' };
	}
	if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname))) {
		return { url: text.trim().replace(/\/+$/, '') };
	}
	return { reason: 'has to start with https://, so that nobody can read it on its way' };
}
