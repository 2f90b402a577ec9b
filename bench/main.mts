import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { n8nModules } from '../scripts/n8n/location.mjs';
import { runNpm } from '../scripts/n8n/npm.mjs';
import type { Figure } from './figure.mts';
import { benchGround, type BenchGround } from './ground.mts';
import type { Bench } from './part.mts';
import { PARTS } from './parts.mts';
import { recordProfile } from './profile.mts';
import { markdownOf, tableOf } from './report.mts';

const USAGE = `Usage: npm run bench -- [PART…] [--json FILE] [--rounds N] [--quick] [--profile FOLDER] [--markdown] [--no-build]

Measures what this package costs and saves, side by side with what people would use instead.

  PART              ${Object.keys(PARTS).join(', ')}; all when none is named
  --json FILE       writes the figures into a file, too
  --rounds N        how often each side has its turn; by itself each part knows
  --quick           tiny sizes, to see that everything runs; the figures mean nothing
  --profile FOLDER  records what n8n's processor does, for DevTools; the figures suffer
  --markdown        prints the table as bench/README.md has it
  --no-build        measures dist/ as it is`;

const ROOT = path.join(import.meta.dirname, '..');
const say = (line = '') => process.stdout.write(`${line}\n`);

function readArguments() {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		allowNegative: true,
		options: {
			json: { type: 'string' },
			rounds: { type: 'string' },
			quick: { type: 'boolean', default: false },
			profile: { type: 'string' },
			markdown: { type: 'boolean', default: false },
			build: { type: 'boolean', default: true },
			help: { type: 'boolean', default: false },
		},
	});
	const unknown = positionals.find((name) => !(name in PARTS));
	if (unknown) throw new Error(`There is no part "${unknown}".\n\n${USAGE}`);
	const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
	if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1)) {
		throw new Error(`--rounds is a whole number from 1 on, not "${values.rounds}"`);
	}
	const names = positionals.length > 0 ? positionals : Object.keys(PARTS);
	return { ...values, rounds, names };
}

/** Where the figures come from, in one line. */
function machine(): string {
	const manifest = path.join(n8nModules(), 'n8n', 'package.json');
	const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
	const memory = Math.round(totalmem() / 2 ** 30);
	const load = loadavg()[0].toFixed(1);
	return [
		new Date().toISOString().slice(0, 10),
		`n8n ${version}`,
		`Node ${process.versions.node}`,
		`${cpus().length} cores (${cpus()[0]?.model.trim() ?? ''})`,
		`${memory} GB`,
		`load before ${load}`,
	].join(', ');
}

/** @returns the figures, and the parts that could not run */
async function runParts(
	names: readonly string[],
	bench: Bench,
): Promise<{ figures: Figure[]; failed: string[] }> {
	const figures: Figure[] = [];
	const failed: string[] = [];
	for (const name of names) {
		const began = Date.now();
		try {
			figures.push(...(await PARTS[name](bench)));
			say(`${name}: ${Math.round((Date.now() - began) / 1000)} s`);
		} catch (error) {
			failed.push(name);
			say(`${name} could not run: ${error instanceof Error ? error.stack : String(error)}`);
		}
	}
	return { figures, failed };
}

async function main(): Promise<number> {
	const { help, json, names, rounds, quick, profile, markdown, build } = readArguments();
	if (help) {
		say(USAGE);
		return 0;
	}
	if (process.platform !== 'linux') throw new Error('It reads /proc, which only Linux has.');
	if (build) await runNpm('building the package', ['run', 'build'], { cwd: ROOT });
	if (profile) mkdirSync(profile, { recursive: true });

	const origin = machine();
	let ground: Promise<BenchGround> | undefined;
	let recorded = 0;
	const bench: Bench = {
		quick,
		say,
		rounds: (usual) => rounds ?? (quick ? 1 : usual),
		ground: async () => await (ground ??= benchGround(say)),
		profiled: async (name, work) => {
			if (!profile || !ground) return await work();
			const { n8n, inspectorPort } = await ground;
			const file = path.join(profile, `${name}-${(recorded += 1)}.cpuprofile`);
			return await recordProfile({ pid: n8n.pid, port: inspectorPort }, file, work);
		},
	};
	const began = Date.now();
	try {
		const { figures, failed } = await runParts(names, bench);
		say(`\n${markdown ? markdownOf(figures) : tableOf(figures)}`);
		say(`\n${origin}, ${Math.round((Date.now() - began) / 1000)} s`);
		if (json) writeFileSync(json, `${JSON.stringify(figures, null, '\t')}\n`);
		return failed.length > 0 ? 1 : 0;
	} finally {
		await (await ground)?.close();
	}
}

try {
	process.exitCode = await main();
} catch (error) {
	say(`\n${error instanceof Error ? error.message : String(error)}`);
	process.exitCode = 1;
}
