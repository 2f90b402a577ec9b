import type { Reply } from '../../support/peer.mts';
import type { EspStage } from '../../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../../support/espInService.mts';
import type { Heard } from '../../support/vendors.mts';

const HOST = 'mail.example.com';
const LIST = 'b1892rFsQ7lTE1GXuVKgoW9g';
const HOOK = 'When the ESP reports a change';
const KEY = 'a-secret-word';

/** Sendy answers everything with status 200 and a line of text (sendy.co/api). */
const says = (body: string): Reply => ({
	status: 200,
	headers: { 'content-type': 'text/html; charset=UTF-8' },
	body,
});

interface Person {
	state: string;
	fields: Record<string, string>;
}

const READING = "(node 'Read the contact').";
const WRITING = "(node 'Write the fields').";

export function sendy(stage: () => EspStage): void {
	let esp: EspInService;
	let people: Record<string, Person> = {};
	let unreadable: Reply | undefined;
	let unwritable: Reply | undefined;
	let count = 7;

	const answer = async ({ method, path, body }: Heard): Promise<Reply> => {
		const form = body as Record<string, string>;
		const { api_key: key, email, list, list_id: ofList, boolean, silent, ...fields } = form;
		if (key !== 'K') return says('API key not passed');
		if ((list ?? ofList) !== LIST) return says('Invalid list ID.');
		switch (`${method} ${path}`) {
			case 'POST /api/subscribers/subscription-status.php':
				return unreadable ?? says(people[email]?.state ?? 'Email does not exist in list');
			case 'POST /subscribe': {
				if (boolean !== 'true') return says('<html>You are subscribed!</html>');
				if (unwritable) return unwritable;
				const known = people[email];
				people[email] = { state: 'Subscribed', fields: { ...known?.fields, ...fields } };
				if (known?.state === 'Subscribed') return says('Already subscribed.');
				// Its Rules are carried out while it is being asked.
				if (silent === 'true') await report(rule('subscribe', email, people[email].fields));
				return says('1');
			}
			default:
				return { status: 404, body: '<html>Not Found</html>' };
		}
	};
	const asked = () =>
		stage()
			.vendors.heard(HOST)
			.map(({ path, body }) => [path, body as Record<string, string>] as const);
	const writes = () =>
		asked().flatMap(([path, { api_key, list, boolean, ...rest }]) =>
			path === '/subscribe' && api_key && list && boolean ? [rest] : [],
		);

	/** What a Rule sends, a form: who, where, and the fields by their names. */
	const rule = (trigger: string, email: string, fields: Record<string, string> = {}) => ({
		trigger,
		name: 'Ann',
		email,
		list_id: LIST,
		list_name: 'Weekly',
		list_url: `https://${HOST}/subscribers?i=1&l=1`,
		gravatar: 'https://www.gravatar.com/avatar/0',
		...fields,
	});
	const report = async (form: Record<string, string>, key = KEY) => {
		const { status } = await fetch(`${esp.urlOf(HOOK)}?key=${key}`, {
			method: 'POST',
			body: new URLSearchParams(form),
		});
		expect(status).toBe(200);
	};

	beforeAll(async () => {
		stage().vendors.on(HOST, answer);
		esp = await stage().bring({
			file: 'sendy',
			settings: { url: `https://${HOST}/`, list: LIST, hookKey: KEY },
			credentials: {
				httpCustomAuth: {
					type: 'httpCustomAuth',
					data: { json: JSON.stringify({ body: { api_key: 'K' } }) },
				},
			},
		});
	}, 60_000);
	afterAll(async () => await esp?.stop());
	beforeEach(() => {
		stage().vendors.forget();
		people = {};
		unreadable = unwritable = undefined;
	});

	it('can be set up again, and asks Sendy for nothing', async () => {
		expect((await esp.run('Set up (run once)')).status).toBe('success');
		expect(asked()).toEqual([]);
	});

	it('adds who is not there, and does not hear of it', async () => {
		const told = await esp.told(
			async () => expect(await esp.deliver(fromSparkLoop.sync('new+one@x.org', 1))).toBe(200),
			2,
		);
		expect(asked()).toEqual([
			[
				'/api/subscribers/subscription-status.php',
				{ api_key: 'K', email: 'new+one@x.org', list_id: LIST },
			],
			[
				'/subscribe',
				{
					api_key: 'K',
					email: 'new+one@x.org',
					list: LIST,
					boolean: 'true',
					silent: 'true',
					RH_SUBID: 'sub_hjdgc74u',
					RH_CODE: 'ada90f39',
					RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
					RH_ISREF: 'YES',
					RH_TOTREF: '1',
				},
			],
		]);
		expect(stage().vendors.heard(HOST)[1].headers['content-type']).toBe(
			'application/x-www-form-urlencoded',
		);
		expect(told).toEqual([]);
	});

	it('changes who is subscribed, both people of a referral, with what the event tells', async () => {
		people = {
			'a@x.org': { state: 'Subscribed', fields: { RH_COUPON: 'OLD', City: 'B' } },
			'friend@x.org': { state: 'Subscribed', fields: {} },
		};
		expect(await esp.deliver(fromSparkLoop.referral('a@x.org', 'friend@x.org', 2))).toBe(200);
		expect(writes()).toEqual([
			{
				email: 'a@x.org',
				RH_SUBID: 'sub_hjdgc74u',
				RH_CODE: 'ada90f39',
				RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
				RH_ISREF: 'YES',
				RH_TOTREF: '2',
			},
			expect.objectContaining({ email: 'friend@x.org', RH_CODE: 'f00f00f0', RH_TOTREF: '0' }),
		]);
		expect(people['a@x.org'].fields).toMatchObject({ RH_COUPON: 'OLD', City: 'B' });
	});

	it('writes a win, and nothing of what is older, although Sendy does not say what it has', async () => {
		people = { 'won@x.org': { state: 'Subscribed', fields: {} } };
		expect(await esp.deliver(fromSparkLoop.sync('Won@x.org', 4))).toBe(200);
		people = { 'won@x.org': { state: 'Subscribed', fields: {} } };
		stage().vendors.forget();
		expect(await esp.deliver(fromSparkLoop.reward('won@x.org', 4))).toBe(200);
		const won = { RH_COUPON: 'C0UP0N', RH_LASTREWARD: 'reward_38sf38hd' };
		expect(writes()).toEqual([{ email: 'won@x.org', ...won }]);
		expect(await esp.deliver(fromSparkLoop.referral('won@x.org', 'won@x.org', 3))).toBe(200);
		expect(await esp.deliver(fromSparkLoop.reward('won@x.org', 3, 'reward_old'))).toBe(200);
		expect(writes()).toHaveLength(1);
		expect(await esp.deliver(fromSparkLoop.referral('won@x.org', 'won@x.org', 5))).toBe(200);
		expect(writes().slice(1)).toMatchObject([{ RH_TOTREF: '5' }]);
		expect(writes()[1]).not.toHaveProperty('RH_COUPON');
	});

	it.each(['Unsubscribed', 'Unconfirmed', 'Bounced', 'Soft bounced', 'Complained'])(
		'leaves who is %s alone',
		async (state) => {
			people = { 'left@x.org': { state, fields: {} } };
			expect(await esp.deliver(fromSparkLoop.sync('left@x.org', 1))).toBe(200);
			expect(writes()).toEqual([]);
			people['left@x.org'].state = 'Subscribed';
			expect(await esp.deliver(fromSparkLoop.sync('left@x.org', 1))).toBe(200);
			expect(writes()).toMatchObject([{ email: 'left@x.org' }]);
		},
	);

	it.each<[string, Reply, string]>([
		[
			'a bounced address',
			says('Bounced email address.'),
			`Sendy says "Bounced email address." ${WRITING}`,
		],
		[
			'an address that is none',
			says('Invalid email address.'),
			`Sendy says "Invalid email address." ${WRITING}`,
		],
		[
			'a page of another program',
			says(`<html>\n${'x'.repeat(500)} refused@x.org`),
			`Sendy says "<html>\n${'x'.repeat(93)}" ${WRITING}`,
		],
		[
			'a fault of its host',
			{ status: 500, body: 'PHP Fatal error' },
			`Sendy answered 500 - "PHP Fatal error" ${WRITING}`,
		],
		[
			'too much for the proxy before it',
			{ status: 429, body: 'slow down' },
			`Sendy answered with status 429 ${WRITING}`,
		],
	])('hands %s on to SparkLoop, which sends again', async (_, refusal, reason) => {
		people = { 'refused@x.org': { state: 'Subscribed', fields: {} } };
		unwritable = refusal;
		const again = fromSparkLoop.referral('refused@x.org', 'refused@x.org', count++);
		expect(await esp.deliver(again)).toBe(500);
		expect(await esp.lastError()).toBe(
			`The contact was not written: ${reason} SparkLoop sends the event again.`,
		);
		unwritable = undefined;
		// Had it been kept as written, the count would be no news.
		expect(await esp.deliver(again)).toBe(200);
		expect(people['refused@x.org'].fields).toMatchObject({ RH_TOTREF: String(count - 1) });
	});

	it.each<[string, Reply, string]>([
		[
			'the key is wrong',
			says('Invalid API key'),
			`Sendy says "Invalid API key" ${READING} Check the credential of that node.`,
		],
		['it is down', { status: 503, body: 'Down' }, `Sendy answered with status 503 ${READING}`],
		['something else answers', says('<html></html>'), `Sendy says "<html></html>" ${READING}`],
	])('writes nothing when %s on reading', async (_, reply, reason) => {
		unreadable = reply;
		expect(await esp.deliver(fromSparkLoop.sync('a@x.org'))).toBe(500);
		expect(await esp.lastError()).toBe(
			`The contact was not written: ${reason} SparkLoop sends the event again.`,
		);
		expect(writes()).toEqual([]);
	});

	it('tells who signed up, who left, and who came back, each once', async () => {
		const one = async (trigger: string) =>
			await esp.told(async () => await report(rule(trigger, 'Ann@x.org', { RH_SUBID: 'sub_1' })));
		const signedUp = [{ type: 'subscribe', subscriber: { email: 'ann@x.org', name: 'Ann' } }];
		expect(await one('subscribe')).toEqual(signedUp);
		expect(await one('subscribe')).toEqual([]);
		expect(await one('unsubscribe')).toEqual([
			{ type: 'unsubscribe', subscriber: { email: 'ann@x.org' } },
		]);
		expect(await one('subscribe')).toEqual(signedUp);
		expect(await one('campaign_sent')).toEqual([]);
	});

	it('tells when somebody leaves whom the flow has added, and comes back', async () => {
		const added = 'added.by.us@x.org';
		expect(await esp.told(async () => await esp.deliver(fromSparkLoop.sync(added, 1)), 2)).toEqual(
			[],
		);
		expect(await esp.told(async () => await report(rule('unsubscribe', added)))).toMatchObject([
			{ type: 'unsubscribe', subscriber: { email: added } },
		]);
		expect(
			await esp.told(async () => await report(rule('subscribe', added, { RH_SUBID: 'sub_1' }))),
		).toMatchObject([{ type: 'subscribe', subscriber: { email: added } }]);
	});

	it('refuses a request without the key', async () => {
		const told = await esp.told(
			async () => await report(rule('subscribe', 'forged@x.org'), 'another'),
		);
		expect(told).toEqual([]);
		expect(await esp.lastError()).toMatch(
			/^A request that does not come from your ESP was refused/,
		);
	});
}
