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

describe('campaigns', () => {
	it('are one', async () => {
		const campaign = { uuid: sandbox.program.campaign.id, name: 'Sandbox newsletter' };

		expect((await rest('GET', '/campaigns')).body).toEqual({ campaigns: [campaign] });
		expect((await rest('GET', `/campaigns/${campaign.uuid}`)).body).toEqual({ campaign });
		expect((await rest('GET', '/campaigns/other')).status).toBe(404);
	});
});

describe('POST /subscribers', () => {
	it('creates somebody in the shape of the docs', async () => {
		const { subscriber: advocate } = sandbox.program.subscribe({ email: 'advocate@x.org' });

		const answer = await rest('POST', '/subscribers', {
			email: 'a@x.org',
			name: 'Ann',
			referrer_code: advocate.referralCode,
			ip_address: '192.0.2.1',
			country_code: 'DE',
			utm_source: 'twitter',
			created_at: '2020-05-01T12:00:00+02:00',
		});

		expect(answer.status).toBe(200);
		expect(answer.body.subscriber).toEqual({
			uuid: expect.stringMatching(/^sub_/),
			email: 'a@x.org',
			name: 'Ann',
			ref_code: expect.any(String),
			referrer_code: advocate.referralCode,
			referred: true,
			referral_status: 'verified',
			ip_address: '192.0.2.1',
			user_agent: null,
			origin: null,
			country_code: 'DE',
			cpa: null,
			utm_source: 'twitter',
			utm_campaign: null,
			created_at: '2020-05-01T10:00:00.000Z',
		});
		expect(advocate.totReferrals).toBe(1);
	});

	it.each([
		[{}, 'You have to provide at least an email'],
		[{ email: '' }, 'You have to provide at least an email'],
		[{ email: 'nobody' }, 'Email is invalid'],
		[{ email: 'TAKEN@x.org' }, 'Email has already been taken'],
		[{ email: 'a@x.org', created_at: 1564400550 }, 'created_at must be a string'],
		[{ email: 'a@x.org', created_at: '1564400550' }, 'created_at must be an ISO 8601 date'],
		[{ email: 'a@x.org', name: 7 }, 'name must be a string'],
	])('refuses %j', async (body, error) => {
		sandbox.program.subscribe({ email: 'taken@x.org' });

		expect(await rest('POST', '/subscribers', body)).toMatchObject({
			status: 400,
			body: { error },
		});
		expect(sandbox.program.subscribers).toHaveLength(1);
	});
});

describe('GET /subscribers', () => {
	beforeEach(() => {
		const { program } = sandbox;
		const { subscriber } = program.subscribe({ email: 'first@x.org', createdAt: 1 });
		for (let number = 2; number <= 60; number += 1) {
			const referrerCode = number <= 4 ? subscriber.referralCode : undefined;
			program.subscribe({ email: `s${number}@x.org`, createdAt: number, referrerCode });
		}
	});

	const emails = (body: { subscribers: Array<{ email: string }> }) =>
		body.subscribers.map(({ email }) => email);

	it('gives 50 a page, newest first', async () => {
		const { body } = await rest('GET', '/subscribers');

		expect(emails(body)).toHaveLength(50);
		expect(emails(body)[0]).toBe('s60@x.org');
		expect(body.meta).toEqual({
			per_page: 50,
			page: 1,
			total_pages: 2,
			total_subscribers: 60,
		});
	});

	it('gives the last page and empty ones after it', async () => {
		expect(emails((await rest('GET', '/subscribers?page=2')).body)).toHaveLength(10);
		expect(emails((await rest('GET', '/subscribers?page=3')).body)).toEqual([]);
	});

	it('gives at most 200 a page', async () => {
		expect((await rest('GET', '/subscribers?per_page=1000')).body.meta.per_page).toBe(200);
	});

	it('gives those who were referred, or those who referred', async () => {
		const referrals = await rest('GET', '/subscribers?type=referrals');
		const advocates = await rest('GET', '/subscribers?type=advocates');

		expect(emails(referrals.body)).toEqual(['s4@x.org', 's3@x.org', 's2@x.org']);
		expect(emails(advocates.body)).toEqual(['first@x.org']);
	});

	it.each(['page=0', 'page=x', 'per_page=-1', 'type=nobody'])('refuses %s', async (query) => {
		expect((await rest('GET', `/subscribers?${query}`)).status).toBe(400);
	});
});

describe('one subscriber', () => {
	const odd = 'a+b/c@x.org';
	const path = `/subscribers/${encodeURIComponent(odd)}`;

	it('is found by uuid and by encoded e-mail', async () => {
		const { subscriber } = sandbox.program.subscribe({ email: odd });

		expect((await rest('GET', path)).body.subscriber.uuid).toBe(subscriber.id);
		expect((await rest('GET', `/subscribers/${subscriber.id}`)).body.subscriber.email).toBe(odd);
		expect((await rest('GET', '/subscribers/nobody')).status).toBe(404);
	});

	it('changes name, e-mail and status', async () => {
		const { subscriber } = sandbox.program.subscribe({ email: odd, name: 'Ann' });

		const renamed = await rest('PUT', path, { email: 'new@x.org', name: 'Bea' });
		expect(renamed.body.subscriber).toMatchObject({ email: 'new@x.org', name: 'Bea' });
		expect((await rest('PUT', path, { name: 'Bea' })).status).toBe(404);

		await rest('PUT', '/subscribers/new@x.org', { status: 'unsubscribed' });
		expect(subscriber.status).toBe('unsubscribed');
		await rest('PUT', '/subscribers/new@x.org', { status: 'confirmed' });
		expect(subscriber).toMatchObject({ status: 'confirmed', name: 'Bea' });
	});

	it.each([
		[{ status: 'gone' }, 'status must be "confirmed" or "unsubscribed"'],
		[{ email: 'taken@x.org' }, 'Email has already been taken'],
		[{ email: 'nobody' }, 'Email is invalid'],
	])('refuses the change %j', async (change, error) => {
		sandbox.program.subscribe({ email: odd });
		sandbox.program.subscribe({ email: 'taken@x.org' });

		expect(await rest('PUT', path, change)).toMatchObject({ status: 400, body: { error } });
	});

	it('unsubscribes once, then answers 409', async () => {
		sandbox.program.subscribe({ email: odd });

		expect((await rest('PUT', `${path}/unsubscribe`)).status).toBe(200);
		expect((await rest('PUT', `${path}/unsubscribe`)).status).toBe(409);
		expect((await rest('PUT', '/subscribers/nobody/unsubscribe')).status).toBe(404);
	});

	it('is rejected once, then answers 409', async () => {
		const { subscriber } = sandbox.program.subscribe({ email: 'advocate@x.org' });
		sandbox.program.subscribe({ email: odd, referrerCode: subscriber.referralCode });

		const answer = await rest('PUT', `${path}/reject`);
		expect(answer.body.subscriber.referral_status).toBe('rejected');
		expect((await rest('PUT', `${path}/reject`)).status).toBe(409);
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
