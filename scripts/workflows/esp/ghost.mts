import { switchOn, when, type Canvas, type Place } from '../canvas.mts';
import {
	adviceOn,
	CONTACT,
	EVENT,
	FAILING,
	type Reading,
	WRITING,
	type Written,
} from '../guardedWrite.mts';
import type { Esp } from './espWorkflow.mts';
import { fieldsOf } from './fields.mts';
import { checkSignature, hook, hookUrl } from './hooks.mts';
import { ANY_ANSWER, request, type Call } from './http.mts';

/** A request to Ghost's Admin API. @param path what follows `/ghost/api/admin` */
const call = (method: Call['method'], path: string, json?: string): Call => ({
	method,
	url: `={{ $('Settings').first().json.site.replace(/\\/+$/, '') }}/ghost/api/admin${path}`,
	authentication: { predefined: 'ghostAdminApi' },
	// docs.ghost.org/faq/api-versioning: without it, a later Ghost may answer otherwise.
	headers: { 'Accept-Version': 'v6.0' },
	...(json ? { json: `={{ ${json} }}` } : {}),
});

/** What Ghost says of a request that it refused, an expression without its braces. */
const COMPLAINT =
	"([$json.body?.errors?.[0]?.message, $json.body?.errors?.[0]?.context].filter(Boolean).join(' ') || 'Ghost answered with status ' + $json.statusCode).replace(/\\.$/, '')";

/** Of text, because Ghost has no numbers. */
const FIELDS = fieldsOf('lowerCase').map(({ name }) => ({ name, type: 'short_text' }));

/** The event's address as a text in Ghost's filter language; an expression without its braces. */
const ADDRESS = `("'" + ${EVENT}.email.replace(/['\\\\]/g, '\\\\$&') + "'")`;

/** The member of that address; one that is spelt the same comes first. An expression without its braces. */
const MEMBER = `($json.body?.members?.find(({ email }) => email === ${EVENT}.email) ?? $json.body?.members?.find(({ email }) => email.toLowerCase() === ${EVENT}.email.toLowerCase()))`;

/** What members carry that this workflow has added: webhooks tell labels, but no fields. */
const LABEL = 'Added by SparkLoop';

/**
 * Adds nodes that look for the member as the event spells it, for which Ghost has an index, and only for one that is
 * not there in any spelling, for which it has none. On MySQL both find the same; on SQLite, Ghost keeps capitals apart.
 */
function read(canvas: Canvas, [column, row]: Place): Reading {
	request(
		canvas,
		'Look for the address',
		[column, row],
		{
			...call('GET', '/members/'),
			query: { filter: `={{ 'email:' + ${ADDRESS} }}`, limit: '1' },
			options: ANY_ANSWER,
		},
		FAILING,
	);
	request(
		canvas,
		'Read the contact',
		[column + 1, row],
		{
			...call('GET', '/members/'),
			query: {
				filter: `={{ $json.body?.members?.length === 0 ? 'email:~^' + ${ADDRESS} + '+email:~$' + ${ADDRESS} : 'email:' + ${ADDRESS} }}`,
				include: 'metafields',
				limit: '10',
			},
			options: ANY_ANSWER,
		},
		FAILING,
	);
	canvas.chain('Look for the address', 'Read the contact');
	return { first: 'Look for the address', columns: 2 };
}

/** Adds nodes that add the member if there is none, and fill its fields afterwards: Ghost takes none of a new one. */
function write(canvas: Canvas, [column, row]: Place): Written {
	canvas.node(
		'Is there such a contact?',
		'if',
		[column, row],
		when(`={{ ${CONTACT}.found }}`, 'true', undefined, 'boolean'),
	);
	request(
		canvas,
		'Add the contact',
		[column + 1, row + 0.5],
		call(
			'POST',
			'/members/',
			`{ members: [{ email: $json.email, labels: [{ name: '${LABEL}' }] }] }`,
		),
		WRITING,
	);
	request(
		canvas,
		'Write the fields',
		[column + 2, row],
		call(
			'PUT',
			`/members/{{ $json.members?.[0].id ?? ${CONTACT}.id }}/`,
			"{ members: [{ metafields: { custom: Object.fromEntries(Object.entries($('Leave out what is older').first().json.fields).map(([field, value]) => [field, String(value)])) } }] }",
		),
		WRITING,
	);
	canvas.chain('Is there such a contact?', 'Write the fields');
	canvas.connect('Is there such a contact?', 1, 'Add the contact');
	canvas.chain('Add the contact', 'Write the fields');
	return {
		first: 'Is there such a contact?',
		last: ['Write the fields'],
		columns: 3,
	};
}

const ADVICE = adviceOn('$json.statusCode', "''");

