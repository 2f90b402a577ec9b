import { parseArgs } from 'node:util';

import { runNpm } from './n8n/npm.mjs';
import { onOneProcess } from './chaos/onOneProcess.mts';
import { onQueue } from './chaos/onQueue.mts';
import { EXTENTS } from './chaos/extents.mts';
import { holds, report } from './chaos/report.mts';

const USAGE = `Usage: npm run test:chaos -- [--seed N] [--size full|short] [--queue] [--template]

  --seed N   what happens and what breaks; drawn when left out, and printed
  --size S   full: 150 readers with 250 friends, 6 kills; short: what npm test runs, one kill
  --queue    n8n in queue mode (npm run test:queue), where workers and the webhook process are killed; its size is its own
  --template not our workflows, but the pattern that n8n's template library recommends, on the same events`;

const say = (line = '') => process.stdout.write(`${line}\n`);

function readArguments() {
	const { values } = parseArgs({
		options: {
			seed: { type: 'string' },
			size: { type: 'string', default: 'full' },
			queue: { type: 'boolean', default: false },
			template: { type: 'boolean', default: false },
			help: { type: 'boolean', default: false },
		},
	});
	const seed = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
	if (!Number.isSafeInteger(seed))
		throw new Error(`--seed needs a whole number, not "${values.seed}"`);
	const { size } = values;
	if (size !== 'full' && size !== 'short')
		throw new Error(`--size is full or short, not "${size}"`);
	const pattern = values.template ? 'template' : 'ours';
	return { seed, size, pattern, queue: values.queue, help: values.help } as const;
}

async function main(): Promise<number> {
	const { seed, size, pattern, queue, help } = readArguments();
	if (help) {
		say(USAGE);
		return 0;
	}
	const extent = EXTENTS[queue ? 'queue' : size];
	say(
		`Seed ${seed}: ${extent.readers} readers, ${extent.friends} friends, ${extent.crashes} kills\n`,
	);
	await runNpm('building the package', ['run', 'build'], { cwd: process.cwd() });
	const verdict = await (queue ? onQueue : onOneProcess)({ seed, ...extent, pattern, say });
	say(`\n${report(verdict)}`);
	return holds(verdict) ? 0 : 1;
}

try {
	process.exitCode = await main();
} catch (error) {
	say(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
	process.exitCode = 1;
}
