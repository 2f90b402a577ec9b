import type { Canvas, Place } from '../canvas.mts';
import { EVENT, WRITING } from '../guardedWrite.mts';
import { createMissingFields } from './createFields.mts';
import type { Esp } from './espWorkflow.mts';
import { checkSignature, hook, hookUrl, registerHook } from './hooks.mts';
import { readByHttp } from './http.mts';
import { changeOrAdd, rowsOf } from './writing.mts';

const API = 'https://connect.mailerlite.com/api';
const AUTHENTICATION = { predefined: 'mailerLiteApi' };

/** `subscriber.deleted` is told in batches only. */
const EVENTS = [
	'subscriber.created',
	'subscriber.updated',
	'subscriber.active',
	'subscriber.unsubscribed',
	'subscriber.bounced',
	'subscriber.spam_reported',
	'subscriber.deleted',
];

/** Adds MailerLite's own node. The contact's id is read first, because a create without one would sign people up. */
const native = (canvas: Canvas, name: string, place: Place, parameters: object): string =>
	canvas.node(
		name,
		'mailerLite',
		place,
		{
			resource: 'subscriber',
			...parameters,
			additionalFields: {
				customFieldsUi: { customFieldsValues: rowsOf('lowerCase', 'fieldId', 'value') },
			},
		},
		WRITING,
	);

/** MailerLite's new API (connect.mailerlite.com). */
export const mailerLite: Esp = {
	name: 'MailerLite',
	// MailerLite makes keys of the names of fields, and of capitals odd ones; lower case stays as it is.
	spelling: 'lowerCase',
	// developers.mailerlite.com/docs: 120 requests per minute.
	rateLimit: { requests: 120, per: 60_000, perContact: 2 },
	contacts: {
		read: readByHttp({
			url: `=${API}/subscribers/{{ encodeURIComponent(${EVENT}.email) }}`,
			authentication: AUTHENTICATION,
		}),
		find: '{ status: $json.statusCode, found: $json.statusCode === 200, id: $json.body?.data?.id, fields: $json.statusCode === 404 ? {} : $json.body?.data?.fields }',
		write: changeOrAdd(
			(canvas, name, place) =>
				native(canvas, name, place, {
					operation: 'update',
					subscriberId: "={{ $('Find its fields').first().json.id }}",
				}),
			(canvas, name, place) =>
				native(canvas, name, place, { operation: 'create', email: '={{ $json.email }}' }),
		),
	},
	createFields: (canvas, place) => {
		const { first } = createMissingFields(canvas, place, {
			spelling: 'lowerCase',
			list: { url: `${API}/fields`, authentication: AUTHENTICATION, query: { limit: '100' } },
			have: '$json.data.map(({ key }) => key)',
			create: {
				method: 'POST',
				url: `${API}/fields`,
				authentication: AUTHENTICATION,
				json: '={{ { name: $json.name, type: $json.type } }}',
			},
		});
		return first;
	},
	registerHook: (canvas, place) =>
		registerHook(canvas, place, {
			list: { url: `${API}/webhooks`, authentication: AUTHENTICATION },
			addresses: '$json.data.map(({ url }) => url)',
			register: {
				method: 'POST',
				url: `${API}/webhooks`,
				authentication: AUTHENTICATION,
				json: `={{ { name: 'SparkLoop', url: ${hookUrl(canvas)}, events: ${JSON.stringify(EVENTS)}, batchable: true } }}`,
			},
		}),
	reports: {
		entrances: (canvas, place) => [hook(canvas, place, { respond: 'lastNode', signed: true })],
		prepare: (canvas, place) =>
			checkSignature(canvas, place, {
				message: '$json.text',
				signature: '$json.headers.signature',
				encoding: 'hex',
			}),
		changes: `($json.body.events ?? [$json.body]).map((event) => ({ contact: event.id, email: event.email, state: event.event === 'subscriber.deleted' ? 'deleted' : ({ active: 'active', unconfirmed: 'pending' })[event.status] ?? 'gone', known: Boolean(event.fields?.rh_subid), firstName: event.fields?.name, at: event.updated_at, when: event.updated_at }))`,
		remembers: true,
	},
	notes: {
		steps: [
			'**MailerLite** credential: a token of the new API, with *Classic API* switched off. Choose it on every node that asks for it.',
			'Once the set-up has run, below: copy `secret` from the output of **Register the webhook** into a **Crypto** credential (*HMAC Secret*), and choose that on **Sign it ourselves**.',
		],
		traps: [
			"n8n's MailerLite Trigger hands on only the fields, without address and state, so a webhook takes its place.",
			'Fields are created in lower case: of capitals MailerLite makes odd keys.',
			'MailerLite signs up whom it creates, so who is there already is changed by id, which leaves their state alone.',
			'MailerLite waits three seconds for an answer and sends again three times.',
		],
		reports: [
			'With double opt-in the sign-up is told once the person has confirmed (`status` becomes `active`).',
			'MailerLite does not tell the old address, so the flow remembers the last one of each contact.',
			'Writing fields fires `subscriber.updated`; as neither address nor state has changed, nothing follows.',
		],
	},
};
