import { createHmac } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type RunningGhost, startGhost } from '../../scripts/ghost/ghostHost.mts';
import {
	GhostAdmin,
	GhostOwnerSession,
	GhostReader,
	type Integration,
} from '../../scripts/ghost/ghostSite.mts';
import type { Execution } from '../../scripts/n8n/api.mts';
import { fieldsOf } from '../../scripts/story/fieldsOf.mts';
import { importWorkflow, type ImportedWorkflow } from '../../scripts/story/importing.mts';
import { setGround, type Ground } from '../../scripts/story/stage.mts';
import { EspInService, fromSparkLoop, type EspFile } from '../support/espInService.mts';

const FIXTURES = path.join(import.meta.dirname, '..', 'fixtures', 'ghost');
const ENTRANCE = 'When the ESP reports a change';
const EVENTS = ['member.added', 'member.edited', 'member.deleted'];
const FIELDS = [
	'rh_subid',
	'rh_code',
	'rh_reflink',
	'rh_isref',
	'rh_totref',
	'rh_coupon',
	'rh_lastreward',
	'rh_guard',
];
const WITHIN_MS = 30_000;
const ANN = 'ann@example.com';
const ANNE = 'anne.new@example.com';
const BOB = 'bob@example.com';
const owner = {
	name: 'Olive Owner',
	email: 'owner@example.com',
	password: 'Sup3r-secret-pw!x',
	title: 'The Weekly',
};

// In some, Ghost starts anew.
jest.setTimeout(60_000);

let folder: string;
let ground: Ground;
let ghost: RunningGhost;
let session: GhostOwnerSession;
let integration: Integration;
let admin: GhostAdmin;
let outbox: ImportedWorkflow;
let esp: EspInService;
const people = new Map<string, GhostReader>();

/** The file with a key for all of Ghost, and maybe another one for the fields. */
const file = (key: string, keyForFields = key): EspFile => {
	const ghostAdminApi = (apiKey: string) => ({
		type: 'ghostAdminApi',
		data: { url: ghost.url, apiKey },
	});
	return {
		file: 'ghost',
		settings: { site: `${ghost.url}/` },
		credentials: {
			ghostAdminApi: ghostAdminApi(key),
			'List the fields': ghostAdminApi(keyForFields),
			'Create the fields': ghostAdminApi(keyForFields),
			crypto: { type: 'crypto', data: { hmacSecret: 'anything long and random' } },
		},
	};
};

/** Imports the file beside the one in service, which runs its set-up. */
async function setUp(esp: EspFile): Promise<Execution> {
	const { api } = ground.n8n;
	const entries = Object.entries(esp.credentials).map(async ([key, { type, data }]) => {
		const id = await api.importCredential({ name: key, type, data });
		return [key, { id, type }] as const;
	});
	const { id } = await importWorkflow(api, ground.credentials, 'esp/ghost.json', esp.settings, {
		ofTheEsp: Object.fromEntries(await Promise.all(entries)),
	});
	const [{ id: execution }] = await api.listExecutions({ workflowId: id });
	return await api.getExecution(execution);
}

beforeAll(async () => {
	folder = mkdtempSync(path.join(tmpdir(), 'ghost-story-'));
	ground = await setGround(
		{ n8nPort: 0, sandboxPort: 0, progress: () => {} },
		{ delivery: { firstRetryMs: 500, longestRetryMs: 1_000 } },
	);
	const { api } = ground.n8n;
	ghost = await startGhost({ mailPort: ground.sandbox.smtp.port, folder });
	session = await GhostOwnerSession.setUp(ghost.url, owner);
	integration = await session.addIntegration('n8n');
	admin = new GhostAdmin(ghost.url, integration.adminApiKey);
	// A minute of the outbox passes in a second.
	outbox = await importWorkflow(api, ground.credentials, 'outbox.json', { minute: 1_000 });
	await api.publish(outbox.id);
	// Ghost installs itself the first time.
}, 600_000);

afterAll(async () => {
	await Promise.allSettled([ground?.close(), ghost?.stop()]);
	rmSync(folder, { recursive: true, force: true });
}, 60_000);

