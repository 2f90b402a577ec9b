import type { Canvas, Place } from '../canvas.mts';
import { CONTACT, EVENT, WRITING } from '../guardedWrite.mts';
import type { Esp } from './espWorkflow.mts';
import { readByHttp, request, type Call } from './http.mts';
import { everyFewMinutes, keepProgress, readProgress } from './polling.mts';
import { changeOrAdd } from './writing.mts';

const SETTINGS = "$('Settings').first().json";
const LIST = `Number(${SETTINGS}.list)`;

/** How many contacts are fetched at once. More would take longer than an execution may. */
const PAGE = 100;
/** How far each asking reaches back: the clocks of n8n and of the database differ. Milliseconds. */
const REACHES_BACK = 600_000;

const SINCE = 'Since when?';
const ASK = 'Ask what has changed';
const ASKED_FOR = `$('${SINCE}').first().json`;
const ANSWERED = `$('${ASK}').first().json.data.results`;

const call = (path: string, more: Pick<Call, 'method' | 'query' | 'json'>): Call => ({
	url: `={{ ${SETTINGS}.url.replace(/\\/+$/, '') }}/api/subscribers${path}`,
	authentication: { generic: 'httpBasicAuth' },
	...more,
});

/**
 * Who is on the list and has changed: a confirmation or an unsubscribe changes the time of the subscription only, a new
 * address that of the subscriber only (listmonk's queries/subscribers.sql). In the order of ids, because an import gives
 * ten thousand people the same time.
 */
const CHANGED = `=subscribers.id IN (SELECT s.id FROM subscribers s JOIN subscriber_lists sl ON sl.subscriber_id = s.id AND sl.list_id = {{ ${LIST} }} WHERE s.id > {{ $json.next }} AND (s.updated_at > '{{ $json.from }}' OR sl.updated_at > '{{ $json.from }}') ORDER BY s.id LIMIT ${PAGE})`;

/** Adds nodes that ask who has changed, page by page; a page that was the last one begins the next round. */
function askWhoChanged(canvas: Canvas, [column, row]: Place) {
	const first = readProgress(canvas, [column, row]);
	canvas.node(SINCE, 'set', [column + 1, row], {
		mode: 'raw',
		jsonOutput: `={{ ((kept, now) => ({ since: kept.since ?? now, from: new Date(Date.parse(kept.since ?? now) - ${REACHES_BACK}).toISOString(), began: kept.next ? kept.began : now, next: kept.next ?? 0 }))(JSON.parse($json.at ?? '{}'), new Date().toISOString()) }}`,
		options: {},
	});
	request(
		canvas,
		ASK,
		[column + 2, row],
		call('', { method: 'GET', query: { query: CHANGED, order: 'asc', per_page: 'all' } }),
	);
	canvas.chain(first, SINCE, ASK);
	return { first, last: ASK, columns: 3 };
}

/** listmonk's API from 6.1 on; n8n has no node for it. */
export const listmonk: Esp = {
	name: 'listmonk',
	spelling: 'upperCase',
	settings: { url: 'https://listmonk.example.com', list: 1 },
	contacts: {
		// Found with the search of listmonk's own pages (cmd/subscribers.go), a regular expression, in which no address can
		// do any harm, as it could in SQL. It finds names as well.
		read: readByHttp(
			call('', {
				method: 'GET',
				query: {
					search: `={{ '^' + ${EVENT}.email.replace(/[.*+?^$()|\\\\[\\]{}]/g, '\\\\$&') + '$' }}`,
				},
			}),
		),
		find: `((results) => ((one) => ({ status: $json.statusCode, found: Boolean(one), id: one?.id, fields: one ? one.attribs : results && {} }))(results?.find(({ email }) => email.toLowerCase() === ${EVENT}.email.toLowerCase())))($json.body?.data?.results)`,
		write: changeOrAdd(
			(canvas, name, place) =>
				request(
					canvas,
					name,
					place,
					call(`/{{ ${CONTACT}.id }}`, {
						method: 'PATCH',
						// Otherwise whoever has not confirmed yet is asked to again. Without lists it confirms nobody
						// (UpdateSubscriberWithLists in internal/core/subscribers.go).
						json: '={{ { attribs: $json.fields, preconfirm_subscriptions: true } }}',
					}),
					WRITING,
				),
			(canvas, name, place) =>
				request(
					canvas,
					name,
					place,
					call('', {
						method: 'POST',
						json: `={{ { email: $json.email, status: 'enabled', lists: [${LIST}], attribs: $json.fields, preconfirm_subscriptions: true } }}`,
					}),
					WRITING,
				),
		),
	},
	reports: {
		entrances: (canvas, place) => [everyFewMinutes(canvas, place)],
		prepare: askWhoChanged,
		// On a list with single opt-in a subscription stays unconfirmed for ever.
		changes: `$json.data.results.map((one) => ((list) => ({ contact: String(one.id), email: one.email, state: one.status !== 'enabled' || list.subscription_status === 'unsubscribed' ? 'gone' : list.subscription_status === 'confirmed' || list.optin === 'single' ? 'active' : 'pending', known: Boolean(one.attribs.RH_SUBID), name: one.name, at: [one.updated_at, list.subscription_updated_at].sort((a, b) => Date.parse(b) - Date.parse(a))[0] }))(one.lists.find(({ id }) => id === ${LIST})))`,
		remembers: true,
		polls: true,
		afterwards: (canvas, place) =>
			keepProgress(
				canvas,
				place,
				`JSON.stringify(${ANSWERED}.length < ${PAGE} ? { since: ${ASKED_FOR}.began } : { since: ${ASKED_FOR}.since, began: ${ASKED_FOR}.began, next: ${ANSWERED}.at(-1).id })`,
			),
	},
	notes: {
		steps: [
			'In listmonk, create a user of the type *API* whose role has `lists:get_all`, `lists:manage_all`, `subscribers:get_all`, `subscribers:manage` and `subscribers:sql_query`. Put its name and token into a **Basic Auth** credential, and choose that on every node that asks for it.',
			"**Settings → url**: the address of your listmonk. **list**: the number (ID) of your newsletter's list.",
		],
		traps: [
			'listmonk 6.1 or later is needed: older ones cannot change attributes alone.',
			"SparkLoop's data are attributes (`{{ .Subscriber.Attribs.RH_REFLINK }}`); nothing has to be created.",
			'Who is there is changed without lists and state being named: nobody who left comes back. `preconfirm_subscriptions` keeps listmonk from mailing those who have not confirmed yet.',
			'Who is added is confirmed on your list at once, without a mail.',
			'listmonk reads a contact and writes it back whole: what somebody else changes at that very moment may be lost.',
			"`subscribers:sql_query` lets the user read all that is in those tables. Without it SparkLoop's data are written, and nothing is reported.",
		],
		reports: [
			'listmonk has no webhooks. Every two minutes it is asked, with SQL, who of your list has changed, a hundred people at a time.',
			'A sign-up is told once it is confirmed, on a list with single opt-in at once. Unsubscribed, blocklisted and disabled people have left.',
			"listmonk does not tell the old address, so the flow remembers it: from the sign-up on, or from the first time SparkLoop's data are written while the flow is published.",
			'Who is deleted or taken off the list is not told, and has to be removed in SparkLoop by hand.',
		],
	},
};
