import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { startPostgres, type Postgres } from '../../scripts/n8n/services.mts';
import type { Credential } from '../../scripts/story/importing.mts';
import { setGround, type Ground } from '../../scripts/story/stage.mts';
import { bringOutbox, EspInService, fromSparkLoop } from '../support/espInService.mts';
import { bringImport, ImportInService } from '../support/importInService.mts';
import { psqlEnvironment } from '../support/psql.mts';
import { ReconcileInService, WENT_THROUGH } from '../support/reconcileInService.mts';

let ground: Ground;
let database: Postgres;
let esp: EspInService;
beforeAll(async () => {
	[ground, database] = await Promise.all([
		setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} }),
		startPostgres(),
	]);
	await bringOutbox(ground);
	esp = await EspInService.start(ground, {
		file: 'postgresql',
		credentials: { postgres: { type: 'postgres', data: connection() } },
	});
}, 180_000);
afterAll(async () => await Promise.allSettled([ground?.close(), database?.stop()]), 60_000);

const connection = () => {
	const { host, port, user, password, database: name } = database;
	return { host, port, user, password, database: name, ssl: 'disable' };
};
async function postgresCredential(name: string): Promise<Credential> {
	const type = 'postgres';
	return { id: await ground.n8n.api.importCredential({ name, type, data: connection() }), type };
}

/** Runs SQL; of a query, its rows. */
async function sql(text: string): Promise<Array<Record<string, unknown>>> {
	const isQuery = /^(SELECT|INSERT .* RETURNING)/.test(text);
	const { stdout } = await promisify(execFile)(
		'psql',
		[
			'-XAtqv',
			'ON_ERROR_STOP=1',
			'-c',
			isQuery ? `WITH rows AS (${text}) SELECT json_agg(rows) FROM rows` : text,
		],
		{ env: psqlEnvironment(database) },
	);
	return isQuery && stdout.trim() ? (JSON.parse(stdout) as Array<Record<string, unknown>>) : [];
}
const contact = async (email: string) =>
	(await sql(`SELECT * FROM newsletter_contacts WHERE lower(email) = lower('${email}')`)).map(
		({ rh_subid, rh_code, rh_reflink, rh_isref, rh_totref, rh_coupon, rh_lastreward }) => ({
			rh_subid,
			rh_code,
			rh_reflink,
			rh_isref,
			rh_totref,
			rh_coupon,
			rh_lastreward,
		}),
	);

describe('the set-up', () => {
	it('can run again, and keeps what is there', async () => {
		await sql(
			"INSERT INTO newsletter_contacts (email, rh_code) VALUES ('kept@example.com', 'kept')",
		);
		expect((await esp.run('Set up (run once)')).status).toBe('success');
		expect(await contact('kept@example.com')).toMatchObject([{ rh_code: 'kept' }]);
	});
});

