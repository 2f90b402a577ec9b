import { when, type Canvas, type Place } from '../canvas.mts';
import { CONTACT, EVENT, FAILING, WRITING, type Written } from '../guardedWrite.mts';
import type { Esp } from './espWorkflow.mts';
import {
	createFieldsWithIds,
	FIELD_IDS_BY_NAME,
	fieldIdsSetting,
	NO_FIELD_IDS,
	readFieldIds,
} from './fieldIds.mts';
import { fieldsOf } from './fields.mts';
import { answerWith, checkKey, hook, HOOK_KEY_SETTING, HOOK_KEY_STEP } from './hooks.mts';
import { ANY_ANSWER, request } from './http.mts';
import { changeOrAdd } from './writing.mts';

const API = 'https://api.getresponse.com/v3';
const AUTHENTICATION = { predefined: 'getResponseApi' };
const LIST = "$('Settings').first().json.list";

/** With the status, and a list as it is instead of an item for each of its elements. */
const WHOLE_ANSWER = { response: { response: { fullResponse: true } } };

/**
 * Adds nodes that read the contact with its fields, for which it takes two requests. Who is not on the list is looked for
 * among those who have left it: adding them would sign them up again.
 */
function read(canvas: Canvas, [column, row]: Place) {
	readFieldIds(canvas, [column, row]);
	request(
		canvas,
		'Look for the contact',
		[column + 1, row],
		{
			method: 'GET',
			url: `${API}/contacts`,
			authentication: AUTHENTICATION,
			query: {
				'query[email]': `={{ ${EVENT}.email }}`,
				'query[campaignId]': `={{ ${LIST} }}`,
				additionalFlags: 'exactMatch',
			},
			options: WHOLE_ANSWER,
		},
		{ ...FAILING, executeOnce: true },
	);
	canvas.node(
		'Is it on the list?',
		'if',
		[column + 2, row],
		when('={{ $json.body.length > 0 }}', 'true', undefined, 'boolean'),
	);
	request(
		canvas,
		'Read all of it',
		[column + 3, row - 0.5],
		{
			method: 'GET',
			url: `=${API}/contacts/{{ $json.body[0].contactId }}`,
			authentication: AUTHENTICATION,
			options: WHOLE_ANSWER,
		},
		FAILING,
	);
	request(
		canvas,
		'Look among those who left',
		[column + 3, row + 0.4],
		{
			method: 'POST',
			url: `${API}/search-contacts/contacts`,
			authentication: AUTHENTICATION,
			json: `={{ { subscribersType: ['undelivered', 'removed', 'unconfirmed'], sectionLogicOperator: 'and', section: [{ campaignIdsList: [String(${LIST})], logicOperator: 'and', subscriberCycle: ['receiving_autoresponder', 'not_receiving_autoresponder'], subscriptionDate: 'all_time', conditions: [{ conditionType: 'email', operatorType: 'string_operator', operator: 'is', value: ${EVENT}.email }] }] } }}`,
			options: WHOLE_ANSWER,
		},
		FAILING,
	);
	canvas.node('Read the contact', 'noOp', [column + 4, row], {});
	canvas.chain(
		'Read the field ids',
		'Look for the contact',
		'Is it on the list?',
		'Read all of it',
		'Read the contact',
	);
	canvas.connect('Is it on the list?', 1, 'Look among those who left');
	canvas.chain('Look among those who left', 'Read the contact');
	return {
		first: 'Read the field ids',
		columns: 5,
	};
}

/** An empty value cannot be written: the API has no word for it. */
const VALUES = `((ids) => Object.entries($json.fields).filter(([field, value]) => ids[field] && ![null, ''].includes(value)).map(([field, value]) => ({ customFieldId: ids[field], value: [String(value)] })))(${FIELD_IDS_BY_NAME})`;

/** Adds nodes that write into a contact that is on the list, add one that never was, and leave alone who left. */
function write(canvas: Canvas, [column, row]: Place): Written {
	canvas.node(
		'Has it left the list?',
		'if',
		[column, row],
		when(`={{ ${CONTACT}.left }}`, 'true', undefined, 'boolean'),
	);
	canvas.node('Leave it alone', 'noOp', [column + 2, row - 1.2], {});
	const written = changeOrAdd(
		(_, name, place) =>
			request(
				canvas,
				name,
				place,
				{
					method: 'POST',
					url: `=${API}/contacts/{{ ${CONTACT}.id }}/custom-fields`,
					authentication: AUTHENTICATION,
					json: `={{ { customFieldValues: ${VALUES} } }}`,
				},
				WRITING,
			),
		(_, name, place) =>
			request(
				canvas,
				name,
				place,
				{
					method: 'POST',
					url: `${API}/contacts`,
					authentication: AUTHENTICATION,
					json: `={{ { email: $json.email, campaign: { campaignId: String(${LIST}) }, customFieldValues: ${VALUES} } }}`,
				},
				WRITING,
			),
	)(canvas, [column + 1, row]);
	canvas.chain('Has it left the list?', 'Leave it alone');
	canvas.connect('Has it left the list?', 1, written.first);
	return {
		...written,
		first: 'Has it left the list?',
		last: [...written.last, 'Leave it alone'],
		columns: written.columns + 1,
	};
}