const { stringify } = JSON;
const reader = (email: string): GhostReader => {
	const person = people.get(email) ?? new GhostReader(ghost.url, ground.sandbox.mailbox, email);
	people.set(email, person);
	return person;
};
const subscriber = (email: string) => {
	const found = ground.sandbox.program.find(email);
	if (!found) throw new Error(`SparkLoop does not know ${email}`);
	return found;
};
/** The fields of a member, by SparkLoop's names. */
async function fields(email: string): Promise<Record<string, unknown>> {
	const custom = (await admin.memberWithEmail(email))?.metafields?.custom ?? {};
	return Object.fromEntries(
		Object.entries(custom).map(([key, value]) => [key.toUpperCase(), value]),
	);
}
/** What SparkLoop's own state makes of a person; Ghost has texts only. */
const expected = (email: string): Record<string, string> =>
	Object.fromEntries(
		Object.entries(fieldsOf(ground.sandbox.program.describe(subscriber(email)))).map(
			([field, value]) => [field, String(value)],
		),
	);

async function waitingInOutbox(): Promise<number> {
	const { dataTables } = ground.n8n.api;
	const [{ id }] = await dataTables.list('SparkLoop outbox');
	return (await dataTables.rows(id)).length;
}

/** Posts to the sandbox what is done in SparkLoop, or on a page with its script. */
async function inSparkLoop(what: string, body: object): Promise<void> {
	const answer = await fetch(`${ground.sandbox.url}/control/${what}`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: stringify(body),
	});
	expect(answer.status).toBe(200);
}

const executions = async () =>
	(await ground.n8n.api.listExecutions()).filter(({ workflowId }) => workflowId !== outbox.id);
const lastExecution = async () => {
	const [{ id }] = await executions();
	return await ground.n8n.api.getExecution(id);
};

/**
 * What SparkLoop heard of, while something happened and all that came of it: Ghost's webhooks, the outbox, SparkLoop's
 * events, what they wrote, and the webhooks that Ghost sent of that.
 *
 * @param webhooks how many Ghost sends of what happens; those of what is written then come on top
 * @param failure what executions that failed say; none does when it is left out
 */
async function heard(
	act: () => Promise<unknown>,
	webhooks: number,
	failure?: RegExp,
): Promise<object[]> {
	const { n8n, sandbox } = ground;
	const from = sandbox.calls.log.length;
	const before = Math.max(0, ...(await executions()).map(({ id }) => Number(id)));
	const since = async () => (await executions()).filter(({ id }) => Number(id) > before);
	await act();
	const deadline = Date.now() + WITHIN_MS;
	const seen = new Map<string, Execution>();
	for (;;) {
		const all = await since();
		const ended = all.every(({ status }) => !['new', 'running', 'waiting'].includes(status));
		for (const { id } of ended ? all : []) {
			if (!seen.has(id)) seen.set(id, await n8n.api.getExecution(id));
		}
		const results = [...seen.values()].map(({ data }) => data.resultData);
		const ran = (node: string) =>
			results.reduce((sum, { runData }) => sum + (runData[node]?.length ?? 0), 0);
		const told = webhooks + ran('Write the fields') + ran('Add the contact');
		const waiting = await waitingInOutbox();
		const quiet = ended && waiting + sandbox.deliveries.pending === 0;
		// The outbox may have sent something in between, which SparkLoop has answered with an event.
		if (quiet && ran(ENTRANCE) >= told && (await since()).length === all.length) {
			expect(ran(ENTRANCE)).toBe(told);
			const messages = results.flatMap(({ error }) => error?.message ?? []);
			if (failure) {
				expect(messages.length).toBeGreaterThan(0);
				for (const message of messages) expect(message).toMatch(failure);
			} else expect(messages).toEqual([]);
			return sandbox.calls.log.slice(from).map(({ body }) => body as object);
		}
		if (Date.now() > deadline) {
			const what = `${ran(ENTRANCE)} of ${told} webhooks came, ${waiting} events wait`;
			throw new Error(`It did not come to an end: ${what}`);
		}
		if (waiting > 0) {
			await n8n.api.waitForExecution(await n8n.api.runWorkflow(outbox.id, 'Every minute'));
		} else await sleep(50);
	}
}

