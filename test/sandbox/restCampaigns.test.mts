import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { callsOf } from './support/sandbox.mts';

let sandbox: Sandbox;
let campaign: string;
let ann: string;
beforeEach(async () => {
	sandbox = await startSandbox({ rateLimit: false });
	const { program } = sandbox;
	campaign = `/campaigns/${program.campaign.id}`;
	const { subscriber } = program.subscribe({ email: 'ann@x.org', createdAt: 1 });
	ann = subscriber.id;
	for (const [index, email] of ['bob@x.org', 'cid@x.org', 'dan@x.org'].entries()) {
		const referrerCode = index < 2 ? subscriber.referralCode : undefined;
		program.subscribe({ email, createdAt: 2 + index, referrerCode });
	}
});
afterEach(async () => await sandbox.close());

const rest = (method: string, path: string, body?: unknown) =>
	callsOf(sandbox).rest(method, path, body);
const emailsAt = async (path: string) =>
	(await rest('GET', path)).body.subscribers.map(({ email }: { email: string }) => email);
const membershipOf = (email: string) => sandbox.program.find(email)?.membership?.id;

describe('campaigns', () => {
	it('are one', async () => {
		const { id: uuid, name } = sandbox.program.campaign;

		expect((await rest('GET', '/campaigns')).body).toEqual({ campaigns: [{ uuid, name }] });
		expect((await rest('GET', campaign)).body).toEqual({ campaign: { uuid, name } });
	});

	it.each([
		['GET', ''],
		['GET', '/subscribers'],
		['GET', '/subscribers/ann@x.org'],
		['GET', '/subscribers/ann@x.org/referrals'],
		['POST', '/campaign_memberships'],
		['DELETE', '/campaign_memberships/any'],
	])('that are others have no %s %s', async (method, path) => {
		const body = method === 'POST' ? { subscriber_uuid: 'ann@x.org' } : undefined;

		expect(await rest(method, `/campaigns/MF9a78983d1c${path}`, body)).toMatchObject({
			status: 404,
			body: { error: 'Campaign MF9a78983d1c not found!' },
		});
	});
});

describe('a membership', () => {
	it.each([
		['the REST API', async () => await rest('POST', '/subscribers', { email: 'new@x.org' })],
		[
			'the Incoming Webhook URL',
			async () =>
				await callsOf(sandbox).incoming({ type: 'subscribe', subscriber: { email: 'new@x.org' } }),
		],
		['a CSV', async () => await callsOf(sandbox).control('import', { csv: 'Email\nnew@x.org' })],
	])('comes with a sign-up by %s', async (_way, signUp) => {
		await signUp();

		expect(await emailsAt(`${campaign}/subscribers`)).toContain('new@x.org');
	});

	it('is taken away, which leaves the person and their code', async () => {
		const { status, body } = await rest(
			'DELETE',
			`${campaign}/campaign_memberships/${membershipOf('dan@x.org')}`,
		);

		expect({ status, body }).toEqual({ status: 204, body: '' });
		expect(await emailsAt(`${campaign}/subscribers`)).toEqual([
			'cid@x.org',
			'bob@x.org',
			'ann@x.org',
		]);
		expect((await rest('GET', `${campaign}/subscribers/dan@x.org`)).status).toBe(404);
		const { subscriber } = (await rest('GET', '/subscribers/dan@x.org')).body;
		await rest('POST', '/subscribers', { email: 'eve@x.org', referrer_code: subscriber.ref_code });
		expect(sandbox.program.find('dan@x.org')?.totReferrals).toBe(1);
	});

	it('is given again under another id, by e-mail or uuid, but not twice', async () => {
		const before = membershipOf('ann@x.org');
		await rest('DELETE', `${campaign}/campaign_memberships/${before}`);
		const memberships = `${campaign}/campaign_memberships`;

		expect(await rest('POST', memberships, { subscriber_uuid: 'Ann@x.org' })).toMatchObject({
			status: 201,
			body: {
				campaign_membership: {
					uuid: expect.stringMatching(/^membership_[0-9a-f]{12}$/),
					campaign_uuid: sandbox.program.campaign.id,
					subscriber_uuid: ann,
					created_at: expect.stringMatching(/^\d{4}-.*Z$/),
				},
			},
		});
		expect(membershipOf('ann@x.org')).not.toBe(before);
		expect(await rest('POST', memberships, { subscriber_uuid: ann })).toMatchObject({
			status: 400,
			body: { error: 'ann@x.org has already been added to this campaign' },
		});
		expect((await rest('DELETE', `${memberships}/${before}`)).status).toBe(404);
	});

	it('does not come back by a repeated sign-up', async () => {
		sandbox.program.removeFromCampaign('ann@x.org');
		sandbox.program.subscribe({ email: 'ann@x.org' });

		expect(membershipOf('ann@x.org')).toBeUndefined();
	});

	it.each([
		[{ subscriber_uuid: 'manuel@sparkloop' }, 'manuel@sparkloop not found!'],
		[{}, 'subscriber_uuid is required'],
	])('of %j is refused', async (body, error) => {
		expect(await rest('POST', `${campaign}/campaign_memberships`, body)).toMatchObject({
			status: 400,
			body: { error },
		});
	});
});

describe('the subscribers of a campaign', () => {
	it('are paged like all subscribers', async () => {
		const { body } = await rest('GET', `${campaign}/subscribers?per_page=3&page=2`);

		expect(body.subscribers).toMatchObject([{ uuid: ann, email: 'ann@x.org' }]);
		expect(body.meta).toEqual({ per_page: 3, page: 2, total_pages: 2, total_subscribers: 4 });
	});

	it.each([
		['all', ['dan@x.org', 'cid@x.org', 'bob@x.org', 'ann@x.org']],
		['referrals', ['cid@x.org', 'bob@x.org']],
		['advocates', ['ann@x.org']],
	])('of type %s are %j', async (type, expected) => {
		expect(await emailsAt(`${campaign}/subscribers?type=${type}`)).toEqual(expected);
	});

	it('are shown one by one, by uuid or e-mail, with their campaigns if wanted', async () => {
		const one = await rest('GET', `${campaign}/subscribers/${ann}?expand=campaigns`);

		expect(one.body.subscriber).toMatchObject({
			email: 'ann@x.org',
			referral_programs: [{ uuid: sandbox.program.campaign.id }],
		});
		expect((await rest('GET', `${campaign}/subscribers/ann@x.org`)).status).toBe(200);
		expect((await rest('GET', `${campaign}/subscribers/nobody@x.org`)).status).toBe(404);
	});

	it('have referrals: members whom they brought', async () => {
		const referrals = `${campaign}/subscribers/ann@x.org/referrals`;
		expect(await emailsAt(referrals)).toEqual(['cid@x.org', 'bob@x.org']);

		sandbox.program.removeFromCampaign('cid@x.org');
		const { body } = await rest('GET', `${referrals}?per_page=1`);
		expect(body.subscribers).toMatchObject([{ email: 'bob@x.org' }]);
		expect(body.meta).toEqual({ per_page: 1, page: 1, total_pages: 1, total_subscribers: 1 });
		expect(await emailsAt(`${campaign}/subscribers/dan@x.org/referrals`)).toEqual([]);
	});
});
