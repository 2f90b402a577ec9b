import { mkdtempSync, rmSync } from 'node:fs';
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
 * @param failures what executions ended with
 */
async function heard(
	act: () => Promise<unknown>,
	webhooks: number,
	failures: unknown[] = [],
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
			expect(results.flatMap(({ error }) => error?.message ?? [])).toEqual(failures);
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
			'The fields were not created. Custom fields of members are not switched on in this Ghost: see the notes. Resource could not be found.',
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
			'The fields could not be listed. Invalid token: invalid signature',
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
		const late = fromSparkLoop.referral(ANNE, BOB, 2) as { referrer: object; subscriber: object };
		const { referral_code, referral_link, ...friend } = ground.sandbox.program.describe(
			subscriber(BOB),
		);
		await heard(async () => {
			expect(await esp.deliver({ ...late, subscriber: { ...friend, id: 'x' } })).toBe(200);
		}, 0);
		expect(await fields(ANNE)).toEqual(before);
	});
});
