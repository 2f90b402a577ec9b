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
import { everyFewMinutes, keepProgress, readProgress } from './polling.mts';

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

/** What SendGrid publishes no limit for either: one at a time, as it takes three in two seconds. */
const ONE_BY_ONE = { batching: { batch: { batchSize: 1, batchInterval: 700 } } };
/** How many new contacts one execution handles: asked for twice at that pace, they still fit into its minute. */
const AT_ONCE = 25;
/** Into how many parts a time with more of them is split. */
const PARTS = 12;
/** A contact may take a while to be found. Seconds. */
const LATE = 600;

const ISO = (seconds: string): string =>
	`new Date(${seconds} * 1000).toISOString().replace(/\\.\\d+/, '')`;
/** In what time contacts were created, and on which list they have to be. */
const QUERY = `={{ { query: "created_at >= TIMESTAMP '" + ${ISO('$json.from')} + "' AND created_at < TIMESTAMP '" + ${ISO('$json.to')} + "'" + (${LIST} ? " AND CONTAINS(list_ids, '" + ${LIST} + "')" : '') } }}`;

const FROM_WHEN = `// All up to \`since\` is told. What was too much for one execution goes on at \`next\`, until all up to \`began\` is.
const [{ json }] = $input.all();
const now = Math.floor(Date.now() / 1000);
const { since = now - ${LATE}, began = now, next = since - ${LATE}, until = began } = JSON.parse(json.at ?? '{}');
return [{ json: { began, from: next, to: until } }];`;

const SPLIT = `// A search gives no more than fifty contacts, and has no second page.
const { from, to } = $('From when to when?').first().json;
const count = $input.first().json.contact_count > ${AT_ONCE} ? Math.min(${PARTS}, to - from) : 1;
const at = (index) => from + Math.floor((index * (to - from)) / count);
return Array.from({ length: count }, (_, index) => ({ json: { from: at(index), to: at(index + 1) } }));`;

const WHOM = `// As many parts as one execution can handle, the oldest first; and where the next one goes on.
const { began, to } = $('From when to when?').first().json;
const answers = $input.all().map(({ json }) => json);
const contacts = [];
const missed = [];
let progress = to < began ? { began, next: to } : { since: began };
for (const [index, { json: part }] of $('Split the time').all().entries()) {
	const { result = [], contact_count = 0 } = answers[index];
	const count = Math.max(contact_count, result.length);
	// A second cannot be split.
	const indivisible = part.to - part.from <= 1 && contacts.length === 0;
	if (contacts.length + count > ${AT_ONCE} && !indivisible) {
		progress = { began, next: part.from, until: count > ${AT_ONCE} ? part.to : to };
		break;
	}
	contacts.push(...result);
	if (count > result.length) missed.push({ ...part, count, told: result.length });
}
return [{ json: { contacts, missed, progress } }];`;
const WHOM_JSON = "$('Whom to tell').first().json";

const search = (canvas: Canvas, name: string, place: Place): string =>
	request(canvas, name, place, {
		method: 'POST',
		url: `${API}/marketing/contacts/search`,
		authentication: AUTHENTICATION,
		json: QUERY,
		options: ONE_BY_ONE,
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
	canvas.node('From when to when?', 'code', [column + 2, below], { jsCode: FROM_WHEN });
	search(canvas, 'How many are new?', [column + 3, below]);
	canvas.node('Split the time', 'code', [column + 4, below], { jsCode: SPLIT });
	search(canvas, 'Who is new?', [column + 5, below]);
	canvas.node('Whom to tell', 'code', [column + 6, below], { jsCode: WHOM });
	canvas.node(
		'Is anybody new?',
		'if',
		[column + 7, below],
		when('={{ $json.contacts.length }}', 'gt', '0', 'number'),
	);
	canvas.node('One item per contact', 'splitOut', [column + 8, below], {
		fieldToSplitOut: 'contacts',
		options: {},
	});
	request(
		canvas,
		'Is it unsubscribed?',
		[column + 9, below],
		{
			method: 'GET',
			url: `=${API}/asm/suppressions/global/{{ encodeURIComponent($json.email) }}`,
			authentication: AUTHENTICATION,
			options: ONE_BY_ONE,
		},
		{ retryOnFail: true, maxTries: 2, waitBetweenTries: 2000 },
	);
	canvas.node('What is known now', 'noOp', [column + 10, row], {});
	canvas.chain('Has SendGrid reported it?', checked.first);
	canvas.chain(checked.last, 'What is known now');
	canvas.connect('Has SendGrid reported it?', 1, 'How far did it get?');
	canvas.chain(
		'How far did it get?',
		'From when to when?',
		'How many are new?',
		'Split the time',
		'Who is new?',
		'Whom to tell',
		'Is anybody new?',
		'One item per contact',
		'Is it unsubscribed?',
		'What is known now',
	);
	// How far it got is kept also when nobody is new.
	canvas.connect('Is anybody new?', 1, 'What is known now');
	return { first: 'Has SendGrid reported it?', last: 'What is known now', columns: 11 };
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
		changes: `$('${HOOK}').isExecuted ? ${REPORTED} : ${WHOM_JSON}.contacts.length === 0 ? [] : ${FETCHED}`,
		remembers: true,
		polls: true,
		afterwards: (canvas, [column, row]) => {
			canvas.node(
				'Has it asked?',
				'if',
				[column, row],
				when(`={{ $('Who is new?').isExecuted }}`, 'true', undefined, 'boolean'),
			);
			keepProgress(canvas, [column + 1, row], `JSON.stringify(${WHOM_JSON}.progress)`);
			canvas.node(
				'Did it see everybody?',
				'if',
				[column + 2, row],
				when(`={{ ${WHOM_JSON}.missed.length }}`, 'equals', '0', 'number'),
			);
			canvas.node('Stop: not everybody was seen', 'stopAndError', [column + 3, row + 0.9], {
				errorMessage: `={{ ${WHOM_JSON}.missed.map(({ from, to, count, told }) => 'SendGrid has ' + count + ' contacts created from ' + ${ISO('from')} + ' to ' + ${ISO('to')} + ', and gave only ' + told + ' of them').join('; ') }}. The others were not told to SparkLoop: import the contacts of that time into SparkLoop yourself. The flow goes on after it.`,
			});
			canvas.chain('Has it asked?', 'Keep how far it got', 'Did it see everybody?');
			canvas.connect('Did it see everybody?', 1, 'Stop: not everybody was seen');
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
			'Every two minutes the flow asks which contacts were created. SendGrid knows no confirmation: create contacts there, on the list, only once they have confirmed. Who was created long before joining the list is not told.',
			`One execution tells up to ${AT_ONCE} new contacts, and the next ones go on. SendGrid shows only fifty of those created within one second, as in an import: if there are more, the execution fails and names that second, and the others are not told.`,
			'The Event Webhook tells unsubscribes, complaints, bounces, and who comes back to the group.',
			'A new address is a new contact to SendGrid: it is told as a sign-up, and the old one is not linked to it.',
			'Who is new and has `RH_SUBID` was added by this flow; who is new and suppressed is not told either.',
			'Deletions are not told, nor who comes back after unsubscribing from everything.',
		],
	},
};
