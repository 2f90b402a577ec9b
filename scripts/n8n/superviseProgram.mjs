import { spawn } from 'node:child_process';

// Stands between us and a program that is no Node script: what `exitWithParent.mjs` does to this process
// is passed on. Unlike `setpriv --pdeathsig` it needs nothing but Node, survives the program's change of
// user, and asks the program to end before it makes it.
const { program, args, uid, gid, stopSignal } = JSON.parse(process.argv[2]);
const child = spawn(program, args, { uid, gid, stdio: ['ignore', 'inherit', 'inherit'] });
child.once('error', (error) => {
	process.stderr.write(`${error.message}\n`);
	process.exit(1);
});
child.once('exit', (code) => process.exit(code ?? 1));
process.on('SIGTERM', () => child.kill(stopSignal));
