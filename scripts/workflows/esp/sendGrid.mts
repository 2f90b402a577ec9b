import { when, type Canvas, type Place } from '../canvas.mts';
import { CONTACT, EVENT, FAILING } from '../guardedWrite.mts';
import type { Esp } from './espWorkflow.mts';
import {
	createFieldsWithIds,
	FIELD_IDS_BY_NAME,
	fieldIdsSetting,
	NO_FIELD_IDS,
	readFieldIds,
} from './fieldIds.mts';
import { fieldsOf } from './fields.mts';
import { checkKey, HOOK, hook, HOOK_KEY_SETTING, hookUrlWithKey, registerHook } from './hooks.mts';
import { ANY_ANSWER, request, writeByHttp } from './http.mts';
import { everyFewMinutes, keepProgress, PROGRESS_AT, readProgress } from './polling.mts';

const API = 'https://api.sendgrid.com/v3';
const AUTHENTICATION = { predefined: 'sendGridApi' };
const LIST = "$('Settings').first().json.list";
const GROUP = "$('Settings').first().json.group";

/** Adds nodes that read the ids of the fields, which are needed for writing, and the contact. */
function read(canvas: Canvas, [column, row]: Place) {
	readFieldIds(canvas, [column, row]);
	request(
		canvas,
		'Read the contact',
		[column + 1, row],
		{
			method: 'POST',
			url: `${API}/marketing/contacts/search/emails`,
			authentication: AUTHENTICATION,
			json: `={{ { emails: [${EVENT}.email.toLowerCase()] } }}`,
			options: ANY_ANSWER,
		},
		{ ...FAILING, executeOnce: true },
	);
	canvas.chain('Read the field ids', 'Read the contact');
	return { first: 'Read the field ids', columns: 2 };
}

/** The API gives fields back by name, and knows nobody by an identifier that a write leaves out. */
const FIND = `((answer) => ({ status: $json.statusCode, problem: ${NO_FIELD_IDS}, found: Boolean(answer?.contact), email: answer?.contact?.email, identifiers: Object.fromEntries(Object.entries(answer?.contact ?? {}).filter(([name, value]) => ['external_id', 'phone_number_id', 'anonymous_id'].includes(name) && value)), fields: $json.statusCode === 404 || answer?.error ? {} : answer?.contact?.custom_fields }))(Object.values($json.body?.result ?? {}).at(0))`;

const VALUES = `((ids) => Object.fromEntries(Object.entries($json.fields).filter(([field, value]) => ids[field] && ![null, ''].includes(value)).map(([field, value]) => [ids[field], value])))(${FIELD_IDS_BY_NAME})`;

const ISO = (time: string): string => `new Date(${time}).toISOString().replace(/\\.\\d+/, '')`;
/** In what time contacts were created, and on which list they have to be. */
const QUERY = `={{ { query: "created_at >= TIMESTAMP '" + $json.from + "' AND created_at < TIMESTAMP '" + $json.to + "'" + (${LIST} ? " AND CONTAINS(list_ids, '" + ${LIST} + "')" : '') } }}`;
/** A search gives no more than fifty contacts, and has no second page. */
const WINDOWS = `((from, to, count) => Array.from({ length: count }, (_, index) => ({ from: ${ISO('from + (index * (to - from)) / count')}, to: ${ISO('from + ((index + 1) * (to - from)) / count')} })))(Date.parse($('From when to when?').first().json.from), Date.parse($('From when to when?').first().json.to), $json.contact_count > 50 ? 20 : 1)`;

const search = (canvas: Canvas, name: string, place: Place): string =>
	request(canvas, name, place, {
		method: 'POST',
		url: `${API}/marketing/contacts/search`,
		authentication: AUTHENTICATION,
		json: QUERY,
		options: { batching: { batch: { batchSize: 1, batchInterval: 500 } } },
	});

