import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { importCredentials, type Credential } from '../../scripts/story/importing.mts';
import { killAndRestart, setGround, type Ground } from '../../scripts/story/stage.mts';
import {
	HUBSPOT,
	HubSpotContacts,
	MISSING_SCOPES,
	TOO_MANY,
	type Search,
} from '../support/hubSpotContacts.mts';
import { bringImport, FAST_PACE, ImportIntoSandbox } from '../support/importInService.mts';
import type { Reply } from '../support/peer.mts';
import { ReconcileInService, WENT_THROUGH } from '../support/reconcileInService.mts';
import { until } from '../support/until.mts';
import { startVendors, type Vendors } from '../support/vendors.mts';

const READ_PAGE = 'Read a page of contacts';
const GONE = { hs_email_optout: 'true' };

let vendors: Vendors;
let ground: Ground;
const sandboxes: Sandbox[] = [];
beforeAll(async () => {
	vendors = await startVendors();
	const { environment: env } = vendors;
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {}, env });
}, 180_000);
afterAll(async () => {
	await Promise.allSettled([ground?.close(), ...sandboxes.map((one) => one.close())]);
	await vendors?.stop();
}, 60_000);
afterEach(() => {
	expect(vendors.unexpected).toEqual([]);
	vendors.forget();
});

/** Puts an account of HubSpot on its host. @returns what n8n signs in with there */
async function open(hubSpot: HubSpotContacts): Promise<Record<string, Credential>> {
	vendors.on(HUBSPOT, hubSpot.answer);
	const type = 'hubspotAppToken';
	const data = { appToken: hubSpot.token };
	const id = await ground.n8n.api.importCredential({ name: 'HubSpot', type, data });
	return { [type]: { type, id } };
}

const searches = () => vendors.heard(HUBSPOT).map(({ body }) => body as Search);
/** After whose id a search begins. */
const cursorOf = ({ filterGroups = [] }: Search) =>
	filterGroups.flatMap(({ filters }) => filters).find(({ operator }) => operator === 'GT')?.value;
/** What HubSpot answers to so many searches for a page after the first, before it answers as usual. */
const inTheMiddle = (reply: Reply, times: number) => {
	let left = times;
	return (search: Search) => {
		if (cursorOf(search) === '0' || left === 0) return undefined;
		left -= 1;
		return reply;
	};
};

