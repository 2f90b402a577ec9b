import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { cacheFolder } from '../scripts/n8n/location.mjs';
import { runNpm } from '../scripts/n8n/npm.mjs';

/**
 * Community packages that many use: those with the most downloads from npm among the ones that we know
 * of.
 */
export const WELL_KNOWN: Readonly<Record<string, string>> = {
	'n8n-nodes-evolution-api': '1.0.4',
	'@devlikeapro/n8n-nodes-chatwoot': '1.0.2',
	'n8n-nodes-mcp': '0.1.37',
	'@mendable/n8n-nodes-firecrawl': '2.1.2',
	'n8n-nodes-deepseek': '1.0.6',
};

export interface DownloadedPackage {
	name: string;
	version: string;
	/** Where it is unpacked, with what it depends on. */
	folder: string;
	/** Kilobytes. */
	tarball: number;
}

/** Kilobytes of a package's tarball. @param what a folder, or a name with a version */
export async function tarballOf(what: string, cwd: string): Promise<number> {
	const args = ['pack', what, '--json', '--dry-run', '--ignore-scripts'];
	const [{ size }] = JSON.parse(await runNpm(`packing ${what}`, args, { cwd })) as [
		{ size: number },
	];
	return size / 1024;
}

/**
 * Downloads a package once, with its dependencies but none that n8n brings, as n8n installs one. No script of it runs.
 *
 * @throws StepError when npm fails
 */
export async function download(name: string, version: string): Promise<DownloadedPackage> {
	const packages = path.join(cacheFolder(), 'bench-packages');
	const home = path.join(packages, `${name.replace('/', '+')}@${version}`);
	if (!existsSync(home)) {
		mkdirSync(packages, { recursive: true });
		const half = mkdtempSync(path.join(packages, 'half-'));
		try {
			writeFileSync(path.join(half, 'package.json'), '{"private": true}');
			const args = ['install', `${name}@${version}`, '--ignore-scripts', '--legacy-peer-deps'];
			await runNpm(`downloading ${name}`, [...args, '--no-audit', '--no-fund'], { cwd: half });
			renameSync(half, home);
		} finally {
			rmSync(half, { recursive: true, force: true });
		}
	}
	return {
		name,
		version,
		folder: path.join(home, 'node_modules', name),
		tarball: await tarballOf(`${name}@${version}`, home),
	};
}
