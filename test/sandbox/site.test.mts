import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { startReceiver } from './support/receiver.mts';
import { callsOf } from './support/sandbox.mts';

let sandbox: Sandbox;
let target: Awaited<ReturnType<typeof startReceiver>>;
let ann: string;
let bob: string;
beforeEach(async () => {
	target = await startReceiver();
	sandbox = await startSandbox({ signUpTarget: target.url });
	ann = sandbox.program.subscribe({ email: 'ann@x.org' }).subscriber.referralCode;
	bob = sandbox.program.subscribe({ email: 'bob@x.org' }).subscriber.referralCode;
});
afterEach(async () => await Promise.all([sandbox.close(), target.close()]));

async function fillIn(fields: Record<string, string>, cookie = '') {
	const response = await fetch(`${sandbox.url}/site`, {
		method: 'POST',
		body: new URLSearchParams(fields),
		headers: { cookie },
	});
	return { status: response.status, html: await response.text() };
}

const confirm = async (email: string) =>
	await callsOf(sandbox).incoming({ type: 'subscribe', subscriber: { email } });
const countOf = (email: string) => sandbox.program.find(email)?.totReferrals;

describe('the site', () => {
	it('tells the sign-up target, and attributes the sign-up once SparkLoop hears of it', async () => {
		const { status, html } = await fillIn({ email: 'new@x.org', name: 'New', rh_ref: ann });

		expect({ status, html }).toMatchObject({ status: 200, html: expect.stringContaining('Thank') });
		expect(target.received.map(({ body }) => body)).toEqual([
			{ event: 'signup', email: 'new@x.org', name: 'New' },
		]);
		expect(countOf('ann@x.org')).toBe(0);

		await confirm('new@x.org');
		expect(countOf('ann@x.org')).toBe(1);
	});

	it('remembers the first link by a cookie', async () => {
		const first = await fetch(`${sandbox.url}/site?rh_ref=${ann}`);
		const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? '';
		const second = await fetch(`${sandbox.url}/site?rh_ref=${bob}`, { headers: { cookie } });

		expect(await second.text()).toContain(`value="${ann}"`);
		await fillIn({ email: 'new@x.org', rh_ref: bob }, cookie);
		await confirm('new@x.org');

		expect([countOf('ann@x.org'), countOf('bob@x.org')]).toEqual([1, 0]);
	});

	it('gives the credit to the first link, whoever comes later', async () => {
		sandbox.site.recordVisit('new@x.org', 'nobodys');
		sandbox.site.recordVisit('New@x.org', ann);
		sandbox.site.recordVisit('new@x.org', bob);

		await confirm('new@x.org');

		expect([countOf('ann@x.org'), countOf('bob@x.org')]).toEqual([1, 0]);
	});

	it('says plainly when nobody is told', async () => {
		sandbox.setSignUpTarget(undefined);

		const { status, html } = await fillIn({ email: 'new@x.org' });

		expect({ status, html }).toMatchObject({
			status: 503,
			html: expect.stringContaining('No sign-up target is set up'),
		});
	});

	it('says when the target refuses', async () => {
		const broken = await startReceiver(500);
		sandbox.setSignUpTarget(broken.url);

		const { status, html } = await fillIn({ email: 'new@x.org' });
		await broken.close();

		expect(status).toBe(502);
		expect(html).toContain('status 500');
	});

	it('says when the target is not there', async () => {
		const gone = await startReceiver();
		await gone.close();
		sandbox.setSignUpTarget(gone.url);

		expect(await fillIn({ email: 'new@x.org' })).toMatchObject({
			status: 502,
			html: expect.stringContaining('ECONNREFUSED'),
		});
	});

	it('takes no address that is none, and shows no markup of strangers', async () => {
		expect((await fillIn({ email: 'nobody' })).status).toBe(400);
		const page = await fetch(`${sandbox.url}/site?rh_ref=${encodeURIComponent('"><script>')}`);

		expect(await page.text()).not.toContain('<script>');
		expect(page.headers.get('set-cookie')).toBeNull();
	});
});