describe('the set-up', () => {
	it('says so when Ghost has no custom fields', async () => {
		const token = await session.staffAccessToken();
		await expect(setUp(file(integration.adminApiKey, token))).rejects.toThrow(
			"The fields were not created. Resource could not be found (node 'Create the fields'). Custom fields of members are not switched on in this Ghost: see the notes.",
		);
		await session.enableCustomFields();
	});

	it('leaves the fields to the user when the key may not see them', async () => {
		const { data } = await setUp(file(integration.adminApiKey));
		expect(data.resultData.runData).toHaveProperty('Create the fields by hand');
		expect(await session.customFields()).toEqual([]);
	});

	it('says so when the key is wrong', async () => {
		const [id] = integration.adminApiKey.split(':');
		await expect(setUp(file(`${id}:${'00'.repeat(32)}`))).rejects.toThrow(
			"The fields could not be listed. Invalid token: invalid signature (node 'List the fields'). Check the credential of that node.",
		);
	});

	it('creates the fields and registers the webhooks, and nothing the second time', async () => {
		const token = await session.staffAccessToken();
		esp = await EspInService.start(ground, file(integration.adminApiKey, token));
		for (const _time of ['first', 'second']) {
			expect(await session.customFields()).toMatchObject(
				FIELDS.map((key) => ({ key, name: key, type: 'short_text' })),
			);
			const { integrations } = await session.call<{
				integrations: Array<{ webhooks: Array<{ event: string; target_url: string }> }>;
			}>('GET', `/integrations/${integration.id}/?include=webhooks`);
			const hooks = integrations[0].webhooks.filter(
				({ target_url: url }) => url === esp.urlOf(ENTRANCE),
			);
			expect(hooks.map(({ event }) => event).sort()).toEqual([...EVENTS].sort());
			expect((await esp.run('Set up (run once)')).status).toBe('success');
		}
	});
});

