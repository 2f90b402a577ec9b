import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { callsOf } from './support/sandbox.mts';

let sandbox: Sandbox;
let uuid: string;
beforeEach(async () => {
	sandbox = await startSandbox({ rateLimit: false });
	uuid = sandbox.partnerPrograms.newestFirst[0].uuid;
});
afterEach(async () => await sandbox.close());

const get = async (path: string) => await callsOf(sandbox).rest('GET', `/partner_programs${path}`);
const control = async (path: string, body: unknown) => await callsOf(sandbox).control(path, body);
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);

describe('partner programs', () => {
	it('are one from the start, in the shape of the docs', async () => {
		const { body } = await get('');

		expect(body).toEqual({
			partner_programs: [
				{
					uuid: expect.stringMatching(/^partner_program_[0-9a-f]{12}$/),
					publication: {
						uuid: expect.stringMatching(/^pub_[0-9a-f]{12}$/),
						name: 'Neighbour newsletter',
						logo: null,
						description: null,
						url: expect.stringContaining('https://'),
						send_frequency: 'weekly',
						language: 'en',
						categories: ['Technology'],
					},
					status: 'active',
					terms: null,
					resources_url: null,
					redirect_url: expect.stringContaining('https://'),
					thankyou_page_url: expect.stringContaining('https://'),
					cpa: 2,
					referral_pending_duration: 10,
					geo_restrictions: {
						allow_worldwide_referrals: true,
						allowed_countries: [],
						blocked_countries: [],
						allowed_regions: [],
					},
					created_at: ISO,
				},
			],
			meta: { per_page: 50, page: 1, total_pages: 1, total_partner_programs: 1 },
		});
		expect((await get(`/${uuid}`)).body).toEqual({ partner_program: body.partner_programs[0] });
	});

	it('may be more, the newest first', async () => {
		await control('partner-program', { name: 'Second' });

		const { body } = await get('?per_page=1');

		expect(body).toMatchObject({
			partner_programs: [{ publication: { name: 'Second' } }],
			meta: { per_page: 1, page: 1, total_pages: 2, total_partner_programs: 2 },
		});
	});

	it.each(['', '/referrals'])('that are none have no GET %s', async (path) => {
		expect(await get(`/partner_program_4bc10562d97${path}`)).toMatchObject({
			status: 404,
			body: { error: 'Partner program partner_program_4bc10562d97 not found!' },
		});
	});
});

describe('the referrals of a partner program', () => {
	it('have the three states of the docs', async () => {
		await control('partner-referral', { email: 'one@x.org', countryCode: 'DE' });
		await control('partner-referral', { email: 'two@x.org', status: 'pending' });
		const reason = { rejectionReason: 'Disposable address' };
		await control('partner-referral', { email: 'three@x.org', status: 'rejected', ...reason });

		const { body } = await get(`/${uuid}/referrals`);

		const common = {
			cpa: 2,
			referred_at: ISO,
			recommending_publication: { uuid: expect.any(String), name: expect.any(String), logo: null },
		};
		expect(body).toEqual({
			referrals: [
				{
					...common,
					email: 'three@x.org',
					referral_status: 'rejected',
					rejection_reason: 'Disposable address',
					payable: false,
					country_code: null,
					confirmed_at: null,
					rejected_at: ISO,
				},
				{
					...common,
					email: 'two@x.org',
					referral_status: 'pending',
					rejection_reason: null,
					payable: false,
					country_code: null,
					confirmed_at: null,
					rejected_at: null,
				},
				{
					...common,
					email: 'one@x.org',
					referral_status: 'confirmed',
					rejection_reason: null,
					payable: true,
					country_code: 'DE',
					confirmed_at: ISO,
					rejected_at: null,
				},
			],
			meta: { per_page: 50, page: 1, total_pages: 1, total_referrals: 3 },
		});
	});

	it('belong to one program', async () => {
		const second = await control('partner-program', { name: 'Second' });
		const partnerProgramId = second.body.uuid as string;
		await control('partner-referral', { email: 'one@x.org', partnerProgramId });

		expect((await get(`/${uuid}/referrals`)).body.referrals).toEqual([]);
		expect((await get(`/${partnerProgramId}/referrals`)).body.referrals).toMatchObject([
			{ email: 'one@x.org' },
		]);
	});

	it.each([
		[{ email: 'nobody' }, 400],
		[{}, 400],
		[{ email: 'one@x.org', status: 'verified' }, 400],
		[{ email: 'one@x.org', partnerProgramId: 'none' }, 404],
	])('are not made of %j', async (body, status) => {
		expect((await control('partner-referral', body)).status).toBe(status);
		expect((await get(`/${uuid}/referrals`)).body.meta.total_referrals).toBe(0);
	});
});