/** Adds nodes that check what SendGrid has reported, or else ask who is new. */
function prepare(canvas: Canvas, [column, row]: Place) {
	canvas.node(
		'Has SendGrid reported it?',
		'if',
		[column, row],
		when(`={{ $('${HOOK}').isExecuted }}`, 'true', undefined, 'boolean'),
	);
	const checked = checkKey(canvas, [column + 1, row]);
	const below = row + 1.6;
	readProgress(canvas, [column + 1, below]);
	canvas.node('From when to when?', 'set', [column + 2, below], {
		mode: 'raw',
		// Ten minutes more than needed: a contact may take a while to be found.
		jsonOutput: `={{ { from: ${ISO(`Date.parse(${PROGRESS_AT}) - 600_000`)}, to: ${ISO('Date.now()')} } }}`,
		options: {},
	});
	search(canvas, 'How many are new?', [column + 3, below]);
	canvas.node('Split the time', 'set', [column + 4, below], {
		mode: 'raw',
		jsonOutput: `={{ { windows: ${WINDOWS} } }}`,
		options: {},
	});
	canvas.node('One item per part', 'splitOut', [column + 5, below], {
		fieldToSplitOut: 'windows',
		options: {},
	});
	search(canvas, 'Who is new?', [column + 6, below]);
	canvas.node('One item per contact', 'splitOut', [column + 7, below], {
		fieldToSplitOut: 'result',
		options: {},
	});
	request(canvas, 'Is it unsubscribed?', [column + 8, below], {
		method: 'GET',
		url: `=${API}/asm/suppressions/global/{{ encodeURIComponent($json.email) }}`,
		authentication: AUTHENTICATION,
	});
	canvas.node('What is known now', 'noOp', [column + 9, row], {});
	canvas.chain('Has SendGrid reported it?', checked.first);
	canvas.chain(checked.last, 'What is known now');
	canvas.connect('Has SendGrid reported it?', 1, 'How far did it get?');
	canvas.chain(
		'How far did it get?',
		'From when to when?',
		'How many are new?',
		'Split the time',
		'One item per part',
		'Who is new?',
		'One item per contact',
		'Is it unsubscribed?',
		'What is known now',
	);
	return { first: 'Has SendGrid reported it?', last: 'What is known now', columns: 10 };
}

/** A message that was blocked says nothing of the next one; other groups are other newsletters. */
const STATE = `event.event === 'bounce' ? (event.type === 'blocked' ? 'pending' : 'gone') : ['unsubscribe', 'spamreport'].includes(event.event) ? 'gone' : /^group_/.test(event.event) && (!${GROUP} || String(event.asm_group_id) === String(${GROUP})) ? (event.event === 'group_resubscribe' ? 'active' : 'gone') : 'pending'`;
const REPORTED = `[].concat($json.body).map((event) => ({ contact: event.email.toLowerCase(), email: event.email, state: ${STATE}, at: event.timestamp }))`;
const FETCHED = `((person) => [{ contact: person.email.toLowerCase(), email: person.email, state: $json.recipient_email ? 'pending' : 'active', known: Boolean(person.custom_fields?.RH_SUBID), again: true, firstName: person.first_name || undefined, at: person.created_at }])($('One item per contact').item.json)`;

