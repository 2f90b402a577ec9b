import { CONTACT, EVENT, WRITING } from '../guardedWrite.mts';
import { createMissingFields } from './createFields.mts';
import type { Esp } from './espWorkflow.mts';
import {
	checkKey,
	hook,
	HOOK_KEY_SETTING,
	hookUrlWithKey,
	REGISTERED_KEY_STEP,
	registerHook,
} from './hooks.mts';
import { readByHttp, request, type Authentication } from './http.mts';
import {
	ASK,
	ASKED_FOR,
	askPageByPage,
	everyFewMinutes,
	keepPage,
	reportedOrAsked,
} from './polling.mts';
import { changeOrAdd } from './writing.mts';

const API = "https://api.beehiiv.com/v2/publications/{{ $('Settings').first().json.publication }}";
const AUTHENTICATION: Authentication = { generic: 'httpBearerAuth' };

/** beehiiv tells of no other changes of a subscription; of these, what leads to an active one or ends it. */
const EVENTS = ['subscription.created', 'subscription.confirmed', 'subscription.deleted'];

/** Of a hundred subscriptions each, so that one execution stays well below its time-out. */
const PAGES = 10;
/** How long a sign-up may wait for its confirmation and still be told when it is found in the list. Milliseconds. */
const RECENT = 604_800_000;

const FIELDS = 'Object.entries($json.fields).map(([name, value]) => ({ name, value }))';

const LIST = `${API}/subscriptions?status=all&limit=100&order_by=created&direction=asc&expand%5B%5D=custom_fields`;

/** Where the next page begins, if there is one; beehiiv's reference and its guide show it in different places. */
const nextOf = (answer: string): string =>
	`((${answer}.has_more ?? ${answer}.pagination?.has_more) ? ${answer}.next_cursor ?? ${answer}.pagination?.next_cursor : null)`;

const KNOWN = "custom_fields?.some(({ name, value }) => name === 'RH_SUBID' && value)";

/** Nothing follows from the other states: validating, pending, invalid, needs_attention, paused. */
const STATE = "({ active: 'active', inactive: 'gone' })[status] ?? 'pending'";

const LISTED = `({ id, email, status, created, custom_fields }) => ({ contact: id, email, state: ${STATE}, known: ${KNOWN} || created * 1000 < Date.parse(${ASKED_FOR}.since) - ${RECENT}, quiet: !${KNOWN}, at: created })`;

const REPORTED = `({ event_type, event_timestamp, data: { id, email, status, custom_fields } }) => ({ contact: id, email, state: event_type === 'subscription.deleted' ? 'gone' : ${STATE}, known: ${KNOWN}, at: event_timestamp, when: event_timestamp })`;

