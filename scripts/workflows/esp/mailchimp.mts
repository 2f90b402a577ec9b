import { EVENT, WRITING } from '../guardedWrite.mts';
import { createMissingFields } from './createFields.mts';
import type { Esp } from './espWorkflow.mts';
import { readByHttp, request } from './http.mts';
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
		changes: `['data[email]', 'data[new_email]'].filter((name) => $json[name]).map((name) => ({ contact: $json[name], email: $json[name], previousEmail: $json['data[old_email]'], state: ({ subscribe: 'active', unsubscribe: 'gone', cleaned: 'gone' })[$json.type] ?? '', firstName: $json['data[merges][FNAME]'] || undefined }))`,
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
			'n8n answers Mailchimp at once. If the flow fails afterwards, retry that execution in n8n.',
		],
	},
};
