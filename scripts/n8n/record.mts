import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import type { RunningN8n } from './host.mts';
import type { InstalledPackage } from './package.mts';

interface NodeType {
	name: string;
	displayName: string;
	version: number | number[];
}

const NOW = "STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')";

/**
 * Lists an installed package under Settings > Community nodes of a running n8n. Its nodes work without;
 * n8n writes this list only when it fetches a package from the registry itself, so the rows it would write
 * (`saveInstalledPackageWithNodes` in its installed-packages.repository.js) are written here.
 * @throws when n8n did not load the package
 */
export async function recordPackage(
	n8n: RunningN8n,
	{ name, version, path: folder }: InstalledPackage,
) {
	const all = await n8n.api.rest.call<NodeType[]>('GET', '/types/nodes.json');
	const types = all.filter((type) => type.name.startsWith(`${name}.`));
	if (types.length === 0) throw new Error(`n8n has not loaded ${name}; its log says why.`);
	const { author } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
		author?: { name?: string; email?: string };
	};
	const database = new DatabaseSync(path.join(n8n.userFolder, '.n8n', 'database.sqlite'), {
		timeout: 10_000,
	});
	try {
		database.exec('BEGIN IMMEDIATE');
		database.prepare('DELETE FROM installed_packages WHERE packageName = ?').run(name);
		database
			.prepare(
				`INSERT INTO installed_packages (packageName, installedVersion, authorName, authorEmail, createdAt, updatedAt) VALUES (?, ?, ?, ?, ${NOW}, ${NOW})`,
			)
			.run(name, version, author?.name ?? null, author?.email ?? null);
		const insert = database.prepare(
			'INSERT OR REPLACE INTO installed_nodes (name, type, latestVersion, package) VALUES (?, ?, ?, ?)',
		);
		for (const type of types) {
			const latest = Math.max(...[type.version].flat());
			insert.run(type.displayName, type.name, latest, name);
		}
		database.exec('COMMIT');
	} finally {
		database.close();
	}
}
