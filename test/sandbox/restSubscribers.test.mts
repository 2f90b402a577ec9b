import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/server.mts';
import { callsOf } from './support/sandbox.mts';

let sandbox: Sandbox;
beforeEach(async () => {
	sandbox = await startSandbox({ rateLimit: false });
});
afterEach(async () => await sandbox.close());

const rest = (method: string, path: string, body?: unknown) =>
	callsOf(sandbox).rest(method, path, body);

const odd = 'a+b/c@x.org';
const path = `/subscribers/${encodeURIComponent(odd)}`;

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

	it('holds everybody, and says of nobody whether they have unsubscribed', async () => {
		sandbox.program.unsubscribe('s60@x.org');

		const { body } = await rest('GET', '/subscribers?per_page=1');

		expect(emails(body)).toEqual(['s60@x.org']);
		expect(body.subscribers[0]).not.toHaveProperty('status');
	});

	it('stays newest first when people come and go between pages', async () => {
		await rest('GET', '/subscribers?per_page=1');
		sandbox.program.delete('s60@x.org');
		sandbox.program.subscribe({ email: 'between@x.org', createdAt: 58 });

		const { body } = await rest('GET', '/subscribers?per_page=4');

		expect(emails(body)).toEqual(['s59@x.org', 'between@x.org', 's58@x.org', 's57@x.org']);
	});

	it.each(['page=0', 'page=x', 'page=1&page=2', 'per_page=-1', 'type=nobody'])(
		'refuses %s',
		async (query) => {
			expect((await rest('GET', `/subscribers?${query}`)).status).toBe(400);
		},
	);
});

describe('one subscriber', () => {
	it('is found by uuid and by encoded e-mail', async () => {
		const { subscriber } = sandbox.program.subscribe({ email: odd });

		expect((await rest('GET', path)).body.subscriber.uuid).toBe(subscriber.id);
		expect((await rest('GET', `/subscribers/${subscriber.id}`)).body.subscriber.email).toBe(odd);
		expect(await rest('GET', '/subscribers/nobody@x.org')).toMatchObject({
			status: 404,
			body: { error: 'Subscriber nobody@x.org not found!' },
		});
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

describe('expand=campaigns', () => {
	it('adds the campaigns that somebody is in', async () => {
		const { program } = sandbox;
		program.subscribe({ email: 'in@x.org' });
		program.subscribe({ email: 'out@x.org' });
		program.removeFromCampaign('out@x.org');
		const inIt = [{ uuid: program.campaign.id, name: program.campaign.name }];

		const list = await rest('GET', '/subscribers?expand=campaigns');
		expect(list.body.subscribers).toMatchObject([
			{ email: 'out@x.org', referral_programs: [] },
			{ email: 'in@x.org', referral_programs: inIt },
		]);
		const one = await rest('GET', '/subscribers/in@x.org?expand=campaigns');
		expect(one.body.subscriber).toMatchObject({ email: 'in@x.org', referral_programs: inIt });
	});

	it('is the only thing to expand, and adds nothing when it is not asked for', async () => {
		sandbox.program.subscribe({ email: 'in@x.org' });

		expect(await rest('GET', '/subscribers/in@x.org?expand=rewards')).toMatchObject({
			status: 400,
			body: { error: 'expand must be "campaigns"' },
		});
		expect((await rest('GET', '/subscribers/in@x.org')).body.subscriber).not.toHaveProperty(
			'referral_programs',
		);
	});
});

describe('a deleted subscriber', () => {
	it('is shown once more, and then nowhere', async () => {
		const { subscriber } = sandbox.program.subscribe({ email: odd });
		sandbox.program.subscribe({ email: 'stays@x.org' });

		const answer = await rest('DELETE', path);
		expect(answer).toMatchObject({ status: 200, body: { subscriber: { uuid: subscriber.id } } });
		for (const gone of [path, `/subscribers/${subscriber.id}`]) {
			expect((await rest('GET', gone)).status).toBe(404);
			expect((await rest('DELETE', gone)).status).toBe(404);
		}
		const { body } = await rest('GET', '/subscribers');
		expect(body.subscribers).toMatchObject([{ email: 'stays@x.org' }]);
		expect(body.meta.total_subscribers).toBe(1);
	});

	it('comes back as somebody else, whom nobody referred', async () => {
		const { subscriber: advocate } = sandbox.program.subscribe({ email: 'advocate@x.org' });
		const { subscriber } = sandbox.program.subscribe({ email: odd });
		await rest('DELETE', path);

		const back = await rest('POST', '/subscribers', {
			email: odd,
			referrer_code: advocate.referralCode,
		});

		expect(back).toMatchObject({ status: 200, body: { subscriber: { referred: false } } });
		expect(back.body.subscriber.uuid).not.toBe(subscriber.id);
		expect(advocate.totReferrals).toBe(0);
	});
});

describe('a custom event', () => {
	const bought = (extra: object = {}) => ({
		value: 14.5,
		campaign_uuid: sandbox.program.campaign.id,
		...extra,
	});

	it('is noted with the person, under the misspelt name of the docs', async () => {
		const { subscriber } = sandbox.program.subscribe({ email: odd });

		const answer = await rest('POST', `${path}/events`, bought({ descripton: 'A book' }));
		await rest('POST', `/subscribers/${subscriber.id}/events`, bought({ value: 0 }));

		expect(answer.status).toBe(200);
		expect(answer.body).toEqual({
			event: {
				value: 14.5,
				subscriber_uuid: subscriber.id,
				created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/),
			},
		});
		expect(subscriber.customEvents).toMatchObject([
			{ value: 14.5, description: 'A book' },
			{ value: 0, description: null },
		]);
	});

	it.each([
		[{ value: undefined }, 400, 'value must be a number'],
		[{ value: '14.5' }, 400, 'value must be a number'],
		[{ campaign_uuid: undefined }, 400, 'campaign_uuid is required'],
		[{ campaign_uuid: 'MF0' }, 404, 'Campaign MF0 not found!'],
		[{ descripton: 7 }, 400, 'descripton must be a string'],
	])('with %j is refused', async (wrong, status, error) => {
		const { subscriber } = sandbox.program.subscribe({ email: odd });

		const answer = await rest('POST', `${path}/events`, bought(wrong));

		expect(answer).toMatchObject({ status, body: { error } });
		expect(subscriber.customEvents).toEqual([]);
	});

	it('of nobody is refused', async () => {
		expect((await rest('POST', `${path}/events`, bought())).status).toBe(404);
	});
});

describe('whom the list holds', () => {
	const listOf = async (subscribersInRest: SandboxOptions['subscribersInRest']) => {
		const other = await startSandbox({ rateLimit: false, subscribersInRest });
		try {
			for (const email of ['ann@x.org', 'ben@x.org']) other.program.subscribe({ email });
			other.program.unsubscribe('ann@x.org');
			const { body } = await callsOf(other).rest('GET', '/subscribers');
			return (body.subscribers as Array<Record<string, unknown>>)
				.map(({ email, status }) => [email, status])
				.sort();
		} finally {
			await other.close();
		}
	};

	it('is everybody, with or without a status, or those who are confirmed', async () => {
		expect(await listOf(undefined)).toEqual([
			['ann@x.org', undefined],
			['ben@x.org', undefined],
		]);
		expect(await listOf('withStatus')).toEqual([
			['ann@x.org', 'unsubscribed'],
			['ben@x.org', 'confirmed'],
		]);
		expect(await listOf('confirmedOnly')).toEqual([['ben@x.org', undefined]]);
	});
});
