import { when } from '../canvas.mts';
import { CONTACT, EVENT, FAILING, WRITING } from '../guardedWrite.mts';
import { createMissingFields } from './createFields.mts';
import type { Esp } from './espWorkflow.mts';
import { checkSignature, hook, hookUrl, registerHook } from './hooks.mts';
import { readByHttp, request, type Authentication } from './http.mts';
import { ASK, askPageByPage, everyFewMinutes, keepPage, reportedOrAsked } from './polling.mts';
import { changeOrAdd, unlessLeftOut } from './writing.mts';

// n8n's nodes and credential for Kit speak API v3, which is on its way out and whose keys v4 does not take.
const API = 'https://api.kit.com/v4';
const AUTHENTICATION: Authentication = { generic: 'httpHeaderAuth' };

const EVENTS = [
	'subscriber.created',
	'subscriber.activated',
	'subscriber.unsubscribed',
	'subscriber.bounced',
	'subscriber.complained',
];

/** Kit's custom fields are texts. */
const FIELDS =
	'Object.fromEntries(Object.entries($json.fields).map(([name, value]) => [name, String(value)]))';

const STATES = "{ active: 'active', inactive: 'pending' }";

/** Kit's lists show a change up to five minutes late (developers.kit.com, Eventual consistency). Milliseconds. */
const LATE = 600_000;

const PAGE = `$('${ASK}').first().json.pagination`;

