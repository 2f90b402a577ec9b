import { createHmac } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { type RunningGhost, startGhost } from '../../scripts/ghost/ghostHost.mts';
import {
	GhostAdmin,
	GhostOwnerSession,
	GhostReader,
	type Integration,
	type MemberEvent,
} from '../../scripts/ghost/ghostSite.mts';
import { LOOPBACK } from '../../scripts/n8n/ports.mts';

interface Webhook {
	headers: IncomingHttpHeaders;
	/** To the letter. */
	text: string;
	event: MemberEvent;
	current: { id?: string; email?: string; newsletters?: unknown[] };
	previous: Record<string, unknown>;
}

const FIXTURES = path.join(import.meta.dirname, '..', 'fixtures', 'ghost');
const SECRET = 'a secret of Ghost and its webhooks';
const EVENTS: MemberEvent[] = ['member.added', 'member.edited', 'member.deleted'];
/** No member has it. */
const UNKNOWN = '64b0c1a2e4b0c1a2e4b0c1a2';
/** Longer than Ghost takes to send what it has to say of something that is done. */
const A_WHILE_MS = 1_500;
const owner = {
	name: 'Olive Owner',
	email: 'owner@example.com',
	password: 'Sup3r-secret-pw!x',
	title: 'The Weekly',
};

let folder: string;
let sandbox: Sandbox;
let ghost: RunningGhost;
let receiver: Server;
let session: GhostOwnerSession;
let integration: Integration;
/** With the integration's key. */
let admin: GhostAdmin;
let webhooks: Webhook[] = [];

beforeAll(async () => {
	folder = mkdtempSync(path.join(tmpdir(), 'ghost-test-'));
	sandbox = await startSandbox();
	ghost = await startGhost({ mailPort: sandbox.smtp.port, folder });
	receiver = createServer((request, response) => {
		const parts: Buffer[] = [];
		request.on('data', (part: Buffer) => parts.push(part));
		request.on('end', () => {
			const text = Buffer.concat(parts).toString();
			const { event, member } = JSON.parse(text) as {
				event: MemberEvent;
				member: Pick<Webhook, 'current' | 'previous'>;
			};
			webhooks.push({ headers: request.headers, text, event, ...member });
			response.writeHead(200).end();
		});
	});
	await new Promise<void>((ready) => receiver.listen(0, LOOPBACK, ready));
	const targetUrl = `http://${LOOPBACK}:${(receiver.address() as AddressInfo).port}/`;
	session = await GhostOwnerSession.setUp(ghost.url, owner);
	integration = await session.addIntegration('n8n');
	admin = new GhostAdmin(ghost.url, integration.adminApiKey);
	for (const event of EVENTS) {
		await session.addWebhook(integration, { event, targetUrl, secret: SECRET });
	}
	// Ghost installs itself the first time.
}, 600_000);

afterAll(async () => {
	await ghost?.stop();
	await sandbox?.close();
	receiver?.closeAllConnections();
	receiver?.close();
	rmSync(folder, { recursive: true, force: true });
}, 30_000);

beforeEach(() => {
	webhooks = [];
});

/** The webhooks that something makes Ghost send. */
async function sentBy(act: () => Promise<unknown>): Promise<Webhook[]> {
	webhooks = [];
	await act();
	await sleep(A_WHILE_MS);
	return webhooks;
}

const reader = (email: string) => new GhostReader(ghost.url, sandbox.mailbox, email);

/** A person who has signed up, and the member it is. */
async function newMember(email: string) {
	const person = reader(email);
	await person.signUp({ name: 'Ann' });
	const member = await admin.memberWithEmail(email);
	if (!member) throw new Error(`Nobody has ${email}.`);
	await sleep(A_WHILE_MS);
	webhooks = [];
	return { person, id: member.id };
}

/** A webhook without what differs each time. */
const constant = (text: string) =>
	text
		.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid')
		.replace(/[0-9a-f]{24}/g, 'id')
		.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');

/** Compares with what was captured; SAVE_GHOST_FIXTURES=1 captures anew. */
function expectAsCaptured(name: string, { text, headers }: Webhook) {
	const file = path.join(FIXTURES, `${name}.json`);
	const signatures = path.join(FIXTURES, 'signatures.json');
	if (process.env.SAVE_GHOST_FIXTURES) {
		const others = existsSync(signatures)
			? (JSON.parse(readFileSync(signatures, 'utf8')) as object)
			: {};
		const all = { ...others, secret: SECRET, [name]: headers['x-ghost-signature'] };
		writeFileSync(signatures, `${JSON.stringify(all, null, 2)}\n`);
		writeFileSync(file, text);
	}
	expect(constant(text)).toBe(constant(readFileSync(file, 'utf8')));
}

