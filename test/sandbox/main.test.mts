import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { startSandbox } from '../../sandbox/server.mts';
import { call } from './support/http.mts';

const MAIN = join(import.meta.dirname, '../../sandbox/main.mts');

function start(...options: string[]) {
	const child = spawn(process.execPath, [MAIN, ...options]);
	const printed = { text: '' };
	const ended = once(child, 'exit');
	child.stdout.on('data', (part: Buffer) => (printed.text += part.toString()));
	child.stderr.on('data', (part: Buffer) => (printed.text += part.toString()));
	const until = async (wanted: RegExp) => {
		while (!wanted.test(printed.text)) await once(child.stdout, 'data');
		return wanted.exec(printed.text)?.[1] ?? '';
	};
	return { child, printed, ended, until };
}

describe('the command line', () => {
	it.each(['SIGINT', 'SIGTERM'] as const)(
		'prints addresses without secrets, and stops on %s',
		async (signal) => {
			const { child, printed, ended, until } = start('--port', '0', '--seed', '7');
			const url = await until(/Page\s+(http\S+)\/\n/);
			await until(/are shown (on) the page/);
			await call('POST', `${url}/control/sign-up`, { email: 'ann@x.org' });
			await until(/event (sync_subscriber)/);
			child.kill(signal);

			expect(await ended).toEqual([0, null]);
			const same = await startSandbox({ seed: 7 });
			const { incomingWebhookUrl, apiKey, webhookToken, espKey } = same;
			await same.close();
			for (const secret of [incomingWebhookUrl.split('/').at(-1), apiKey, webhookToken, espKey]) {
				expect(printed.text).not.toContain(secret);
			}
			expect(printed.text).not.toContain('ann@x.org');
		},
	);

	it('says plainly that a port is in use', async () => {
		const other = await startSandbox();
		const port = new URL(other.url).port;
		const { printed, ended } = start('--port', port);

		expect(await ended).toEqual([1, null]);
		await other.close();
		expect(printed.text).toBe(`Port ${port} is in use. Choose another, or 0 for any free one.\n`);
	});

	it('refuses a webhook that is no URL', async () => {
		const { printed, ended } = start('--port', '0', '--webhook', 'nonsense');

		expect(await ended).toEqual([1, null]);
		expect(printed.text).toBe('--webhook must be a URL, not "nonsense"\n');
	});

	it('refuses a port that is no number', async () => {
		const { printed, ended } = start('--port', 'many');

		expect(await ended).toEqual([1, null]);
		expect(printed.text).toBe('--port must be a number, not "many"\n');
	});
});
