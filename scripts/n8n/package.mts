import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { runNpm } from './npm.mjs';

export interface InstalledPackage {
	name: string;
	version: string;
	/** The folder n8n loads it from. */
	path: string;
}

interface Manifest {
	name: string;
	version: string;
	n8n?: { nodes?: string[]; credentials?: string[] };
	dependencies?: Record<string, string>;
	devDependencies?: Record<string, string>;
	peerDependencies?: Record<string, string>;
	optionalDependencies?: Record<string, string>;
}

async function readJson<T>(file: string, otherwise: T): Promise<T> {
	return existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as T) : otherwise;
}

async function writeJson(file: string, content: object): Promise<void> {
	await writeFile(file, JSON.stringify(content, null, 2));
}

/** Packs a package as `npm publish` would. @returns the tarball */
async function pack(projectRoot: string, folder: string): Promise<string> {
	const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
	const output = await runNpm('packing the package', args, { cwd: projectRoot });
	const [{ filename }] = JSON.parse(output) as Array<{ filename: string }>;
	// npm names scoped packages with a slash here, and the file with a dash.
	return path.join(folder, filename.replace('@', '').replace('/', '-'));
}

/** n8n skips a package that names files it does not have, with a line in its log nobody reads. */
function checkFiles(folder: string, manifest: Manifest): void {
	const named = [...(manifest.n8n?.nodes ?? []), ...(manifest.n8n?.credentials ?? [])];
	const missing = named.filter((file) => !existsSync(path.join(folder, file)));
	if (named.length === 0)
		throw new Error(`${manifest.name} has no nodes: "n8n" in its package.json.`);
	if (missing.length > 0) {
		throw new Error(`The packed ${manifest.name} lacks ${missing.join(', ')}. Is it built?`);
	}
}

/**
 * Installs a package from its sources into an n8n's folder the way n8n installs a community package from
 * the registry (`downloadPackage` in its community-packages.service.js): pack, unpack, drop the
 * dependencies that only its authors need, npm install what is left, note it in n8n's ledger. An installed
 * one is replaced. n8n loads it at its next start.
 * @param projectRoot the package, built
 * @throws when a node or credential that its package.json names is not in the tarball
 */
export async function installPackage({
	userFolder,
	projectRoot,
}: {
	userFolder: string;
	projectRoot: string;
}): Promise<InstalledPackage> {
	const nodes = path.join(userFolder, '.n8n', 'nodes');
	const temporary = await mkdtemp(path.join(tmpdir(), 'n8n-package-'));
	try {
		const tarball = await pack(projectRoot, temporary);
		const { name } = await readJson<Manifest>(path.join(projectRoot, 'package.json'), {
			name: '',
			version: '',
		});
		const folder = path.join(nodes, 'node_modules', name);
		await rm(folder, { recursive: true, force: true });
		await mkdir(folder, { recursive: true });
		await promisify(execFile)('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);

		const manifestFile = path.join(folder, 'package.json');
		const { devDependencies, peerDependencies, optionalDependencies, ...manifest } =
			await readJson<Manifest>(manifestFile, { name, version: '' });
		checkFiles(folder, manifest);
		await writeJson(manifestFile, manifest);
		const args = [
			'install',
			'--audit=false',
			'--fund=false',
			'--bin-links=false',
			'--install-strategy=shallow',
			'--ignore-scripts=true',
			'--package-lock=false',
		];
		await runNpm(`installing what ${name} depends on`, args, { cwd: folder });

		const ledgerFile = path.join(nodes, 'package.json');
		const ledger = await readJson<{ dependencies?: Record<string, string> }>(ledgerFile, {});
		await writeJson(ledgerFile, {
			name: 'installed-nodes',
			private: true,
			...ledger,
			dependencies: { ...ledger.dependencies, [name]: manifest.version },
		});
		return { name, version: manifest.version, path: folder };
	} finally {
		await rm(temporary, { recursive: true, force: true });
	}
}
