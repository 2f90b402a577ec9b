import { CONTACT, EVENT } from '../guardedWrite.mts';
import { createMissingFields } from './createFields.mts';
import type { Esp } from './espWorkflow.mts';
import { checkKey, hook, HOOK_KEY_SETTING, HOOK_KEY_STEP } from './hooks.mts';
import { readByHttp, writeByHttp, type Authentication } from './http.mts';

const API = 'https://app.loops.so/api/v1';
const AUTHENTICATION: Authentication = { generic: 'httpBearerAuth' };

/** Loops wants camelCase (loops.so/docs/contacts/properties). */
const NAMES: Readonly<Record<string, string>> = {
	RH_SUBID: 'rhSubId',
	RH_CODE: 'rhCode',
	RH_REFLINK: 'rhRefLink',
	RH_ISREF: 'rhIsRef',
	RH_TOTREF: 'rhTotRef',
	RH_COUPON: 'rhCoupon',
	RH_LASTREWARD: 'rhLastReward',
	RH_GUARD: 'rhGuard',
};
const spelling = (field: string): string => NAMES[field];

const LIST = "$('Settings').first().json.mailingList";

/** Nothing but an address follows from the other events; the one for trying it out is about nobody. */
const CHANGE = `({ eventName, eventTime, contactIdentity, contact, mailingList }) => ({
	contact: contactIdentity.id,
	email: contactIdentity.email,
	state: ({
		'contact.created': contact?.subscribed !== false && (!${LIST} || contact?.mailingLists?.[${LIST}]) ? 'active' : 'pending',
		'email.resubscribed': ${LIST} ? '' : 'active',
		'contact.mailingList.subscribed': ${LIST} && mailingList?.id === ${LIST} ? 'active' : '',
		'contact.mailingList.unsubscribed': ${LIST} && mailingList?.id === ${LIST} ? 'gone' : '',
		'contact.unsubscribed': 'gone',
		'email.spamReported': 'gone',
		'contact.deleted': 'deleted'
	})[eventName] ?? '',
	known: Boolean(contact?.rhSubId),
	firstName: contact?.firstName,
	at: eventTime
})`.replace(/\s+/g, ' ');

/** Loops, for which n8n has no node. */
export const loops: Esp = {
	name: 'Loops',
	spelling,
	settings: { mailingList: '', ...HOOK_KEY_SETTING },
	// loops.so/docs/api-reference/intro: 10 requests a second for a team.
	rateLimit: { requests: 10, per: 1_000, perContact: 2 },
	contacts: {
		// The answer is a list, which n8n would make items of: none at all of an empty one.
		read: readByHttp({
			url: `${API}/contacts/find`,
			authentication: AUTHENTICATION,
			query: { email: `={{ ${EVENT}.email }}` },
		}),
		find: '{ status: $json.statusCode, found: $json.body?.length > 0, fields: Array.isArray($json.body) ? ($json.body[0] ?? {}) : undefined }',
		// Without `subscribed` and `mailingLists`, both stay as they are.
		write: writeByHttp({
			method: 'PUT',
			url: `${API}/contacts/update`,
			authentication: AUTHENTICATION,
			json: `={{ { email: ${CONTACT}.fields.email ?? $json.email, ...$json.fields } }}`,
		}),
	},
	createFields: (canvas, place) =>
		createMissingFields(canvas, place, {
			spelling,
			list: {
				url: `${API}/contacts/properties`,
				authentication: AUTHENTICATION,
				query: { list: 'custom' },
				options: { response: { response: { fullResponse: true } } },
			},
			have: '$json.body.map(({ key }) => key)',
			create: {
				method: 'POST',
				url: `${API}/contacts/properties`,
				authentication: AUTHENTICATION,
				json: "={{ { name: $json.name, type: $json.type === 'number' ? 'number' : 'string' } }}",
			},
		}).first,
	reports: {
		entrances: (canvas, place) => [hook(canvas, place, { respond: 'lastNode' })],
		prepare: checkKey,
		// A mail delivered to a new address must not make an unsubscribe that comes late look old.
		changes: `[$json.body].filter(({ contactIdentity }) => contactIdentity).map(${CHANGE}).map((change) => ({ ...change, when: change.state ? change.at : undefined }))`,
		remembers: true,
	},
	notes: {
		steps: [
			'**Bearer Auth** credential with an API key of Loops. Choose it on every HTTP Request node.',
			`${HOOK_KEY_STEP.replace(', because the ESP signs nothing', '')} In Loops under **Settings → Webhooks**, tick *contact.created*, *contact.unsubscribed*, *contact.deleted*, *email.resubscribed* and *email.spamReported*.`,
			'If your newsletter is one mailing list among several: its id in **Settings → mailingList**, and tick *contact.mailingList.subscribed* and *.unsubscribed*. Blank means everybody.',
		],
		traps: [
			'n8n has no node for Loops, so HTTP Request nodes do it.',
			'Properties have to be in camelCase: `rhCode`, `rhRefLink`, `rhTotRef` and so on.',
			'`subscribed` and mailing lists are never written: who has unsubscribed stays so. Who is added is subscribed, without a mail to confirm, and on no list.',
			'Loops signs its webhooks with a key of bytes, which no credential of n8n can hold. So the address carries a key instead.',
			'Loops sends to one address for each account. If you use it already, pass the events on to this flow.',
		],
		reports: [
			'With double opt-in, *contact.created* comes after the confirmation.',
			'Loops has no event for a new address and no list to ask. With *email.delivered* ticked too, a new address is told with the next mail, at the price of one execution for each mail.',
			'With a mailing list in the settings, people sign up and leave with that list; an unsubscribe from everything counts too.',
			'Nobody is told of who comes back through the API of Loops.',
		],
	},
};
