import { when, type Canvas, type Place } from '../canvas.mts';
import { columnsOf, matching, table, tableOf } from '../dataTable.mts';
import { CONTACT, EVENT, FAILING, WRITING, type Reading, type Written } from '../guardedWrite.mts';
import { rememberAddress } from './changes.mts';
import type { Esp } from './espWorkflow.mts';
import { checkKey, hook, HOOK_KEY_SETTING, HOOK_KEY_STEP } from './hooks.mts';
import { request, type Call } from './http.mts';

const SETTINGS = "$('Settings').first().json";
const WRITTEN = table(`={{ ${SETTINGS}.written }}`);
const OF_THE_PERSON = matching(['contact', 'eq', `={{ ${EVENT}.email.toLowerCase() }}`]);

/** A form; without the header n8n would send the key of a Custom Auth credential as JSON, which Sendy does not read. */
const call = (path: string, more: Pick<Call, 'form' | 'formText' | 'options'>): Call => ({
	method: 'POST',
	url: `={{ ${SETTINGS}.url.replace(/\\/+$/, '') }}${path}`,
	authentication: { generic: 'httpCustomAuth' },
	headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
	...more,
});

/** Sendy says everything with status 200 and a line of text. */
const text = { responseFormat: 'text' };
const SAID = "String($json.data ?? '').trim()";
/** An expression without its braces; more than a line is a page of another program's. */
const saying = (said: string): string => `'Sendy says "' + ${said}.slice(0, 100) + '"'`;

const STRANGER = 'Email does not exist in list';
/** Those whom a write would sign up again (`/subscribe` sets everybody to subscribed). */
const LEFT_ALONE = ['Unsubscribed', 'Unconfirmed', 'Bounced', 'Soft bounced', 'Complained'];

/** Adds nodes that ask for the state of a contact, which is all that Sendy tells, and for what was written last. */
function read(canvas: Canvas, [column, row]: Place): Reading {
	canvas.node(
		'What was written last?',
		'dataTable',
		[column, row],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: WRITTEN,
			...OF_THE_PERSON,
			returnAll: false,
			limit: 1,
		},
		// With an error output as well, n8n would go on as if nothing had been written yet.
		{ alwaysOutputData: true },
	);
	request(
		canvas,
		'Read the contact',
		[column + 1, row],
		call('/api/subscribers/subscription-status.php', {
			form: { email: `={{ ${EVENT}.email }}`, list_id: `={{ ${SETTINGS}.list }}` },
			options: { response: { response: { ...text, neverError: true, fullResponse: true } } },
		}),
		FAILING,
	);
	canvas.chain('What was written last?', 'Read the contact');
	return {
		first: 'What was written last?',
		columns: 2,
	};
}

/** Adds nodes that write who is subscribed, add who is not there, and leave everybody else alone. */
function write(canvas: Canvas, [column, row]: Place): Written {
	canvas.node(
		'May they be written?',
		'if',
		[column, row],
		when(
			`={{ !${JSON.stringify(LEFT_ALONE)}.includes(${CONTACT}.state) }}`,
			'true',
			undefined,
			'boolean',
		),
	);
	canvas.node('Leave them alone', 'noOp', [column + 1, row + 1], {});
	canvas.node(
		'Is there such a contact?',
		'if',
		[column + 1, row],
		when(`={{ ${CONTACT}.found }}`, 'true', undefined, 'boolean'),
	);
	rememberAddress(
		canvas,
		'Expect their sign-up',
		[column + 2, row + 0.5],
		{
			contact: `${EVENT}.email.toLowerCase()`,
			email: `${EVENT}.email.toLowerCase()`,
			state: "'active'",
		},
		FAILING,
	);
	const fields =
		"Object.entries($('Leave out what is older').first().json.fields).filter(([name]) => name !== 'RH_GUARD')";
	request(
		canvas,
		'Write the fields',
		[column + 3, row],
		call('/subscribe', {
			formText: `={{ [['email', ${EVENT}.email], ['list', ${SETTINGS}.list], ['boolean', 'true'], ...(${CONTACT}.found ? [] : [['silent', 'true']]), ...${fields}].map((pair) => pair.map((one) => encodeURIComponent(one ?? '')).join('=')).join('&') }}`,
			options: { response: { response: text } },
		}),
		WRITING,
	);
	canvas.node('What does Sendy say?', 'set', [column + 4, row], {
		mode: 'raw',
		jsonOutput: `={{ ((said) => ['1', 'Already subscribed.'].includes(said) ? {} : { problem: ${saying('said')}, answeredBy: $prevNode.name })(${SAID}) }}`,
		options: {},
	});
	canvas.node(
		'Has it taken them?',
		'if',
		[column + 5, row],
		when('={{ !$json.problem }}', 'true', undefined, 'boolean'),
	);
	const written = (field: string, known: string): string =>
		`={{ String($('Leave out what is older').first().json.fields.${field} ?? ${known} ?? '') }}`;
	canvas.node(
		'Keep what was written',
		'dataTable',
		[column + 6, row],
		{
			resource: 'row',
			operation: 'upsert',
			dataTableId: WRITTEN,
			...OF_THE_PERSON,
			columns: columnsOf({
				contact: `={{ ${EVENT}.email.toLowerCase() }}`,
				referrals: written('RH_TOTREF', `${CONTACT}.fields.RH_TOTREF`),
				guard: written('RH_GUARD', `${CONTACT}.fields.RH_GUARD`),
			}),
			options: {},
		},
		WRITING,
	);
	canvas.chain(
		'May they be written?',
		'Is there such a contact?',
		'Write the fields',
		'What does Sendy say?',
		'Has it taken them?',
		'Keep what was written',
	);
	canvas.connect('May they be written?', 1, 'Leave them alone');
	canvas.connect('Is there such a contact?', 1, 'Expect their sign-up');
	canvas.chain('Expect their sign-up', 'Write the fields');
	return {
		first: 'May they be written?',
		last: ['Keep what was written', 'Leave them alone'],
		checks: ['Has it taken them?'],
		columns: 7,
	};
}

