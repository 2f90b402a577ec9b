import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { installPackage } from '../../scripts/n8n/package.mts';

let folder: string;
let projectRoot: string;
let userFolder: string;

beforeEach(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'package-test-'));
	projectRoot = path.join(folder, 'project');
	userFolder = path.join(folder, 'user');
	mkdirSync(path.join(projectRoot, 'dist'), { recursive: true });
	writeFileSync(path.join(projectRoot, 'dist/A.node.js'), 'exports.A = class {};');
	writeFileSync(path.join(projectRoot, 'secret.txt'), 'not in "files"');
	writeManifest({});
});
afterEach(() => rmSync(folder, { recursive: true }));

function writeManifest(more: object): void {
	const manifest = {
		name: 'n8n-nodes-tiny',
		version: '1.2.3',
		files: ['dist'],
		n8n: { n8nNodesApiVersion: 1, nodes: ['dist/A.node.js'] },
		scripts: { prepack: 'exit 1' },
		devDependencies: { nothing: '1.0.0' },
		peerDependencies: { 'n8n-workflow': '*' },
		...more,
	};
	writeFileSync(path.join(projectRoot, 'package.json'), JSON.stringify(manifest));
}

const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>;

describe('installing the package into an n8n', () => {
	it('leaves what n8n would: the published files, no dependencies of the authors, a line in the ledger', async () => {
		const installed = await installPackage({ userFolder, projectRoot });
		expect(installed).toEqual({
			name: 'n8n-nodes-tiny',
			version: '1.2.3',
			path: path.join(userFolder, '.n8n/nodes/node_modules/n8n-nodes-tiny'),
		});
		expect(readdirSync(installed.path).sort()).toEqual(['dist', 'package.json']);
		const manifest = readJson(path.join(installed.path, 'package.json'));
		expect(Object.keys(manifest)).not.toContain('devDependencies');
		expect(Object.keys(manifest)).not.toContain('peerDependencies');
		expect(readJson(path.join(userFolder, '.n8n/nodes/package.json')).dependencies).toEqual({
			'n8n-nodes-tiny': '1.2.3',
		});
	});

	it('replaces an earlier version, files and all, and keeps the neighbours in the ledger', async () => {
		const { path: target } = await installPackage({ userFolder, projectRoot });
		const ledger = path.join(userFolder, '.n8n/nodes/package.json');
		writeFileSync(path.join(target, 'dist/old.js'), '');
		writeFileSync(ledger, JSON.stringify({ dependencies: { other: '1.0.0' } }));
		writeManifest({ version: '1.3.0' });
		await installPackage({ userFolder, projectRoot });
		expect(existsSync(path.join(target, 'dist/old.js'))).toBe(false);
		expect(readJson(ledger).dependencies).toEqual({ other: '1.0.0', 'n8n-nodes-tiny': '1.3.0' });
	});

	it('fails when a node is not in the tarball, which n8n would pass over', async () => {
		rmSync(path.join(projectRoot, 'dist'), { recursive: true });
		await expect(installPackage({ userFolder, projectRoot })).rejects.toThrow(
			'The packed n8n-nodes-tiny lacks dist/A.node.js. Is it built?',
		);
	});

	it('leaves nothing in the project', async () => {
		await installPackage({ userFolder, projectRoot });
		expect(readdirSync(projectRoot).sort()).toEqual(['dist', 'package.json', 'secret.txt']);
	});
});
