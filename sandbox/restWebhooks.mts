import type { FastifyInstance } from 'fastify';

import { EVENT_TYPES } from './events.mts';
import { HttpError } from './httpErrors.mts';
import { type Fields, objectFrom, optionalText } from './input.mts';
import type { NamedRow, WebhookRows } from './webhookRows.mts';

/** The events that REST v2 can switch on and off; the others can be ticked in the dashboard only. */
const FLAGS = ['new_referral', 'reward_unlocked', 'new_partner_referral', 'reward_redeemed'];

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * `/webhooks` of REST v2 (docs.sparkloop.app/api-v2/endpoints/webhooks). A row made here sends exactly what its flags
 * say; a row made in the dashboard is listed and can be changed as well.
 */
export function restWebhooks(scope: FastifyInstance, rows: WebhookRows): void {
	type ById = { Params: { id: string } };
	const wanted = (uuid: string) => {
		const row = rows.find(uuid);
		if (!row) throw new HttpError(404, 'Webhook not found');
		return row;
	};

	scope.get('/webhooks', async () => ({ webhooks: rows.list.reverse().map(listed) }));

	scope.get<ById>('/webhooks/:id', async ({ params }) => ({ webhook: listed(wanted(params.id)) }));

	scope.post('/webhooks', async ({ body }) => {
		const fields = objectFrom(body ?? {});
		const flags = flagsFrom(fields);
		const events = FLAGS.filter((flag) => flags[flag]);
		const { uuid, url } = rows.add({ url: urlFrom(fields), events });
		return { webhook: { uuid, url, events: flags } };
	});

	scope.put<ById>('/webhooks/:id', async ({ params, body }) => {
		const { uuid, url, events = [...EVENT_TYPES] } = wanted(params.id);
		const fields = objectFrom(body ?? {});
		const flags = flagsFrom(fields);
		rows.change(uuid, {
			url: fields.url === undefined ? url : urlFrom(fields),
			events: [
				...events.filter((type) => flags[type] === undefined),
				...FLAGS.filter((flag) => flags[flag]),
			],
		});
		return { webhook: { ...listed(wanted(uuid)), events: flags } };
	});

	scope.delete<ById>('/webhooks/:id', async ({ params }) => {
		rows.remove(wanted(params.id).uuid);
		return {};
	});
}

/** As GET shows a row: each flag true or null. */
function listed({ uuid, url, events }: NamedRow) {
	const flags = FLAGS.map((flag) => [flag, (events?.includes(flag) ?? true) || null] as const);
	return { uuid, url, events: Object.fromEntries(flags) };
}

function urlFrom(fields: Fields): string {
	const url = optionalText(fields, 'url') ?? '';
	const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: '', hostname: '' };
	if (protocol === 'https:' || (protocol === 'http:' && LOOPBACK.has(hostname))) return url;
	throw new HttpError(400, 'Url must start with https://');
}

/** The flags that were given. The docs give the type of two as "String", so a text counts as well. */
function flagsFrom(fields: Fields): Record<string, boolean> {
	const given = FLAGS.filter((flag) => fields[flag] !== undefined && fields[flag] !== null);
	return Object.fromEntries(
		given.map((flag) => {
			const text = String(fields[flag]);
			if (text !== 'true' && text !== 'false') {
				throw new HttpError(400, `${flag} must be true or false`);
			}
			return [flag, text === 'true'];
		}),
	);
}
