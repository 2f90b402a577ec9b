import { existsSync } from 'node:fs';
import path from 'node:path';

import { n8nModules } from './location.mjs';
import { LOOPBACK } from './ports.mts';

/** Names of n8n's settings: whoever has an n8n of their own must not have it changed, or used, by ours. */
const SETTINGS_OF_ANOTHER_N8N =
	/^(N8N_|DB_|EXECUTIONS_|QUEUE_|CREDENTIALS_|NODES_|WORKFLOWS_|WEBHOOK_|EXTERNAL_HOOK|NODE_FUNCTION_|INSTANCE_AI_)/;

/** What the caller's own Node, test runner or npm needs, and what changes n8n when it sees it. */
const SETTINGS_OF_THE_CALLER =
	/^(NODE_ENV|NODE_OPTIONS|NODE_PATH|NODE_CHANNEL_.*|JEST_.*|E2E_TESTS)$|^npm_/i;

/** Everything in n8n that would call a server of its makers, or of anybody else, by itself. */
const NO_CALLS_HOME = {
	N8N_DIAGNOSTICS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
	N8N_VERSION_NOTIFICATIONS_WHATS_NEW_ENABLED: 'false',
	N8N_DYNAMIC_BANNERS_ENABLED: 'false',
	N8N_HIRING_BANNER_ENABLED: 'false',
	N8N_TEMPLATES_ENABLED: 'false',
	N8N_PERSONALIZATION_ENABLED: 'false',
	N8N_LICENSE_AUTO_RENEW_ENABLED: 'false',
	N8N_LICENSE_DETACH_FLOATING_ON_SHUTDOWN: 'false',
	N8N_VERIFIED_PACKAGES_ENABLED: 'false',
	N8N_UNVERIFIED_PACKAGES_ENABLED: 'false',
};

/**
 * A module of n8n that calls home, and has no other setting to keep it from that. An older n8n without it refuses to start
 * when it is named.
 */
const CALLS_HOME = 'mcp-registry';

const withoutModule = (): Record<string, string> =>
	existsSync(path.join(n8nModules(), 'n8n/dist/modules', CALLS_HOME))
		? { N8N_DISABLED_MODULES: CALLS_HOME }
		: {};

/**
 * The environment an n8n of ours runs in: the caller's, without settings meant for another n8n or for
 * the caller's own Node, plus ours. Nothing in it makes n8n listen anywhere but on the loopback address.
 * @param userFolder the folder that holds `.n8n`
 * @param ports the editor's port and the one its task runners connect to
 * @param extra settings that win over all others
 */
export function n8nEnvironment(
	userFolder: string,
	ports: { http: number; broker: number },
	extra: Record<string, string> = {},
): Record<string, string> {
	const inherited: Record<string, string> = {};
	for (const [name, value] of Object.entries(process.env)) {
		if (value === undefined) continue;
		if (SETTINGS_OF_ANOTHER_N8N.test(name) || SETTINGS_OF_THE_CALLER.test(name)) continue;
		inherited[name] = value;
	}
	return {
		...inherited,
		...NO_CALLS_HOME,
		...withoutModule(),
		NO_PROXY: [inherited.NO_PROXY ?? inherited.no_proxy, 'localhost', LOOPBACK]
			.filter(Boolean)
			.join(','),
		N8N_USER_FOLDER: userFolder,
		N8N_LISTEN_ADDRESS: LOOPBACK,
		N8N_HOST: LOOPBACK,
		N8N_PORT: String(ports.http),
		N8N_RUNNERS_BROKER_LISTEN_ADDRESS: LOOPBACK,
		N8N_RUNNERS_BROKER_PORT: String(ports.broker),
		N8N_SECURE_COOKIE: 'false',
		N8N_COMMUNITY_PACKAGES_ENABLED: 'true',
		N8N_PYTHON_ENABLED: 'false',
		N8N_LOG_LEVEL: 'info',
		N8N_LOG_OUTPUT: 'console',
		N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '10',
		DB_TYPE: 'sqlite',
		GENERIC_TIMEZONE: 'UTC',
		...extra,
	};
}
