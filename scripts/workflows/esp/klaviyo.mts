import { CONTACT, EVENT, WRITING } from '../guardedWrite.mts';
import type { Esp } from './espWorkflow.mts';
import { ANY_ANSWER, readByHttp, request, type Authentication } from './http.mts';
import { ASK, ASKED_FOR, askPageByPage, everyFewMinutes, keepPage } from './polling.mts';
import { changeOrAdd } from './writing.mts';

const API = 'https://a.klaviyo.com/api';
const AUTHENTICATION: Authentication = { generic: 'httpHeaderAuth' };
/** Klaviyo's API as it was on that day, which every request has to say (developers.klaviyo.com, API versioning). */
const HEADERS = { revision: '2026-07-15', Accept: 'application/vnd.api+json' };
/** n8n takes Klaviyo's type of content, `application/vnd.api+json`, for text. */
const JSON_ANSWER = { response: { response: { responseFormat: 'json' } } };

/** For how long Klaviyo's answers may be behind, as far as we care to look back. Milliseconds. */
const LATE = 300_000;
/** Of Klaviyo's hundred profiles each, so that one execution stays well below its time-out. */
const PAGES = 10;

const QUERY = [
	'sort=updated',
	'page%5Bsize%5D=100',
	'additional-fields%5Bprofile%5D=subscriptions',
	'fields%5Bprofile%5D=email,first_name,properties,updated,subscriptions',
].join('&');

const profile = (attributes: string): string =>
	`{ type: 'profile', attributes: { ${attributes} } }`;

/** Consent and suppressions → the state of a contact. Who never gave consent, or has not confirmed it yet, is no subscriber. */
const CHANGE = `({ id, attributes: { email, first_name, properties, subscriptions } }) => {
	const { consent, consent_timestamp, suppression } = subscriptions?.email?.marketing ?? {};
	const gone = consent === 'UNSUBSCRIBED' || suppression?.length > 0;
	const before = Date.parse(consent_timestamp) < Date.parse(${ASKED_FOR}.since) - 3600000;
	return {
		contact: id,
		email,
		state: gone ? 'gone' : consent === 'SUBSCRIBED' ? 'active' : 'pending',
		known: Boolean(properties?.RH_SUBID) || before,
		firstName: first_name,
		at: consent_timestamp
	};
}`.replace(/\s+/g, ' ');

/** Klaviyo, for which n8n has no node. Its webhooks are for partners and one costly plan only, so it is polled. */
export const klaviyo: Esp = {
	name: 'Klaviyo',
	spelling: 'upperCase',
	// developers.klaviyo.com, Get Profiles and Update Profile: 750 requests a minute (and 75 a second).
	rateLimit: { requests: 750, per: 60_000, perContact: 2 },
	contacts: {
		read: readByHttp({
			url: `${API}/profiles`,
			authentication: AUTHENTICATION,
			query: {
				filter: `=equals(email,{{ JSON.stringify(${EVENT}.email) }})`,
				'fields[profile]': 'email,properties',
			},
			headers: HEADERS,
			options: {
				response: { response: { ...ANY_ANSWER.response.response, responseFormat: 'json' } },
			},
		}),
		find: '{ status: $json.statusCode, found: $json.body?.data?.length > 0, id: $json.body?.data?.[0]?.id, fields: $json.body?.data?.length === 0 ? {} : $json.body?.data?.[0]?.attributes?.properties }',
		write: changeOrAdd(
			(canvas, name, place) =>
				request(
					canvas,
					name,
					place,
					{
						method: 'PATCH',
						url: `=${API}/profiles/{{ ${CONTACT}.id }}`,
						authentication: AUTHENTICATION,
						headers: HEADERS,
						json: `={{ { data: { id: ${CONTACT}.id, ...${profile('properties: $json.fields')} } } }}`,
						options: JSON_ANSWER,
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
						url: `${API}/profile-import`,
						authentication: AUTHENTICATION,
						headers: HEADERS,
						json: `={{ { data: ${profile('email: $json.email, properties: $json.fields')} } }}`,
						options: JSON_ANSWER,
					},
					WRITING,
				),
		),
	},
	reports: {
		entrances: (canvas, place) => [everyFewMinutes(canvas, place)],
		prepare: (canvas, place) =>
			askPageByPage(canvas, place, LATE, (_, name, at) =>
				request(canvas, name, at, {
					method: 'GET',
					url: `={{ $json.next ?? '${API}/profiles?filter=' + encodeURIComponent('greater-than(updated,' + $json.from + ')') + '&${QUERY}' }}`,
					authentication: AUTHENTICATION,
					headers: HEADERS,
					options: {
						...JSON_ANSWER,
						pagination: {
							pagination: {
								paginationMode: 'responseContainsNextURL',
								nextURL: '={{ $response.body.links.next }}',
								paginationCompleteWhen: 'other',
								completeExpression: `={{ !$response.body.links?.next || $pageCount >= ${PAGES} }}`,
							},
						},
					},
				}),
			),
		changes: `$json.data.filter(({ attributes }) => attributes.email).map(${CHANGE})`,
		remembers: true,
		polls: true,
		afterwards: (canvas, place) => keepPage(canvas, place, `$('${ASK}').last().json.links.next`),
	},
	notes: {
		steps: [
			'**Header Auth** credential: name `Authorization`, value `Klaviyo-API-Key` and a blank, then a private key that may read and write profiles. Choose it on every HTTP Request node.',
		],
		traps: [
			'n8n has no node for Klaviyo, so HTTP Request nodes do it.',
			'Properties come into being when they are first written; there is nothing to create. In mails: `{{ person.RH_CODE }}`.',
			'Consent is left alone. Who is added is a profile that has not given consent in Klaviyo, because asking Klaviyo to subscribe them could send them mail and lift an earlier unsubscribe.',
			'Profiles that are added count towards your plan. With `no` in **Settings → addMissing** none are.',
		],
		reports: [
			'Klaviyo is asked every two minutes whose profile changed, a thousand at a time; its webhooks are for partners and Advanced KDP only.',
			'A sign-up is told once consent is `SUBSCRIBED`, with double opt-in after the confirmation. Who gave it before this flow asked for the first time is remembered, and not told.',
			'Gone is who unsubscribed or is suppressed (bounce, complaint, by hand). Leaving a single list is not told.',
			'The old address is the one that the flow remembers, from the first time that it saw the profile change.',
			'Nobody is told of profiles that were deleted or merged.',
		],
	},
};
