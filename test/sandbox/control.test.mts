import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { call } from './support/http.mts';
import { startReceiver } from './support/receiver.mts';
import { callsOf } from './support/sandbox.mts';

let sandbox: Sandbox;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeEach(async () => {
	receiver = await startReceiver();
	sandbox = await startSandbox({ webhooks: [{ url: receiver.url }] });
});
afterEach(async () => await Promise.all([sandbox.close(), receiver.close()]));

const control = (path: string, body?: unknown) => callsOf(sandbox).control(path, body);
const state = async () => (await call('GET', `${sandbox.url}/control/state`)).body;

describe('the control API', () => {
	it('leads somebody through a whole life', async () => {
		await control('sign-up', { email: 'ann@x.org', name: 'Ann' });
		await control('refer', { referrer: 'ann@x.org', email: 'bob@x.org' });
		await control('change-email', { email: 'ann@x.org', newEmail: 'anna@x.org' });
		await control('unsubscribe', { email: 'bob@x.org' });

		expect((await state()).subscribers).toMatchObject([
			{ email: 'bob@x.org', status: 'unsubscribed', referred: true },
			{ email: 'anna@x.org', status: 'confirmed', tot_referrals: 1 },
		]);
		await control('reset-campaign');
		expect((await state()).subscribers[1].tot_referrals).toBe(0);
	});

	it('takes people out of the campaign, puts them back, and deletes them', async () => {
		await control('sign-up', { email: 'ann@x.org' });

		await control('remove-from-campaign', { email: 'ann@x.org' });
		expect((await state()).subscribers).toMatchObject([{ membership: null }]);
		expect((await control('remove-from-campaign', { email: 'ann@x.org' })).status).toBe(409);
		await control('add-to-campaign', { email: 'ann@x.org' });
		expect((await state()).subscribers).toMatchObject([{ membership: { id: expect.any(String) } }]);
		expect((await control('add-to-campaign', { email: 'ann@x.org' })).status).toBe(400);
		await control('delete', { email: 'ann@x.org' });
		expect((await state()).subscribers).toEqual([]);
	});

	it('signs up on the site when there is a target', async () => {
		const site = await startReceiver();
		await control('sign-up-target', { url: site.url });
		await control('sign-up', { email: 'ann@x.org' });

		expect(site.received[0].body).toEqual({ event: 'signup', email: 'ann@x.org', name: '' });
		expect(sandbox.program.subscribers).toEqual([]);

		await control('sign-up', { email: 'ann@x.org', via: 'sparkloop' });
		expect(sandbox.program.subscribers).toHaveLength(1);
		await site.close();
	});

	it('records a visit', async () => {
		const { subscriber } = sandbox.program.subscribe({ email: 'ann@x.org' });
		await control('visit', { email: 'bob@x.org', code: subscriber.referralCode });

		expect(sandbox.site.codeFor('bob@x.org')).toBe(subscriber.referralCode);
	});

	it('changes webhooks and the site, and re-syncs', async () => {
		sandbox.program.subscribe({ email: 'ann@x.org' });
		await control('webhooks', { rows: [{ url: receiver.url, events: ['sync_subscriber'] }] });
		await control('site-url', { url: 'https://join.site' });
		await sandbox.deliveries.idle();

		expect(sandbox.deliveries.webhooks).toEqual([
			{
				url: receiver.url,
				events: ['sync_subscriber'],
				uuid: expect.stringMatching(/^webhook_/) as string,
			},
		]);
		expect(receiver.received.at(-1)?.body).toMatchObject({
			subscriber: { referral_link: expect.stringContaining('https://join.site?rh_ref=') },
		});
	});

	it('imports a CSV: one sync_subscriber a row, and says which rows were left out', async () => {
		const csv = [
			'\uFEFFName,Email,Registration Date,IP Address,Referrer,Source',
			'"Doe, Ann",ann@x.org,01/02/2020,192.0.2.1,,form',
			'"The ""Bob""",bob@x.org,31/12/2020 23:59,,ann@x.org,',
			'',
			'Nobody,nobody,,,,',
			'Late,late@x.org,31/02/2020,,,',
		].join('\r\n');

		const answer = await call('POST', `${sandbox.url}/control/import`, csv, {
			'content-type': 'text/csv',
		});
		await sandbox.deliveries.idle();

		expect(answer.body).toEqual({
			imported: 2,
			errors: [
				{ row: 3, error: 'Email is invalid' },
				{ row: 4, error: expect.stringContaining('DD/MM/YYYY') },
			],
		});
		expect(sandbox.program.find('ann@x.org')).toMatchObject({
			name: 'Doe, Ann',
			createdAt: Date.UTC(2020, 1, 1) / 1000,
			totReferrals: 1,
			details: { ip_address: '192.0.2.1', origin: 'form' },
		});
		expect(sandbox.program.find('bob@x.org')).toMatchObject({
			name: 'The "Bob"',
			createdAt: Date.UTC(2020, 11, 31, 23, 59) / 1000,
		});
		expect(receiver.types().filter((type) => type === 'sync_subscriber')).toHaveLength(2);
		const { body } = await callsOf(sandbox).rest('GET', '/subscribers/ann@x.org');
		expect(body.subscriber).toMatchObject({ origin: 'form', utm_source: null });
	});

	it('imports no CSV without a column Email', async () => {
		expect(await control('import', { csv: 'Name\nAnn' })).toMatchObject({
			status: 400,
			body: { error: expect.stringContaining('Email') },
		});
	});

	it('sends a test of any type, with people whom nobody has', async () => {
		await control('webhooks', { rows: [] });
		expect((await control('send-test', { type: 'new_referral' })).status).toBe(400);

		await control('send-test', { type: 'new_referral', url: receiver.url });
		await control('send-test', { type: 'partner_referral_rejected', url: receiver.url });
		await sandbox.deliveries.idle();

		expect(receiver.received.map(({ body }) => body)).toEqual([
			expect.objectContaining({
				type: 'new_referral',
				referrer: expect.objectContaining({ email: 'john.smith@email.com' }),
			}),
			{ type: 'partner_referral_rejected' },
		]);
	});

	it.each([
		[
			'new_partner_pending_referral',
			{
				campaign: { id: expect.any(String), referral_code: expect.any(String) },
				subscriber: expect.objectContaining({ referral_status: 'pending' }),
			},
		],
		[
			'new_partner_referral',
			{
				campaign: { id: expect.any(String), referral_code: expect.any(String) },
				subscriber: expect.objectContaining({ referral_status: 'verified' }),
			},
		],
		[
			'new_offer_lead',
			{
				offer_id: expect.any(String),
				lead: {
					email: 'ann@x.org',
					source: expect.any(String),
					partner_id: expect.any(String),
					referral_status: 'verified',
				},
			},
		],
	])('sends a %s with the documented names only', async (type, shape) => {
		sandbox.program.subscribe({ email: 'ann@x.org' });
		await sandbox.deliveries.idle();

		await control('partner-event', { type, email: 'ann@x.org' });
		await sandbox.deliveries.idle();

		expect(receiver.received.at(-1)?.body).toEqual({ type, ...shape });
	});

	it('breaks and repairs', async () => {
		await control('faults/fail-next', { count: 2, status: 503, kind: 'rest', retryAfter: 1 });
		await control('faults/duplicate-next', { count: 3 });
		const broken = await control('faults/down', { kind: 'esp' });

		expect(broken.body).toMatchObject({
			inbound: {
				planned: [{ action: 'fail', left: 2, kind: 'rest', status: 503 }],
				down: ['esp'],
			},
			outbound: { duplicateNext: 3 },
		});
		expect((await control('faults/clear')).body).toMatchObject({
			inbound: { planned: [], down: [] },
			outbound: { duplicateNext: 0 },
		});
	});

	it('waits until nothing is pending', async () => {
		sandbox.program.subscribe({ email: 'ann@x.org' });

		expect((await call('GET', `${sandbox.url}/control/idle`)).status).toBe(200);
		expect(receiver.types()).toEqual(['sync_subscriber']);
	});

	it.each([
		['sign-up', {}, 400],
		['sign-up', { email: 'nobody' }, 400],
		['sign-up', { email: 'a@x.org', via: 'air' }, 400],
		['refer', { referrer: 'nobody@x.org', email: 'a@x.org' }, 404],
		['unsubscribe', { email: 'nobody@x.org' }, 404],
		['delete', { email: 'nobody@x.org' }, 404],
		['add-to-campaign', { email: 'nobody@x.org' }, 404],
		['partner-program', {}, 400],
		['change-email', { email: 'nobody@x.org', newEmail: 'a@x.org' }, 404],
		['webhooks', { rows: [{ url: 'ftp://x.org' }] }, 400],
		['webhooks', {}, 400],
		['webhooks', { rows: [{ url: 'http://x.org', events: ['New', 'Referral'] }] }, 400],
		['site-url', { url: 'nowhere' }, 400],
		['partner-event', { type: 'new_referral', email: 'a@x.org' }, 400],
		['faults/fail-next', { count: -1 }, 400],
		['faults/fail-next', { status: 99 }, 400],
		['faults/slow', { ms: 'long' }, 400],
		['faults/down', { kind: 'moon' }, 400],
		['faults/randomly', { duplicate: 2 }, 400],
		['redeem', { email: 'nobody@x.org', rewardId: 'reward_1' }, 404],
		['nothing', {}, 404],
	])('answers %s with %j by %i', async (path, body, status) => {
		expect(await control(path, body)).toMatchObject({
			status,
			body: { error: expect.any(String) },
		});
	});

	it('tells open pages what has changed', async () => {
		const abort = new AbortController();
		const response = await fetch(`${sandbox.url}/control/live`, { signal: abort.signal });
		expect(response.headers.get('content-type')).toBe('text/event-stream');
		const reader = response.body?.getReader();
		const decoder = new TextDecoder();
		let text = '';
		const readUntil = async (wanted: string) => {
			while (!text.includes(wanted)) text += decoder.decode((await reader?.read())?.value);
		};

		await readUntil('"subscribers":[]');
		sandbox.program.subscribe({ email: 'ann@x.org' });
		await readUntil('ann@x.org');
		abort.abort();
	});
});
