import type { Canvas, Place } from '../canvas.mts';
import { EVENT, WRITING } from '../guardedWrite.mts';
import { createMissingFields } from './createFields.mts';
import type { Esp } from './espWorkflow.mts';
import { answersThat, ASKING, FOUND_OR_NOT, readByHttp, request } from './http.mts';
import { changeOrAdd } from './writing.mts';

const TRIGGER = 'When Mailchimp reports a change';
const SETTINGS = "$('Settings').first().json";
const LIST = `=https://{{ ${SETTINGS}.dataCenter }}.api.mailchimp.com/3.0/lists/{{ ${SETTINGS}.list }}`;
const AUTHENTICATION = { predefined: 'mailchimpApi' };

/** Without it, who lacks a merge field that the audience requires can be neither changed nor added. */
const SKIP_VALIDATION = { skip_merge_validation: 'true' };

/** A member is addressed by the MD5 hash of the address in lower case (API reference, `subscriber_hash`). */
const member = (email: string): string =>
	`${LIST}/members/{{ ${email}.toLowerCase().hash('md5') }}`;

const REPORTED = `$('${TRIGGER}').first().json`;
const CHECKED = "$('What Mailchimp has').first().json";
const isSubscribed = (name: string): string =>
	`${CHECKED}.subscribed.includes(${REPORTED}['${name}'])`;

/**
 * Adds nodes that ask Mailchimp how the reported people are now. It signs nothing, and the address of the trigger is no
 * secret: it stands in the file. So what anybody claims there is told only if it is true.
 */
function check(canvas: Canvas, [column, row]: Place) {
	canvas.node('Whom to ask for', 'set', [column, row], {
		mode: 'raw',
		jsonOutput:
			"={{ { email: ['data[email]', 'data[new_email]', 'data[old_email]'].map((name) => $json[name]).filter(Boolean) } }}",
		options: {},
	});
	canvas.node('One item per address', 'splitOut', [column + 1, row], {
		fieldToSplitOut: 'email',
		options: {},
	});
	request(
		canvas,
		'How are they now?',
		[column + 2, row],
		{
			method: 'GET',
			url: member('$json.email'),
			authentication: AUTHENTICATION,
			query: { fields: 'status' },
			options: answersThat(FOUND_OR_NOT),
		},
		ASKING,
	);
	canvas.node(
		'What Mailchimp has',
		'set',
		[column + 3, row],
		{
			mode: 'raw',
			jsonOutput:
				"={{ { subscribed: $('One item per address').all().map(({ json }) => json.email).filter((_, index) => $('How are they now?').all()[index].json.body?.status === 'subscribed') } }}",
			options: {},
		},
		{ executeOnce: true },
	);
	canvas.chain(
		'Whom to ask for',
		'One item per address',
		'How are they now?',
		'What Mailchimp has',
	);
	return { first: 'Whom to ask for', last: 'What Mailchimp has', columns: 4 };
}

/**
 * Mailchimp's Marketing API 3.0. n8n's own node writes with PUT, which sends the address along, and leaves the query
 * with `skip_merge_validation` out (Mailchimp.node.js); so only its trigger is used.
 */
