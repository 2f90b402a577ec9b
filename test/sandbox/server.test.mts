import { startSandbox } from '../../sandbox/server.mts';
import { call } from './support/http.mts';
import { startReceiver } from './support/receiver.mts';
import { callsOf, withSandbox } from './support/sandbox.mts';

describe('a sandbox', () => {
	it('goes the whole way: sign-ups by both ways in, events out', async () => {
		const receiver = await startReceiver();
		const webhooks = [{ url: receiver.url }];
		await withSandbox({ webhooks, delivery: { concurrency: 1 } }, async (sandbox) => {
			const calls = callsOf(sandbox);
			const { body } = await calls.rest('POST', '/subscribers', { email: 'ann@x.org' });
			const code = body.subscriber.ref_code as string;
			sandbox.site.recordVisit('one@x.org', code);
			await calls.incoming({ type: 'subscribe', subscriber: { email: 'one@x.org' } });
			for (const email of ['two@x.org', 'three@x.org']) {
				await calls.rest('POST', '/subscribers', { email, referrer_code: code });
			}
			await sandbox.deliveries.idle();

			expect(receiver.types()).toEqual([
				...['sync_subscriber', 'sync_subscriber', 'new_referral'],
				...['sync_subscriber', 'new_referral', 'sync_subscriber', 'new_referral'],
				'reward_unlocked',
			]);
			expect(receiver.received.at(-1)?.headers).toMatchObject({
				'sparkloop-token': sandbox.webhookToken,
				'content-type': 'application/json',
			});
		});
		await receiver.close();
	});

	it('has the same secrets and ids under the same seed, and others under another', async () => {
		const draw = async (seed: number) => {
			let drawn: string[] = [];
			await withSandbox({ seed, siteUrl: 'https://x.org' }, async (sandbox) => {
				const { subscriber } = sandbox.program.subscribe({ email: 'a@x.org' });
				const secret = sandbox.incomingWebhookUrl.split('/').at(-1) ?? '';
				const { apiKey, webhookToken, espKey } = sandbox;
				drawn = [secret, apiKey, webhookToken, espKey, subscriber.id, subscriber.referralCode];
			});
			return drawn;
		};
		const first = await draw(1);

		expect(new Set(first).size).toBe(6);
		expect(await draw(1)).toEqual(first);
		for (const [index, text] of (await draw(2)).entries()) expect(text).not.toBe(first[index]);
	});

	it('names the port that is in use', async () => {
		await withSandbox({}, async ({ url, smtp }) => {
			const port = Number(new URL(url).port);

			await expect(startSandbox({ port })).rejects.toThrow(`Port ${port} is in use`);
			await expect(startSandbox({ smtpPort: smtp.port })).rejects.toThrow(
				`Port ${smtp.port} is in use`,
			);
		});
	});

	it('logs no secret and no person', async () => {
		const lines: string[] = [];
		const log = (line: string) => lines.push(line);
		await withSandbox({ log }, async (sandbox) => {
			await callsOf(sandbox).incoming({ type: 'subscribe', subscriber: { email: 'ann@x.org' } });
			const { incomingWebhookUrl, apiKey, webhookToken, espKey } = sandbox;
			const secrets = [incomingWebhookUrl.split('/').at(-1), apiKey, webhookToken, espKey];

			expect(lines).toEqual(['event sync_subscriber']);
			for (const secret of secrets) expect(lines.join()).not.toContain(secret);
		});
	});

	it('answers 404 as JSON to what it does not know', async () => {
		await withSandbox({}, async ({ url }) => {
			expect(await call('GET', `${url}/nothing`)).toMatchObject({
				status: 404,
				body: { error: 'Not found' },
			});
		});
	});

	it('builds its page of text only, never of markup', async () => {
		await withSandbox({}, async ({ url }) => {
			for (const script of ['app', 'tables', 'dom']) {
				const { body } = await call('GET', `${url}/page/${script}.js`);

				expect(body).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
			}
		});
	});

	it('sends its page with its parts, and lets it load nothing from elsewhere', async () => {
		await withSandbox({}, async ({ url }) => {
			const page = await call('GET', `${url}/`);
			const parts = [...String(page.body).matchAll(/(?:src|href)="(\/page\/[^"]+)"/g)];

			expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
			expect(parts.length).toBeGreaterThan(1);
			for (const [, part] of parts) expect((await call('GET', url + part)).status).toBe(200);
		});
	});
});
