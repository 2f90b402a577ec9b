/** Does some work while no other process that uses the same file does. */
export function withLock<T>(file: string, work: () => Promise<T>, onWait?: () => void): Promise<T>;
