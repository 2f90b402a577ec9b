import { parseArgs } from 'node:util';

import { runNpm } from './n8n/npm.mjs';
import { setStage, type Stage } from './story/stage.mts';
import { STORY } from './story/story.mts';

const USAGE = `Usage: npm start -- [--once] [--n8n-port 5678] [--sandbox-port 4010]

  --once            end after the story; exit code 0 only if every step held
  --n8n-port N      where n8n listens (0: any free port)
  --sandbox-port N  where the sandbox listens (0: any free port)`;

function readArguments() {
	const { values } = parseArgs({
		options: {
			once: { type: 'boolean', default: false },
			'n8n-port': { type: 'string', default: '5678' },
			'sandbox-port': { type: 'string', default: '4010' },
			help: { type: 'boolean', default: false },
		},
	});
	const port = (name: 'n8n-port' | 'sandbox-port'): number => {
		const number = Number(values[name]);
		if (Number.isInteger(number) && number >= 0 && number <= 65535) return number;
		throw new Error(`--${name} needs a port from 0 to 65535, not "${values[name]}"`);
	};
	return {
		once: values.once,
		help: values.help,
		n8nPort: port('n8n-port'),
		sandboxPort: port('sandbox-port'),
	};
}

const began = Date.now();
const elapsed = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;
const say = (line = '') => process.stdout.write(`${line}\n`);

/** Plays the story, a line a step. @returns whether every step held */
async function play(stage: Stage, isStopped: () => boolean): Promise<boolean> {
	for (const [index, step] of STORY.entries()) {
		const since = Date.now();
		const number = `${index + 1}/${STORY.length}`;
		say(`\n${number}  ${step.title}`);
		const waiting = setInterval(() => say(`     … ${elapsed(since)}`), 5_000);
		try {
			say(`     ✓ ${await step.play(stage)}  (${elapsed(since)})`);
		} catch (error) {
			// What is taken down under a step cannot hold.
			if (isStopped()) return false;
			say(`     ✗ ${error instanceof Error ? error.message : String(error)}  (${elapsed(since)})`);
			return false;
		} finally {
			clearInterval(waiting);
		}
	}
	return true;
}

function showAddresses({ n8n, sandbox, owner, box }: Stage): void {
	say(`
  Editor        ${n8n.url}   (${owner.email}, password ${owner.password})
  Sign-up form  ${box.signUpForm}
  Sandbox       ${sandbox.url}   SparkLoop, your ESP and everybody's mailbox

  Press Ctrl-C to stop. Everything that was set up here is removed then.`);
}

async function start(): Promise<number> {
	const { once, help, n8nPort, sandboxPort } = readArguments();
	if (help) {
		say(USAGE);
		return 0;
	}
	let stage: Stage | undefined;
	let interrupted = false;
	const stopped = new Promise<void>((resolve) => {
		for (const signal of ['SIGINT', 'SIGTERM'] as const) {
			process.on(signal, () => {
				interrupted = true;
				resolve();
			});
		}
	});
	const progress = (what: string) => say(`${elapsed(began).padStart(7)}  ${what}`);
	try {
		progress('Building the package');
		await runNpm('building the package', ['run', 'build'], { cwd: process.cwd() });
		stage = await setStage({ n8nPort, sandboxPort, progress });
		if (interrupted) return 130;
		progress('Ready');
		const held = await Promise.race([play(stage, () => interrupted), stopped.then(() => false)]);
		if (interrupted) {
			say('\nStopping in the middle of the story.');
			return 130;
		}
		say(held ? `\nEvery step held (${elapsed(began)}).` : '\nA step did not hold.');
		if (once) return held ? 0 : 1;
		showAddresses(stage);
		await Promise.race([stopped, stage.n8n.exited]);
		say('\nStopping.');
		return interrupted && held ? 0 : 1;
	} finally {
		await stage?.close();
	}
}

try {
	process.exitCode = await start();
} catch (error) {
	const { code, message } = error as NodeJS.ErrnoException;
	const help = code?.startsWith('ERR_PARSE_ARGS') ? `\n\n${USAGE}` : '';
	say(`\n${message ?? String(error)}${help}`);
	process.exitCode = 1;
}
