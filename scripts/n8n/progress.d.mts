/** Milliseconds as '7s' or '3m05s'. */
export function duration(ms: number): string;
