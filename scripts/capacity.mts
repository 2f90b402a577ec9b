import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

import { startSandbox } from '../sandbox/server.mts';
import { Flows, type Extent } from './capacity/flows.mts';
import { onOneProcess, onQueue, type Ground } from './capacity/grounds.mts';
import type { Measurement } from './capacity/measure.mts';
import { tables } from './capacity/table.mts';
import { Outside } from './chaos/world.mts';
import { n8nModules } from './n8n/location.mjs';
import { runNpm } from './n8n/npm.mjs';

const USAGE = `Usage: npm run capacity -- [--json FILE] [--on one|queue] [--set NAME=VALUE]… [--no-build]

Measures on a real n8n what an event costs: on one process with SQLite, and in queue mode with one worker and with two.

  --json FILE       writes the figures into a file, too
  --on one|queue    one of the two only
  --set NAME=VALUE  a setting of n8n's, such as DB_POSTGRESDB_POOL_SIZE=10; may be given again
  --no-build        measures dist/ as it is`;

const EXTENT: Extent = { events: 40, warmUp: 15, inOutbox: 500, ledgerRows: 100_000 };

const say = (line = '') => process.stdout.write(`${line}\n`);

function readArguments() {
	const { values } = parseArgs({
		options: {
			json: { type: 'string' },
			on: { type: 'string' },
			set: { type: 'string', multiple: true, default: [] },
			build: { type: 'boolean', default: true },
			help: { type: 'boolean', default: false },
		},
		allowNegative: true,
	});
	if (values.on !== undefined && values.on !== 'one' && values.on !== 'queue') {
		throw new Error(`--on is one or queue, not "${values.on}"`);
	}
	const settings = values.set.map((setting) => {
		const [name, ...value] = setting.split('=');
		if (value.length === 0) throw new Error(`--set needs NAME=VALUE, not "${setting}"`);
		return [name, value.join('=')];
	});
	return { ...values, settings: Object.fromEntries(settings) as Record<string, string> };
}

function machine() {
	const manifest = path.join(n8nModules(), 'n8n', 'package.json');
	const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
	return {
		date: new Date().toISOString().slice(0, 10),
		n8n: version,
		cores: cpus().length,
		processor: cpus()[0]?.model ?? '',
		memoryGb: Math.round(totalmem() / 2 ** 30),
	};
}

async function main(): Promise<void> {
	const { help, json, on, build, settings } = readArguments();
	if (help) {
		say(USAGE);
		return;
	}
	if (process.platform !== 'linux') throw new Error('It reads /proc, which only Linux has.');
	if (build) await runNpm('building the package', ['run', 'build'], { cwd: process.cwd() });

	const began = Date.now();
	const measurements: Measurement[] = [];
	const sandbox = await startSandbox();
	const outside = await Outside.open();
	const add = (...measured: Measurement[]) => {
		measurements.push(...measured);
		for (const { what, eventsPerSecond } of measured) {
			say(`  ${what}: ${eventsPerSecond.toFixed(1)} a second`);
		}
	};
	const basics = async (ground: Ground, flows: Flows) => {
		say(ground.title);
		const synced = await flows.fromSparkLoop('sync_subscriber, one contact', 'sync_subscriber');
		add({ ...synced, lease: await flows.leases() });
		add(await flows.fromSparkLoop('new_referral, two contacts', 'new_referral'));
		add(await flows.fromSparkLoop('reward_unlocked', 'reward_unlocked'));
		add(...(await flows.throughOutbox()));
	};
	const variants = async (flows: Flows) => {
		await flows.keepContactRuns(false);
		add(await flows.fromSparkLoop('sync_subscriber, runs not kept', 'sync_subscriber'));
		await flows.keepContactRuns(true);
		const bytes = await flows.fillLedger();
		say(`  ledger filled: ${bytes.toFixed(0)} bytes a row`);
		const what = `reward_unlocked, ledger of ${EXTENT.ledgerRows.toLocaleString('en')}`;
		add(await flows.fromSparkLoop(what, 'reward_unlocked'));
	};
	try {
		if (on !== 'queue') {
			await onOneProcess(settings, async (ground) => {
				const flows = await Flows.bring(ground, sandbox, outside, EXTENT);
				await basics(ground, flows);
				await variants(flows);
			});
		}
		if (on !== 'one') {
			await onQueue(settings, async (ground, addWorker) => {
				const flows = await Flows.bring(ground, sandbox, outside, EXTENT);
				await basics(ground, flows);
				await addWorker();
				await basics(ground, flows);
				await variants(flows);
			});
		}
	} finally {
		await outside.close();
		await sandbox.close();
		// What was measured before something failed is shown, too.
		if (measurements.length > 0) {
			say(`\n${tables(measurements)}`);
			say(`\n${JSON.stringify(machine())}, ${Math.round((Date.now() - began) / 1000)} s`);
			const report = { machine: machine(), settings, extent: EXTENT, measurements };
			if (json) writeFileSync(json, `${JSON.stringify(report, null, '\t')}\n`);
		}
	}
}

try {
	await main();
} catch (error) {
	say(`\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
	process.exitCode = 1;
}
