import { existsSync, globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';

import { releaseProblems } from '../../scripts/checkRelease.mts';
import { n8nModules } from '../../scripts/n8n/location.mjs';

const ROOT = path.join(import.meta.dirname, '..', '..');
const { parse } = createRequire(path.join(n8nModules(), 'n8n', 'package.json'))('yaml') as {
	parse(text: string): unknown;
};
const read = <T,>(file: string) => parse(readFileSync(path.join(ROOT, file), 'utf8')) as T;

interface Step {
	uses?: string;
	run?: string;
	env?: Record<string, string>;
}
interface Job {
	permissions?: Record<string, string>;
	strategy?: { matrix: { node: number[] } };
	steps: Step[];
}
interface GitHubWorkflow {
	on: object;
	permissions: Record<string, string>;
	jobs: Record<string, Job>;
}

const WORKFLOWS = globSync('.github/workflows/*.yml', { cwd: ROOT });
const stepsOf = (file: string) =>
	Object.values(read<GitHubWorkflow>(file).jobs).flatMap(({ steps }) => steps);

describe.each(WORKFLOWS)('%s', (file) => {
	it('may read the code, and nothing else unless a job says so', () => {
		expect(read<GitHubWorkflow>(file).permissions).toEqual({ contents: 'read' });
	});

	it('uses actions of one commit each, with the version beside it', () => {
		const lines = readFileSync(path.join(ROOT, file), 'utf8').split('\n');
		const uses = lines.filter((line) => /\buses:/.test(line));
		expect(uses).toHaveLength(stepsOf(file).filter((step) => step.uses).length);
		for (const line of uses)
			expect(line).toMatch(/uses: actions\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
	});

	it('puts nothing into a shell that somebody else may have written', () => {
		for (const { run = '' } of stepsOf(file)) expect(run).not.toContain('${{');
	});

	it('runs no script of ours that is not there', () => {
		const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
			scripts: Record<string, string>;
		};
		for (const { run = '' } of stepsOf(file)) {
			for (const [own] of run.matchAll(/(?<!\S)(?:scripts|\.ci)\/\S+/g)) {
				expect([own, existsSync(path.join(ROOT, own))]).toEqual([own, true]);
			}
			for (const [, name] of run.matchAll(/npm (?:run )?(test|start)\b/g)) {
				expect(scripts).toHaveProperty(name);
			}
		}
	});
});

it('CI runs what has to hold before anything lands, with the oldest and the newest Node', () => {
	const { all } = read<GitHubWorkflow>('.github/workflows/ci.yml').jobs;
	expect(all.strategy?.matrix.node).toEqual([20, 24]);
	expect(all.steps.map(({ run }) => run)).toEqual(
		expect.arrayContaining(['.ci/run', 'npm audit --omit=dev']),
	);
});

it('CI installs all that only root can, but for what is part of the image', () => {
	const script = readFileSync(path.join(ROOT, '.ci/run'), 'utf8');
	const packages = [...script.matchAll(/missing\+?=\(([^)]+)\)/g)].flatMap(([, names]) =>
		names.split(' '),
	);
	const [install] = stepsOf('.github/workflows/ci.yml').filter(({ run }) =>
		run?.includes('apt-get'),
	);
	const [, installed = ''] = /--no-install-recommends (.*)/.exec(install.run ?? '') ?? [];
	expect(packages).toHaveLength(7);
	expect([...installed.split(' '), 'chromium'].sort()).toEqual(packages.sort());
});

it('what is published says where it comes from, and was tested and compared with its tag before', () => {
	const { on, jobs } = read<GitHubWorkflow>('.github/workflows/publish.yml');
	expect(on).toEqual({ release: { types: ['published'] } });
	expect(jobs.npm.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
	const runs = jobs.npm.steps.map(({ run }) => run).filter(Boolean);
	expect(runs).toEqual([
		'npm ci',
		'node scripts/checkRelease.mts "$TAG"',
		'npm audit --omit=dev',
		'npm test',
		expect.stringMatching(/^npm publish .*--provenance/),
	]);
});

describe('a release', () => {
	const manifest = {
		version: '1.2.3',
		repository: { url: 'git+https://github.com/owner/name.git' },
		author: { email: 'somebody@newsletter.org' },
	};
	const changelog = '# Changelog\n\n## 1.2.3 (2026-01-31)\n\n- New.\n\n## 1.2.2 (2026-01-01)\n';

	it.each(['v1.2.3', '1.2.3'])('of the tag %s is fine when all agree', (tag) => {
		expect(releaseProblems(tag, manifest, changelog)).toEqual([]);
	});

	it.each([
		['another tag', 'v1.2.4', {}, changelog, /^The tag is v1\.2\.4/],
		['a version that looks alike', '1.2.3', {}, changelog.replace('1.2.3', '1x2.3'), /begins with/],
		['an older changelog', 'v1.2.3', {}, '## 1.2.2 (2026-01-01)', /begins with "## 1\.2\.2/],
		['no date', 'v1.2.3', {}, '## 1.2.3 (unreleased)', /begins with "## 1\.2\.3 \(unrel/],
		['no changelog', 'v1.2.3', {}, '', /begins with ""/],
		['no repository', 'v1.2.3', { repository: undefined }, changelog, /no repository/],
		['a placeholder', 'v1.2.3', { author: { email: 'a@example.com' } }, changelog, /placeholder/],
	])('with %s is stopped', (_, tag, other, text, problem) => {
		expect(releaseProblems(tag, { ...manifest, ...other }, text)).toEqual([
			expect.stringMatching(problem),
		]);
	});

	it('is stopped for every other tag', () => {
		fc.assert(
			fc.property(fc.string(), (tag) => {
				fc.pre(tag.replace(/^v/, '') !== '1.2.3');
				expect(releaseProblems(tag, manifest, changelog)).toHaveLength(1);
			}),
		);
	});
});

describe.each(
	globSync('.github/ISSUE_TEMPLATE/*.yml', { cwd: ROOT }).filter(
		(file) => !file.endsWith('config.yml'),
	),
)('the form %s', (file) => {
	interface Field {
		type: string;
		id?: string;
		attributes: { label?: string; value?: string; options?: string[] };
	}
	const form = read<{ name: string; description: string; body: Field[] }>(file);

	it('is one that GitHub shows', () => {
		expect(form.name).toMatch(/\S/);
		expect(form.description).toMatch(/\S/);
		const asked = form.body.filter(({ type }) => type !== 'markdown');
		expect(asked.length).toBeGreaterThan(0);
		expect(new Set(asked.map(({ id }) => id)).size).toBe(asked.length);
		for (const { type, id, attributes } of asked) {
			expect(['input', 'textarea', 'dropdown', 'checkboxes']).toContain(type);
			expect(id).toMatch(/^[\w-]+$/);
			expect(attributes.label).toMatch(/\S/);
		}
	});
});
