import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

/** Of the European region, which the credential chooses. */
const HOST = 'api.eu.iterable.com';
const KEY = 'a-long-random-word';
const LIST = 1001;

/** A failure as the API words it (api.iterable.com/api/docs). */
const failure = (
	status: number,
	code: string,
	msg: string,
	params: object | null = null,
): Reply => ({
	status,
	body: { code, msg, params },
});
const TOO_MANY = failure(429, 'RateLimitExceeded', 'Too many requests', {
	rateLimitLimit: 100,
	rateLimitRemaining: 0,
	rateLimitReset: 1,
});

export function iterable(stage: () => EspStage): void {
	let esp: EspInService;
	let people: Record<string, object> = {};
	let unreadable: Reply | undefined;
	let write: Reply | undefined;

	/** Who is unknown is an empty object (@iterable/api: "user field is undefined when user not found"). */
	const found = (email: string): Reply => ({
		status: 200,
		body:
			email in people
				? {
						user: {
							email,
							userId: 'u1',
							dataFields: { email, signupDate: '2026-01-02 03:04:05 +00:00', ...people[email] },
							profileUpdatedAt: '2026-01-02 03:04:05 +00:00',
						},
					}
				: {},
	});
	const answer = ({ method, path, query, headers }: Heard): Reply => {
		if (headers.api_key !== 'key') return failure(401, 'BadApiKey', 'Invalid API key');
		switch (`${method} ${path}`) {
			case 'GET /api/users/getByEmail':
				return unreadable ?? found(query.email);
			case 'POST /api/users/update':
				return write ?? { status: 200, body: { msg: '', code: 'Success', params: null } };
			default:
				return { status: 405 };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ method, path, query, body }) => [
				`${method} ${path}`,
				method === 'GET' ? query : body,
			]);

	/** support.iterable.com, System Webhooks. */
	const reported = (
		eventName: string,
		email: string,
		dataFields: object = { emailListIds: [LIST] },
		userId: string | null = null,
	) => ({
		email,
		userId,
		eventName,
		dataFields: { email, createdAt: '2017-05-15 23:59:47 +00:00', ...dataFields },
	});
	const send = async (body: object, key = KEY): Promise<number> => {
		const { status } = await fetch(`${esp.urlOf('When the ESP reports a change')}?key=${key}`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		return status;
	};
	const report = async (...bodies: object[]) => {
		for (const body of bodies) expect(await send(body)).toBe(200);
	};

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		const key = {
			type: 'iterableApi',
			data: { apiKey: 'key', region: 'https://api.eu.iterable.com' },
		};
		esp = await stage().bring({
			file: 'iterable',
			settings: { api: `https://${HOST}`, hookKey: KEY, list: LIST },
			credentials: { iterable: key, iterableApi: key },
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = {};
		write = undefined;
	});

	it('creates nothing', async () => {
		await esp.run('Set up (run once)');
		expect(asked()).toEqual([]);
	});

	it('adds who is not there', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200);
		expect(asked()).toEqual([
			['GET /api/users/getByEmail', { email: 'new+one@x.org' }],
			[
				'POST /api/users/update',
				{
					email: 'new+one@x.org',
					dataFields: {
						RH_SUBID: 'sub_hjdgc74u',
						RH_CODE: 'ada90f39',
						RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
						RH_ISREF: 'YES',
						RH_TOTREF: 1,
						RH_COUPON: '',
						RH_LASTREWARD: '',
						RH_GUARD: '',
					},
				},
			],
		]);
	});

	it('changes who is there, both people of a referral, and keeps what the event does not tell', async () => {
		people = { 'a@x.org': { RH_TOTREF: 1, RH_COUPON: 'OLD' } };
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(asked()[1]).toEqual([
			'POST /api/users/update',
			{
				email: 'a@x.org',
				dataFields: {
					RH_SUBID: 'sub_hjdgc74u',
					RH_CODE: 'ada90f39',
					RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
					RH_ISREF: 'YES',
					RH_TOTREF: 2,
					RH_COUPON: 'OLD',
					RH_LASTREWARD: '',
					RH_GUARD: '',
				},
			},
		]);
		expect(asked()[3]).toMatchObject([
			'POST /api/users/update',
			{ email: 'friend@x.org', dataFields: { RH_CODE: 'f00f00f0', RH_TOTREF: 0, RH_COUPON: '' } },
		]);
	});

	it('writes a win, and nothing of what is older', async () => {
		people = { 'a@x.org': { RH_TOTREF: 4 } };
		expect(await esp.deliver(fromSparkLoop.reward('a@x.org', 4))).toBe(200);
		expect(asked().at(-1)).toMatchObject([
			'POST /api/users/update',
			{
				dataFields: {
					RH_COUPON: 'C0UP0N',
					RH_LASTREWARD: 'reward_38sf38hd',
					RH_GUARD: expect.stringMatching(/^4-/),
				},
			},
		]);
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'a@x.org', 3))).toBe(200);
		expect(asked().filter(([what]) => String(what).startsWith('POST'))).toEqual([]);
	});

	it.each<[string, Reply]>([
		['too many requests', TOO_MANY],
		[
			'a value of another type',
			failure(400, 'RequestFieldsTypesMismatched', 'Fields of refused@x.org have other types', {
				RH_TOTREF: 'long',
			}),
		],
		['somebody forgotten', failure(409, 'ForgottenUserError', 'User is forgotten')],
		['a fault of its own', failure(500, 'GenericError', 'An error occurred')],
		['a failure that says 200', failure(200, 'BadParams', 'Bad parameters for refused@x.org')],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal) => {
		write = refusal;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(
			/^The contact was not written: .+\. SparkLoop sends the event again\.$/,
		);
		expect(await esp.lastError()).not.toContain('refused@x.org');
		write = undefined;
		expect(await esp.deliver(fromSparkLoop.sync('refused@x.org'))).toBe(200);
	});

	it.each<[string, Reply]>([
		['there are too many requests', TOO_MANY],
		['it fails', failure(500, 'GenericError', 'An error occurred')],
		['it fails with 200', failure(200, 'BadParams', 'Invalid parameters')],
	])('writes nothing when it cannot be read because %s', async (_, refusal) => {
		unreadable = refusal;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toMatch(/^The contact was not written: .+/);
		expect(asked()).toEqual([['GET /api/users/getByEmail', { email: 'a@x.org' }]]);
		unreadable = undefined;
	});

	it('tells who signs up, leaves, comes back and complains', async () => {
		const told = await esp.told(
			async () =>
				await report(
					reported('emailSubscribe', 'Ann@x.org', { emailListIds: [7] }),
					reported('emailSubscribe', 'Ann@x.org', { emailListIds: [LIST], firstName: 'Ann' }),
					reported('emailSubscribe', 'ann@x.org', { emailListId: LIST }),
					reported('emailUnSubscribe', 'ann@x.org', { emailListIds: [7] }),
					reported('emailUnSubscribe', 'ann@x.org'),
					reported('emailSubscribe', 'ann@x.org'),
					reported('emailUnsubscribe', 'ann@x.org', { channelIds: [5] }),
					reported('emailSubscribe', 'ann@x.org'),
					reported('emailComplaint', 'ann@x.org', {}),
					reported('hostedUnsubscribeClick', 'bob@x.org', {}),
					reported('emailSend', 'bob@x.org', {}),
				),
			11,
		);
		const at = '2017-05-15T23:59:47.000Z';
		const signUp = { email: 'ann@x.org', created_at: at };
		expect(told).toEqual([
			{
				type: 'subscribe',
				subscriber: { ...signUp, email: 'Ann@x.org', first_name: 'Ann' },
			},
			{ type: 'unsubscribe', subscriber: { email: expect.stringMatching(/^ann@x\.org$/i) } },
			{ type: 'subscribe', subscriber: signUp },
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
			{ type: 'subscribe', subscriber: signUp },
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'bob@x.org' } },
		]);
	});

	it('tells a new address with the next report of a person who has a user id', async () => {
		const told = await esp.told(
			async () =>
				await report(
					reported('emailSubscribe', 'cat@x.org', undefined, 'u3'),
					reported('emailSubscribe', 'cat@y.org', undefined, 'u3'),
				),
			2,
		);
		expect(told).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'cat@x.org', id: 'u3' } },
			{ type: 'update', subscriber: { email: 'cat@y.org', previous_email: 'cat@x.org' } },
		]);
	});

	it('refuses what does not have the key', async () => {
		const told = await esp.told(async () =>
			expect(await send(reported('emailSubscribe', 'forged@x.org'), 'guessed')).toBe(500),
		);
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});
}