/** What Ghost's signature header has to be for a body. */
function signature(text: string, header: string): string {
	const [, time] = /, t=(\d+)$/.exec(header) ?? [];
	const mac = createHmac('sha256', SECRET).update(text + time);
	return `sha256=${mac.digest('hex')}, t=${time}`;
}

describe('a sign-up', () => {
	it('makes a member, and a webhook, only when the link in the mail is followed', async () => {
		const person = reader('ann@example.com');
		let mail = sandbox.mailbox.mails[0];
		expect(await sentBy(async () => (mail = await person.requestSignUp({ name: 'Ann' })))).toEqual(
			[],
		);
		expect(mail).toMatchObject({ to: ['ann@example.com'], from: expect.stringMatching('Ghost') });
		await expect(admin.memberWithEmail('ann@example.com')).resolves.toBeUndefined();
		await expect(person.account()).resolves.toBeNull();

		const sent = await sentBy(() => person.follow(mail));
		expect(sent).toMatchObject([
			{
				event: 'member.added',
				current: { email: 'ann@example.com', name: 'Ann', newsletters: [{ name: 'The Weekly' }] },
				previous: {},
			},
		]);
		expectAsCaptured('member.added', sent[0]);
		await expect(admin.memberWithEmail('ann@example.com')).resolves.toMatchObject({
			id: sent[0].current.id,
			name: 'Ann',
		});
		await expect(person.account()).resolves.toMatchObject({ email: 'ann@example.com' });
	});

	it('is not taken without the token of the form', async () => {
		const answer = await fetch(`${ghost.url}/members/api/send-magic-link/`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({ email: 'robot@example.com', emailType: 'signup' }),
		});
		expect(answer.status).toBe(400);
	});

	it('is not confirmed by a wrong link', async () => {
		const person = reader('wrong@example.com');
		const mail = await person.requestSignUp();
		const links = [`${ghost.url}/members/?token=wrong&action=signup`];
		await expect(person.follow({ ...mail, links })).rejects.toThrow('did not take the link');
		await expect(admin.memberWithEmail('wrong@example.com')).resolves.toBeUndefined();
	});
});

describe('a webhook', () => {
	it('is signed over its body and its time', async () => {
		const [{ headers, text }] = await sentBy(() => admin.addMember({ email: 'sig@example.com' }));
		const header = String(headers['x-ghost-signature']);
		expect(header).toBe(signature(text, header));
		expect(headers['content-type']).toBe('application/json');
	});

	it('can be made with the key of the integration, too', async () => {
		const webhook = { event: EVENTS[0], targetUrl: 'http://127.0.0.1:9/', secret: 's' };
		const id = await admin.addWebhook(integration, webhook);
		await admin.call('DELETE', `/webhooks/${id}/`);
	});
});

