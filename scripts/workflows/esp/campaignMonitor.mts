import { EVENT, WRITING } from '../guardedWrite.mts';
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
import { readByHttp, request, type Call } from './http.mts';
import { changeOrAdd } from './writing.mts';

const API = '=https://api.createsend.com/api/v3.3';
const LIST = "{{ encodeURIComponent($('Settings').first().json.list) }}";
const AUTHENTICATION = { generic: 'httpBasicAuth' } as const;

/** Its answers are arrays, of which n8n would make items, and none of an empty one. */
const AS_ONE_ITEM = { response: { response: { fullResponse: true } } };

/** Its answers to what is written are bare texts, quotes and all, which n8n takes for broken JSON. */
const AS_TEXT = { response: { response: { responseFormat: 'text' } } };

/** When the flow added the contact: its own addition is reported as a sign-up. */
const ADDED = 'RH_ADDED';
/** Milliseconds after which a sign-up is somebody's own, whoever added them. */
const ADDED_LATELY = 3_600_000;

const CUSTOM_FIELDS =
	'Object.entries($json.fields).map(([Key, value]) => ({ Key, Value: String(value ?? ""), Clear: String(value ?? "") === "" || undefined }))';

const subscribers = (call: Omit<Call, 'url' | 'authentication'>): Call => ({
	url: `${API}/subscribers/${LIST}.json`,
	authentication: AUTHENTICATION,
	...call,
});

/** Campaign Monitor's API 3.3; n8n has no node for it. */
export const campaignMonitor: Esp = {
	name: 'Campaign Monitor',
	spelling: 'upperCase',
	settings: { list: '', ...HOOK_KEY_SETTING },
	contacts: {
		read: readByHttp(subscribers({ method: 'GET', query: { email: `={{ ${EVENT}.email }}` } })),
		// Who is not there is told by the code 203; the status 400 says so of a bad address as well.
		find: "{ status: $json.body?.Code === 203 ? 404 : $json.statusCode, found: $json.statusCode === 200, email: $json.body?.EmailAddress, fields: $json.body?.Code === 203 ? {} : $json.body?.CustomFields && Object.fromEntries($json.body.CustomFields.map(({ Key, Value }) => [Key.replace(/[[\\]]/g, ''), Value])) }",
		write: changeOrAdd(
			(canvas, name, place) =>
				request(
					canvas,
					name,
					place,
					subscribers({
						method: 'PUT',
						query: { email: '={{ $json.email }}' },
						json: `={{ { EmailAddress: $('Find its fields').first().json.email, CustomFields: ${CUSTOM_FIELDS}, Resubscribe: false, ConsentToTrack: 'Unchanged' } }}`,
						options: AS_TEXT,
					}),
					WRITING,
				),
			(canvas, name, place) =>
				request(
					canvas,
					name,
					place,
					subscribers({
						method: 'POST',
						json: `={{ { EmailAddress: $json.email, CustomFields: [...${CUSTOM_FIELDS}.filter(({ Clear }) => !Clear), { Key: '${ADDED}', Value: new Date().toISOString() }], Resubscribe: false, ConsentToTrack: 'Unchanged' } }}`,
						options: AS_TEXT,
					}),
					WRITING,
				),
		),
	},
	createFields: (canvas, place) =>
		createMissingFields(canvas, place, {
			spelling: 'upperCase',
			more: [{ name: ADDED, type: 'text' }],
			list: {
				url: `${API}/lists/${LIST}/customfields.json`,
				authentication: AUTHENTICATION,
				options: AS_ONE_ITEM,
			},
			have: '$json.body.map(({ FieldName }) => FieldName.toUpperCase())',
			create: {
				method: 'POST',
				url: `${API}/lists/${LIST}/customfields.json`,
				authentication: AUTHENTICATION,
				// People would see and edit it in the preference center.
				json: "={{ { FieldName: $json.name, DataType: $json.type === 'number' ? 'Number' : 'Text', VisibleInPreferenceCenter: false } }}",
				options: AS_TEXT,
			},
		}).first,
	registerHook: (canvas, place) =>
		registerHook(canvas, place, {
			keyed: true,
			list: {
				url: `${API}/lists/${LIST}/webhooks.json`,
				authentication: AUTHENTICATION,
				options: AS_ONE_ITEM,
			},
			// One that failed for a week has been deactivated.
			addresses: "$json.body.filter(({ Status }) => Status === 'Active').map(({ Url }) => Url)",
			register: {
				method: 'POST',
				url: `${API}/lists/${LIST}/webhooks.json`,
				authentication: AUTHENTICATION,
				json: `={{ { Events: ['Subscribe', 'Update', 'Deactivate'], Url: ${hookUrlWithKey(canvas)}, PayloadFormat: 'json' } }}`,
				options: AS_TEXT,
			},
		}),
	reports: {
		entrances: (canvas, place) => [hook(canvas, place, { respond: 'lastNode' })],
		prepare: checkKey,
		// A change of somebody who has left is told with their state.
		changes: `$json.body.Events.map((event) => ({ contact: event.EmailAddress, email: event.EmailAddress, previousEmail: event.OldEmailAddress, state: event.Type === 'Subscribe' ? 'active' : event.Type === 'Deactivate' ? 'gone' : event.State === 'Active' ? '' : 'pending', known: (event.CustomFields ?? []).some(({ Key, Value }) => Key.includes('${ADDED}') && Date.now() - Date.parse(Value) < ${ADDED_LATELY}), name: event.Name }))`,
		remembers: false,
	},
	notes: {
		steps: [
			'**Basic Auth** credential: your API key as the user, any word as the password. Choose it on every node that asks for it.',
			'**Settings → list**: the API ID of your list, at the bottom of its settings.',
			REGISTERED_KEY_STEP,
		],
		traps: [
			'Who is there is changed with `Resubscribe: false` and `ConsentToTrack: Unchanged`: nobody who left comes back, and no mail goes out.',
			"Who is added gets the mail that your list sends to new subscribers; on a double opt-in list that is the one that asks for confirmation. Set **addMissing** to `no` if you don't want that.",
			'Whom your suppression list holds cannot be added: SparkLoop hears 500, and tries for a month. The same with an address that Campaign Monitor does not take.',
			'A field holds 250 characters. Fields that do not exist are passed over in silence, so run the set-up before you publish.',
			'Campaign Monitor publishes no rate limit for this. Should it refuse, SparkLoop sends again.',
		],
		reports: [
			'A webhook of the list tells sign-ups once they are confirmed, also imports and people added by hand.',
			'A new address comes with the old one. Unsubscribed, bounced and deleted people all end their subscription.',
			`What the flow adds comes back as a sign-up within minutes. It is known by \`${ADDED}\`, the time of adding, and not told if that is less than an hour ago.`,
			'What the flow changes comes back as an update with the address unchanged, and nothing follows.',
			'When the flow fails, Campaign Monitor sends again; after a week of failures it deactivates the webhook. Then run the set-up again.',
		],
	},
};
