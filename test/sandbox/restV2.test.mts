import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { FakeClock } from './support/fakeClock.mts';
import { call } from './support/http.mts';
import { callsOf, withSandbox } from './support/sandbox.mts';

let sandbox: Sandbox;
beforeEach(async () => {
	sandbox = await startSandbox({ rateLimit: false });
});
afterEach(async () => await sandbox.close());

const rest = (method: string, path: string, body?: unknown) =>
	callsOf(sandbox).rest(method, path, body);

describe('the key of REST v2', () => {
	it.each([
		['missing', {}, 'API key is missing!'],
		['wrong', { 'X-Api-Key': 'wrong' }, 'User not found!'],
		['sent as Bearer', { authorization: 'Bearer key' }, 'API key is missing!'],
	])('when %s gives 401', async (_what, headers, error) => {
		const answer = await call('GET', `${sandbox.apiUrl}/campaigns`, undefined, headers);

		expect(answer).toMatchObject({ status: 401, body: { error } });
	});
});

describe('what clients send', () => {
	it('may be a content type without a body', async () => {
		sandbox.program.subscribe({ email: 'a@x.org' });
		const headers = { 'X-Api-Key': sandbox.apiKey, 'content-type': 'application/json' };
		const url = `${sandbox.apiUrl}/subscribers/a@x.org/unsubscribe`;

		expect((await call('PUT', url, undefined, headers)).status).toBe(200);
	});

	it('may be the longest e-mail address there is', async () => {
		const email = `${'+'.repeat(246)}a@x.org`;
		sandbox.program.subscribe({ email });

		expect((await rest('GET', `/subscribers/${encodeURIComponent(email)}`)).status).toBe(200);
	});
});

describe('the rate limit', () => {
	it('answers 429 beyond its number, until the window has moved on', async () => {
		const clock = new FakeClock();
		await withSandbox({ clock, rateLimit: { max: 2, windowMs: 60_000 } }, async (limited) => {
			const get = async () => (await callsOf(limited).rest('GET', '/campaigns')).status;

			expect([await get(), await get(), await get()]).toEqual([200, 200, 429]);
			await clock.advance(59_999);
			expect(await get()).toBe(429);
			await clock.advance(1);
			expect(await get()).toBe(200);
		});
	});

	it('is 120 by default', async () => {
		await withSandbox({ clock: new FakeClock() }, async (limited) => {
			const answers = await Promise.all(
				Array.from({ length: 121 }, () => callsOf(limited).rest('GET', '/campaigns')),
			);

			expect(answers.filter(({ status }) => status === 200)).toHaveLength(120);
			expect(answers.filter(({ status }) => status === 429)).toHaveLength(1);
		});
	});
});
