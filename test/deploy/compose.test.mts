import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Script } from 'node:vm';

import { n8nModules } from '../../scripts/n8n/location.mjs';
import { STARTING_UP, STARTING_UP_ETAG } from '../../scripts/n8n/startingUp.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const FOLDER = path.join(ROOT, 'deploy');
const text = (file: string) => readFileSync(path.join(FOLDER, file), 'utf8');

interface Service {
	image: string;
	build?: object;
	command?: string[];
	environment?: Record<string, string>;
	ports?: string[];
	volumes?: string[];
	stop_grace_period?: string;
	restart?: string;
	healthcheck?: { test: string[] };
	networks?: string[];
}

interface Compose {
	services: Record<string, Service>;
	volumes: Record<string, null>;
}

const { parse } = createRequire(path.join(n8nModules(), 'n8n', 'package.json'))('yaml') as {
	parse(text: string, options: { merge: boolean }): Compose;
};
const compose = parse(text('compose.yaml'), { merge: true });
const { services } = compose;
const n8n = Object.entries(services).filter(([, { build }]) => build);
const environmentOf = ([, service]: [string, Service]) => service.environment ?? {};
const shared = environmentOf(n8n[0]);

/** All of n8n's code in which a setting can have its name, file after file. */
function* sources(): Generator<string> {
	for (const folder of ['@n8n/config', 'n8n-core', '@n8n/db', 'n8n']) {
		const dist = path.join(n8nModules(), folder, 'dist');
		for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
			if (file.endsWith('.js')) yield readFileSync(path.join(dist, file), 'utf8');
		}
	}
}

/** Those of the names that are in none of n8n's files. */
function unknownTo(names: Iterable<string>): string[] {
	const unknown = new Set(names);
	for (const source of sources()) {
		for (const name of unknown) {
			if (new RegExp(`'${name}'|"${name}"|env\\.${name}\\b`).test(source)) unknown.delete(name);
		}
		if (unknown.size === 0) break;
	}
	return [...unknown];
}

const seconds = (period = '') => Number(/^(\d+)s$/.exec(period)?.[1]);

