import { readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What keeps a version from being published.
 *
 * @param tag of the release, such as `v1.2.3` or `1.2.3`
 * @param manifest the package.json, parsed
 * @param changelog the text of CHANGELOG.md
 * @returns one line each with what to do; none when all is well
 */
export function releaseProblems(
	tag: string,
	manifest: { version: string; repository?: unknown; author?: { email?: string } },
	changelog: string,
): string[] {
	const { version } = manifest;
	const [newest] = changelog.match(/^## .*$/m) ?? [''];
	const problems: string[] = [];
	if (tag.replace(/^v/, '') !== version) {
		problems.push(`The tag is ${tag}, the version in package.json ${version}: make them the same.`);
	}
	if (/^## (\S+) \(\d{4}-\d{2}-\d{2}\)$/.exec(newest)?.[1] !== version) {
		problems.push(
			`CHANGELOG.md begins with "${newest}": it has to be "## ${version} (" and the date, such as 2026-01-31, ")".`,
		);
	}
	if (manifest.repository === undefined) {
		problems.push('package.json names no repository: npm compares it with where it was built.');
	}
	if (manifest.author?.email?.endsWith('@example.com')) {
		problems.push('The author in package.json is a placeholder: name somebody who can be reached.');
	}
	return problems;
}

if (import.meta.main) {
	const read = (file: string) => readFileSync(path.join(import.meta.dirname, '..', file), 'utf8');
	const problems = releaseProblems(
		process.argv[2] ?? '',
		JSON.parse(read('package.json')) as Parameters<typeof releaseProblems>[1],
		read('CHANGELOG.md'),
	);
	for (const problem of problems) console.error(problem);
	process.exitCode = problems.length === 0 ? 0 : 1;
}