describe('from SparkLoop', () => {
	it('adds whom a referral brings, and changes who is there, whatever the case of the address', async () => {
		await sql(
			"INSERT INTO newsletter_contacts (email, rh_coupon) VALUES ('John.Smith@Example.com', 'OLD')",
		);
		expect(
			await esp.deliver(fromSparkLoop.referral('john.smith@example.com', 'friend@example.com', 4)),
		).toBe(200);
		expect(await contact('john.smith@example.com')).toEqual([
			{
				rh_subid: 'sub_hjdgc74u',
				rh_code: 'ada90f39',
				rh_reflink: 'https://mywebsite.com?rh_ref=ada90f39',
				rh_isref: 'YES',
				rh_totref: 4,
				rh_coupon: 'OLD',
				rh_lastreward: null,
			},
		]);
		expect(await contact('friend@example.com')).toMatchObject([
			{ rh_code: 'f00f00f0', rh_totref: 0 },
		]);
	});

	it('adds no referrer and no winner who is not there any more', async () => {
		const gone = 'erased@example.com';
		expect(await esp.deliver(fromSparkLoop.referral(gone, 'late.friend@example.com', 5))).toBe(200);
		expect(await esp.deliver(fromSparkLoop.reward(gone, 5))).toBe(200);
		expect(await contact(gone)).toEqual([]);
		expect(await contact('late.friend@example.com')).toHaveLength(1);
	});

	it('leaves what is newer, and takes the win', async () => {
		expect(await esp.deliver(fromSparkLoop.reward('john.smith@example.com', 4))).toBe(200);
		expect(
			await esp.deliver(fromSparkLoop.referral('john.smith@example.com', 'early@example.com', 2)),
		).toBe(200);
		expect(await contact('john.smith@example.com')).toMatchObject([
			{ rh_totref: 4, rh_coupon: 'C0UP0N', rh_lastreward: 'reward_38sf38hd' },
		]);
	});

	it('stores values with commas, quotes and dollars as they are', async () => {
		const odd = `a,b'c"d $1 {{ 1 }} \\`;
		const event = fromSparkLoop.sync('odd@example.com') as { subscriber: object };
		expect(
			await esp.deliver({ ...event, subscriber: { ...event.subscriber, referral_code: odd } }),
		).toBe(200);
		expect(await contact('odd@example.com')).toMatchObject([{ rh_code: odd }]);
	});

	it('answers 500 and says why when the table refuses, and 200 when it takes it again', async () => {
		const person = fromSparkLoop.sync('refused@example.com', 1);
		await sql(
			"ALTER TABLE newsletter_contacts ADD CONSTRAINT closed CHECK (email <> 'refused@example.com')",
		);
		expect(await esp.deliver(person)).toBe(500);
		expect(await esp.lastError()).toBe(
			`The contact was not written: new row for relation "newsletter_contacts" violates check constraint "closed" (node 'Write the fields'). SparkLoop sends the event again.`,
		);
		await sql('ALTER TABLE newsletter_contacts DROP CONSTRAINT closed');
		expect(await esp.deliver(person)).toBe(200);
	});
});

describe('to SparkLoop', () => {
	const poll = async () => await esp.run('Every minute');

	it('tells a sign-up after its confirmation, a new address with the old one, and an unsubscribe', async () => {
		await esp.told(poll);
		await sql(
			"INSERT INTO newsletter_contacts (email, first_name) VALUES ('ann@example.com', 'Ann')",
		);
		expect(await esp.told(poll)).toEqual([]);
		await sql(
			"UPDATE newsletter_contacts SET confirmed_at = now() WHERE email = 'ann@example.com'",
		);
		await sql(
			"UPDATE newsletter_contacts SET email = 'ann@example.org' WHERE email = 'ann@example.com'",
		);
		await sql(
			"UPDATE newsletter_contacts SET unsubscribed_at = now() WHERE email = 'ann@example.org'",
		);
		const [{ id }] = await sql(
			"SELECT id FROM newsletter_contacts WHERE email = 'ann@example.org'",
		);
		expect(await esp.told(poll)).toEqual([
			{
				type: 'subscribe',
				subscriber: {
					email: 'ann@example.com',
					id: String(id),
					first_name: 'Ann',
					name: null,
					created_at: expect.any(String),
				},
			},
			{
				type: 'update',
				subscriber: {
					email: 'ann@example.org',
					previous_email: 'ann@example.com',
					first_name: 'Ann',
					name: null,
					updated_at: expect.any(String),
				},
			},
			{ type: 'unsubscribe', subscriber: { email: 'ann@example.org' } },
		]);
		expect(await esp.told(poll)).toEqual([]);
	});

	it('tells of a deleted contact, and of one that comes back', async () => {
		await sql(
			"INSERT INTO newsletter_contacts (email, confirmed_at) VALUES ('bob@example.com', now())",
		);
		await sql(
			"UPDATE newsletter_contacts SET unsubscribed_at = now() WHERE email = 'bob@example.com'",
		);
		await sql(
			"UPDATE newsletter_contacts SET unsubscribed_at = NULL WHERE email = 'bob@example.com'",
		);
		await sql("DELETE FROM newsletter_contacts WHERE email = 'bob@example.com'");
		expect(await esp.told(poll)).toMatchObject(
			['subscribe', 'unsubscribe', 'subscribe', 'unsubscribe'].map((type) => ({
				type,
				subscriber: { email: 'bob@example.com' },
			})),
		);
	});

	it('tells the address from then when somebody leaves, changes it and comes back', async () => {
		const change = async (set: string) =>
			await sql(`UPDATE newsletter_contacts SET ${set} WHERE email LIKE 'cat@%'`);
		await sql("INSERT INTO newsletter_contacts (email, confirmed_at) VALUES ('cat@x.org', now())");
		await change('unsubscribed_at = now()');
		await change("email = 'cat@y.org'");
		await change("email = 'cat@z.org', unsubscribed_at = NULL");
		expect(await esp.told(poll)).toMatchObject([
			{ type: 'subscribe', subscriber: { email: 'cat@x.org' } },
			{ type: 'unsubscribe', subscriber: { email: 'cat@x.org' } },
			{ type: 'update', subscriber: { email: 'cat@z.org', previous_email: 'cat@x.org' } },
			{ type: 'subscribe', subscriber: { email: 'cat@z.org' } },
		]);
	});

	it('does not hear of what SparkLoop itself has written', async () => {
		expect(await esp.deliver(fromSparkLoop.sync('new.here@example.com', 1))).toBe(200);
		expect(
			await esp.deliver(
				fromSparkLoop.referral('new.here@example.com', 'new.friend@example.com', 2),
			),
		).toBe(200);
		expect(await esp.told(poll)).toEqual([]);
	});
});