describe('deploy/compose.yaml', () => {
	it('runs n8n as a main process, webhook processes and workers', () => {
		expect(n8n.map(([name, { command }]) => [name, command?.[0]])).toEqual([
			['main', undefined],
			['webhook', 'webhook'],
			['worker', 'worker'],
		]);
	});

	it('gives all of them the same image, encryption key, database and Redis', () => {
		for (const [name, service] of n8n) {
			expect([name, service.image]).toEqual([name, services.main.image]);
			expect([name, service.build]).toEqual([name, services.main.build]);
			expect([name, service.environment]).toEqual([name, shared]);
		}
		expect(shared).toMatchObject({
			N8N_ENCRYPTION_KEY: expect.stringMatching(/^\$\{N8N_ENCRYPTION_KEY:\?/),
			EXECUTIONS_MODE: 'queue',
			QUEUE_BULL_REDIS_HOST: 'redis',
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: 'postgres',
		});
	});

	it('sets nothing that n8n does not know', () => {
		expect(unknownTo(Object.keys(shared))).toEqual([]);
	});

	it('is told of no setting of n8n that it does not pass on', () => {
		const names = [...text('env.example').matchAll(/^([A-Z0-9_]+)=/gm)].map(([, name]) => name);
		const used = [...text('compose.yaml').matchAll(/\$\{([A-Z0-9_]+)/g)].map(([, name]) => name);
		expect(names.filter((name) => !used.includes(name))).toEqual([]);
		expect([...new Set(used)].filter((name) => !names.includes(name))).toEqual(['N8N_IMAGE']);
	});

	it('ships no secret', () => {
		for (const name of ['N8N_ENCRYPTION_KEY', 'POSTGRES_PASSWORD', 'REDIS_PASSWORD']) {
			expect(text('env.example')).toMatch(new RegExp(`^${name}=$`, 'm'));
		}
	});

	it('has words where Docker wants words', () => {
		for (const { command = [], healthcheck, environment } of Object.values(services)) {
			const words = [...command, ...(healthcheck?.test ?? []), ...Object.values(environment ?? {})];
			expect(words.filter((word) => typeof word !== 'string')).toEqual([]);
		}
	});

	it('asks n8n for its health in a way that Node understands', () => {
		const [, node, flag, script] = services.main.healthcheck?.test ?? [];
		expect([node, flag]).toEqual(['node', '-e']);
		expect(() => new Script(script)).not.toThrow();
	});

	it('publishes ports of the proxy only', () => {
		const published = Object.entries(services).filter(([, { ports }]) => ports);
		expect(published.map(([name]) => name)).toEqual(['proxy']);
	});

	it('lets n8n finish before Docker kills it, and the flows before n8n gives up', () => {
		const shutdown = Number(shared.N8N_GRACEFUL_SHUTDOWN_TIMEOUT);
		for (const [, service] of n8n) {
			expect(seconds(service.stop_grace_period)).toBeGreaterThan(shutdown);
		}
		for (const file of ['sparkloop-to-your-esp.json', 'reward-fulfilment.json']) {
			const { settings } = JSON.parse(readFileSync(path.join(ROOT, 'workflows', file), 'utf8')) as {
				settings: { executionTimeout: number };
			};
			expect(settings.executionTimeout).toBeLessThan(shutdown);
		}
	});

	it('mounts nothing over the folder that the package is installed in', () => {
		expect(n8n.filter(([, { volumes }]) => volumes)).toEqual([]);
		expect(text('Dockerfile')).toContain('/home/node/.n8n/nodes');
	});

	it('starts everything again, checks its health, and names its volumes', () => {
		for (const [name, { restart, healthcheck }] of Object.entries(services)) {
			expect([name, restart]).toEqual([name, 'unless-stopped']);
			expect(healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/);
		}
		const named = Object.values(services)
			.flatMap(({ volumes }) => volumes ?? [])
			.filter((volume) => !volume.startsWith('./'))
			.map((volume) => volume.split(':')[0]);
		expect(named.sort()).toEqual(Object.keys(compose.volumes).sort());
	});

	it('has fewer connections to the database than PostgreSQL takes', () => {
		// n8n's own default for these is 2 of each, and up to ten processes are 50.
		expect(Number(shared.DB_POSTGRESDB_POOL_SIZE) * 10).toBeLessThan(100 - 3);
	});
});

describe('what stands in front of n8n', () => {
	const server = readFileSync(path.join(n8nModules(), 'n8n/dist/abstract-server.js'), 'utf8');
	/** The first parts of the addresses that belong to workflows. */
	const endpoints = () => {
		const [, served] = /if \(this\.webhooksEnabled\) \{([^]*?)\n {8}\}/.exec(server) ?? [];
		const config = readFileSync(
			path.join(n8nModules(), '@n8n/config/dist/configs/endpoints.config.js'),
			'utf8',
		);
		return [...new Set(served.match(/(?<=this\.endpoint)\w+/g))].map((endpoint) => {
			const key = endpoint[0].toLowerCase() + endpoint.slice(1);
			return new RegExp(`this\\.${key} = '([^']+)'`).exec(config)?.[1];
		});
	};

	it('is a Caddyfile that sends to the webhook processes what the main process does not serve', () => {
		const [, paths] = /@production path (.*)/.exec(text('Caddyfile')) ?? [];
		expect(paths.split(' ').sort()).toEqual(
			endpoints()
				.map((endpoint) => `/${endpoint}/*`)
				.sort(),
		);
	});

	it('gets from compose.yaml what that file takes, but for where n8n is, which is as it says', () => {
		const taken = [...text('Caddyfile').matchAll(/\{\$(\w+)/g)].map(([, name]) => name);
		expect(Object.keys(services.proxy.environment ?? {}).sort()).toEqual(
			taken.filter((name) => !name.startsWith('UPSTREAM_')).sort(),
		);
	});

	it('knows in that file the text that this n8n answers while it starts', () => {
		expect(server).toContain(`res.send('${STARTING_UP}')`);
		expect(text('Caddyfile')).toContain(`header ETag \`${STARTING_UP_ETAG}\``);
	});
});

describe('deploy/README.md', () => {
	it('leads only to files and headings that are there', () => {
		const page = text('README.md');
		const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
			heading
				.toLowerCase()
				.replace(/[^\p{L}\p{N} -]/gu, '')
				.replaceAll(' ', '-'),
		);
		const links = [...page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
		const missing = links.filter(([, file, heading]) =>
			file ? !existsSync(path.join(FOLDER, file)) : !headings.includes(heading),
		);
		expect(missing.map(([link]) => link)).toEqual([]);
	});

	it('names no setting that n8n does not know', () => {
		const names = text('README.md').match(/\b(?:N8N|QUEUE|DB|EXECUTIONS)_[A-Z0-9_]+\b/g) ?? [];
		expect(unknownTo(names)).toEqual([]);
	});
});