/** Adds nodes that read the contacts that were reported, which tells those whom this flow has added. */
function readThem(canvas: Canvas, [column, row]: Place) {
	const { first, last, columns } = checkKey(canvas, [column, row]);
	const at = column + columns;
	canvas.node('What is reported?', 'set', [at, row], {
		mode: 'raw',
		// One report, or up to a hundred of them.
		jsonOutput: '={{ { reports: [].concat($json.body) } }}',
		options: {},
	});
	canvas.node('One item per report', 'splitOut', [at + 1, row], {
		fieldToSplitOut: 'reports',
		options: {},
	});
	request(canvas, 'Read whom it is about', [at + 2, row], {
		method: 'GET',
		url: `=${API}/contacts/{{ $json.contact?.contactId }}`,
		authentication: AUTHENTICATION,
		options: ANY_ANSWER,
	});
	canvas.chain(last, 'What is reported?', 'One item per report', 'Read whom it is about');
	return { first, last: 'Read whom it is about', columns: columns + 3 };
}

const STATES =
	"{ contact_added: 'active', contact_email_changed: '', contact_removed_link: 'gone', contact_removed_bounce: 'gone' }";
/** Reports of other lists and other kinds change nothing. */
const CHANGE = `((report, person) => ({ contact: report.contact?.contactId, email: report.contact?.email, state: report.contact?.campaign?.campaignId === String(${LIST}) ? (${STATES})[report.type] ?? 'pending' : 'pending', known: person?.origin === 'api' && (person.customFieldValues ?? []).some(({ name }) => name === 'rh_subid'), name: report.contact?.name, at: report.event?.occurredAt, when: report.event?.occurredAt }))($('One item per report').item.json, $json.body)`;

/** GetResponse; one of its lists, which the API calls campaigns. */
export const getResponse: Esp = {
	name: 'GetResponse',
	// Names of custom fields take no capitals.
	spelling: 'lowerCase',
	settings: { list: '', ...fieldIdsSetting('GetResponse'), ...HOOK_KEY_SETTING },
	// GetResponse's public-api-agent-skills, references/api-guide.md: 80 requests per second.
	rateLimit: { requests: 80, per: 1_000, perContact: 3 },
	contacts: {
		read,
		find: `((found) => ({ status: $json.statusCode, problem: ${LIST} ? ${NO_FIELD_IDS} : "'Settings → list' is empty", found: !Array.isArray(found) || found.length > 0, left: Array.isArray(found) && found.length > 0, id: found.contactId, fields: Object.fromEntries((found.customFieldValues ?? []).map(({ name, value }) => [name, value[0]])) }))($json.body)`,
		write,
	},
	createFields: (canvas, place) =>
		createFieldsWithIds(canvas, place, {
			spelling: 'lowerCase',
			list: {
				url: `${API}/custom-fields`,
				authentication: AUTHENTICATION,
				query: { perPage: '1000' },
				options: WHOLE_ANSWER,
			},
			have: '$json.body.map(({ name }) => name)',
			create: {
				method: 'POST',
				url: `${API}/custom-fields`,
				authentication: AUTHENTICATION,
				json: "={{ { name: $json.name, type: $json.type === 'number' ? 'number' : 'string', format: 'text', hidden: 'true', values: [] } }}",
			},
			found: `$json.body.filter(({ name }) => ${JSON.stringify(fieldsOf('lowerCase').map(({ name }) => name))}.includes(name)).map(({ name, customFieldId }) => ({ field: name, fieldId: customFieldId }))`,
		}).first,
	reports: {
		entrances: (canvas, place) => [hook(canvas, place, { respond: 'responseNode' })],
		prepare: readThem,
		changes: `[${CHANGE}]`,
		remembers: true,
		// GetResponse sends again what was not answered with these very words.
		afterwards: (canvas, place) => answerWith(canvas, place, { status: 'OK' }),
	},
	notes: {
		steps: [
			'**GetResponse** credential with an API key: choose it on every node that asks for it. **Settings → list** is the id of your list, as **Lists → Settings** shows it (*list token*).',
			HOOK_KEY_STEP,
			'In GetResponse, under **Integrations & API → Webhooks**, create the webhook with that address and the events *subscribed*, *unsubscribed by link*, *unsubscribed by bounce* and *e-mail changed*.',
		],
		traps: [
			"n8n's GetResponse node searches no contact by its address, its *update* empties every field that it is not given, and its *create* cannot leave out what has no value: so the HTTP Request node does it.",
			"n8n's GetResponse Trigger takes the only callback of the account, hears of no new addresses, and what fails is never sent again: so a webhook takes its place.",
			'Who has unsubscribed, bounced or not confirmed yet is neither written to nor added again.',
			"Whom this flow adds may be sent a confirmation mail: that depends on the list's double opt-in for the API.",
			'A new contact shows after some minutes. Events until then are refused, and sent again by SparkLoop.',
			'A field is never emptied. GetResponse MAX, which has other addresses, is not covered.',
		],
		reports: [
			'With double opt-in GetResponse reports who is new after the confirmation.',
			'It does not tell the old address, so the flow remembers the last one of each contact that it has heard of.',
			'Who came through the API and has `rh_subid` was added by this flow, and is not told.',
			'Complaints, and contacts that you delete yourself, are not reported.',
		],
	},
};