describe('a member', () => {
	it('changes its address itself, once the mail to the new one is answered', async () => {
		const { person, id } = await newMember('before@example.com');
		let mail = sandbox.mailbox.mails[0];
		const asked = await sentBy(
			async () => (mail = await person.requestEmailChange('after@example.com')),
		);
		expect(asked).toEqual([]);
		expect(mail.to).toEqual(['after@example.com']);
		await expect(admin.member(id)).resolves.toMatchObject({ email: 'before@example.com' });

		const sent = await sentBy(() => person.follow(mail));
		expect(sent).toMatchObject([
			{
				event: 'member.edited',
				current: { id, email: 'after@example.com' },
				previous: { email: 'before@example.com' },
			},
		]);
		expectAsCaptured('member.edited.email', sent[0]);
		await expect(person.account()).resolves.toMatchObject({ email: 'after@example.com' });

		await person.changeEmail('later@example.com');
		await expect(admin.member(id)).resolves.toMatchObject({ email: 'later@example.com' });
		expect(person.email).toBe('later@example.com');
	});

	it('does not get an address that another has', async () => {
		const { person } = await newMember('one@example.com');
		await admin.addMember({ email: 'taken@example.com' });
		await expect(person.changeEmail('taken@example.com')).rejects.toThrow('did not take the link');
		await expect(person.account()).resolves.toMatchObject({ email: 'one@example.com' });
	});

	it('gets another address from the owner', async () => {
		const { id } = await newMember('old@example.com');
		const sent = await sentBy(() => admin.editMember(id, { email: 'new@example.com' }));
		expect(sent).toMatchObject([
			{ event: 'member.edited', previous: { email: 'old@example.com' } },
		]);
	});

	it('unsubscribes itself, and stays a member', async () => {
		const { person, id } = await newMember('leaves@example.com');
		const sent = await sentBy(() => person.unsubscribe());
		expect(sent).toMatchObject([
			{
				event: 'member.edited',
				current: { id, email: 'leaves@example.com', newsletters: [] },
				previous: { newsletters: [{ name: 'The Weekly' }] },
			},
		]);
		expectAsCaptured('member.edited.unsubscribed', sent[0]);
		await expect(admin.member(id)).resolves.toMatchObject({ newsletters: [] });
		await expect(person.account()).resolves.toMatchObject({ newsletters: [] });
	});

	it('signs in again by mail', async () => {
		await newMember('back@example.com');
		const person = reader('back@example.com');
		await person.signIn();
		await expect(person.account()).resolves.toMatchObject({ email: 'back@example.com' });
	});

	it('is deleted', async () => {
		const { id } = await newMember('gone@example.com');
		const sent = await sentBy(() => admin.deleteMember(id));
		expect(sent).toMatchObject([
			{ event: 'member.deleted', current: {}, previous: { id, email: 'gone@example.com' } },
		]);
		await expect(admin.memberWithEmail('gone@example.com')).resolves.toBeUndefined();
	});

	it('has to exist', async () => {
		const unknown = { status: 404, type: 'NotFoundError' };
		await expect(admin.member(UNKNOWN)).rejects.toMatchObject(unknown);
		await expect(admin.editMember(UNKNOWN, { name: 'X' })).rejects.toMatchObject(unknown);
		await expect(admin.deleteMember(UNKNOWN)).rejects.toMatchObject(unknown);
		await expect(admin.memberWithEmail("o'x+y@example.com")).resolves.toBeUndefined();
	});

	it('exists once', async () => {
		await admin.addMember({ email: 'once@example.com' });
		await expect(admin.addMember({ email: 'once@example.com' })).rejects.toMatchObject({
			status: 422,
			message: expect.stringContaining('Member already exists'),
		});
	});
});

describe('a custom field', () => {
	const names = ['RH_SUBID', 'RH_CODE', 'RH_REFLINK'];

	it('is defined and listed by the owner, once that is switched on', async () => {
		await expect(session.addCustomField(names[0])).rejects.toMatchObject({ status: 404 });
		await session.enableCustomFields();
		for (const name of names) await session.addCustomField(name);
		expect(await session.customFields()).toMatchObject([
			{ namespace: 'custom', key: 'rh_subid', name: 'RH_SUBID', type: 'short_text' },
			{ key: 'rh_code' },
			{ key: 'rh_reflink', status: 'active' },
		]);
		await expect(session.addCustomField(names[0])).rejects.toMatchObject({
			status: 422,
			message: expect.stringContaining('already exists'),
		});
	});

	it('is not defined or listed with the key of an integration', async () => {
		const refused = { status: 403, type: 'NoPermissionError' };
		const body = { members_metafields: [{ name: 'X', type: 'short_text' }] };
		const list = '/members/metafields/custom/';
		await expect(admin.call('GET', list)).rejects.toMatchObject(refused);
		await expect(admin.call('POST', list, body)).rejects.toMatchObject(refused);
	});

	it('is filled with that key, the others left as they are', async () => {
		const { id } = await newMember('fields@example.com');
		await admin.setCustomFields(id, { rh_subid: 'sub_hjdgc74u', rh_code: 'ada90f39' });
		await admin.setCustomFields(id, { rh_code: null, rh_reflink: 'https://x.org?rh_ref=a' });
		await expect(admin.member(id)).resolves.toMatchObject({
			metafields: {
				custom: { rh_subid: 'sub_hjdgc74u', rh_reflink: 'https://x.org?rh_ref=a' },
			},
		});
		const { metafields } = await admin.member(id);
		expect(metafields?.custom).not.toHaveProperty('rh_code');
	});

	it('that is written makes a webhook with nothing in it, every time', async () => {
		const { id } = await newMember('echo@example.com');
		const empty = { event: 'member.edited', current: { id }, previous: {} };
		const write = async () => await admin.setCustomFields(id, { rh_code: 'ada90f39' });
		const first = await sentBy(write);
		expect(first).toMatchObject([empty]);
		expect(first[0].previous).toEqual({});
		expect(first[0].text).not.toMatch(/metafields|ada90f39/);
		const again = await sentBy(write);
		expect(again).toMatchObject([empty]);
		expect(again[0].previous).toEqual({});
	});

	it.each([
		['nothing unknown', 'rh_nope', 'x', 'Unknown custom field: custom.rh_nope'],
		['none by its name', 'RH_CODE', 'x', 'Unknown custom field: custom.RH_CODE'],
		['nothing too long', 'rh_code', 'x'.repeat(256), 'Use 255 characters or fewer.'],
		['no number', 'rh_code', 4 as unknown as string, 'Enter text.'],
	])('takes %s', async (_what, key, value, why) => {
		const { id } = await admin.addMember({ email: `${key}-${String(value).length}@example.com` });
		const values = { rh_subid: 'sub_hjdgc74u', [key]: value };
		await expect(admin.setCustomFields(id, values)).rejects.toMatchObject({
			status: 422,
			message: expect.stringContaining(why),
		});
		await expect(admin.member(id)).resolves.toMatchObject({ metafields: { custom: {} } });
	});
});

