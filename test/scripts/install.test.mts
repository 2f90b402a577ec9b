import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	rmSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isInstalled } from '../../scripts/n8n/install.mjs';
import { installOnce } from '../../scripts/n8n/installOnce.mjs';
import { n8nFolder, n8nToRun } from '../../scripts/n8n/location.mjs';
import { withLock } from '../../scripts/n8n/lock.mjs';
import { remedyFor, StepError } from '../../scripts/n8n/npm.mjs';
import { duration } from '../../scripts/n8n/progress.mjs';

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'install-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the n8n to run', () => {
	it('lies outside of the checkout, apart for each platform', () => {
		expect(n8nFolder()).not.toContain(path.resolve(import.meta.dirname, '../..'));
		expect(n8nFolder()).toMatch(
			new RegExp(`n8n-[0-9a-f]{12}-${process.platform}-${process.arch}$`),
		);
	});

	describe('of another version', () => {
		const { N8N_VERSION } = process.env;
		afterEach(() => {
			if (N8N_VERSION === undefined) delete process.env.N8N_VERSION;
			else process.env.N8N_VERSION = N8N_VERSION;
		});

		it('lies beside the one that the lock file names', () => {
			delete process.env.N8N_VERSION;
			const { version, isLocked } = n8nToRun();
			const locked = n8nFolder();
			expect(isLocked).toBe(true);
			process.env.N8N_VERSION = version;
			expect(n8nFolder()).toBe(locked);
			process.env.N8N_VERSION = '2.35.3';
			expect(n8nToRun()).toEqual({ version: '2.35.3', isLocked: false });
			expect(path.dirname(n8nFolder())).toBe(path.dirname(locked));
			expect(path.basename(n8nFolder())).toMatch(/^n8n-2\.35\.3-/);
		});

		it.each(['2', 'latest', '../2.35.3', '2.35.3 --global'])('is not "%s"', (asked) => {
			process.env.N8N_VERSION = asked;
			expect(n8nToRun).toThrow(`N8N_VERSION is "${asked}". Give a whole version`);
		});
	});

	it('counts as installed only when the installation went to its end', () => {
		writeFileSync(path.join(folder, 'package.json'), '{}');
		expect(isInstalled(folder)).toBe(false);
		writeFileSync(path.join(folder, 'installed.json'), '{}');
		expect(isInstalled(folder)).toBe(true);
	});
});

describe('what is installed only to be run', () => {
	const thing = (install: (folder: string) => Promise<unknown>) =>
		installOnce(path.join(folder, 'thing-1'), {
			name: 'thing',
			version: '1',
			cost: 'no time',
			neededGb: 0,
			install,
		});
	beforeEach(() => void jest.spyOn(console, 'log').mockImplementation(() => {}));
	afterEach(() => jest.restoreAllMocks());

	it('is installed once by those who need it at once', async () => {
		let times = 0;
		const install = async (unfinished: string) => {
			times += 1;
			mkdirSync(unfinished);
			await sleep(20);
		};
		const found = await Promise.all([thing(install), thing(install)]);
		expect(found).toEqual([path.join(folder, 'thing-1'), path.join(folder, 'thing-1')]);
		expect(times).toBe(1);
	});

	it('is never there by half', async () => {
		const broken = thing(async (unfinished) => {
			mkdirSync(unfinished);
			throw new Error('broken');
		});
		await expect(broken).rejects.toThrow('broken');
		expect(existsSync(path.join(folder, 'thing-1'))).toBe(false);
		mkdirSync(path.join(folder, 'thing-1.unfinished-1'));
		await thing(async (unfinished) => mkdirSync(unfinished));
		expect(readdirSync(folder)).toEqual(['thing-1']);
	});
});

describe('the lock around the installation', () => {
	const worker = (name: string, diary: string[], lock: string) =>
		withLock(lock, async () => {
			diary.push(`${name} in`);
			await sleep(20);
			diary.push(`${name} out`);
		});

	it('lets one work at a time', async () => {
		const diary: string[] = [];
		const lock = path.join(folder, 'lock');
		await Promise.all([worker('a', diary, lock), worker('b', diary, lock)]);
		expect(diary).toEqual(['a in', 'a out', 'b in', 'b out']);
	});

	it('is free again after a failure', async () => {
		const lock = path.join(folder, 'lock');
		await expect(withLock(lock, () => Promise.reject(new Error('broken')))).rejects.toThrow(
			'broken',
		);
		await expect(withLock(lock, async () => 'done')).resolves.toBe('done');
	});

	it('is taken over from a process that died', async () => {
		const lock = path.join(folder, 'lock');
		writeFileSync(lock, 'dead');
		const longAgo = new Date(Date.now() - 60_000);
		utimesSync(lock, longAgo, longAgo);
		const diary: string[] = [];
		await Promise.all([worker('a', diary, lock), worker('b', diary, lock)]);
		expect(diary).toHaveLength(4);
		expect(diary[0].slice(0, 1)).toBe(diary[1].slice(0, 1));
	});
});

describe('a step that failed', () => {
	it.each([
		['npm error code ENOSPC', /disk is full/],
		['gyp ERR! find Python', /build-essential python3/],
		['npm error code EAI_AGAIN', /registry could not be reached/],
		['npm error code EACCES', /could not be written/],
		['something new', /started anew/],
	])('"%s" comes with a remedy', (output, remedy) => {
		expect(remedyFor(output)).toMatch(remedy);
	});

	it('is named, with the beginning and the end of what was printed and none of the warnings', () => {
		const output = [
			'npm warn EBADENGINE',
			'npm error code E1',
			'npm error',
			...Array.from({ length: 50 }, (_, index) => `line ${index}`),
		].join('\n');
		const { message } = new StepError('unpacking', output, 'Try again.');
		expect(message).toMatch(/^Failed: unpacking\.\n {2}\| npm error code E1\n/);
		expect(message).toMatch(/ {2}\| line 49\nTry again\.$/);
		expect(message).not.toMatch('warn');
	});
});

it.each([
	[400, '0s'],
	[59_000, '59s'],
	[185_000, '3m05s'],
])('%d ms reads as %s', (ms, text) => {
	expect(duration(ms)).toBe(text);
});
