import type { Canvas, Place } from '../canvas.mts';
import { CONTACT, EVENT, WRITING } from '../guardedWrite.mts';
import { createMissingFields } from './createFields.mts';
import type { Esp } from './espWorkflow.mts';
import { answersThat, ASKING, readByHttp, request } from './http.mts';
import { changeOrAdd } from './writing.mts';

const TRIGGER = 'When Mautic reports a change';
const SETTINGS = "$('Settings').first().json";
const API = `={{ ${SETTINGS}.url.replace(/\\/$/, '') }}/api`;
const AUTHENTICATION = { predefined: 'mauticApi' };

/** Adds Mautic's own node. */
const native = (canvas: Canvas, name: string, place: Place, parameters: object): string =>
	canvas.node(name, 'mautic', place, parameters, WRITING);

/**
 * Mautic drops a 0 from whatever is written, and overwrites nothing with a blank unless it is told to
 * (CustomFieldsApiControllerTrait::setCustomFieldValues). So a 0 is written as a blank, and only where it changes
 * something.
 */
const CHANGED = `Object.entries($json.fields).reduce((body, [name, value]) => value !== 0 ? { ...body, [name]: value } : Number(${CONTACT}.fields[name]) ? { ...body, [name]: '', overwriteWithBlank: true } : body, {})`;

const ASKED = "$('How is the contact now?').item.json";
/** The documentation calls them segments, Mautic's code lists (LeadApiController::getListsAction). */
const SEGMENTS = 'Object.values($json.body?.segments ?? $json.body?.lists ?? {})';

