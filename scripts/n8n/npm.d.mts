/** A step of the set-up failed; the message says which, what was printed last, and what to do. */
export class StepError extends Error {
	constructor(step: string, output: string, remedy: string);
}
/** The npm that runs us, or else the one on the PATH. */
export function whichNpm(): { command: string; first: string[]; shell: boolean };
/** What to do about a failure of npm, by its output. */
export function remedyFor(output: string): string;
/** Runs npm quietly and resolves with its stdout. Rejects with a StepError when npm fails. */
export function runNpm(
	step: string,
	args: string[],
	options: { cwd: string; env?: Record<string, string>; log?: string },
): Promise<string>;