/** SendGrid Marketing Campaigns. */
export const sendGrid: Esp = {
	name: 'SendGrid',
	spelling: 'upperCase',
	settings: { list: '', group: '', ...fieldIdsSetting('SendGrid'), ...HOOK_KEY_SETTING },
	// SendGrid publishes no numbers (twilio.com/docs/sendgrid, rate limits); its answers to a PUT of contacts name three
	// requests in two seconds.
	rateLimit: { requests: 3, per: 2_000, perContact: 1 },
	contacts: {
		read,
		find: FIND,
		// n8n's node puts out no proper item after an upsert, and cannot send the other identifiers.
		write: writeByHttp({
			method: 'PUT',
			url: `${API}/marketing/contacts`,
			authentication: AUTHENTICATION,
			json: `={{ { list_ids: !${CONTACT}.found && ${LIST} ? [${LIST}] : undefined, contacts: [{ email: ${CONTACT}.email ?? $json.email, ...${CONTACT}.identifiers, custom_fields: ${VALUES} }] } }}`,
		}),
	},
	createFields: (canvas, place) =>
		createFieldsWithIds(canvas, place, {
			spelling: 'upperCase',
			list: { url: `${API}/marketing/field_definitions`, authentication: AUTHENTICATION },
			// One name in capitals and in small letters is the same to SendGrid; none at all, and the list is left out.
			have: '($json.custom_fields ?? []).map(({ name }) => name.toUpperCase())',
			create: {
				method: 'POST',
				url: `${API}/marketing/field_definitions`,
				authentication: AUTHENTICATION,
				json: "={{ { name: $json.name, field_type: $json.type === 'number' ? 'Number' : 'Text' } }}",
			},
			found: `$json.custom_fields.filter(({ name }) => ${JSON.stringify(fieldsOf('upperCase').map(({ name }) => name))}.includes(name.toUpperCase())).map(({ id, name }) => ({ field: name.toUpperCase(), fieldId: id }))`,
		}).first,
	registerHook: (canvas, place) =>
		registerHook(canvas, place, {
			list: { url: `${API}/user/webhooks/event/settings/all`, authentication: AUTHENTICATION },
			addresses: '($json.webhooks ?? []).map(({ url }) => url)',
			keyed: true,
			register: {
				method: 'POST',
				url: `${API}/user/webhooks/event/settings`,
				authentication: AUTHENTICATION,
				json: `={{ { enabled: true, url: ${hookUrlWithKey(canvas)}, friendly_name: 'SparkLoop', unsubscribe: true, group_unsubscribe: true, group_resubscribe: true, spam_report: true, bounce: true, delivered: false, deferred: false, processed: false, open: false, click: false, dropped: false } }}`,
			},
		}),
	reports: {
		entrances: (canvas, [column, row]) => [
			hook(canvas, [column, row], { respond: 'lastNode' }),
			everyFewMinutes(canvas, [column + 1, row + 0.9]),
		],
		prepare,
		changes: `$('${HOOK}').isExecuted ? ${REPORTED} : ${FETCHED}`,
		remembers: true,
		polls: true,
		afterwards: (canvas, [column, row]) => {
			canvas.node(
				'Has it asked?',
				'if',
				[column, row],
				when(`={{ $('Who is new?').isExecuted }}`, 'true', undefined, 'boolean'),
			);
			keepProgress(canvas, [column + 1, row], "$('From when to when?').first().json.to");
			canvas.chain('Has it asked?', 'Keep how far it got');
			return 'Has it asked?';
		},
	},
	notes: {
		steps: [
			'**SendGrid API** credential with a key that has full access to *Marketing*, *Suppressions* and *Mail Settings → Event Webhook*. Choose it on every node that asks for it.',
			'**Settings**: `list` is the id of your list (in its address in SendGrid), or blank for all contacts; `group` the id of your unsubscribe group, or blank for any; `hookKey` a long random word. The set-up registers the Event Webhook with that word in its address.',
		],
		traps: [
			'SendGrid takes a write first and carries it out within seconds or minutes. Two events of one person within that time are compared with the same old values, and a value that it does not like shows only in SendGrid.',
			"n8n's SendGrid node puts out no proper item after an upsert and cannot send all identifiers of a contact: so the HTTP Request node does it.",
			'Unsubscribes are kept apart from the contacts, so writing never signs anybody up again. Who is added goes onto the list.',
			'Fields are written by ids, which the set-up keeps in a Data Table. No field is ever emptied.',
			"SendGrid's signature can be checked by no node of n8n, so the address carries a key.",
		],
		reports: [
			'Every two minutes the flow asks who is new. SendGrid knows no confirmation: put contacts onto the list once they have confirmed.',
			'Of more than fifty new contacts within half a minute, as in an import, some are not told.',
			'The Event Webhook tells unsubscribes, complaints, bounces, and who comes back to the group.',
			'A new address is a new contact to SendGrid: it is told as a sign-up, and the old one is not linked to it.',
			'Who is new and has `RH_SUBID` was added by this flow; who is new and suppressed is not told either.',
			'Deletions are not told, nor who comes back after unsubscribing from everything.',
		],
	},
};