describe('the story', () => {
	const join = async (email: string, name: string, through?: string) => {
		// SparkLoop's script on the site knows by whose link somebody came.
		if (through) await inSparkLoop('visit', { email, code: subscriber(through).referralCode });
		await reader(email).signUp({ name });
	};

	beforeAll(() => {
		const url = esp.urlOf('When SparkLoop sends an event');
		const events = ['sync_subscriber', 'new_referral', 'reward_unlocked'];
		ground.sandbox.setWebhooks([{ url, events }]);
	});

	it('Ann signs up: SparkLoop hears of it once she has followed the link, and writes hers', async () => {
		let mail = ground.sandbox.mailbox.mails[0];
		const ann = reader(ANN);
		const asked = await heard(async () => (mail = await ann.requestSignUp({ name: 'Ann' })), 0);
		expect(asked).toEqual([]);

		const told = await heard(async () => await ann.follow(mail), 1);
		const member = await admin.memberWithEmail(ANN);
		const person = { email: ANN, id: member?.id, name: 'Ann', created_at: expect.anything() };
		expect(told).toEqual([{ type: 'subscribe', subscriber: person }]);
		expect(subscriber(ANN)).toMatchObject({ status: 'confirmed', espId: member?.id });
		expect(await fields(ANN)).toEqual({ ...expected(ANN), RH_TOTREF: '0', RH_ISREF: 'NO' });
	});

	it('Bob joins through her link: both have what is theirs', async () => {
		await heard(async () => await join(BOB, 'Bob', ANN), 1);
		expect(await fields(BOB)).toEqual({ ...expected(BOB), RH_TOTREF: '0', RH_ISREF: 'YES' });
		expect(await fields(ANN)).toEqual({ ...expected(ANN), RH_TOTREF: '1', RH_ISREF: 'NO' });
	});

	it('two more come, whom SparkLoop brings: they become members, and Ann wins', async () => {
		const friends = ["o'brien+n8n_%@example.com", 'dan@example.com'];
		const told = await heard(async () => {
			for (const email of friends) {
				await inSparkLoop('refer', { referrer: ANN, email, via: 'sparkloop' });
			}
		}, 0);
		expect(told).toEqual([]);
		for (const email of friends) {
			const member = await admin.memberWithEmail(email);
			expect(member?.newsletters).toHaveLength(1);
			expect(member?.labels).toMatchObject([{ name: 'Added by SparkLoop' }]);
			expect(await fields(email)).toEqual(expected(email));
			expect(ground.sandbox.mailbox.find({ to: email })).toBeUndefined();
		}
		const [win] = subscriber(ANN).wins;
		expect(await fields(ANN)).toEqual({
			...expected(ANN),
			RH_TOTREF: '3',
			RH_COUPON: win.coupon,
			RH_LASTREWARD: win.rewardId,
			RH_GUARD: expect.stringMatching(/^3-/),
		});
	});

	it('Ann changes her address: link, counts and rewards stay hers', async () => {
		const before = await fields(ANN);
		const { id } = subscriber(ANN);
		const told = await heard(async () => await reader(ANN).changeEmail(ANNE), 1);
		const moved = { email: ANNE, previous_email: ANN, name: 'Ann' };
		expect(told).toEqual([
			{ type: 'update', subscriber: { ...moved, updated_at: expect.anything() } },
		]);
		expect(subscriber(ANNE)).toMatchObject({ id, totReferrals: 3 });
		expect(await fields(ANNE)).toEqual(before);
	});

	it('what comes late changes nothing', async () => {
		const before = await fields(ANNE);
		await heard(async () => {
			expect(await esp.deliver(fromSparkLoop.referral(ANNE, ANNE, 2))).toBe(200);
		}, 0);
		expect((await lastExecution()).data.resultData.runData).not.toHaveProperty('Write the fields');
		expect(await fields(ANNE)).toEqual(before);
	});

	it('Ghost is down: SparkLoop hears 500, and sends again until it is up', async () => {
		const { sandbox } = ground;
		const from = sandbox.deliveries.log.length;
		const eve = 'eve@example.com';
		// It answers 503 while it starts.
		const refused =
			/^The contact was not written: (The service refused the connection - perhaps it is offline|Ghost answered with status 503) \(node '(Look for the address|Read the contact)'\)\. SparkLoop sends the event again\.$/;
		const outage = async () => {
			await ghost.stop();
			await inSparkLoop('refer', { referrer: ANNE, email: eve, via: 'sparkloop' });
			while (sandbox.deliveries.log.length < from + 2) await sleep(50);
			const tried = sandbox.deliveries.log.slice(from);
			expect(tried.map(({ status }) => status)).toEqual(tried.map(() => 500));
			ghost = await startGhost({ mailPort: sandbox.smtp.port, folder, port: ghost.port });
			await sandbox.deliveries.idle(WITHIN_MS);
		};
		expect(await heard(outage, 0, refused)).toEqual([]);
		expect(await fields(eve)).toEqual(expected(eve));
		expect(await fields(ANNE)).toMatchObject({ ...expected(ANNE), RH_TOTREF: '4' });
	});

	it('Bob leaves one of two newsletters, then the other: that is an unsubscribe', async () => {
		const { newsletters: added } = await session.call<{ newsletters: [{ id: string }] }>(
			'POST',
			'/newsletters/',
			{ newsletters: [{ name: 'The Monthly' }] },
		);
		const bob = await admin.memberWithEmail(BOB);
		const [weekly] = bob!.newsletters;
		const take = async (newsletters: object[]) =>
			await admin.editMember(bob!.id, { newsletters: newsletters as Array<typeof weekly> });
		expect(await heard(async () => await take([weekly, added[0]]), 1)).toEqual([]);
		expect(await heard(async () => await take([added[0]]), 1)).toEqual([]);
		expect(subscriber(BOB).status).toBe('confirmed');

		const told = await heard(async () => await reader(BOB).unsubscribe(), 1);
		expect(told).toEqual([{ type: 'unsubscribe', subscriber: { email: BOB } }]);
		expect(subscriber(BOB).status).toBe('unsubscribed');
		expect(await admin.memberWithEmail(BOB)).toMatchObject({ newsletters: [] });

		// What SparkLoop writes afterwards does not bring him back.
		await heard(async () => await inSparkLoop('reset-campaign', {}), 0);
		expect(await fields(BOB)).toEqual(expected(BOB));
		expect(await admin.memberWithEmail(BOB)).toMatchObject({ newsletters: [] });
		expect(subscriber(BOB).status).toBe('unsubscribed');

		const back = await heard(async () => await take([weekly]), 1);
		expect(back).toMatchObject([{ type: 'subscribe', subscriber: { email: BOB, id: bob!.id } }]);
		expect(subscriber(BOB).status).toBe('confirmed');
	});

	it('Bob is deleted: that is an unsubscribe too, unless he has left before', async () => {
		const { id } = (await admin.memberWithEmail(BOB))!;
		const told = await heard(async () => await admin.deleteMember(id), 1);
		expect(told).toEqual([{ type: 'unsubscribe', subscriber: { email: BOB } }]);

		const email = 'left@example.com';
		const added = async () => await admin.addMember({ email, newsletters: [] });
		expect(await heard(added, 1)).toEqual([]);
		const left = (await admin.memberWithEmail(email))!;
		expect(await heard(async () => await admin.deleteMember(left.id), 1)).toEqual([]);
	});
});

