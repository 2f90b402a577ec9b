import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { EXTENTS } from '../../scripts/chaos/extents.mts';
import { onOneProcess } from '../../scripts/chaos/onOneProcess.mts';
import { type RunningN8n, startN8n } from '../../scripts/n8n/host.mts';
import { freePort, LOOPBACK } from '../../scripts/n8n/ports.mts';
import { type Proxy, startCaddy, startNginx } from '../../scripts/n8n/proxies.mts';
import { databaseSettings } from '../../scripts/n8n/queue.mts';
import { type Postgres, startPostgres } from '../../scripts/n8n/services.mts';
import { STARTING_UP, STARTING_UP_ETAG } from '../../scripts/n8n/startingUp.mts';
import { psqlEnvironment } from '../support/psql.mts';
import { until } from '../support/until.mts';

let database: Postgres;
let userFolder: string;
beforeAll(async () => {
	database = await startPostgres();
	userFolder = mkdtempSync(path.join(tmpdir(), 'n8n-nodes-sparkloop-proxy-'));
}, 60_000);
afterAll(async () => {
	await database?.stop();
	rmSync(userFolder, { recursive: true, force: true, maxRetries: 5 });
}, 30_000);

const start = async (port: number): Promise<RunningN8n> =>
	await startN8n({ userFolder, port, env: databaseSettings(database) });

/** Keeps n8n from looking which migrations it has done: its database stays as it is while a large one migrates. */
async function holdMigrations(): Promise<ChildProcess> {
	const psql = spawn('psql', ['-XAtqv', 'ON_ERROR_STOP=1'], {
		stdio: ['pipe', 'pipe', 'inherit'],
		env: psqlEnvironment(database),
	});
	psql.stdin.write("BEGIN; LOCK TABLE migrations IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n");
	await once(psql.stdout, 'data');
	return psql;
}

async function post(origin: string, address = '/webhook/anything') {
	const answer = await fetch(origin + address, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: '{"type":"sync_subscriber"}',
	});
	return { status: answer.status, etag: answer.headers.get('etag'), body: await answer.text() };
}

describe('while n8n starts', () => {
	let port: number;
	let locked: ChildProcess;
	let starting: Promise<RunningN8n> | undefined;
	let caddy: Proxy;
	let nginx: Proxy;
	const n8n = () => `http://${LOOPBACK}:${port}`;
	beforeAll(async () => {
		port = await freePort();
		await (await start(port)).stop();
		caddy = await startCaddy(n8n());
		nginx = await startNginx(n8n());
		locked = await holdMigrations();
		starting = start(port);
		starting.catch(() => {});
		await until(async () => (await fetch(n8n()).catch(() => null)) !== null, 120_000);
	}, 240_000);
	afterAll(async () => {
		locked?.kill();
		const running = await starting?.catch(() => null);
		await Promise.all([running?.stop(), caddy?.stop(), nginx?.stop()]);
	}, 120_000);

	it('n8n itself says 200 to an event with which it does nothing', async () => {
		expect(await post(n8n())).toEqual({ status: 200, etag: STARTING_UP_ETAG, body: STARTING_UP });
	});

	it.each(['/webhook/anything', '/form/anything', '/rest/anything'])(
		'the Caddyfile makes it 503 at %s',
		async (address) => {
			expect(await post(caddy.url, address)).toMatchObject({ status: 503, body: STARTING_UP });
		},
	);

	it.each(['/webhook/anything', '/form/anything', '/rest/anything'])(
		'the locations of nginx make it 500 at %s',
		async (address) => {
			expect(await post(nginx.url, address)).toMatchObject({ status: 500 });
		},
	);

	it('both hand on what n8n answers once it is ready', async () => {
		locked.stdin?.end();
		await starting;
		const answer = await post(n8n());
		expect(answer).toMatchObject({ status: 404 });
		expect(answer.body).toContain('The requested webhook');
		expect(await post(caddy.url)).toEqual(answer);
		expect(await post(nginx.url)).toEqual(answer);
		for (const { url } of [caddy, nginx]) {
			expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
		}
	}, 120_000);
});

it('Caddy does not wait for ever for an answer that does not come', async () => {
	const silent = createServer(() => {});
	await new Promise<void>((ready) => silent.listen(0, LOOPBACK, ready));
	const { port } = silent.address() as AddressInfo;
	const caddy = await startCaddy(`http://${LOOPBACK}:${port}`, { LONGEST_ANSWER: '100ms' });
	try {
		expect(await post(caddy.url)).toMatchObject({ status: 504 });
	} finally {
		await caddy.stop();
		silent.closeAllConnections();
		silent.close();
	}
});

it('behind Caddy nothing is lost, doubled, wrong or out of order when n8n is killed', async () => {
	const verdict = await onOneProcess(
		{ seed: 2, ...EXTENTS.short, pattern: 'ours', say: () => {} },
		async (n8nUrl) => {
			const { url, stop } = await startCaddy(n8nUrl);
			return { url, close: stop };
		},
	);
	expect(verdict).toMatchObject({ lost: [], doubled: [], wrong: [], outOfOrder: [], crashes: 1 });
	expect(verdict.contacts).toBe(EXTENTS.short.readers + EXTENTS.short.friends);
}, 400_000);
