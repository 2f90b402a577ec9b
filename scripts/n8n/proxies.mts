import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { LOOPBACK } from './ports.mts';
import { findProgram, type Recipe, type Service, startService } from './service.mts';

const DEPLOY = path.join(import.meta.dirname, '..', '..', 'deploy');

/** A proxy in front of n8n. */
export interface Proxy extends Service {
	url: string;
}

async function startProxy(recipe: Recipe): Promise<Proxy> {
	const service = await startService(recipe);
	return { ...service, url: `http://${LOOPBACK}:${service.port}` };
}

/**
 * Starts Caddy with `deploy/Caddyfile` in front of an n8n, without certificates.
 *
 * @param n8nUrl n8n's origin
 * @param settings environment variables of the file that win over ours
 * @throws {ServiceStartError} when it is not installed, or with the end of its log when it does not come up
 */
export async function startCaddy(
	n8nUrl: string,
	settings: Record<string, string> = {},
): Promise<Proxy> {
	const program = findProgram('caddy', 'caddy');
	const n8n = new URL(n8nUrl);
	return await startProxy({
		title: 'Caddy',
		ready: /serving initial configuration/,
		prepare: (folder) => {
			const [config, variables] = ['Caddyfile', 'variables'].map((name) => path.join(folder, name));
			writeFileSync(
				config,
				`{
	admin off
	auto_https off
	default_bind ${LOOPBACK}
	storage file_system ${folder}
}
import ${path.join(DEPLOY, 'Caddyfile')}
`,
			);
			return Promise.resolve((port) => {
				const values = {
					DOMAIN: `http://${LOOPBACK}:${port}`,
					UPSTREAM_MAIN: n8n.host,
					UPSTREAM_WEBHOOK_HOST: n8n.hostname,
					UPSTREAM_WEBHOOK_PORT: n8n.port,
					XDG_CONFIG_HOME: folder,
					XDG_DATA_HOME: folder,
					...settings,
				};
				writeFileSync(
					variables,
					Object.entries(values)
						.map(([name, value]) => `${name}=${value}\n`)
						.join(''),
				);
				return {
					program,
					args: ['run', '--config', config, '--envfile', variables],
					stopSignal: 'SIGTERM',
				};
			});
		},
	});
}

/**
 * Starts nginx with `deploy/nginx-locations.conf` in front of an n8n, without certificates.
 *
 * @param n8nUrl n8n's origin
 * @throws {ServiceStartError} when it is not installed, or with the end of its log when it does not come up
 */
export async function startNginx(n8nUrl: string): Promise<Proxy> {
	// Debian keeps it where only root looks.
	const program = findProgram('nginx', 'nginx-light', ['/usr/sbin']);
	return await startProxy({
		title: 'nginx',
		ready: /start worker process/,
		prepare: (folder) =>
			Promise.resolve((port) => {
				const config = path.join(folder, 'nginx.conf');
				const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
					.map((kind) => `${kind}_temp_path ${path.join(folder, kind)};`)
					.join(' ');
				writeFileSync(
					config,
					// Its worker must get into the folder.
					`${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
pid ${path.join(folder, 'nginx.pid')};
error_log stderr notice;
worker_processes 1;
events {}
http {
	access_log off;
	${temporary}
	upstream n8n { server ${new URL(n8nUrl).host}; }
	server {
		listen ${LOOPBACK}:${port};
		include ${path.join(DEPLOY, 'nginx-locations.conf')};
	}
}
`,
				);
				return {
					program,
					args: ['-e', 'stderr', '-c', config],
					stopSignal: 'SIGTERM',
				};
			}),
	});
}