describe('the import', () => {
	const importFrom = async (contacts: string) => {
		const name = `From ${contacts}`;
		const workflow = await bringImport(
			ground,
			'import-existing-subscribers-from-postgresql.json',
			name,
			{ contacts, pageSize: 3 },
			{ ofTheEsp: { postgres: await postgresCredential(name) } },
		);
		return new ImportInService(ground, workflow, name);
	};

	it('reads page by page, tells of who is subscribed, and uses the columns that there are', async () => {
		const { program } = ground.sandbox;
		const referrer = program.subscribe({ email: 'pg.referrer@example.com' }).subscriber;
		await sql(`CREATE TABLE old_contacts (
			id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text, first_name text, name text,
			confirmed_at timestamptz, unsubscribed_at timestamptz, rh_subid text, rh_reflink text, referred_by text)`);
		await sql(`INSERT INTO old_contacts (email, first_name, confirmed_at, unsubscribed_at, referred_by) VALUES
			('pg1@example.com', 'Ann', '2026-01-31 08:30:00+01', NULL, NULL),
			('pg2@example.com', NULL, NULL, NULL, NULL),
			('pg3@example.com', NULL, '2026-01-31', '2026-02-01', NULL),
			('it''s no address', NULL, '2026-01-31', NULL, NULL),
			('pg5@example.com', NULL, '2026-01-31', NULL, '${referrer.referralCode}'),
			('pg6@example.com', NULL, '2026-01-31', NULL, 'PG1@example.com')`);
		const letter = await importFrom('old_contacts');
		expect(await letter.run()).toEqual({ status: 'success' });
		expect(await letter.row()).toMatchObject({
			...{ state: 'done', done: 6, total: 6, imported: 3, refused: 1, skipped: 2 },
		});
		expect(await letter.refusals()).toMatchObject([{ contact: '4', email: "it's no address" }]);
		expect(program.find('pg1@example.com')).toMatchObject({
			name: 'Ann',
			createdAt: Date.parse('2026-01-31T07:30:00Z') / 1000,
		});
		expect(program.find('pg5@example.com')?.referrerId).toBe(referrer.id);
		expect(program.find('pg6@example.com')?.referrerId).toBe(program.find('pg1@example.com')?.id);
		expect(['pg2', 'pg3'].map((name) => program.find(`${name}@example.com`))).toEqual([
			undefined,
			undefined,
		]);
	}, 60_000);

	it('reads the table that the set-up makes, and an empty one', async () => {
		const letter = await importFrom('newsletter_contacts');
		expect(await letter.run()).toEqual({ status: 'success' });
		const [{ all }] = await sql('SELECT count(*)::integer AS "all" FROM newsletter_contacts');
		expect(await letter.row()).toMatchObject({ state: 'done', done: all });

		await sql('CREATE TABLE nobody (LIKE newsletter_contacts)');
		const empty = await importFrom('nobody');
		expect(await empty.run()).toEqual({ status: 'success' });
		expect(await empty.row()).toMatchObject({ state: 'done', done: 0, total: 0 });
	}, 60_000);

	it('stops when there is no such table, and says so', async () => {
		const letter = await importFrom('no_such_table');
		const { status, message } = await letter.run();
		expect([status, message]).toEqual(['error', expect.stringMatching(/no_such_table/)]);
	}, 60_000);
});