describe('the import', () => {
	/** A newsletter whose contacts are in HubSpot, with a SparkLoop of its own. */
	class Newsletter extends ImportIntoSandbox {
		/** Imported and set up, not published. */
		static async begin(
			name: string,
			hubSpot: HubSpotContacts,
			settings: Readonly<Record<string, string | number>> = {},
		): Promise<Newsletter> {
			const sandbox = await startSandbox({ rateLimit: FAST_PACE.rateLimit });
			sandboxes.push(sandbox);
			const id = await bringImport(
				ground,
				'import-existing-subscribers-from-hubspot.json',
				name,
				{ ...FAST_PACE.settings, ...settings },
				{ ofTheEsp: await open(hubSpot) },
				await importCredentials(ground.n8n.api, sandbox),
			);
			return new Newsletter(sandbox, ground, id, name);
		}

		/** At which node the last run ended. */
		async lastNode(): Promise<string | undefined> {
			const [{ id }] = await this.executions();
			return (await ground.n8n.api.getExecution(id)).data.resultData.lastNodeExecuted;
		}
	}

	/** Adds so many people who get the newsletter. @returns their addresses */
	const addReaders = (hubSpot: HubSpotContacts, count: number) =>
		Array.from({ length: count }, (_, index) => {
			hubSpot.add({ email: `Reader${index}@Example.com`, newsletter: 'yes' });
			return `reader${index}@example.com`;
		});

	it('goes from id to id, past the results that one query can have, and imports who has signed up', async () => {
		const hubSpot = new HubSpotContacts({ mostResults: 20 });
		const letter = await Newsletter.begin('All kinds', hubSpot, {
			...{ pageSize: 7, signUpProperty: 'newsletter', signUpValues: 'yes, confirmed' },
			referrerProperty: 'friend',
		});
		const { program } = letter.sandbox;
		const referrer = program.subscribe({ email: 'referrer@example.com' }).subscriber;
		hubSpot.add({
			...{ email: 'ann@example.com', firstname: 'Ann', lastname: 'Lee', newsletter: 'confirmed' },
			friend: referrer.referralCode,
		});
		const readers = addReaders(hubSpot, 20);
		for (let index = 0; index < 8; index += 1) {
			hubSpot.add({ email: null, newsletter: 'yes', phone: `+49 30 ${index}` });
			hubSpot.add({ email: `left${index}@example.com`, newsletter: 'yes', ...GONE });
		}
		hubSpot.add({
			...{ email: 'bounced@example.com', newsletter: 'yes' },
			hs_email_hard_bounce_reason_enum: 'UNKNOWN_USER',
		});
		hubSpot.add({ email: 'asked@example.com', newsletter: 'asked' });
		hubSpot.add({ email: 'never.asked@example.com' });
		hubSpot.add({ email: 'back@example.com', newsletter: 'yes', hs_email_optout: 'false' });
		hubSpot.add({
			email: 'friend.of.ann@example.com',
			newsletter: 'yes',
			friend: 'Ann@Example.com',
		});

		expect(await letter.run()).toEqual({ status: 'success' });

		expect(await letter.row()).toMatchObject({
			...{ state: 'done', done: 34, total: 34, imported: 23, skipped: 11, refused: 0 },
		});
		const others = ['ann', 'back', 'friend.of.ann', 'referrer'];
		expect(letter.addresses).toEqual(
			[...readers, ...others.map((name) => `${name}@example.com`)].sort(),
		);
		expect(program.find('ann@example.com')).toMatchObject({
			...{ name: 'Ann Lee', referrerId: referrer.id },
			createdAt: Math.floor(Date.parse('2019-10-30T03:30:17.883Z') / 1000),
		});
		expect(program.find('friend.of.ann@example.com')?.referrerId).toBe(
			program.find('ann@example.com')?.id,
		);

		const [first, ...rest] = searches();
		expect(first).toEqual({
			filterGroups: [
				{
					filters: [
						{ propertyName: 'hs_object_id', operator: 'GT', value: '0' },
						{ propertyName: 'email', operator: 'HAS_PROPERTY' },
					],
				},
			],
			sorts: [{ propertyName: 'hs_object_id', direction: 'ASCENDING' }],
			properties: [
				...['email', 'firstname', 'lastname', 'createdate', 'rh_subid', 'rh_reflink'],
				...['hs_email_optout', 'hs_email_hard_bounce_reason_enum', 'newsletter', 'friend'],
			],
			limit: 7,
		});
		expect(rest.map(cursorOf)).toEqual(['1001', '1008', '1015', '1029', '1036']);
		expect(new Set(hubSpot.statuses)).toEqual(new Set([200]));
	}, 60_000);

	it('is done at once where nobody is', async () => {
		const hubSpot = new HubSpotContacts();
		hubSpot.add({ email: null });
		const letter = await Newsletter.begin('Nobody', hubSpot);
		expect(await letter.run()).toEqual({ status: 'success' });
		expect(await letter.row()).toMatchObject({ state: 'done', done: 0, total: 0 });
	}, 30_000);

	it('asks for no more than HubSpot gives in a page', async () => {
		const hubSpot = new HubSpotContacts();
		for (let index = 0; index < 230; index += 1) {
			hubSpot.add({ email: `left${index}@example.com`, ...GONE });
		}
		const letter = await Newsletter.begin('Large pages', hubSpot, { pageSize: 500 });
		expect(await letter.run()).toEqual({ status: 'success' });
		expect(await letter.row()).toMatchObject({ state: 'done', done: 230, skipped: 230 });
		expect(searches().map(({ limit }) => limit)).toEqual([200, 200, 200]);
	}, 30_000);

	it('goes on where it was killed in the middle of a page, and imports nobody twice', async () => {
		const hubSpot = new HubSpotContacts();
		const readers = addReaders(hubSpot, 60);
		// The calls of this minute end in the middle of the second page, and there it waits for the next one.
		const letter = await Newsletter.begin('Killed', hubSpot, {
			...{ pageSize: 20, perMinute: 30, minute: 10_000 },
		});
		const killed = letter.run().catch(() => 'killed');
		await until(() => letter.creations.filter((status) => status === 200).length === 30);
		await killAndRestart(ground);
		expect(await killed).toBe('killed');
		expect(await letter.row()).toMatchObject({ state: 'running', done: 20, total: 60 });

		const before = searches().length;
		expect(await letter.run()).toEqual({ status: 'success' });
		expect(searches()).toHaveLength(before);
		await letter.letLeaseRunOut();
		expect(await letter.run()).toEqual({ status: 'success' });

		expect(searches().slice(before).map(cursorOf)).toEqual(['1014', '1034', '1054']);
		expect(letter.addresses).toEqual([...readers].sort());
		expect(await letter.row()).toMatchObject({
			...{ state: 'done', done: 60, total: 60, refused: 0, skipped: 0 },
			...{ imported: 50, alreadyThere: 10 },
		});
		expect(letter.creations.filter((status) => status === 200)).toHaveLength(60);
	}, 90_000);

	it('waits when HubSpot is asked too often, and goes on where it was when that does not help', async () => {
		const hubSpot = new HubSpotContacts();
		const readers = addReaders(hubSpot, 30);
		const letter = await Newsletter.begin('Too often', hubSpot, { pageSize: 10 });
		hubSpot.instead = inTheMiddle(TOO_MANY, 3);
		expect(await letter.run()).toEqual({
			status: 'error',
			message: 'The service is receiving too many requests from you',
		});
		expect(await letter.lastNode()).toBe(READ_PAGE);
		expect(await letter.row()).toMatchObject({ done: 10, imported: 10, total: 30 });
		await letter.letLeaseRunOut();

		hubSpot.instead = inTheMiddle(TOO_MANY, 1);
		expect(await letter.run()).toEqual({ status: 'success' });
		expect(hubSpot.statuses).toEqual([200, 429, 429, 429, 429, 200, 200, 200]);
		expect(await letter.row()).toMatchObject({
			...{ state: 'done', done: 30, total: 30, imported: 30, alreadyThere: 0 },
		});
		expect(letter.creations).toEqual(readers.map(() => 200));
		expect(letter.addresses).toEqual([...readers].sort());
	}, 90_000);

	it('says which node HubSpot refused and what to do, and goes on once that was done', async () => {
		const hubSpot = new HubSpotContacts();
		const { token } = hubSpot;
		addReaders(hubSpot, 3);
		const letter = await Newsletter.begin('Refused', hubSpot);
		hubSpot.token = 'pat-eu1-another';
		expect(await letter.run()).toEqual({
			status: 'error',
			message: expect.stringMatching(
				/^HubSpot refused 'Read a page of contacts' with status 401\. Check the token of your private app in its credential\. Nothing was done .*HubSpot says: Authentication credentials not found\./,
			),
		});
		await letter.letLeaseRunOut();
		hubSpot.token = token;
		hubSpot.instead = () => MISSING_SCOPES;
		expect(await letter.run()).toEqual({
			status: 'error',
			message: expect.stringMatching(
				/^HubSpot refused 'Read a page of contacts' with status 403\. Give your private app the scope crm\.objects\.contacts\.read/,
			),
		});
		// What does not pass is asked once.
		expect(hubSpot.statuses).toEqual([401, 403]);
		await letter.letLeaseRunOut();
		hubSpot.instead = undefined;
		expect(await letter.run()).toEqual({ status: 'success' });
		expect(await letter.row()).toMatchObject({ state: 'done', imported: 3 });
	}, 60_000);

	it('takes no answer for an end that is none', async () => {
		const hubSpot = new HubSpotContacts();
		addReaders(hubSpot, 4);
		const letter = await Newsletter.begin('Broken', hubSpot, { pageSize: 2 });
		const runWith = async (body: unknown) => {
			hubSpot.instead = inTheMiddle({ status: 200, body }, 1);
			const { message } = await letter.run();
			await letter.letLeaseRunOut();
			return message;
		};
		expect(await runWith({ results: [] })).toMatch(/did not say how many contacts there are/);
		expect(await runWith({ total: 2, results: [] })).toMatch(/gave no contact of 2 that are left/);
		expect(await runWith('<html>')).toMatch(/holds no list of contacts/);
		expect(await letter.row()).toMatchObject({ done: 2, total: 4 });
		hubSpot.instead = undefined;
		expect(await letter.run()).toEqual({ status: 'success' });
		expect(await letter.row()).toMatchObject({ state: 'done', done: 4, total: 4, imported: 4 });
	}, 60_000);
});