/** Adds the node that stops the set-up with what Ghost says to the node that asked. @param advice without braces */
const stop = (
	canvas: Canvas,
	name: string,
	place: Place,
	{ asked, what, advice = ADVICE }: { asked: string; what: string; advice?: string },
): string =>
	canvas.node(name, 'stopAndError', place, {
		errorMessage: `=${what} {{ (${COMPLAINT} + " (node '${asked}'). " + ${advice}).trim() }}`,
	});

/** Adds nodes that create the missing fields in one request. A key that may not see the fields leaves them to the user. */
function createFields(canvas: Canvas, [column, row]: Place): string {
	request(canvas, 'List the fields', [column, row], {
		...call('GET', '/members/metafields/custom/'),
		options: ANY_ANSWER,
	});
	canvas.node(
		'May the key see them?',
		'switch',
		[column + 1, row],
		switchOn('={{ String($json.statusCode) }}', { Yes: '200', No: '403' }, 'Something is wrong'),
	);
	canvas.node('Which fields are missing?', 'set', [column + 2, row - 0.3], {
		mode: 'raw',
		jsonOutput: `={{ { missing: ${JSON.stringify(FIELDS)}.filter(({ name }) => !$json.body.members_metafields.some(({ key }) => key === name)) } }}`,
		options: {},
	});
	canvas.node(
		'Are any missing?',
		'if',
		[column + 3, row - 0.3],
		when('={{ $json.missing.length }}', 'gt', '0', 'number'),
	);
	request(canvas, 'Create the fields', [column + 4, row - 0.3], {
		...call('POST', '/members/metafields/custom/', '{ members_metafields: $json.missing }'),
		options: ANY_ANSWER,
	});
	canvas.node(
		'Are they created?',
		'if',
		[column + 5, row - 0.3],
		when('={{ $json.statusCode }}', 'equals', '201', 'number'),
	);
	canvas.node('Create the fields by hand', 'noOp', [column + 2, row + 0.4], {});
	stop(canvas, 'Stop: not listed', [column + 3, row + 0.6], {
		asked: 'List the fields',
		what: 'The fields could not be listed.',
	});
	stop(canvas, 'Stop: not created', [column + 5, row + 0.5], {
		asked: 'Create the fields',
		what: 'The fields were not created.',
		advice: `($json.statusCode === 404 ? 'Custom fields of members are not switched on in this Ghost: see the notes.' : ${ADVICE})`,
	});
	canvas.chain(
		'List the fields',
		'May the key see them?',
		'Which fields are missing?',
		'Are any missing?',
		'Create the fields',
		'Are they created?',
	);
	canvas.connect('May the key see them?', 1, 'Create the fields by hand');
	canvas.connect('May the key see them?', 2, 'Stop: not listed');
	canvas.connect('Are they created?', 1, 'Stop: not created');
	return 'List the fields';
}

/**
 * Adds the node that makes the secret Ghost signs with out of the one in the credential, which no node gives away: so it
 * can be told to Ghost, and nobody has to copy it.
 */
const makeSecret = (canvas: Canvas, name: string, place: Place): string =>
	canvas.node(name, 'crypto', place, {
		action: 'hmac',
		type: 'SHA256',
		value: "Ghost's webhooks",
		dataPropertyName: 'secret',
		encoding: 'hex',
	});

/** Adds nodes that register one webhook for each event. Ghost lists none for an integration, but refuses the same twice. */
function registerHooks(canvas: Canvas, [column, row]: Place): string {
	makeSecret(canvas, 'Make the secret', [column, row]);
	canvas.node('Which webhooks?', 'set', [column + 1, row], {
		mode: 'raw',
		jsonOutput: `={{ { event: ['member.added', 'member.edited', 'member.deleted'] } }}`,
		options: {},
	});
	canvas.node('One item per webhook', 'splitOut', [column + 2, row], {
		fieldToSplitOut: 'event',
		options: {},
	});
	request(canvas, 'Register the webhook', [column + 3, row], {
		...call(
			'POST',
			'/webhooks/',
			`{ webhooks: [{ name: 'SparkLoop', event: $json.event, target_url: ${hookUrl(canvas)}, secret: $('Make the secret').first().json.secret }] }`,
		),
		options: ANY_ANSWER,
	});
	canvas.node(
		'Is it registered?',
		'if',
		[column + 4, row],
		when(
			`={{ $json.statusCode === 201 || /already been used/.test(${COMPLAINT}) }}`,
			'true',
			undefined,
			'boolean',
		),
	);
	stop(canvas, 'Stop: not registered', [column + 5, row + 0.5], {
		asked: 'Register the webhook',
		what: 'The webhooks were not registered.',
	});
	canvas.chain(
		'Make the secret',
		'Which webhooks?',
		'One item per webhook',
		'Register the webhook',
		'Is it registered?',
	);
	canvas.connect('Is it registered?', 1, 'Stop: not registered');
	return 'Make the secret';
}