describe('reconciling', () => {
	let letter: ReconcileInService;
	afterAll(async () => await letter?.close());

	it('finds every kind of drift, repairs it, and finds nothing in the next run', async () => {
		letter = await ReconcileInService.start(ground, {
			name: 'Reconciled from PostgreSQL',
			file: 'reconcile-with-postgresql.json',
			world: 'withStatus',
			values: () => ({ contacts: 'letter_contacts', pageSize: 4 }),
			ofTheEsp: { postgres: await postgresCredential('Reconcile') },
		});
		const { program } = letter.sandbox;
		const know = (name: string) => {
			const email = `${name}@example.com`;
			const { subscriber } = program.subscribe({ email, createdAt: 1_735_689_600 });
			return { id: subscriber.id, link: program.describe(subscriber).referral_link };
		};
		const statusOf = (email: string) => program.find(email)?.status;
		await sql('CREATE TABLE letter_contacts (LIKE newsletter_contacts INCLUDING IDENTITY)');
		const contactOf = async (
			email: string,
			{ id, link }: { id: string; link: string },
			gone = false,
		) =>
			await sql(`INSERT INTO letter_contacts (email, confirmed_at, unsubscribed_at, rh_subid, rh_reflink)
				VALUES ('${email}', '2025-06-01', ${gone ? "'2025-07-01'" : 'NULL'}, '${id}', '${link}')`);
		const nobody = { id: '', link: '' };

		for (const name of ['same1', 'same2', 'same3'])
			await contactOf(`${name}@example.com`, know(name));
		await contactOf('lost@example.com', nobody);
		await contactOf('left@example.com', know('left'), true);
		await contactOf('moved@example.org', know('moved'));
		await contactOf('back@example.com', know('back'));
		program.unsubscribe('back@example.com');
		await contactOf('no.link@example.com', { ...know('no.link'), link: '' });
		await sql("INSERT INTO letter_contacts (email) VALUES ('unconfirmed@example.com')");
		know('unknown');
		const found = {
			contacts: 9,
			lost: 1,
			changed: 1,
			stillBilled: 1,
			returned: 1,
			unknown: 1,
			withoutLink: 1,
		};

		await letter.set({ onDemand: 'dry run' });
		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect(await letter.rows('reports')).toMatchObject([
			{ ...found, mode: 'dry run', repaired: 0 },
		]);
		expect(statusOf('lost@example.com')).toBeUndefined();

		await letter.set({});
		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect((await letter.rows('reports'))[1]).toMatchObject({
			...found,
			mode: 'repair',
			repaired: 4,
			failed: 0,
		});
		for (const name of [
			'same1@example.com',
			'lost@example.com',
			'moved@example.org',
			'back@example.com',
		]) {
			expect([name, statusOf(name)]).toEqual([name, 'confirmed']);
		}
		expect(statusOf('left@example.com')).toBe('unsubscribed');
		expect(program.find('moved@example.com')).toBeUndefined();
		expect(statusOf('unconfirmed@example.com')).toBeUndefined();
		const people = await letter.rows('toLookAt');
		expect(people.map(({ kind, email }) => `${kind} ${email}`).sort()).toEqual([
			'unknown unknown@example.com',
			'withoutLink no.link@example.com',
		]);

		expect(await letter.run()).toEqual(WENT_THROUGH);
		expect((await letter.rows('reports'))[2]).toMatchObject({
			lost: 0,
			changed: 0,
			stillBilled: 0,
			returned: 0,
			repaired: 0,
		});
	}, 90_000);

	it('changes nothing when there is no such table, and says so', async () => {
		await letter.set({ contacts: 'no_such_table' });
		const { status, message } = await letter.run();
		expect([status, message]).toEqual(['error', expect.stringMatching(/no_such_table/)]);
	}, 60_000);
});
