import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..', '..');
const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
	main: string;
	dependencies?: object;
	n8n: { strict: boolean; nodes: string[]; credentials: string[] };
	peerDependencies: object;
	peerDependenciesMeta: object;
};

const slashed = (file: string) => file.split(path.sep).join('/');

/** What `npm publish` would publish. */
const published = (): string[] => {
	const [{ files }] = JSON.parse(
		execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
			cwd: ROOT,
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'ignore'],
		}),
	) as Array<{ files: Array<{ path: string }> }>;
	return files.map((file) => file.path);
};

describe('the package', () => {
	const files = published();

	it('needs nothing to run but the n8n it is installed in', () => {
		expect(manifest.dependencies).toBeUndefined();
		expect(manifest.peerDependencies).toEqual({ 'n8n-workflow': '*' });
		expect(manifest.peerDependenciesMeta).toEqual({ 'n8n-workflow': { optional: true } });
		expect(manifest.n8n.strict).toBe(true);
	});

	it('holds what is made of its sources, and nothing else', () => {
		const sources = (pattern: string) => globSync(pattern, { cwd: ROOT }).map(slashed);
		const expected = [
			...sources('{nodes,credentials}/**/*.ts').map((file) => `dist/${file.replace(/ts$/, 'js')}`),
			...sources('{nodes/**/*.json,icons/*.svg}').map((file) => `dist/${file}`),
			'CHANGELOG.md',
			'LICENSE',
			'README.md',
			'index.js',
			'package.json',
		];
		expect(files.toSorted()).toEqual(expected.toSorted());
	});

	it('holds the schemas of what its operations put out', () => {
		const schemas = files.filter((file) => file.includes('/__schema__/'));
		expect(schemas.length).toBeGreaterThan(0);
		for (const file of schemas) {
			const source = path.join(ROOT, file.replace(/^dist\//, ''));
			expect(readFileSync(path.join(ROOT, file), 'utf8')).toBe(readFileSync(source, 'utf8'));
		}
	});

	it.each([...manifest.n8n.nodes, ...manifest.n8n.credentials])(
		'holds %s with its icons, in light and in dark',
		(file) => {
			expect(files).toContain(file);
			const [exported] = Object.values(
				jest.requireActual<Record<string, new () => Described>>(path.join(ROOT, file)),
			);
			const described = new exported();
			const icon = described.icon ?? described.description?.icon;
			expect(icon?.light).not.toBe(icon?.dark);
			for (const theme of [icon?.light, icon?.dark]) {
				const svg = path.posix.join(path.posix.dirname(file), String(theme).replace('file:', ''));
				expect(files).toContain(svg);
				expect(readFileSync(path.join(ROOT, svg), 'utf8')).toMatch(
					/^<svg [^>]*viewBox="0 0 64 64"/,
				);
			}
		},
	);

	it.each(manifest.n8n.nodes)('holds the codex file of %s', (file) => {
		expect(files).toContain(file.replace(/\.js$/, '.json'));
	});

	it('has an entry that gives its node and credential classes', () => {
		const entry = jest.requireActual<Record<'nodes' | 'credentials', Record<string, unknown>>>(
			path.join(ROOT, manifest.main),
		);
		for (const kind of ['nodes', 'credentials'] as const) {
			const names = manifest.n8n[kind].map((file) => path.basename(file).split('.')[0]);
			expect(Object.keys(entry[kind]).sort()).toEqual(names.sort());
			expect(Object.values(entry[kind]).map((value) => typeof value)).toEqual(
				names.map(() => 'function'),
			);
		}
	});
});

interface Described {
	icon?: { light: string; dark: string };
	description?: { icon?: { light: string; dark: string } };
}
