import { execFileSync } from 'node:child_process';
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	writeFileSync,
} from 'node:fs';
import path from 'node:path';

import { freeGb, installOnce, isWhole, shown } from './installOnce.mjs';
import { manifestFolder, n8nFolder, n8nToRun } from './location.mjs';
import { remedyFor, runNpm, StepError } from './npm.mjs';

const NEEDED_GB = 4;
/** Older versions of n8n name an address outside of npm's registry for it; a spreadsheet is not what they are tried with. */
const FROM_THE_REGISTRY = { xlsx: '0.18.5' };
const OPENS_A_DATABASE =
	"const { Database } = require('sqlite3'); new Database(':memory:', (error) => { if (error) throw error; });";

/** @param {string} folder @returns {boolean} whether an n8n was installed there to the end */
export function isInstalled(folder = n8nFolder()) {
	return isWhole(folder);
}

/** Whether npm installs a package of a lock file on this machine. */
function isForThisMachine({ os, cpu, extraneous }) {
	return (
		!extraneous && (!os || os.includes(process.platform)) && (!cpu || cpu.includes(process.arch))
	);
}

/** Says how full the disk gets and, where a lock file names the packages, how many have begun to arrive. */
function packageCounter(folder, isLocked) {
	const before = freeGb(folder);
	const written = () => `about ${Math.max(0, before - freeGb(folder)).toFixed(1)} GB so far`;
	if (!isLocked) return written;
	const lock = JSON.parse(readFileSync(path.join(manifestFolder, 'package-lock.json'), 'utf8'));
	const all = Object.keys(lock.packages).filter(
		(name) => name !== '' && isForThisMachine(lock.packages[name]),
	);
	return () => {
		const there = all.filter((name) => existsSync(path.join(folder, name, 'package.json'))).length;
		if (there === 0) return `downloading ${all.length} packages`;
		return `unpacking ${there} of ${all.length} packages, ${written()}`;
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

/** Writes what npm is to install: as the lock file has it, or another n8n with the packages that it asks for today. */
function writeManifest(folder, { version, isLocked }) {
	const own = (file) => path.join(manifestFolder, file);
	if (isLocked) copyFileSync(own('package-lock.json'), path.join(folder, 'package-lock.json'));
	const manifest = JSON.parse(readFileSync(own('package.json'), 'utf8'));
	manifest.dependencies.n8n = version;
	if (!isLocked) manifest.overrides = FROM_THE_REGISTRY;
	writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
}

async function installInto(folder, log) {
	const wanted = n8nToRun();
	mkdirSync(folder);
	writeManifest(folder, wanted);
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
	await shown('1/3 Packages', packageCounter(folder, wanted.isLocked), () =>
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

/**
 * Installs the n8n to run unless it is there.
 * @returns {Promise<string>} the folder
 * @throws {StepError} naming the step that failed, the end of its output and what to do
 */
export async function ensureN8n() {
	return await installOnce(n8nFolder(), {
		name: 'n8n',
		version: n8nToRun().version,
		cost: '5 to 10 minutes and 3 GB',
		neededGb: NEEDED_GB,
		install: installInto,
	});
}
