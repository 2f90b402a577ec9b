import type { Esp } from './espWorkflow.mts';
import { when, type Canvas, type Place } from '../canvas.mts';
import { EVENT, WRITING, type Written } from '../guardedWrite.mts';
import { checkKey, hook, HOOK_KEY_SETTING, HOOK_KEY_STEP } from './hooks.mts';
import { readByHttp } from './http.mts';
import { rowsOf } from './writing.mts';

const LIST = "$('Settings').first().json.list";

/** Of an unsubscribe that names no list, all lists are meant. */
const LISTS = '[].concat(dataFields.emailListIds ?? [], dataFields.emailListId ?? []).map(String)';
const ABOUT_OUR_LIST = `(!${LIST} || ${LISTS}.includes(String(${LIST})))`;
const STATE = `name === 'emailsubscribe' ? (${ABOUT_OUR_LIST} ? 'active' : 'pending') : name === 'emailunsubscribe' ? (${ABOUT_OUR_LIST} || !${LISTS}.length ? 'gone' : 'pending') : ['hostedunsubscribeclick', 'emailcomplaint'].includes(name) ? 'gone' : 'pending'`;
const CHANGES = `((name, dataFields) => [{ contact: String($json.body.userId || $json.body.email.toLowerCase()), email: $json.body.email, state: ${STATE}, firstName: dataFields.firstName, at: dataFields.createdAt ? new Date(String(dataFields.createdAt).replace(' +00:00', 'Z').replace(' ', 'T')).toISOString() : undefined }])(String($json.body.eventName).toLowerCase(), $json.body.dataFields ?? {}).map((change) => ({ ...change, when: change.at }))`;

/** Adds nodes that write, and look at the answer: the node takes any for a success, and hands on what came in when it failed. */
function write(canvas: Canvas, [column, row]: Place): Written {
	canvas.node(
		'Write the fields',
		'iterable',
		[column, row],
		{
			resource: 'user',
			operation: 'upsert',
			identifier: 'email',
			value: '={{ $json.email }}',
			additionalFields: {
				dataFieldsUi: { dataFieldValues: rowsOf('upperCase', 'key', 'value') },
			},
		},
		WRITING,
	);
	canvas.node('What does it say?', 'set', [column + 1, row], {
		mode: 'raw',
		jsonOutput:
			"={{ { problem: $json.code === 'Success' ? '' : $json.msg || $json.code || \"Iterable did not take it, and the execution says why\", answeredBy: $prevNode.name } }}",
		options: {},
	});
	canvas.node('Has it taken them?', 'if', [column + 2, row], when('={{ $json.problem }}', 'empty'));
	canvas.chain('Write the fields', 'What does it say?', 'Has it taken them?');
	return {
		first: 'Write the fields',
		last: ['Has it taken them?'],
		checks: ['Has it taken them?'],
		columns: 3,
	};
}

/** Iterable; people are known by their e-mail addresses. */
export const iterable: Esp = {
	name: 'Iterable',
	spelling: 'upperCase',
	settings: { api: 'https://api.iterable.com', list: '', ...HOOK_KEY_SETTING },
	// api.iterable.com/api/docs: getByEmail 100 requests per second of a project; users/update takes 500.
	rateLimit: { requests: 100, per: 1_000, perContact: 1 },
	contacts: {
		// n8n's node hands on what came in when it fails, as if it had gone well.
		read: readByHttp({
			url: "={{ $('Settings').first().json.api }}/api/users/getByEmail",
			authentication: { predefined: 'iterableApi' },
			query: { email: `={{ ${EVENT}.email }}` },
		}),
		// Of somebody unknown the answer is an empty object.
		find: "{ status: $json.statusCode, found: Boolean($json.body?.user), fields: $json.body?.user ? $json.body.user.dataFields ?? {} : JSON.stringify($json.body) === '{}' ? {} : 'none' }",
		write,
	},
	reports: {
		entrances: (canvas, place) => [hook(canvas, place, { respond: 'lastNode' })],
		prepare: checkKey,
		changes: CHANGES,
		remembers: true,
	},
	notes: {
		steps: [
			'**Iterable** credential with a server-side key of a project that knows people by their e-mail addresses, and its region. Choose it on every node that asks for it. Data in the EU: set **Settings → api** to `https://api.eu.iterable.com` too.',
			HOOK_KEY_STEP,
			'In Iterable, under **Integrations → System Webhooks**, create one with that address, enable it, and tick *Email Subscribe*, *Email Unsubscribe*, *Hosted Unsubscribe Click* and *Email Complaint*. **Settings → list** is the id of the list of those who have signed up and confirmed; blank means any list.',
		],
		traps: [
			'Fields need not be created: the first write makes them. The project has to allow new fields, or Iterable drops them without a word.',
			'The first value of a field decides its type: `RH_TOTREF` is written as a number, all others as text.',
			'Iterable advises to wait a minute between a write and a read. Two events of one person within that time may be compared with the same old values.',
			'Writing fields never touches lists and unsubscribes. Who is added is on no list.',
			"n8n's Iterable node hides what fails when it reads, so the HTTP Request node reads; and some refusals of a write, so the flow looks at the answer.",
		],
		reports: [
			'Signed up is who subscribes to the list, which with double opt-in is the one for those who have confirmed.',
			'Iterable reports no new addresses. In a project with user ids the flow remembers the last address of each, and tells a new one with the next subscription of that person to the list.',
			'New users, deletions and bounces are not reported.',
			'Writing fields fires no webhook.',
		],
	},
};
