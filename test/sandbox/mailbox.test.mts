import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';

import { linksIn } from '../../sandbox/mailLinks.mts';
import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { call } from './support/http.mts';

let sandbox: Sandbox;
beforeEach(async () => {
	sandbox = await startSandbox();
});
afterEach(async () => await sandbox.close());

/** Speaks SMTP with a login, as an n8n or an ESP would. */
async function send(to: string, body: string, type = 'text/plain'): Promise<void> {
	const socket = createConnection(sandbox.smtp.port, sandbox.smtp.host);
	const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
	const answer = async () => {
		for (;;) {
			const { value } = (await lines.next()) as { value: string };
			if (/^[45]/.test(value)) throw new Error(value);
			if (/^\d{3} /.test(value)) return;
		}
	};
	const login = Buffer.from('\0anybody\0anything').toString('base64');
	const mail = [
		'From: The Letter <letter@x.org>',
		`To: ${to}`,
		'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
		`Content-Type: ${type}; charset=utf-8`,
		'',
		body,
		'.',
	].join('\r\n');
	await answer();
	const envelope = ['MAIL FROM:<letter@x.org>', `RCPT TO:<${to}>`, 'DATA'];
	for (const line of ['EHLO here', `AUTH PLAIN ${login}`, ...envelope, mail]) {
		socket.write(`${line}\r\n`);
		await answer();
	}
	socket.destroy();
}

describe('the mailbox', () => {
	it('keeps what it gets, and lists it', async () => {
		await send('ann@x.org', 'Please confirm: http://127.0.0.1:5678/confirm?t=1.');

		const { body } = await call('GET', `${sandbox.url}/mailbox`);

		expect(body.mails).toMatchObject([
			{
				id: 1,
				to: ['ann@x.org'],
				subject: 'Grüße',
				links: ['http://127.0.0.1:5678/confirm?t=1'],
				receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
			},
		]);
		expect(body.mails[0].text).toContain('Please confirm');
	});

	it('waits for the next mail to somebody', async () => {
		await send('ann@x.org', 'one');
		const next = sandbox.mailbox.nextMail({ to: 'Ann@x.org', after: 1 });
		await send('bob@x.org', 'two');
		await send('ann@x.org', 'three');

		expect(await next).toMatchObject({ id: 3, text: expect.stringContaining('three') });
		expect(await sandbox.mailbox.nextMail({ to: 'ann@x.org' })).toMatchObject({ id: 1 });
	});

	it('says when none comes', async () => {
		await expect(sandbox.mailbox.nextMail({ timeoutMs: 1 })).rejects.toThrow('No mail came');

		const answer = await call('GET', `${sandbox.url}/mailbox/next?to=a@x.org&timeoutMs=1`);
		expect(answer.status).toBe(504);
	});

	it('finds links in HTML', async () => {
		await send('ann@x.org', '<a href="https://x.org/?a=1&amp;b=2">here</a>', 'text/html');

		expect((await sandbox.mailbox.nextMail()).links).toEqual(['https://x.org/?a=1&b=2']);
	});
});

describe('links', () => {
	it.each([
		['See https://x.org/a.', '', ['https://x.org/a']],
		['(https://x.org/a) and https://x.org/b_(c)', '', ['https://x.org/a', 'https://x.org/b_(c)']],
		['<https://x.org/a>, https://x.org/a', '', ['https://x.org/a']],
		['none: ftp://x.org', '<a href="mailto:a@x.org">a</a>', []],
		['', "<a class=x href='http://x.org'>a</a>", ['http://x.org']],
	])('in %j and %j are %j', (text, html, links) => {
		expect(linksIn(text, html)).toEqual(links);
	});
});