const COUNT = "(list) => (list ?? []).filter(({ status }) => status !== 'archived').length";

/** Ghost, with its custom fields of members (a private beta in version 6.65). */
export const ghost: Esp = {
	name: 'Ghost',
	// Ghost makes keys of the names of fields, in lower case.
	spelling: 'lowerCase',
	settings: { site: 'https://your-site.ghost.io' },
	contacts: {
		read,
		find: `{ status: $json.statusCode, found: Boolean(${MEMBER}), id: ${MEMBER}?.id, fields: ${MEMBER} ? (${MEMBER}.metafields?.custom ?? {}) : $json.body?.members && {}, ...($json.statusCode !== 200 ? { problem: ${COMPLAINT}, answeredBy: 'Read the contact' } : ${MEMBER} && !${MEMBER}.metafields ? { problem: 'this Ghost has no custom fields of members: see the notes' } : {}) }`,
		// `context` says which field it is.
		complaint: `/"context":"(.*?)"/.exec(String($json.error?.cause?.message).replaceAll('\\\\', ''))?.[1]`,
		write,
	},
	createFields,
	registerHook: registerHooks,
	reports: {
		// Ghost waits two seconds, and does not send again.
		entrances: (canvas, place) => [hook(canvas, place, { respond: 'onReceived', signed: true })],
		prepare: (canvas, [column, row]) => {
			const first = makeSecret(canvas, 'Make the secret again', [column, row]);
			const check = checkSignature(canvas, [column + 1, row], {
				message: "$json.text + /t=(\\d+)$/.exec($json.headers['x-ghost-signature'])?.[1]",
				signature: "/sha256=(\\w+)/.exec($json.headers['x-ghost-signature'])?.[1]",
				encoding: 'hex',
				secret: '$json.secret',
				otherwise:
					"the credential of 'Make the secret again' is not the one that the webhooks were registered with: delete them in Ghost, and run 'Set up (run once)'",
			});
			canvas.chain(first, check.first);
			return { first, last: check.last, columns: check.columns + 1 };
		},
		// What has not changed is not in `previous`, not even when fields were written.
		changes: `[$json.body].map(({ event, member: { current, previous } }) => { const count = ${COUNT}; const had = count(previous.newsletters); const has = count(current.newsletters); if (event === 'member.deleted') return { contact: previous.id, email: previous.email, state: had > 0 ? 'deleted' : '' }; const isNew = event === 'member.added'; const state = isNew || previous.newsletters ? (has > 0 && had === 0 ? 'active' : has === 0 && had > 0 ? 'gone' : '') : ''; return { contact: current.id, email: current.email, previousEmail: previous.email, state, known: isNew && current.labels.some(({ name }) => name === '${LABEL}'), name: current.name, at: isNew || previous.email ? current.updated_at : undefined }; })`,
		remembers: false,
	},
	notes: {
		steps: [
			'Custom fields of members are a private beta of Ghost 6. On a server of your own, switch them on with `"labs": {"membersCustomFields": true}` in Ghost\'s configuration; on Ghost(Pro), ask Ghost.',
			"**Settings → site**: your Ghost's address. **Ghost Admin API** credential: the same address, and the key of a custom integration. Choose it on every node that asks for one.",
			'Except **List the fields** and **Create the fields**: integrations may create none, so choose one there with the *Staff access token* of an owner or administrator. With the other one, they are left to you: `rh_subid`, `rh_code`, `rh_reflink`, `rh_isref`, `rh_totref`, `rh_coupon`, `rh_lastreward` and `rh_guard`, all *short text*.',
			'**Crypto** credential: any long random word as *HMAC Secret*, for the two nodes that make a secret of it.',
		],
		traps: [
			"n8n's Ghost node knows posts only, so HTTP Request nodes with its credential take its place.",
			`Ghost takes no fields of a new member, so one is added first and filled then. It gets the label *${LABEL}*, by which its webhook is known as no sign-up.`,
			'Writing fields leaves the newsletters of a member as they are, and Ghost sends no mail for it.',
			"Ghost's newsletters cannot show custom fields.",
			'Ghost sends no webhooks to private addresses, such as those of the same machine or Docker network, unless `"security": {"allowWebhookInternalIPs": true}` stands in its configuration.',
		],
		reports: [
			'The set-up registers three webhooks, signed with a secret that it makes of the credential.',
			'A sign-up is told once the link in the mail was followed, an unsubscribe when the last newsletter is gone, a new address with the old one.',
			'Writing fields fires `member.edited` with nothing in `previous`, and nothing follows.',
			'Ghost waits two seconds and never sends again: what happens while n8n is down is not told.',
			'Imports, and members whom you unsubscribe or delete in bulk, fire no webhook; nor does a bounce or a spam complaint tell what it is.',
		],
	},
};
