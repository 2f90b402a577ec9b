import type { Canvas, Place } from '../canvas.mts';
import { EVENT, WRITING } from '../guardedWrite.mts';
import { createMissingFields } from './createFields.mts';
import type { Esp } from './espWorkflow.mts';
import { fieldsOf } from './fields.mts';
import { checkSignature, hook } from './hooks.mts';
import { readByHttp, request } from './http.mts';
import { rowsOf, writtenBy } from './writing.mts';

const API = 'https://api.hubapi.com/crm/v3';
const AUTHENTICATION = { predefined: 'hubspotAppToken' };

const SETTINGS = "$('Settings').first().json";
const REPORTED = "$('Does the ESP say so?').first().json.body";

/** Unsubscribed from everything, or never sent to again after a hard bounce. */
const LEFT =
	"(read.properties.hs_email_optout === 'true' || read.properties.hs_email_hard_bounce_reason_enum)";
const signedUpWith = (value: string): string =>
	`String(${SETTINGS}.signUpValues).split(',').map((one) => one.trim()).includes(${value})`;
const STATE = `!read ? (events.some(({ subscriptionType }) => /deletion$/i.test(subscriptionType)) ? 'deleted' : 'pending')
	: ${LEFT} ? 'gone'
	: !${SETTINGS}.signUpProperty || ${signedUpWith(`read.properties[${SETTINGS}.signUpProperty]`)} ? 'active'
	: (read.propertiesWithHistory[${SETTINGS}.signUpProperty] ?? []).some(({ value }) => ${signedUpWith('value')}) ? 'gone' : 'pending'`;
/** A reported new address says nothing of the one before, which is the second in the property's history. */
const PREVIOUS =
	"events.some(({ propertyName }) => propertyName === 'email') ? read?.propertiesWithHistory.email?.[1]?.value : undefined";
const CHANGES = `$('One item per request').item.json.ids.map((id) => ((events, read) => ({ contact: String(id), email: read?.properties.email, previousEmail: ${PREVIOUS}, state: ${STATE}, known: Boolean(read?.properties.rh_subid), firstName: read?.properties.firstname, at: new Date(Math.max(...events.map(({ occurredAt }) => occurredAt))).toISOString() }))(${REPORTED}.filter(({ objectId }) => objectId === id), $json.results.find((one) => one.id === String(id))))`;

/** Adds nodes that read the contacts that HubSpot's events are about, because those carry no address and no state. */
function readThem(canvas: Canvas, [column, row]: Place) {
	const { first, last, columns } = checkSignature(canvas, [column, row], {
		message:
			"'POST' + $json.webhookUrl + $json.text + $json.headers['x-hubspot-request-timestamp']",
		signature: "$json.headers['x-hubspot-signature-v3']",
		encoding: 'base64',
	});
	canvas.node('Whom is it about?', 'set', [column + columns, row], {
		mode: 'raw',
		// HubSpot gives the history of a property of fifty contacts at once.
		jsonOutput:
			'={{ { requests: $json.body.map(({ objectId }) => objectId).unique().chunk(50).map((ids) => ({ ids })) } }}',
		options: {},
	});
	canvas.node('One item per request', 'splitOut', [column + columns + 1, row], {
		fieldToSplitOut: 'requests',
		options: {},
	});
	request(canvas, 'Read the contacts', [column + columns + 2, row], {
		method: 'POST',
		url: `${API}/objects/contacts/batch/read`,
		authentication: AUTHENTICATION,
		json: `={{ { inputs: $json.ids.map((id) => ({ id: String(id) })), properties: ['email', 'firstname', 'hs_email_optout', 'hs_email_hard_bounce_reason_enum', 'rh_subid', ${SETTINGS}.signUpProperty].filter(Boolean), propertiesWithHistory: ['email', ${SETTINGS}.signUpProperty].filter(Boolean) } }}`,
	});
	canvas.chain(last, 'Whom is it about?', 'One item per request', 'Read the contacts');
	return { first, last: 'Read the contacts', columns: columns + 3 };
}

