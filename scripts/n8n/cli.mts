import { execFile } from 'node:child_process';

import { n8nEnvironment } from './environment.mts';
import { n8nNode, n8nScript, prepareN8n } from './host.mts';
import { freePort } from './ports.mts';

const WITHIN_MS = 120_000;

/**
 * Runs a command of n8n beside or before its server, such as
 * `import:workflow --separate --input=FOLDER`, `import:credentials --input=FILE`,
 * `publish:workflow --id=ID` or `export:workflow --all --output=FILE`.
 * A running server takes about 10 seconds to notice what `publish:workflow` did.
 * @param within milliseconds after which the command is ended
 * @returns what it printed
 * @throws when it fails, with what it printed
 */
export async function n8nCli(
	userFolder: string,
	args: string[],
	{ env = {}, within = WITHIN_MS }: { env?: Record<string, string>; within?: number } = {},
): Promise<string> {
	prepareN8n(userFolder);
	const ports = { http: await freePort(), broker: await freePort() };
	return await new Promise((resolve, reject) => {
		execFile(
			n8nNode(),
			[n8nScript(), ...args],
			{
				cwd: userFolder,
				env: n8nEnvironment(userFolder, ports, env),
				timeout: within,
				killSignal: 'SIGKILL',
				maxBuffer: 64 * 1024 * 1024,
			},
			(error, stdout, stderr) => {
				if (!error) return resolve(stdout);
				const reason = error.killed ? `took more than ${within / 1000} seconds` : 'failed';
				const said = `${stdout}${stderr}`.trimEnd().split('\n').slice(-15).join('\n');
				reject(new Error(`n8n ${args.join(' ')} ${reason}:\n${said}`, { cause: error }));
			},
		);
	});
}
