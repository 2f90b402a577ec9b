import { execFileSync } from 'node:child_process';
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statfsSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { manifestFolder, n8nFolder } from './location.mjs';
import { withLock } from './lock.mjs';
import { remedyFor, runNpm, StepError } from './npm.mjs';
import { duration, Progress } from './progress.mjs';

const NEEDED_GB = 4;
const MARKER = 'installed.json';
const OPENS_A_DATABASE =
	"const { Database } = require('sqlite3'); new Database(':memory:', (error) => { if (error) throw error; });";

/** @param {string} folder @returns {boolean} whether an n8n was installed there to the end */
export function isInstalled(folder = n8nFolder()) {
	return existsSync(path.join(folder, MARKER));
}

/** The version of n8n that is asked for. */
function wantedVersion() {
	const manifest = JSON.parse(readFileSync(path.join(manifestFolder, 'package.json'), 'utf8'));
	return manifest.dependencies.n8n;
}

/** What is left on the disk a folder is on. */
function freeGb(folder) {
	const { bavail, bsize } = statfsSync(folder);
	return (bavail * bsize) / 1e9;
}

/** Whether npm installs a package of a lock file on this machine. */
function isForThisMachine({ os, cpu, extraneous }) {
	return (
		!extraneous && (!os || os.includes(process.platform)) && (!cpu || cpu.includes(process.arch))
	);
}

/** Says how many of the packages of the lock file have begun to arrive, and how full the disk gets. */
function packageCounter(folder) {
	const lock = JSON.parse(readFileSync(path.join(manifestFolder, 'package-lock.json'), 'utf8'));
	const all = Object.keys(lock.packages).filter(
		(name) => name !== '' && isForThisMachine(lock.packages[name]),
	);
	const before = freeGb(folder);
	return () => {
		const there = all.filter((name) => existsSync(path.join(folder, name, 'package.json'))).length;
		if (there === 0) return `downloading ${all.length} packages`;
		const written = Math.max(0, before - freeGb(folder)).toFixed(1);
		return `unpacking ${there} of ${all.length} packages, about ${written} GB so far`;
	};
}

/** The headers of the Node that came with n8n, for compiling without a download; null if it has none. */
function headersOf(folder) {
	const packages = path.join(folder, 'node_modules/node/node_modules');
	const found = readdirSync(packages)
		.map((name) => path.join(packages, name))
		.find((candidate) => existsSync(path.join(candidate, 'include/node/node.h')));
	return found ?? null;
}

function checkSpace(parent) {
	const free = freeGb(parent);
	if (free < NEEDED_GB) {
		throw new StepError(
			'making room for n8n',
			`${parent} has ${free.toFixed(1)} GB left, n8n needs ${NEEDED_GB} GB.`,
			'Free some space, or point XDG_CACHE_HOME to a folder on a larger disk.',
		);
	}
}

/** @param {string} title @param {() => string} detail @param {() => Promise<unknown>} work */
async function shown(title, detail, work) {
	const progress = new Progress(title, detail);
	try {
		await work();
	} finally {
		progress.end();
	}
}

async function installInto(folder, log) {
	mkdirSync(folder);
	for (const file of ['package.json', 'package-lock.json']) {
		copyFileSync(path.join(manifestFolder, file), path.join(folder, file));
	}
	// None of the many packages may run code of its own; the two that must are built by name below.
	writeFileSync(path.join(folder, '.npmrc'), 'ignore-scripts=true\nfund=false\naudit=false\n');
	const bin = path.join(folder, 'node_modules/.bin');
	const node = path.join(
		folder,
		'node_modules/node/bin',
		process.platform === 'win32' ? 'node.exe' : 'node',
	);
	const build = (name, env) =>
		runNpm(`setting up the package ${name}`, ['rebuild', name, '--ignore-scripts=false'], {
			cwd: folder,
			log,
			env,
		});

	// Not `npm ci`: it refuses a lock file that lacks optional packages for other platforms, and npm leaves
	// those out that were not to be had when the lock was made. All others come as the lock names them.
	await shown('1/3 Packages', packageCounter(folder), () =>
		runNpm("installing n8n's packages", ['install', '--no-save', '--ignore-scripts'], {
			cwd: folder,
			log,
		}),
	);
	await shown(
		'2/3 Node 24',
		() => 'downloading about 50 MB',
		() => build('node'),
	);
	const headers = headersOf(folder);
	await shown(
		'3/3 SQLite',
		() => 'downloading it, or compiling it where that fails',
		() =>
			build('sqlite3', {
				PATH: bin + path.delimiter + process.env.PATH,
				...(headers && { npm_config_nodedir: headers }),
			}),
	);
	try {
		execFileSync(node, ['-e', OPENS_A_DATABASE], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
	} catch (error) {
		throw new StepError(
			'opening a database with sqlite3',
			String(error.stderr),
			remedyFor('gyp ERR!'),
		);
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

/**
 * Installs the n8n to run unless it is there. Interrupted installs are started anew; of several processes
 * that need it at once, one installs and the others wait.
 * @returns {Promise<string>} the folder
 * @throws {StepError} naming the step that failed, the end of its output and what to do
 */
export async function ensureN8n() {
	const folder = n8nFolder();
	if (isInstalled(folder)) return folder;
	const parent = path.dirname(folder);
	mkdirSync(parent, { recursive: true });
	const waiting = () => console.log('Another process is installing n8n, waiting for it…');
	await withLock(
		`${folder}.lock`,
		async () => {
			if (isInstalled(folder)) return;
			const started = Date.now();
			const version = wantedVersion();
			// A name of its own: an npm that outlived its killed parent may still write to the last one.
			const unfinished = `${folder}.unfinished-${process.pid}`;
			const log = `${folder}.log`;
			rmSync(unfinished, { recursive: true, force: true });
			checkSpace(parent);
			console.log(
				`Installing n8n ${version}: 5 to 10 minutes and 3 GB, once per n8n version, in\n${folder}`,
			);
			writeFileSync(log, '');
			try {
				await installInto(unfinished, log);
			} catch (error) {
				rmSync(unfinished, { recursive: true, force: true });
				throw error;
			}
			const marker = { n8n: version, installedWith: process.version, at: new Date().toISOString() };
			writeFileSync(path.join(unfinished, MARKER), JSON.stringify(marker));
			rmSync(folder, { recursive: true, force: true });
			renameSync(unfinished, folder);
			removeUnfinished(folder);
			rmSync(log);
			console.log(`n8n ${version} is installed (${duration(Date.now() - started)}).`);
			const others = readdirSync(parent).filter((name) =>
				existsSync(path.join(parent, name, MARKER)),
			);
			if (others.length > 1) console.log(`You may delete older ones from ${parent}.`);
		},
		waiting,
	);
	return folder;
}
