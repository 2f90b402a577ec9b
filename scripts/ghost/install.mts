import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { installOnce, shown } from '../n8n/installOnce.mjs';
import { cacheFolder } from '../n8n/location.mjs';
import { runNpm, StepError } from '../n8n/npm.mjs';

const VERSION = '6.65.0';
/** Ghost names the version of its own, and most others' only roughly: npm picks what there was on this day. */
const AS_OF = '2026-11-15';
/** Ghost's own 12.11.1 ends the process under Node 24.19 and later. */
const SQLITE = '13.2.0';
const OPENS_A_DATABASE = "new (require('better-sqlite3'))(':memory:').exec('SELECT 1')";

interface Manifest {
	dependencies: Record<string, string>;
	optionalDependencies?: Record<string, string>;
	overrides?: Record<string, string>;
}

/**
 * Where Ghost is installed: one folder for all clones, for each version of Ghost and of Node.
 * @returns an absolute path of a folder that may not exist yet
 */
function ghostFolder(): string {
	const [node] = process.versions.node.split('.');
	return path.join(
		cacheFolder(),
		`ghost-${VERSION}-node${node}-${process.platform}-${process.arch}`,
	);
}

/** The folder of Ghost's package is also the one its packages are installed in: it carries some as tarballs. */
async function unpack(folder: string, log: string): Promise<void> {
	const args = ['pack', `ghost@${VERSION}`, '--pack-destination', folder];
	const output = await runNpm('downloading Ghost', args, { cwd: folder, log });
	const tarball = path.join(folder, output.trim());
	await promisify(execFile)('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
	await rm(tarball);
}

async function replaceSqlite(folder: string): Promise<void> {
	const file = path.join(folder, 'package.json');
	const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest;
	// No longer optional either: npm passes over an optional package that it cannot get.
	delete manifest.optionalDependencies?.['better-sqlite3'];
	manifest.dependencies['better-sqlite3'] = SQLITE;
	manifest.overrides = { ...manifest.overrides, 'better-sqlite3': SQLITE };
	await writeFile(file, JSON.stringify(manifest, null, 2));
}

async function installInto(folder: string, log: string): Promise<void> {
	await mkdir(folder);
	const packages = path.join(folder, 'node_modules');
	await shown(
		"Ghost's packages",
		() => (existsSync(packages) ? 'unpacking them' : 'downloading them'),
		async () => {
			await unpack(folder, log);
			await replaceSqlite(folder);
			const args = [
				'install',
				'--omit=dev',
				'--legacy-peer-deps',
				`--before=${AS_OF}`,
				'--audit=false',
				'--fund=false',
				// Nothing has to be compiled or downloaded from elsewhere than the registry: SQLite comes
				// with its binaries, and `re2` is only asked for previews of links, where it may be missing.
				'--ignore-scripts',
			];
			await runNpm("installing Ghost's packages", args, { cwd: folder, log });
		},
	);
	try {
		await promisify(execFile)(process.execPath, ['-e', OPENS_A_DATABASE], { cwd: folder });
	} catch (error) {
		const { stderr } = error as { stderr?: string };
		throw new StepError('opening a database with better-sqlite3', stderr ?? String(error), '');
	}
}

/**
 * Installs Ghost unless it is there. Must run under the Node that Ghost is to run under.
 * @returns the folder with its `index.js`
 * @throws {StepError} naming the step that failed, the end of its output and what to do
 */
export async function ensureGhost(): Promise<string> {
	return await installOnce(ghostFolder(), {
		name: 'Ghost',
		version: VERSION,
		cost: 'about 2 minutes and 1 GB',
		neededGb: 2,
		install: installInto,
	});
}