describe('the owner', () => {
	it('logs in again, with the right password', async () => {
		const again = await GhostOwnerSession.logIn(ghost.url, owner);
		expect(await again.customFields()).toEqual(await session.customFields());
		await expect(
			GhostOwnerSession.logIn(ghost.url, { ...owner, password: 'wrong-wrong-wrong' }),
		).rejects.toMatchObject({ status: 422 });
	});

	it('gives keys that must be right', async () => {
		const [id] = integration.adminApiKey.split(':');
		const wrong = new GhostAdmin(ghost.url, `${id}:${'00'.repeat(32)}`);
		await expect(wrong.memberWithEmail('ann@example.com')).rejects.toMatchObject({ status: 401 });
	});
});

describe('a Ghost of ours', () => {
	it('reaches nobody outside', () => {
		// Where members are, it would ask of each.
		expect(ghost.log()).toContain('may be reached: a connection to get.geojs.io');
		expect(ghost.log()).not.toMatch(/explore\.ghost\.org|updates\.ghost\.org/);
	});

	it('goes on with what it has after a power cut, where it was', async () => {
		await ghost.kill();
		expect(() => process.kill(-ghost.pid, 0)).toThrow('ESRCH');
		const { port } = ghost;
		ghost = await startGhost({ mailPort: sandbox.smtp.port, folder, port });
		expect(ghost.port).toBe(port);
		await expect(admin.memberWithEmail('ann@example.com')).resolves.toMatchObject({ name: 'Ann' });
		await expect(startGhost({ mailPort: 9, port })).rejects.toThrow(`Port ${port} is in use`);
	}, 120_000);

	it('leaves nothing of a folder that nobody asked for', async () => {
		const other = await startGhost({ mailPort: sandbox.smtp.port });
		expect(existsSync(other.folder)).toBe(true);
		await other.stop();
		expect(existsSync(other.folder)).toBe(false);
		expect(other.log()).toContain('Ghost has shut down');
	}, 120_000);

	it('says why it does not come up', async () => {
		const broken = mkdtempSync(path.join(tmpdir(), 'ghost-test-'));
		try {
			writeFileSync(path.join(broken, 'ghost.db'), 'no database, '.repeat(100));
			await expect(startGhost({ mailPort: 9, folder: broken })).rejects.toThrow(
				/Ghost ended while it was starting[^]*SQLITE_NOTADB/,
			);
		} finally {
			rmSync(broken, { recursive: true, force: true });
		}
	}, 120_000);
});

// Last, since the tests above write them when they are told to.
describe('the webhook that was kept', () => {
	it.each(['member.added', 'member.edited.email', 'member.edited.unsubscribed'])(
		'%s has the signature that came with it',
		(name) => {
			const all = JSON.parse(
				readFileSync(path.join(FIXTURES, 'signatures.json'), 'utf8'),
			) as Record<string, string>;
			const text = readFileSync(path.join(FIXTURES, `${name}.json`), 'utf8');
			expect(all[name]).toBe(signature(text, all[name]));
			expect(all.secret).toBe(SECRET);
		},
	);
});
