import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import {
	analyzePackage,
	SOURCE_FILE_PATTERNS,
} from '@n8n/scan-community-package/scanner/scanner.mjs';

import { runNpm } from './n8n/npm.mjs';

const ROOT = path.join(import.meta.dirname, '..');
const MAX_OUTPUT = 64 * 1024 * 1024;

interface Count {
	passed: number;
	failed: number;
}

const began = Date.now();
const temporary = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-test-'));
const total: Count = { passed: 0, failed: 0 };
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Runs one of the project's tools; its output is shown when it fails. */
async function tool(script: string, ...args: string[]): Promise<void> {
	try {
		await promisify(execFile)(
			process.execPath,
			[path.join(ROOT, 'node_modules', script), ...args],
			{
				cwd: ROOT,
				maxBuffer: MAX_OUTPUT,
			},
		);
	} catch (error) {
		const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
		throw new Error(`${stdout}${stderr}`.trim() || String(error), { cause: error });
	}
}

async function check(title: string, run: () => Promise<void>): Promise<void> {
	const since = Date.now();
	try {
		await run();
		total.passed += 1;
		say(`✓ ${title} (${((Date.now() - since) / 1000).toFixed(1)} s)`);
	} catch (error) {
		total.failed += 1;
		say(`✗ ${title}\n${error instanceof Error ? error.message : String(error)}`);
	}
}

/** n8n's scanner for community packages, on a folder. @throws with its report when it objects */
async function scan(folder: string, files: string | string[]): Promise<void> {
	const result = await analyzePackage(folder, files);
	if (!result.passed) throw new Error(`${result.message}\n${result.details ?? ''}`);
}

async function unpackTarball(): Promise<string> {
	const output = await runNpm(
		'packing',
		['pack', '--json', '--ignore-scripts', '--pack-destination', temporary],
		{
			cwd: ROOT,
		},
	);
	const [{ filename }] = JSON.parse(output) as Array<{ filename: string }>;
	await promisify(execFile)('tar', ['-xzf', path.join(temporary, filename), '-C', temporary]);
	return path.join(temporary, 'package');
}

/** Runs Jest on a folder, and adds its figures. A suite that could not run counts as a failed test. */
async function jest(title: string, folder: string, ...args: string[]): Promise<void> {
	say(`\n${title}`);
	const report = path.join(temporary, `${title.replace(/\W+/g, '-')}.json`);
	const command = [
		// Jest needs it to load the .mjs files that must also run before Node 24 is there.
		'--experimental-vm-modules',
		'--disable-warning=ExperimentalWarning',
		path.join(ROOT, 'node_modules/jest/bin/jest.js'),
		folder,
		'--json',
		`--outputFile=${report}`,
		...args,
	];
	const child = promisify(execFile)(process.execPath, command, {
		cwd: ROOT,
		maxBuffer: MAX_OUTPUT,
	});
	child.child.stderr?.pipe(process.stdout);
	await child.catch(() => {});
	if (!existsSync(report)) {
		total.failed += 1;
		say('✗ Jest ended without a report');
		return;
	}
	const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
		readFileSync(report, 'utf8'),
	) as Record<string, number>;
	total.passed += numPassedTests;
	total.failed += numFailedTests + numRuntimeErrorTestSuites;
	if (numPassedTests + numFailedTests === 0) total.failed += 1;
}

try {
	await check('the package builds', async () => {
		await runNpm('building the package', ['run', 'build'], { cwd: ROOT });
	});
	await check("n8n's linter, strict and without warnings", async () => {
		const output = await runNpm('linting', ['run', 'lint'], { cwd: ROOT });
		if (/warning/.test(output)) throw new Error(output);
	});
	await check('the linter for what is not published', () =>
		tool(
			'eslint/bin/eslint.js',
			'-c',
			'eslint.tools.config.mjs',
			'--max-warnings=0',
			'bench',
			'sandbox',
			'scripts',
			'test',
		),
	);
	await check('the formatting', () =>
		tool('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.'),
	);
	await check('the types of the package', () => tool('typescript/bin/tsc', '--noEmit'));
	await check('the types of the rest', () =>
		tool('typescript/bin/tsc', '-p', 'tsconfig.tools.json'),
	);
	await check("n8n's community scanner, on the source", () => scan(ROOT, SOURCE_FILE_PATTERNS));
	await check("n8n's community scanner, on the tarball", async () =>
		scan(await unpackTarball(), ['**/*.js', 'package.json']),
	);
	await jest(
		'Units, the sandbox, and nodes and workflows on the real engine',
		'test/',
		'--testPathIgnorePatterns=/test/(e2e|esp)/',
		// Those need Chromium, PostgreSQL, Redis, proxies, Ghost or a quarter of an hour, and have commands of their own.
		'--testPathIgnorePatterns=/test/(browser|queue|postgresql|proxy|ghost|burst)/',
	);
	await jest('End to end on a real n8n', 'test/(e2e|esp)/', '--runInBand');
} finally {
	rmSync(temporary, { recursive: true, force: true });
}
say(`\n${((Date.now() - began) / 1000).toFixed(0)} s`);
say(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