/** beehiiv's API v2, for which n8n has no node. */
export const beehiiv: Esp = {
	name: 'beehiiv',
	spelling: 'upperCase',
	settings: { publication: 'pub_00000000-0000-0000-0000-000000000000', ...HOOK_KEY_SETTING },
	// developers.beehiiv.com, Rate limiting: 180 requests a minute for an organization.
	rateLimit: { requests: 180, per: 60_000, perContact: 2 },
	contacts: {
		read: readByHttp({
			url: `=${API}/subscriptions/by_email/{{ encodeURIComponent(${EVENT}.email) }}`,
			authentication: AUTHENTICATION,
			// Without it, the answer is without fields.
			query: { 'expand[]': 'custom_fields' },
		}),
		find: '{ status: $json.statusCode, found: $json.statusCode === 200, id: $json.body?.data?.id, fields: $json.statusCode === 404 ? {} : $json.body?.data?.custom_fields && Object.fromEntries($json.body.data.custom_fields.map(({ name, value }) => [name, value])) }',
		write: changeOrAdd(
			(canvas, name, place) =>
				request(
					canvas,
					name,
					place,
					{
						method: 'PUT',
						url: `=${API}/subscriptions/{{ ${CONTACT}.id }}`,
						authentication: AUTHENTICATION,
						json: `={{ { custom_fields: ${FIELDS} } }}`,
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
						url: `=${API}/subscriptions`,
						authentication: AUTHENTICATION,
						json: `={{ { email: $json.email, reactivate_existing: false, send_welcome_email: false, double_opt_override: 'off', custom_fields: ${FIELDS} } }}`,
					},
					WRITING,
				),
		),
	},
	createFields: (canvas, place) =>
		createMissingFields(canvas, place, {
			spelling: 'upperCase',
			list: {
				url: `=${API}/custom_fields`,
				authentication: AUTHENTICATION,
				query: { limit: '100' },
				options: {
					pagination: {
						pagination: {
							parameters: {
								parameters: [{ type: 'qs', name: 'page', value: '={{ $pageCount + 1 }}' }],
							},
							paginationCompleteWhen: 'other',
							completeExpression: '={{ !($response.body.page < $response.body.total_pages) }}',
						},
					},
				},
			},
			have: "$('List the fields').all().flatMap(({ json }) => json.data.map(({ display }) => display))",
			create: {
				method: 'POST',
				url: `=${API}/custom_fields`,
				authentication: AUTHENTICATION,
				json: "={{ { kind: $json.type === 'number' ? 'integer' : 'string', display: $json.name } }}",
			},
		}).first,
	registerHook: (canvas, place) =>
		registerHook(canvas, place, {
			keyed: true,
			list: { url: `=${API}/webhooks`, authentication: AUTHENTICATION, query: { limit: '100' } },
			addresses: '$json.data.map(({ url }) => url)',
			register: {
				method: 'POST',
				url: `=${API}/webhooks`,
				authentication: AUTHENTICATION,
				json: `={{ { url: ${hookUrlWithKey(canvas)}, event_types: ${JSON.stringify(EVENTS)}, description: 'SparkLoop' } }}`,
			},
		}),
	reports: {
		entrances: (canvas, [column, row]) => [
			hook(canvas, [column, row], { respond: 'lastNode' }),
			everyFewMinutes(canvas, [column, row + 1]),
		],
		prepare: (canvas, place) =>
			reportedOrAsked(canvas, place, checkKey, (_, at) =>
				askPageByPage(canvas, at, 0, (_, name, asking) =>
					request(canvas, name, asking, {
						method: 'GET',
						url: `=${LIST}{{ $json.next ? '&cursor=' + encodeURIComponent($json.next) : '' }}`,
						authentication: AUTHENTICATION,
						options: {
							pagination: {
								pagination: {
									paginationMode: 'responseContainsNextURL',
									nextURL: `={{ $pageCount ? '${LIST.replace(/\{\{ (.*?) \}\}/, "' + $1 + '")}&cursor=' + encodeURIComponent(${nextOf('$response.body')}) : undefined }}`,
									paginationCompleteWhen: 'other',
									completeExpression: `={{ !${nextOf('$response.body')} || $pageCount >= ${PAGES} }}`,
								},
							},
						},
					}),
				),
			),
		changes: `($json.body ? [$json.body].map(${REPORTED}) : $json.data.map(${LISTED}))`,
		remembers: true,
		polls: true,
		afterwards: (canvas, place) => keepPage(canvas, place, nextOf(`$('${ASK}').last().json`)),
	},
	notes: {
		steps: [
			'**Bearer Auth** credential with an API key of beehiiv. Choose it on every HTTP Request node.',
			"**Settings → publication**: your publication's id (*API V2*), which begins with `pub_`.",
			`${REGISTERED_KEY_STEP} Webhooks need the plan *Scale*; on a smaller one, delete **Is there a key?** before you run the set-up.`,
		],
		traps: [
			'n8n has no node for beehiiv, so HTTP Request nodes do it.',
			'Who is there is changed by id, which leaves their state alone; who is not is added without a mail to confirm and without the welcome mail.',
			'beehiiv passes fields that it does not know over in silence. After renaming or deleting one, run the set-up again.',
			'Nothing here reactivates anybody who has unsubscribed.',
		],
		reports: [
			'beehiiv reports sign-ups (told once they are `active`) and deletions.',
			'It reports neither unsubscribes nor new addresses. So every two minutes the flow goes on through the list of all subscriptions, a thousand at a time, and compares: with 100,000 it hears of those within about three and a half hours.',
			'The first time through the list, contacts are remembered; told are only sign-ups of the last seven days.',
			'A subscription deleted while this flow is not published is not noticed.',
		],
	},
};