/** Kit, once ConvertKit, through its API v4. */
export const kit: Esp = {
	name: 'Kit',
	// Kit makes keys of the names of fields, in lower case; both are the same here.
	spelling: 'lowerCase',
	// developers.kit.com/api-reference/response-codes: 120 requests in 60 seconds for an API key.
	rateLimit: { requests: 120, per: 60_000, perContact: 3 },
	contacts: {
		// Only what is asked for by id is up to date: the list by address lags behind (Eventual consistency).
		read: (canvas, [column, row]) => {
			const first = request(
				canvas,
				'Look its id up',
				[column, row],
				{
					method: 'GET',
					url: `${API}/subscribers`,
					authentication: AUTHENTICATION,
					// Without it, Kit shows none but the active ones.
					query: { email_address: `={{ ${EVENT}.email }}`, status: 'all' },
				},
				FAILING,
			);
			canvas.node(
				'Is anybody there?',
				'if',
				[column + 1, row],
				when('={{ $json.subscribers[0].id }}', 'notEmpty', undefined, 'number'),
			);
			const last = readByHttp({
				url: `=${API}/subscribers/{{ $json.subscribers[0].id }}`,
				authentication: AUTHENTICATION,
			})(canvas, [column + 2, row]);
			canvas.chain(first, 'Is anybody there?', last);
			return { first, missing: 'Is anybody there?', columns: 3 };
		},
		find: '$json.subscribers ? { status: 200, found: false, fields: {} } : { status: $json.statusCode, found: $json.statusCode === 200, id: $json.body?.subscriber?.id, email: $json.body?.subscriber?.email_address, fields: $json.statusCode === 404 ? {} : $json.body?.subscriber?.fields }',
		write: unlessLeftOut(
			changeOrAdd(
				(canvas, name, place) =>
					request(
						canvas,
						name,
						place,
						{
							method: 'PUT',
							url: `=${API}/subscribers/{{ ${CONTACT}.id }}`,
							authentication: AUTHENTICATION,
							// Kit writes the address too, so it gets back what it has.
							json: `={{ { email_address: ${CONTACT}.email, fields: ${FIELDS} } }}`,
						},
						WRITING,
					),
				(canvas, name, place) =>
					request(
						canvas,
						name,
						place,
						{
							method: 'POST',
							url: `${API}/subscribers`,
							authentication: AUTHENTICATION,
							json: `={{ { email_address: $json.email, fields: ${FIELDS} } }}`,
						},
						WRITING,
					),
			),
			"($json.warnings ?? []).join('; ')",
		),
	},
	createFields: (canvas, place) =>
		createMissingFields(canvas, place, {
			spelling: 'lowerCase',
			list: {
				url: `${API}/custom_fields`,
				authentication: AUTHENTICATION,
				query: { per_page: '1000' },
			},
			have: '$json.custom_fields.map(({ key }) => key)',
			create: {
				method: 'POST',
				url: `${API}/custom_fields`,
				authentication: AUTHENTICATION,
				json: '={{ { label: $json.name } }}',
			},
		}).first,
	registerHook: (canvas, place) =>
		registerHook(canvas, place, {
			list: {
				url: `${API}/webhook_endpoints`,
				authentication: AUTHENTICATION,
				query: { per_page: '1000' },
			},
			addresses: '$json.webhook_endpoints.map(({ url }) => url)',
			register: {
				method: 'POST',
				url: `${API}/webhook_endpoints`,
				authentication: AUTHENTICATION,
				json: `={{ { name: 'SparkLoop', url: ${hookUrl(canvas)}, events: ${JSON.stringify(EVENTS)} } }}`,
			},
		}),
	reports: {
		entrances: (canvas, [column, row]) => [
			hook(canvas, [column, row], { respond: 'lastNode', signed: true }),
			everyFewMinutes(canvas, [column, row + 1]),
		],
		prepare: (canvas, place) =>
			reportedOrAsked(
				canvas,
				place,
				(_, at) => {
					// The header: t=<seconds>,v1=<hex>, with several v1 while a secret is replaced, which makes old requests useless
					// after five minutes (developers.kit.com, Verifying signatures).
					const part = (name: string): string =>
						`[...($json.headers['x-kit-signature'] ?? '').matchAll(/${name}=([^,\\s]+)/g)].map((found) => found[1])`;
					return checkSignature(canvas, at, {
						message: `${part('t')}[0] + '.' + $json.text`,
						signature: `Math.abs(Date.now() / 1000 - ${part('t')}[0]) < 300 && ${part('v1')}.find((signature) => signature === $json.expected) || 'none that is right and less than five minutes old'`,
						encoding: 'hex',
					});
				},
				(_, at) =>
					askPageByPage(canvas, at, LATE, (_, name, asking) =>
						request(canvas, name, asking, {
							method: 'GET',
							// A cursor that is blank is none.
							url: `=${API}/subscribers{{ $json.next ? '?after=' + encodeURIComponent($json.next) : '' }}`,
							authentication: AUTHENTICATION,
							query: {
								status: 'all',
								updated_after: '={{ $json.from }}',
								sort_field: 'updated_at',
								sort_order: 'asc',
								per_page: '1000',
							},
						}),
					),
			),
		// The list may still show how things were before a report, so nothing of it is believed but new addresses.
		changes: `($json.subscribers?.filter((person) => person.state === 'active').map((person) => ({ contact: String(person.id), email: person.email_address, state: '', firstName: person.first_name })) ?? $json.body.events.map(({ created, data: { subscriber } }) => ({ contact: String(subscriber.id), email: subscriber.email_address, state: (${STATES})[subscriber.state] ?? 'gone', known: Boolean(subscriber.fields?.rh_subid), firstName: subscriber.first_name, at: created, when: created })))`,
		remembers: true,
		polls: true,
		afterwards: (canvas, place) =>
			keepPage(canvas, place, `${PAGE}.has_next_page && ${PAGE}.end_cursor`),
	},
	notes: {
		steps: [
			"**Header Auth** credential: name `X-Kit-Api-Key`, value a **V4 key** from Kit's developer settings. Choose it on every HTTP Request node. n8n's own Kit credential is for the old API and does not fit.",
			'Once the set-up has run, below: copy `secret` from the output of **Register the webhook** into a **Crypto** credential (*HMAC Secret*), and choose that on **Sign it ourselves**. Kit shows it only then.',
		],
		traps: [
			"n8n's Kit nodes speak the old API v3, so HTTP Request nodes take their place.",
			'Who is there is changed by id, which leaves their state alone; who is not is added as active, without a mail to confirm.',
			'Kit finds somebody new by address up to five minutes late. Who is added in that time is in truth changed; with `no` in **Settings → addMissing** they are passed over until the next event.',
			'Fields are texts. Renaming one in Kit changes its key, and SparkLoop hears 500 until it is named as before.',
		],
		reports: [
			'Kit reports who became active (confirmed), unsubscribed, bounced or complained. It tries again for about two days.',
			'Kit reports no new addresses, so the flow asks every two minutes whose record changed, a thousand at a time, and compares with the address that it remembers.',
			"An address is remembered once the person signed up or got SparkLoop's fields while this flow was published.",
			'Kit does not tell who was deleted.',
		],
	},
};
