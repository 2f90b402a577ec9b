/** Whether an n8n was installed in a folder to the end. */
export function isInstalled(folder?: string): boolean;
/** Installs the n8n to run unless it is there, and resolves with its folder. */
export function ensureN8n(): Promise<string>;