describe('a member', () => {
	it('is found in any spelling, and none is added beside it', async () => {
		await heard(async () => await admin.addMember({ email: 'Mixed.Case@Example.com' }), 1);
		await heard(async () => {
			expect(await esp.deliver(fromSparkLoop.sync('mixed.case@example.com', 7))).toBe(200);
		}, 0);
		const { members } = await admin.call<{ members: Array<{ email: string }> }>(
			'GET',
			`/members/?${new URLSearchParams({ filter: "email:~'mixed'" })}`,
		);
		expect(members).toMatchObject([{ email: 'Mixed.Case@Example.com' }]);
		expect(await fields('Mixed.Case@Example.com')).toMatchObject({ RH_TOTREF: '7' });
	});

	it('is not added when the settings say so', async () => {
		const unwanted = 'unwanted@example.com';
		const token = await session.staffAccessToken();
		await esp.stop();
		const { settings, ...rest } = file(integration.adminApiKey, token);
		esp = await EspInService.start(ground, {
			...rest,
			settings: { ...settings, addMissing: 'no' },
		});
		await heard(async () => {
			expect(await esp.deliver(fromSparkLoop.sync(unwanted))).toBe(200);
		}, 0);
		expect(await admin.memberWithEmail(unwanted)).toBeUndefined();
	});
});

describe('a failure', () => {
	it('is told with what Ghost says of an unknown field', async () => {
		const event = fromSparkLoop.sync(ANNE, 9);
		const status = async (status: string) =>
			await session.call('PUT', '/members/metafields/custom/rh_code/', {
				members_metafields: [{ status }],
			});
		await status('archived');
		expect(await esp.deliver(event)).toBe(500);
		expect(await esp.lastError()).toBe(
			"The contact was not written: Unknown custom field: custom.rh_code (node 'Write the fields'). Look in the execution at what that node sent. SparkLoop sends the event again.",
		);
		await status('active');
		await heard(async () => expect(await esp.deliver(event)).toBe(200), 0);
		expect(await fields(ANNE)).toMatchObject({ RH_TOTREF: '9', RH_CODE: 'ada90f39' });
	});

	it.each<[string, (text: string) => Record<string, string>]>([
		['without a signature', () => ({})],
		['with another', () => ({ 'x-ghost-signature': `sha256=${'f0'.repeat(32)}, t=1795500000000` })],
		[
			'signed with nothing',
			(text) => ({
				'x-ghost-signature': `sha256=${createHmac('sha256', '').update(text).digest('hex')}, t=`,
			}),
		],
	])('is a webhook %s', async (_, headers) => {
		const text = readFileSync(path.join(FIXTURES, 'member.added.json'), 'utf8');
		const refusal =
			/^A request that does not come from your ESP was refused, or the credential of 'Make the secret again'/;
		const forged = async () => {
			const { status } = await fetch(esp.urlOf(ENTRANCE), {
				method: 'POST',
				headers: { 'content-type': 'application/json', ...headers(text) },
				body: text,
			});
			expect(status).toBe(200);
		};
		expect(await heard(forged, 1, refusal)).toEqual([]);
	});
});
