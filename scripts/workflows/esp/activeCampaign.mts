import { when, type Canvas, type Place } from '../canvas.mts';
import { EVENT, FAILING, WRITING } from '../guardedWrite.mts';
import type { Esp } from './espWorkflow.mts';
import {
	createFieldsWithIds,
	FIELD_IDS_BY_NAME,
	fieldIdsOf,
	fieldIdsSetting,
	NO_FIELD_IDS,
	readFieldIds,
} from './fieldIds.mts';
import { fieldsOf } from './fields.mts';
import { request } from './http.mts';
import { changeOrAdd, rowsOf } from './writing.mts';

const TRIGGER = 'When ActiveCampaign reports a change';
/** SparkLoop's id of a person stands in a field of those who are known. */
const KNOWN_BY = 'Which field tells who is known?';
const SETTINGS = "$('Settings').first().json";
const API = `={{ ${SETTINGS}.apiUrl }}/api/3`;
const AUTHENTICATION = { predefined: 'activeCampaignApi' };

const FOUND = "$('Look for the contact').first().json.contacts";
/** Nobody else's fields may be written, should the search ever find more than exactly the address. */
const ANOTHER = `(${FOUND}?.[0] && ${FOUND}[0].email.toLowerCase() !== ${EVENT}.email.toLowerCase() ? 'ActiveCampaign found a contact with another address' : undefined)`;
const onTheList = (lists: string): string =>
	`${lists}.find(({ list }) => String(list) === String(${SETTINGS}.newsletterList))`;

const native = (
	canvas: Canvas,
	name: string,
	place: Place,
	parameters: object,
	settings: object,
): string => canvas.node(name, 'activeCampaign', place, parameters, settings);

/** Without their ids in the node, because those differ from account to account. */
const fieldValues = {
	fieldValues: {
		property: rowsOf(
			'upperCase',
			'field',
			'value',
			(field) => `={{ ${FIELD_IDS_BY_NAME}.${field} }}`,
			// ActiveCampaign has no fields for numbers.
			(given) => `String(${given})`,
		),
	},
};

/** Fields come in pages of at most 100. */
const listOfFields = {
	url: `${API}/fields`,
	authentication: AUTHENTICATION,
	query: { limit: '100' },
	options: {
		pagination: {
			pagination: {
				paginationMode: 'updateAParameterInEachRequest',
				parameters: { parameters: [{ name: 'offset', value: '={{ $pageCount * 100 }}' }] },
				paginationCompleteWhen: 'other',
				completeExpression: '={{ $response.body.fields.length < 100 }}',
			},
		},
	},
};
const fieldsListedBy = (node: string): string =>
	`$('${node}').all().flatMap(({ json }) => json.fields)`;

