import { execFileSync } from 'node:child_process';
import path from 'node:path';

import { tooOld } from '../../scripts/nodeVersion.mjs';

const scripts = path.resolve(import.meta.dirname, '../../scripts');

describe('the Node version', () => {
	it.each(['20.0.0', '20.19.5', '22.1.0', '24.9.0', '100.0.0'])('%s is enough', (version) => {
		expect(tooOld(version)).toBeNull();
	});

	it.each(['12.22.12', '18.20.4', '19.9.0'])(
		'%s is not, and the user learns what is',
		(version) => {
			expect(tooOld(version)).toMatch(`needs Node 20 or later, this is v${version}`);
		},
	);

	it.each(['run.mjs', 'nodeVersion.mjs'])(
		'%s has no syntax that an old Node would trip over',
		(file) => {
			const source = `
			const ts = require('typescript');
			const text = require('node:fs').readFileSync(${JSON.stringify(path.join(scripts, file))}, 'utf8');
			const options = { target: ts.ScriptTarget.ES2018, module: ts.ModuleKind.ESNext, allowJs: true };
			const lowered = ts.transpile(text, options);
			const same = ts.transpile(text, { ...options, target: ts.ScriptTarget.ESNext });
			if (lowered !== same) throw new Error('newer than ES2018');
		`;
			execFileSync(process.execPath, ['-e', source], { cwd: path.dirname(scripts) });
		},
	);
});