describe('reconciling', () => {
	type Program = Sandbox['program'];
	let letter: ReconcileInService;
	afterEach(async () => await letter?.close());

	const begin = async (name: string, hubSpot: HubSpotContacts, pageSize = 4) => {
		letter = await ReconcileInService.start(ground, {
			...{ name, file: 'reconcile-with-hubspot.json', world: 'withStatus' },
			values: () => ({ pageSize, signUpProperty: 'newsletter', signUpValues: 'yes' }),
			ofTheEsp: await open(hubSpot),
		});
		return letter.sandbox.program;
	};
	/** Somebody whom SparkLoop has known for long. @returns what its flow has written into HubSpot */
	const know = (program: Program, email: string) => {
		const { subscriber } = program.subscribe({ email, createdAt: 1_735_689_600 });
		const { referral_link: link } = program.describe(subscriber);
		return { rh_subid: subscriber.id, rh_reflink: link };
	};
	const stateOf = ({ subscribers }: Program) =>
		subscribers.map(({ id, email, status }) => `${id} ${email} ${status}`);

	it('finds every kind of drift, repairs it, and finds nothing in the next run', async () => {
		const hubSpot = new HubSpotContacts();
		// So many pages that they would be asked for too often, one right after the other.
		const program = await begin('Reconciled with HubSpot', hubSpot, 1);
		const of = (name: string) => know(program, `${name}@example.com`);
		const reader = (name: string, more: Record<string, string | null>) =>
			hubSpot.add({ email: `${name}@example.com`, newsletter: 'yes', ...more });
		const statusOf = (name: string) => program.find(`${name}@example.com`)?.status;

		const same = of('Same1');
		reader('same1', same);
		for (const name of ['same2', 'same3']) reader(name, of(name));
		reader('lost', { firstname: 'Lost', lastname: 'Reader' });
		reader('left', { ...of('left'), ...GONE });
		reader('bounced', { ...of('bounced'), hs_email_hard_bounce_reason_enum: 'OTHER' });
		reader('moved.here', { ...of('moved'), hs_additional_emails: 'moved@example.com' });
		reader('back', { ...of('back'), hs_email_optout: 'false' });
		program.unsubscribe('back@example.com');
		reader('no.link', { ...of('no.link'), rh_reflink: null });
		reader('shared', same);
		of('twice');
		reader('twice', of('twice.before'));
		reader('unconfirmed', { newsletter: 'asked' });
		reader('gone.before', GONE);
		hubSpot.add({ email: null, newsletter: 'yes' });
		of('unknown');
		const found = {
			contacts: 13,
			subscribers: 11,
			lost: 1,
			changed: 1,
			stillBilled: 2,
			returned: 1,
			unknown: 1,
			twoSubscribers: 1,
			sharedId: 1,
			withoutLink: 1,
		};

		await letter.set({ onDemand: 'dry run' });
		const before = stateOf(program);
		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect(await letter.rows('reports')).toMatchObject([
			{ ...found, mode: 'dry run', outcome: 'done', repaired: 0 },
		]);
		expect(stateOf(program)).toEqual(before);

		await letter.set({});
		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect((await letter.rows('reports'))[1]).toMatchObject({
			...{ ...found, mode: 'repair', outcome: 'done', repaired: 5, failed: 0, saved: 2 },
		});
		for (const name of ['same1', 'same2', 'same3', 'lost', 'moved.here', 'back', 'no.link']) {
			expect([name, statusOf(name)]).toEqual([name, 'confirmed']);
		}
		for (const name of ['left', 'bounced']) {
			expect([name, statusOf(name)]).toEqual([name, 'unsubscribed']);
		}
		for (const name of ['moved', 'unconfirmed', 'gone.before', 'shared']) {
			expect([name, statusOf(name)]).toEqual([name, undefined]);
		}
		expect(program.find('lost@example.com')?.name).toBe('Lost Reader');
		const people = await letter.rows('toLookAt');
		expect(people.map(({ kind, email }) => `${kind} ${email}`).sort()).toEqual([
			'sharedId shared@example.com',
			'twoSubscribers twice@example.com',
			'unknown unknown@example.com',
			'withoutLink no.link@example.com',
		]);

		const repaired = stateOf(program);
		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect((await letter.rows('reports'))[2]).toMatchObject({
			...{ lost: 0, changed: 0, stillBilled: 0, returned: 0, repaired: 0, outcome: 'done' },
		});
		expect(stateOf(program)).toEqual(repaired);
		expect(new Set(hubSpot.statuses)).toEqual(new Set([200]));
	}, 90_000);

	it('changes nothing when HubSpot cannot be read to its end, and says what to do', async () => {
		const hubSpot = new HubSpotContacts();
		const { token } = hubSpot;
		const program = await begin('Unread in HubSpot', hubSpot);
		for (let index = 0; index < 12; index += 1) {
			const email = `p${index}@example.com`;
			hubSpot.add({ email, newsletter: 'yes', ...know(program, email) });
		}
		hubSpot.add({ email: 'lost@example.com', newsletter: 'yes' });
		await letter.set({ unsubscribeUnknown: 'yes', brakePercent: 100 });
		const before = stateOf(program);

		hubSpot.token = 'pat-eu1-another';
		expect(await letter.run()).toMatchObject({
			status: 'error',
			message: expect.stringMatching(
				/^HubSpot's contacts could not be read \(from node 'Read a page of contacts' on\): HubSpot refused 'Read a page of contacts' with status 401\. Check the token of your private app in its credential\..*Nothing is lost/,
			),
		});
		hubSpot.token = token;
		hubSpot.instead = inTheMiddle(TOO_MANY, 3);
		expect(await letter.run()).toMatchObject({
			status: 'error',
			message:
				"HubSpot's contacts could not be read (from node 'Read a page of contacts' on): The service is receiving too many requests from you. Nothing is lost: the next run finds what is left.",
		});
		hubSpot.instead = inTheMiddle({ status: 200, body: { total: 9, results: [] } }, 1);
		expect(await letter.run()).toMatchObject({
			status: 'error',
			message: expect.stringMatching(/HubSpot gave no contact of 9 that are left/),
		});
		// The end is believed, but for the number that the first page told.
		hubSpot.instead = inTheMiddle({ status: 200, body: { total: 0, results: [] } }, 1);
		for (let index = 0; index < 9; index += 1) hubSpot.add({ email: `more${index}@example.com` });
		expect(await letter.run()).toMatchObject({
			status: 'error',
			message: expect.stringMatching(/list ended after 4 of 22 contacts/),
		});
		expect(stateOf(program)).toEqual(before);

		hubSpot.instead = inTheMiddle(TOO_MANY, 1);
		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect((await letter.rows('reports')).at(-1)).toMatchObject({ contacts: 22, repaired: 1 });
		expect(program.find('lost@example.com')?.status).toBe('confirmed');
	}, 120_000);

	it('sets right in the next run what a search did not show yet', async () => {
		const hubSpot = new HubSpotContacts();
		const program = await begin('Late in HubSpot', hubSpot);
		const [left, moved] = ['left', 'moved'].map((name) => {
			const email = `${name}@example.com`;
			return hubSpot.add({ email, newsletter: 'yes', ...know(program, email) });
		});
		await letter.set({ settle: 3_600_000, unsubscribeUnknown: 'yes' });
		// Each of these is told to SparkLoop at once.
		hubSpot.lag();
		hubSpot.change(left, GONE);
		program.unsubscribe('left@example.com');
		hubSpot.change(moved, { email: 'moved.here@example.com' });
		program.update('moved@example.com', { email: 'moved.here@example.com' });
		hubSpot.add({ email: 'joined@example.com', newsletter: 'yes' });
		program.subscribe({ email: 'joined@example.com' });

		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect(program.find('joined@example.com')?.status).toBe('confirmed');
		hubSpot.catchUp();
		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect(program.find('joined@example.com')?.status).toBe('confirmed');
		expect(program.find('left@example.com')?.status).toBe('unsubscribed');
		expect(program.find('moved.here@example.com')?.status).toBe('confirmed');
		expect(program.find('moved@example.com')).toBeUndefined();
		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect((await letter.rows('reports')).at(-1)).toMatchObject({ repaired: 0 });
	}, 90_000);
});
