/** What to tell the user of a Node that cannot run this project; null for one that can. */
export function tooOld(version: string): string | null;