/** HubSpot's contacts, with the token and the webhooks of a private app. */
export const hubSpot: Esp = {
	name: 'HubSpot',
	// HubSpot's names of properties are in lower case.
	spelling: 'lowerCase',
	settings: { signUpProperty: '', signUpValues: 'true' },
	// developers.hubspot.com, usage guidelines: 100 requests per 10 seconds of a private app (Free and Starter).
	rateLimit: { requests: 100, per: 10_000, perContact: 2 },
	contacts: {
		// n8n's node reads by id only, and its search lags behind what was written.
		read: readByHttp({
			url: `=${API}/objects/contacts/{{ encodeURIComponent(${EVENT}.email) }}`,
			authentication: AUTHENTICATION,
			query: {
				idProperty: 'email',
				properties: fieldsOf('lowerCase')
					.map(({ name }) => name)
					.join(','),
			},
		}),
		find: '{ status: $json.statusCode, found: $json.statusCode === 200, fields: $json.statusCode === 404 ? {} : $json.body?.properties }',
		write: (canvas, place) =>
			writtenBy(
				canvas.node(
					'Write the fields',
					'hubspot',
					place,
					{
						authentication: 'appToken',
						resource: 'contact',
						operation: 'upsert',
						// The node puts it into the address as it is.
						email: '={{ encodeURIComponent($json.email) }}',
						additionalFields: {
							customPropertiesUi: {
								customPropertiesValues: rowsOf(
									'lowerCase',
									'property',
									'value',
									undefined,
									// HubSpot's values are texts, those of numbers too.
									(given) => `String(${given})`,
								),
							},
						},
						// Without it the node reads the contact once more.
						options: { resolveData: true },
					},
					WRITING,
				),
			),
	},
	createFields: (canvas, place) =>
		createMissingFields(canvas, place, {
			spelling: 'lowerCase',
			list: { url: `${API}/properties/contacts`, authentication: AUTHENTICATION },
			have: '$json.results.map(({ name }) => name)',
			create: {
				method: 'POST',
				url: `${API}/properties/contacts`,
				authentication: AUTHENTICATION,
				json: "={{ { name: $json.name, label: $json.name.toUpperCase(), groupName: 'contactinformation', type: $json.type === 'number' ? 'number' : 'string', fieldType: $json.type, formField: false } }}",
			},
		}).first,
	reports: {
		entrances: (canvas, place) => [hook(canvas, place, { respond: 'lastNode', signed: true })],
		prepare: readThem,
		changes: CHANGES,
		remembers: true,
	},
	notes: {
		steps: [
			'In HubSpot, create a private app with the scopes `crm.objects.contacts` and `crm.schemas.contacts`, read and write. Put its token into a **HubSpot Service Key** credential and choose that on every node that asks for it. Put its client secret into a **Crypto** credential (*HMAC Secret*), and choose that on **Sign it ourselves**.',
			'Under **Webhooks** of the private app, give the **Production URL** of **When the ESP reports a change** and subscribe to contacts: created, deleted, privacy deleted, and changes of the properties `email`, `hs_email_optout` and `hs_email_hard_bounce_reason_enum`.',
			'When not every contact is a subscriber, or with double opt-in: **Settings → signUpProperty** is the property that tells, **signUpValues** its values that mean yes, with commas between. Subscribe to changes of that property too.',
		],
		traps: [
			"n8n's HubSpot Trigger takes over the only webhook of a developer app and drops what it cannot verify, so a webhook of a private app takes its place.",
			'A property that is missing makes HubSpot refuse the whole write: run the set-up first. One that was archived has to be restored by hand.',
			'Whether somebody is unsubscribed is kept apart from the properties, so writing those never signs anybody up again.',
			'n8n writes through an older API of HubSpot (contacts v1), which is still supported.',
			'Who is added may count as a marketing contact, depending on the settings of your account.',
		],
		reports: [
			'A contact counts as signed up unless it has opted out of everything or bounced; with **signUpProperty**, once that has one of the values.',
			'HubSpot reports ids only, so the contacts are read, with the address before from the history of `email`.',
			'Opting out of a single subscription type is not told.',
			'Who is created with `rh_subid` was added by this flow, and is not told.',
			'Of a deleted contact the address is known only if the flow had heard of it before.',
		],
	},
};
