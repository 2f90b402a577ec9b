/** The folder of the private package that names the n8n to run. */
export const manifestFolder: string;
/** Absolute path of the folder of all that is installed only to be run; it may not exist yet. */
export function cacheFolder(): string;
/** `N8N_VERSION`, or the version whose packages the lock file names. @throws when that is no version */
export function n8nToRun(): { version: string; isLocked: boolean };
/** Absolute path of the folder the n8n to run is installed in; it may not exist yet. */
export function n8nFolder(): string;
/** The `node_modules` of the n8n to run. */
export function n8nModules(): string;