export const mailchimp: Esp = {
	name: 'Mailchimp',
	spelling: 'mailchimp',
	settings: { dataCenter: 'us1', list: `={{ $('${TRIGGER}').params.list }}` },
	// mailchimp.com/developer/marketing/docs/fundamentals: 10 simultaneous connections, and no limit per time.
	simultaneous: 10,
	contacts: {
		read: readByHttp({
			url: member(`${EVENT}.email`),
			authentication: AUTHENTICATION,
			query: { fields: 'id,merge_fields' },
		}),
		find: '{ status: $json.statusCode, found: $json.statusCode === 200, id: $json.body?.id, fields: $json.statusCode === 404 ? {} : $json.body?.merge_fields }',
		write: changeOrAdd(
			(canvas, name, place) =>
				request(
					canvas,
					name,
					place,
					{
						method: 'PATCH',
						url: `${LIST}/members/{{ $('Find its fields').first().json.id }}`,
						authentication: AUTHENTICATION,
						query: SKIP_VALIDATION,
						json: '={{ { merge_fields: $json.fields } }}',
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
						url: `${LIST}/members`,
						authentication: AUTHENTICATION,
						query: SKIP_VALIDATION,
						json: "={{ { email_address: $json.email, status: 'subscribed', merge_fields: $json.fields } }}",
					},
					WRITING,
				),
		),
	},
	createFields: (canvas, place) => {
		const { first } = createMissingFields(canvas, place, {
			spelling: 'mailchimp',
			list: {
				url: `${LIST}/merge-fields`,
				authentication: AUTHENTICATION,
				query: { count: '100', fields: 'merge_fields.tag' },
			},
			have: '$json.merge_fields.map(({ tag }) => tag)',
			create: {
				method: 'POST',
				url: `${LIST}/merge-fields`,
				authentication: AUTHENTICATION,
				json: '={{ { tag: $json.name, name: $json.name, type: $json.type, required: false, public: false } }}',
			},
		});
		return first;
	},
	reports: {
		entrances: (canvas, place) => [
			canvas.node(TRIGGER, 'mailchimpTrigger', place, {
				list: '',
				// `profile` would report every field that is written.
				events: ['subscribe', 'unsubscribe', 'upemail', 'cleaned'],
				sources: ['user', 'admin'],
			}),
		],
		// A form, whose names n8n leaves as they are.
		prepare: check,
		changes: `((state) => ${REPORTED}['data[new_email]'] ? (${isSubscribed('data[new_email]')} && !${isSubscribed('data[old_email]')} ? [{ contact: ${REPORTED}['data[new_email]'], email: ${REPORTED}['data[new_email]'], previousEmail: ${REPORTED}['data[old_email]'], state: '' }] : []) : state && ${isSubscribed('data[email]')} === (state === 'active') ? [{ contact: ${REPORTED}['data[email]'], email: ${REPORTED}['data[email]'], state, firstName: ${REPORTED}['data[merges][FNAME]'] || undefined }] : [])({ subscribe: 'active', unsubscribe: 'gone', cleaned: 'gone' }[${REPORTED}.type])`,
		remembers: false,
	},
	notes: {
		steps: [
			`**Mailchimp** credential: an API key. Choose it on every node that asks for it, and your audience in **${TRIGGER}**.`,
			'**Settings → dataCenter**: what follows the last hyphen of your API key, such as `us21`.',
		],
		traps: [
			"n8n's Mailchimp node sends the address along with every change and cannot leave out the check of required merge fields, so requests of its own take its place.",
			'Merge tags have ten characters at most: `RH_LASTREWARD` is `RH_LASTREW` here.',
			'Who is there is changed without their state being named: nobody who unsubscribed, was archived or was cleaned comes back.',
			'Who is added is `subscribed` at once, without a mail that asks for confirmation.',
			'Whom somebody deleted permanently, Mailchimp never lets be added again: SparkLoop then hears 500, and tries for a month.',
		],
		reports: [
			'n8n registers the webhook when the flow is published. With double opt-in Mailchimp reports a sign-up once it is confirmed.',
			'A new address comes with the old one. Unsubscribed, archived, deleted and bounced addresses (`cleaned`) end the subscription.',
			"What happens through Mailchimp's API is not reported, so that this flow does not hear of those whom it adds.",
			'Where other programs sign people up through the API, tick *API* in **Sources** and set **Settings → addMissing** to `no`.',
			'Mailchimp signs nothing, so the flow asks it how each reported person is now, and tells only what is true.',
			'n8n answers Mailchimp at once. If the flow fails afterwards, retry that execution in n8n.',
		],
	},
};
