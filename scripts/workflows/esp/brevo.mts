import { when, type Place } from '../canvas.mts';
import { matching, table } from '../dataTable.mts';
import { EVENT, WRITING } from '../guardedWrite.mts';
import { createMissingFields } from './createFields.mts';
import type { Esp } from './espWorkflow.mts';
import {
	checkKey,
	hook,
	HOOK_KEY_SETTING,
	hookUrlWithKey,
	registerHook,
	REGISTERED_KEY_STEP,
} from './hooks.mts';
import { ANY_ANSWER, answersThat, ASKING, FOUND_OR_NOT, readByHttp, request } from './http.mts';
import { changeOrAdd, rowsOf } from './writing.mts';

const API = 'https://api.brevo.com/v3';
const AUTHENTICATION = { predefined: 'sendInBlueApi' };
const SETTINGS = "$('Settings').first().json";
const LIST = `Number(${SETTINGS}.newsletterList)`;

/** Of n8n's trigger, the last two cannot be chosen; and it cannot tell who sent a report. */
const EVENTS = [
	'listAddition',
	'unsubscribed',
	'spam',
	'hardBounce',
	'contactUpdated',
	'contactDeleted',
];

const REMEMBERED = "$('Do we know the address?').first().json.contact";

/** Brevo's API v3. */
export const brevo: Esp = {
	name: 'Brevo',
	spelling: 'upperCase',
	settings: { newsletterList: '1', ...HOOK_KEY_SETTING },
	// developers.brevo.com/docs/api-limits: 10 requests per second on /v3/contacts. Of a contact: one that reads, one that
	// writes, and one that follows Brevo's report of it.
	rateLimit: { requests: 10, per: 1_000, perContact: 3 },
	contacts: {
		// n8n's node fails when there is no such contact, as it does when there is no answer.
		read: readByHttp({
			url: `=${API}/contacts/{{ encodeURIComponent(${EVENT}.email) }}`,
			authentication: AUTHENTICATION,
			query: { identifierType: 'email_id' },
		}),
		find: '{ status: $json.statusCode, found: $json.statusCode === 200, id: $json.body?.id, fields: $json.statusCode === 404 ? {} : $json.body?.attributes }',
		write: changeOrAdd(
			(canvas, name, place) =>
				canvas.node(
					name,
					'sendInBlue',
					place,
					{
						resource: 'contact',
						operation: 'update',
						identifier: "={{ String($('Find its fields').first().json.id) }}",
						updateAttributes: {
							updateAttributesValues: rowsOf('upperCase', 'fieldName', 'fieldValue'),
						},
					},
					WRITING,
				),
			(canvas, name, place) =>
				// n8n's node puts nobody on a list.
				request(
					canvas,
					name,
					place,
					{
						method: 'POST',
						url: `${API}/contacts`,
						authentication: AUTHENTICATION,
						json: `={{ { email: $json.email, attributes: $json.fields, listIds: [${LIST}] } }}`,
					},
					WRITING,
				),
		),
	},
	createFields: (canvas, place) => {
		const { first } = createMissingFields(canvas, place, {
			spelling: 'upperCase',
			list: { url: `${API}/contacts/attributes`, authentication: AUTHENTICATION },
			have: '$json.attributes.map(({ name }) => name)',
			// n8n's node makes every attribute a boolean (Brevo/GenericFunctions.js).
			create: {
				method: 'POST',
				url: `=${API}/contacts/attributes/normal/{{ $json.name }}`,
				authentication: AUTHENTICATION,
				json: "={{ { type: $json.type === 'number' ? 'float' : 'text' } }}",
			},
		});
		return first;
	},
	registerHook: (canvas, place) =>
		registerHook(canvas, place, {
			list: {
				url: `${API}/webhooks`,
				authentication: AUTHENTICATION,
				query: { type: 'marketing' },
				// Where there are none yet, Brevo says that it found nothing.
				options: ANY_ANSWER,
			},
			addresses: '($json.body?.webhooks ?? []).map(({ url }) => url)',
			keyed: true,
			register: {
				method: 'POST',
				url: `${API}/webhooks`,
				authentication: AUTHENTICATION,
				json: `={{ { type: 'marketing', description: 'SparkLoop', url: ${hookUrlWithKey(canvas)}, events: ${JSON.stringify(EVENTS)} } }}`,
			},
		}),
	reports: {
		// To Brevo, a failure is an answer too: it would not report again.
		entrances: (canvas, place) => [hook(canvas, place, { respond: 'onReceived' })],
		prepare: (canvas, [column, row]) => {
			const key = checkKey(canvas, [column, row]);
			canvas.node(
				'Do we know the address?',
				'dataTable',
				[column + 1, row],
				{
					resource: 'row',
					operation: 'get',
					dataTableId: table(`={{ ${SETTINGS}.addresses }}`),
					...matching(['email', 'eq', `={{ ${SETTINGS}.body.email }}`]),
					returnAll: false,
					limit: 1,
				},
				{ alwaysOutputData: true, executeOnce: true },
			);
			const ask = (name: string, place: Place, id: string, identifierType: string): string =>
				request(
					canvas,
					name,
					place,
					{
						method: 'GET',
						url: `=${API}/contacts/{{ encodeURIComponent(${id}) }}`,
						authentication: AUTHENTICATION,
						query: { identifierType },
						options: answersThat(FOUND_OR_NOT),
					},
					ASKING,
				);
			ask('Who has the address now?', [column + 2, row], `${SETTINGS}.body.email`, 'email_id');
			canvas.node(
				'Or has the contact another?',
				'if',
				[column + 3, row],
				when(
					`={{ $json.statusCode === 404 && Boolean(${REMEMBERED}) }}`,
					'true',
					undefined,
					'boolean',
				),
			);
			ask('How is the contact now?', [column + 4, row - 0.4], REMEMBERED, 'contact_id');
			canvas.node('What Brevo has', 'noOp', [column + 5, row], {});
			canvas.chain(
				key.last,
				'Do we know the address?',
				'Who has the address now?',
				'Or has the contact another?',
				'How is the contact now?',
				'What Brevo has',
			);
			canvas.connect('Or has the contact another?', 1, 'What Brevo has');
			return { first: key.first, last: 'What Brevo has', columns: 6 };
		},
		changes: `($json.statusCode === 200 ? [$json.body] : ${REMEMBERED} || ${SETTINGS}.body.event === 'contact_deleted' ? [{ id: ${REMEMBERED} ?? ${SETTINGS}.body.email, email: ${SETTINGS}.body.email, isDeleted: true }] : []).map((contact) => ({ contact: String(contact.id), email: contact.email, state: contact.isDeleted ? 'deleted' : contact.emailBlacklisted || (contact.listUnsubscribed ?? []).includes(${LIST}) ? 'gone' : (contact.listIds ?? []).includes(${LIST}) ? 'active' : 'absent', known: Boolean(contact.attributes?.RH_SUBID), firstName: contact.attributes?.FIRSTNAME, at: ${SETTINGS}.body.ts_event ?? ${SETTINGS}.body.ts }))`,
		remembers: true,
	},
	notes: {
		steps: [
			'**Brevo** credential: an API key. Choose it on every node that asks for it. If Brevo knows your authorised IPs, add the one of n8n.',
			"**Settings → newsletterList**: your list's number, as *Contacts → Lists* shows it. With double opt-in, the list that people are on once they have confirmed.",
			REGISTERED_KEY_STEP,
		],
		traps: [
			"n8n's Brevo node changes who is there. It cannot add anybody to a list, and makes every attribute a boolean, so these are requests of their own.",
			'Only attributes are changed, which leaves alone who is blocklisted, unsubscribed or on no list.',
			'Brevo silently ignores attributes that it does not have, and values of another type. So let the set-up create them.',
			'Brevo takes ten requests a second. After a large import some reports may fail, and can be retried in n8n.',
		],
		reports: [
			"n8n's Brevo Trigger offers no event for changed contacts and checks nothing, so a webhook takes its place.",
			'Whatever is reported, the flow asks Brevo how the contact is now: signed up is who is on the list, and neither blocklisted nor unsubscribed from it.',
			'Who is unsubscribed, complained, bounced, was deleted or taken off the list has left.',
			'Brevo does not tell the old address, so the flow remembers the last one of each contact.',
			'Writing attributes fires `contactUpdated`, by which the flow gets to know those who were there before.',
			'Brevo does not report again what failed.',
		],
	},
};