/**
 * Sendy 6, as sendy.co/api and its menu *Rules* have it. n8n's Sendy node knows no custom fields, takes *Already
 * subscribed.* for a failure, and puts out one item whatever comes in (Sendy.node.js); its credential works in no other
 * node.
 */
export const sendy: Esp = {
	name: 'Sendy',
	spelling: 'upperCase',
	settings: {
		url: 'https://sendy.example.com',
		list: '',
		written: 'SparkLoop data written to Sendy',
		...HOOK_KEY_SETTING,
	},
	contacts: {
		read,
		find: `((said, last) => ({ status: $json.statusCode !== 200 ? $json.statusCode : said === '${STRANGER}' ? 404 : 200, found: said !== '${STRANGER}', state: said, ...($json.statusCode !== 200 || ${JSON.stringify(['Subscribed', STRANGER, ...LEFT_ALONE])}.includes(said) ? {} : { problem: ${saying('said')}, answeredBy: 'Read the contact' }), fields: said === '${STRANGER}' ? {} : { RH_TOTREF: last.referrals, RH_GUARD: last.guard } }))(${SAID}, $('What was written last?').first().json)`,
		write,
	},
	createFields: (canvas, place) =>
		canvas.node(
			'Create the table of what was written',
			'dataTable',
			place,
			tableOf(`={{ ${SETTINGS}.written }}`, {
				contact: 'string',
				referrals: 'string',
				guard: 'string',
			}),
		),
	reports: {
		// Sendy asks while the visitor waits, and never again.
		entrances: (canvas, place) => [hook(canvas, place, { respond: 'onReceived' })],
		prepare: checkKey,
		changes: `[$json.body].filter(({ trigger }) => ['subscribe', 'unsubscribe'].includes(trigger)).map(({ trigger, email, name }) => ({ contact: email.toLowerCase(), email: email.toLowerCase(), state: trigger === 'subscribe' ? 'active' : 'gone', name }))`,
		remembers: true,
	},
	notes: {
		steps: [
			'**Custom Auth** credential with the JSON `{"body": {"api_key": "…"}}`, your API key in it. Choose it on every node that asks for it.',
			'**Settings → url**: the address of your Sendy. **list**: the ID of your list (*View all lists*).',
			'In Sendy, add custom fields of the type Text to the list: `RH_SUBID`, `RH_CODE`, `RH_REFLINK`, `RH_ISREF`, `RH_TOTREF`, `RH_COUPON`, `RH_LASTREWARD`. Sendy lets no program create them, and passes over in silence what is missing.',
			`${HOOK_KEY_STEP} In Sendy, under **Rules**, add two for the list, *Subscribe* and *Unsubscribe*, each with that address as its webhook.`,
		],
		traps: [
			'Sendy tells nobody what its fields hold. So the flow keeps the last count and win of each address in a Data Table (**Settings → written**), and compares with those. Changes made in Sendy itself it does not see.',
			'Writing signs people up again, so only who is `Subscribed` is written. Who unsubscribes in the second between asking and writing comes back.',
			'Who unsubscribed, bounced, complained or has not confirmed gets nothing: their data are written with the next event after they are back.',
			'Every write empties country, IP, referrer and notes of the contact and takes the GDPR mark away, and a program cannot read them to put them back. If you need those, do not use this flow.',
			'Who is added is subscribed at once (`silent`), without a mail to confirm. An address that bounced anywhere in Sendy cannot be added: SparkLoop hears 500, and tries for a month.',
		],
		reports: [
			'Two Rules tell who signed up (with double opt-in once it is confirmed) and who unsubscribed by link. Sendy tells each once: if n8n is down, it is lost.',
			'Sendy reports who is added by the flow as a sign-up too. The flow expects it, and nothing follows.',
			'Not told: new addresses, bounces, complaints, deletions, imports, and on a list with single opt-in who comes back after leaving.',
		],
	},
};