/** ActiveCampaign's API v3. */
export const activeCampaign: Esp = {
	name: 'ActiveCampaign',
	spelling: 'upperCase',
	settings: {
		apiUrl: 'https://youraccount.api-us1.com',
		newsletterList: '1',
		...fieldIdsSetting('ActiveCampaign'),
	},
	// developers.activecampaign.com/reference/rate-limits: 5 requests per second and account. Of a contact: two that read,
	// at most two that write.
	rateLimit: { requests: 5, per: 1_000, perContact: 4 },
	contacts: {
		read: (canvas, [column, row]) => {
			readFieldIds(canvas, [column, row]);
			native(
				canvas,
				'Look for the contact',
				[column + 1, row],
				{
					resource: 'contact',
					operation: 'getAll',
					returnAll: false,
					limit: 1,
					// The whole answer, because of an empty list n8n would make no item.
					simple: false,
					additionalFields: { email: `={{ ${EVENT}.email }}` },
				},
				{ ...FAILING, executeOnce: true },
			);
			canvas.node(
				'Is there one?',
				'if',
				[column + 2, row],
				when('={{ $json.contacts?.[0]?.id }}', 'notEmpty'),
			);
			native(
				canvas,
				'Read the contact',
				[column + 3, row],
				{
					resource: 'contact',
					operation: 'get',
					contactId: '={{ Number($json.contacts[0].id) }}',
				},
				FAILING,
			);
			canvas.chain(
				'Read the field ids',
				'Look for the contact',
				'Is there one?',
				'Read the contact',
			);
			return {
				first: 'Read the field ids',
				missing: 'Is there one?',
				columns: 4,
			};
		},
		find: `{ status: 200, found: Boolean(${onTheList('($json.contactLists ?? [])')}), id: ${FOUND}?.[0]?.id, fields: ${FOUND}?.length === 0 ? {} : $json.contactLists && $json.fieldValues ? Object.fromEntries(Object.entries(${FIELD_IDS_BY_NAME}).map(([name, id]) => [name, $json.fieldValues.find(({ field }) => String(field) === id)?.value ?? ''])) : undefined, problem: ${NO_FIELD_IDS} ?? ${ANOTHER} }`,
		write: changeOrAdd(
			(canvas, name, place) =>
				native(
					canvas,
					name,
					place,
					{
						resource: 'contact',
						operation: 'update',
						contactId: "={{ Number($('Find its fields').first().json.id) }}",
						updateFields: fieldValues,
					},
					WRITING,
				),
			(canvas, name, place) =>
				native(
					canvas,
					name,
					place,
					{
						resource: 'contact',
						operation: 'create',
						email: '={{ $json.email }}',
						// Who is there without being on the list.
						updateIfExists: true,
						additionalFields: fieldValues,
					},
					WRITING,
				),
			(canvas, name, place) =>
				native(
					canvas,
					name,
					place,
					{
						resource: 'contactList',
						operation: 'add',
						listId: `={{ Number(${SETTINGS}.newsletterList) }}`,
						contactId: '={{ Number($json.id) }}',
					},
					WRITING,
				),
		),
	},
	createFields: (canvas, [column, row]) => {
		const { first, last } = createFieldsWithIds(canvas, [column, row], {
			spelling: 'upperCase',
			list: listOfFields,
			have: `${fieldsListedBy('List the fields')}.map(({ perstag }) => perstag)`,
			create: {
				method: 'POST',
				url: `${API}/fields`,
				authentication: AUTHENTICATION,
				json: "={{ { field: { type: 'text', title: $json.name, perstag: $json.name, visible: 1 } } }}",
			},
			found: `${fieldsListedBy('List the fields again')}.filter(({ perstag }) => ${JSON.stringify(fieldsOf('upperCase').map(({ name }) => name))}.includes(perstag)).map(({ perstag, id }) => ({ field: perstag, fieldId: String(id) }))`,
		});
		request(canvas, 'Show it on all lists', [column + 4, row], {
			method: 'POST',
			url: `${API}/fieldRels`,
			authentication: AUTHENTICATION,
			json: '={{ { fieldRel: { field: ($json.field ?? $json.fields?.[0])?.id, relid: 0 } } }}',
			options: { batching: { batch: { batchSize: 1, batchInterval: 500 } } },
		});
		canvas.chain(last, 'Show it on all lists');
		return first;
	},
	reports: {
		entrances: (canvas, place) => [
			canvas.node(TRIGGER, 'activeCampaignTrigger', place, {
				events: ['subscribe', 'unsubscribe', 'update', 'bounce'],
				sources: ['public', 'admin', 'system', 'api'],
			}),
		],
		prepare: (canvas, [column, row]) => {
			const known = readFieldIds(canvas, [column, row], KNOWN_BY);
			native(
				canvas,
				'How is the contact now?',
				[column + 1, row],
				{
					resource: 'contact',
					operation: 'get',
					contactId: `={{ Number(${SETTINGS}['contact[id]']) }}`,
				},
				// ActiveCampaign reports once, so what is in the way is waited for.
				{ executeOnce: true, retryOnFail: true, maxTries: 3, waitBetweenTries: 5000 },
			);
			canvas.chain(known, 'How is the contact now?');
			return { first: known, last: 'How is the contact now?', columns: 2 };
		},
		changes: `[$json].map(({ contact, contactLists, fieldValues }) => ({ contact: String(contact.id), email: contact.email, state: ({ 0: 'pending', 1: 'active', 2: 'gone', 3: 'gone' })[${onTheList('contactLists')}?.status] ?? 'absent', known: fieldValues.some(({ field, value }) => value && String(field) === ${fieldIdsOf(KNOWN_BY)}.RH_SUBID), firstName: contact.firstName || undefined, at: ${SETTINGS}.date_time }))`,
		remembers: true,
	},
	notes: {
		steps: [
			'**ActiveCampaign API** credential: URL and key from *Settings → Developer*, the URL without a slash at its end. Choose it on every node that asks for it.',
			"**Settings → apiUrl**: the same URL. **newsletterList**: your list's number, as the list's address in ActiveCampaign shows it.",
		],
		traps: [
			'ActiveCampaign knows fields by ids. The set-up keeps them in a Data Table, so run it again when you make the fields anew.',
			'All fields are texts, because ActiveCampaign has no fields for numbers.',
			'A contact counts as there once it is on the list, whatever its state; that state is left alone. Who is not on it is put on it.',
			'ActiveCampaign takes five requests a second from all programs together, so the flow writes about one contact in two seconds.',
		],
		reports: [
			'n8n registers the webhook when the flow is published. It is neither signed nor bound to the list, so the flow asks the API how the contact is now.',
			'Signed up is who is active on the list, with double opt-in once it is confirmed. Unsubscribed or bounced ends it.',
			'The old address is not told, so the flow remembers the last one of each contact. Writing a field fires `update`, by which it gets to know those who were there before.',
			'ActiveCampaign reports once and never again, and reports no deletions and no imports. What failed can be retried in n8n.',
		],
	},
};