/** Mautic's REST API, versions 5 and later. */
export const mautic: Esp = {
	name: 'Mautic',
	// Mautic makes every alias lower case.
	spelling: 'lowerCase',
	settings: { url: 'https://mautic.example.com', segment: '1' },
	contacts: {
		// n8n's node finds whatever begins with the address (`search=email:`).
		read: readByHttp({
			url: `${API}/contacts`,
			authentication: AUTHENTICATION,
			query: {
				'where[0][col]': 'email',
				'where[0][expr]': 'eq',
				'where[0][val]': `={{ ${EVENT}.email }}`,
				limit: '1',
			},
		}),
		find: '{ status: $json.statusCode, found: Object.values($json.body?.contacts ?? {}).length > 0, id: Object.values($json.body?.contacts ?? {})[0]?.id, fields: $json.body?.contacts && Object.values($json.body.contacts).length === 0 ? {} : Object.values($json.body?.contacts ?? {})[0]?.fields?.all }',
		write: changeOrAdd(
			(canvas, name, place) =>
				native(canvas, name, place, {
					operation: 'update',
					contactId: "={{ String($('Find its fields').first().json.id) }}",
					jsonParameters: true,
					updateFields: { bodyJson: `={{ JSON.stringify(${CHANGED}) }}` },
					options: {},
				}),
			(canvas, name, place) =>
				native(canvas, name, place, {
					operation: 'create',
					jsonParameters: true,
					bodyJson: '={{ JSON.stringify({ email: $json.email, ...$json.fields }) }}',
					additionalFields: {},
					options: {},
				}),
			(canvas, name, place) =>
				native(canvas, name, place, {
					resource: 'contactSegment',
					operation: 'add',
					contactId: '={{ String($json.id) }}',
					segmentId: `={{ String(${SETTINGS}.segment) }}`,
				}),
		),
	},
	createFields: (canvas, place) => {
		const { first } = createMissingFields(canvas, place, {
			spelling: 'lowerCase',
			list: {
				url: `${API}/fields/contact`,
				authentication: AUTHENTICATION,
				query: { limit: '1000' },
			},
			have: 'Object.values($json.fields).map(({ alias }) => alias)',
			create: {
				method: 'POST',
				url: `${API}/fields/contact/new`,
				authentication: AUTHENTICATION,
				// Of 64 characters, as Mautic makes them by itself, a link may have more.
				json: "={{ { label: $json.name.toUpperCase(), alias: $json.name, group: 'core', isPubliclyUpdatable: false, isUniqueIdentifier: false, ...($json.type === 'number' ? { type: 'number', properties: { roundmode: 4, scale: 0 } } : { type: 'text', charLengthLimit: 191 }) } }}",
			},
		});
		return first;
	},
	reports: {
		entrances: (canvas, place) => [
			canvas.node(TRIGGER, 'mauticTrigger', place, {
				authentication: 'credentials',
				events: [
					'mautic.lead_list_change',
					'mautic.lead_post_save_update',
					'mautic.lead_channel_subscription_changed',
					'mautic.lead_post_delete',
				],
				eventsOrder: 'ASC',
			}),
		],
		prepare: (canvas, [column, row]) => {
			canvas.node('Who is reported?', 'set', [column, row], {
				mode: 'raw',
				// Each event's key holds a list of what happened, and a deleted contact's id stands beside it.
				jsonOutput:
					"={{ { id: [...new Set(Object.entries($json).filter(([event]) => event.startsWith('mautic.')).flatMap(([, reports]) => reports).map(({ contact, id }) => contact?.id ?? id).filter(Boolean).map(String))] } }}",
				options: {},
			});
			canvas.node('One item per contact', 'splitOut', [column + 1, row], {
				fieldToSplitOut: 'id',
				options: {},
			});
			const ask = (name: string, place: Place, path: string, expected: string): string =>
				request(
					canvas,
					name,
					place,
					{
						method: 'GET',
						url: `${API}/contacts/{{ $('One item per contact').item.json.id }}${path}`,
						authentication: AUTHENTICATION,
						// A page of a server in front says 200 or 404 too, and nothing of the contact.
						options: answersThat(
							`$response.statusCode === 200 ? ${expected} : $response.statusCode === 404 && Boolean($response.body?.errors)`,
						),
					},
					ASKING,
				);
			ask('How is the contact now?', [column + 2, row], '', 'Boolean($response.body?.contact)');
			ask(
				'Which segments is it in?',
				[column + 3, row],
				'/segments',
				'Boolean($response.body?.segments ?? $response.body?.lists)',
			);
			canvas.chain(
				'Who is reported?',
				'One item per contact',
				'How is the contact now?',
				'Which segments is it in?',
			);
			return { first: 'Who is reported?', last: 'Which segments is it in?', columns: 4 };
		},
		changes: `[${ASKED}.body?.contact].map((contact) => ({ contact: $('One item per contact').item.json.id, email: contact?.fields.all.email ?? '', state: !contact ? 'deleted' : Object.values(contact.doNotContact ?? {}).some(({ channel }) => channel === 'email') ? 'gone' : ${SEGMENTS}.some(({ id }) => String(id) === String(${SETTINGS}.segment)) ? 'active' : 'absent', known: Boolean(contact?.fields.all.rh_subid), firstName: contact?.fields.all.firstname || undefined }))`,
		remembers: true,
	},
	notes: {
		steps: [
			'In Mautic, *Configuration → API Settings*: switch on the API and basic authentication, and clear the cache.',
			'**Mautic API** credential: a user whose role may read and write contacts, segments, custom fields and webhooks. Choose it on every node that asks for it.',
			'**Settings → url**: the same URL. **segment**: the number of the segment that receives your newsletter.',
		],
		traps: [
			"n8n's Mautic node finds contacts by the beginning of their address, so they are read by a request of its own.",
			'Mautic drops every 0 that is written, so no referrals are a blank in `rh_totref`.',
			'Only fields are changed, which leaves *Do Not Contact* and segments alone. Who is added is put into the segment.',
			'Mautic creates fields for 64 characters, and refuses a contact with a longer value. The set-up makes room for 191.',
			'Does Mautic create fields in the background (202)? Then wait until its cron job has made them.',
		],
		reports: [
			'n8n registers the webhook when the flow is published, and checks its signature.',
			'Mautic has no double opt-in. Signed up is who is in the segment and may be mailed, so let only those into it who have confirmed.',
			'Whatever is reported, the flow asks Mautic how the contact is now. *Do Not Contact*, leaving the segment and deletion end the subscription.',
			'Mautic does not tell the old address, so the flow remembers the last one of each contact. Writing fields is reported too, by which it gets to know those who were there before.',
			'Without its queue (*Webhook Settings*), Mautic reports once. What failed can be retried in n8n.',
		],
	},
};
