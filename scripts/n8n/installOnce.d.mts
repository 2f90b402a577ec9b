/** Whether something was installed in a folder to the end. */
export function isWhole(folder: string): boolean;
/** What is left on the disk a folder is on. */
export function freeGb(folder: string): number;
/** Shows that a step goes on, while it does. */
export function shown(
	title: string,
	detail: () => string,
	work: () => Promise<unknown>,
): Promise<void>;
/** Installs something into a folder unless it is there, and resolves with the folder. */
export function installOnce(
	folder: string,
	what: {
		name: string;
		version: string;
		/** What the user should expect, such as '5 to 10 minutes and 3 GB'. */
		cost: string;
		neededGb: number;
		/** Makes the folder it is given; may write to the log file. */
		install: (folder: string, log: string) => Promise<unknown>;
	},
): Promise<string>;
