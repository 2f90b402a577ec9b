import {
	existsSync,
	mkdirSync,
	readdirSync,
	renameSync,
	rmSync,
	statfsSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { withLock } from './lock.mjs';
import { StepError } from './npm.mjs';
import { duration, Progress } from './progress.mjs';

const MARKER = 'installed.json';

/** @param {string} folder @returns {boolean} whether something was installed there to the end */
export function isWhole(folder) {
	return existsSync(path.join(folder, MARKER));
}

/** @param {string} folder @returns {number} what is left on the disk it is on */
export function freeGb(folder) {
	const { bavail, bsize } = statfsSync(folder);
	return (bavail * bsize) / 1e9;
}

function checkSpace(parent, name, neededGb) {
	const free = freeGb(parent);
	if (free < neededGb) {
		throw new StepError(
			`making room for ${name}`,
			`${parent} has ${free.toFixed(1)} GB left, ${name} needs ${neededGb} GB.`,
			'Free some space, or point XDG_CACHE_HOME to a folder on a larger disk.',
		);
	}
}

/**
 * Shows that a step goes on, while it does.
 * @param {string} title @param {() => string} detail @param {() => Promise<unknown>} work
 */
export async function shown(title, detail, work) {
	const progress = new Progress(title, detail);
	try {
		await work();
	} finally {
		progress.end();
	}
}

/** Whoever has the lock may remove what interrupted installations left. */
function removeUnfinished(folder) {
	const left = readdirSync(path.dirname(folder), { withFileTypes: true }).filter((entry) =>
		entry.name.startsWith(`${path.basename(folder)}.unfinished-`),
	);
	for (const { name } of left) {
		rmSync(path.join(path.dirname(folder), name), { recursive: true, force: true, maxRetries: 3 });
	}
}

/** How many versions of the same thing lie there. */
function versionsIn(parent, folder) {
	const [kind] = path.basename(folder).split('-');
	return readdirSync(parent).filter(
		(name) => name.startsWith(`${kind}-`) && isWhole(path.join(parent, name)),
	).length;
}

/**
 * Installs something into a folder unless it is there. Interrupted installs are started anew; of several
 * processes that need it at once, one installs and the others wait.
 * @param {string} folder its name begins with what it is, up to a dash
 * @param {{
 *   name: string, version: string, cost: string, neededGb: number,
 *   install: (folder: string, log: string) => Promise<unknown>,
 * }} what `cost` is what the user should expect, such as '5 to 10 minutes and 3 GB'; `install` makes the
 *   folder it is given, and may write to the log file
 * @returns {Promise<string>} the folder
 * @throws {StepError} naming the step that failed, the end of its output and what to do
 */
export async function installOnce(folder, { name, version, cost, neededGb, install }) {
	if (isWhole(folder)) return folder;
	const parent = path.dirname(folder);
	mkdirSync(parent, { recursive: true });
	const waiting = () => console.log(`Another process is installing ${name}, waiting for it…`);
	await withLock(
		`${folder}.lock`,
		async () => {
			if (isWhole(folder)) return;
			const started = Date.now();
			// A name of its own: an npm that outlived its killed parent may still write to the last one.
			const unfinished = `${folder}.unfinished-${process.pid}`;
			const log = `${folder}.log`;
			rmSync(unfinished, { recursive: true, force: true });
			checkSpace(parent, name, neededGb);
			console.log(
				`Installing ${name} ${version}: ${cost}, once per ${name} version, in\n${folder}`,
			);
			writeFileSync(log, '');
			try {
				await install(unfinished, log);
			} catch (error) {
				rmSync(unfinished, { recursive: true, force: true });
				throw error;
			}
			const marker = {
				[name]: version,
				installedWith: process.version,
				at: new Date().toISOString(),
			};
			writeFileSync(path.join(unfinished, MARKER), JSON.stringify(marker));
			rmSync(folder, { recursive: true, force: true });
			renameSync(unfinished, folder);
			removeUnfinished(folder);
			rmSync(log);
			console.log(`${name} ${version} is installed (${duration(Date.now() - started)}).`);
			if (versionsIn(parent, folder) > 1) console.log(`You may delete older ones from ${parent}.`);
		},
		waiting,
	);
	return folder;
}
