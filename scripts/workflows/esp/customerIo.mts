import { when, type Canvas, type Place } from '../canvas.mts';
import { CONTACT, EVENT, WRITING } from '../guardedWrite.mts';
import type { Esp } from './espWorkflow.mts';
import { readByHttp, request } from './http.mts';
import { everyFewMinutes, keepProgress, PROGRESS_AT, readProgress } from './polling.mts';
import { changeOrAdd } from './writing.mts';

const API = "{{ $('Settings').first().json.api }}";
const AUTHENTICATION = { predefined: 'customerIoApi' };

const REPORT = 'When Customer.io reports a change';

/** What is asked for again and again: who is new, has a new address, or was deleted. */
const ASKED = ['type=profile_create', 'type=attribute_change&name=email', 'type=profile_delete'];

/** Unix seconds. What is asked for begins five minutes before, because an activity may show late. */
const SINCE = `(Date.parse(${PROGRESS_AT}) / 1000 - 300)`;

/** Pages of a hundred that are fetched to one question at most. */
const PAGES = 40;

/** Whether a page is the last one that is needed: the latest come first, and nothing can be asked for by its time. */
const isLast = (page: string): string =>
	`(!${page}.next || ${page}.activities.length === 0 || ${page}.activities.some(({ timestamp }) => timestamp < ${SINCE}))`;

/** Adds Customer.io's own node. `id` stands in the address of the request as it is. */
const native = (canvas: Canvas, name: string, place: Place, id: string, attributes: string) =>
	canvas.node(
		name,
		'customerIo',
		place,
		{
			resource: 'customer',
			operation: 'upsert',
			id: `={{ ${id} }}`,
			// Its list of attributes makes one attribute of them all, called `data`.
			jsonParameters: true,
			additionalFieldsJson: `={{ JSON.stringify(${attributes}) }}`,
		},
		WRITING,
	);

const idOf = (identifiers: string, otherwise: string): string =>
	`String(${identifiers}?.cio_id ?? ${otherwise})`;

/** What the trigger put out → the change that it is. */
const REPORTED = `[{ contact: ${idOf('$json.data.identifiers', '$json.data.customer_id')}, email: $json.data.identifiers?.email ?? $json.data.email_address ?? $json.data.recipient, state: $json.metric === 'subscribed' ? 'active' : 'gone', at: $json.timestamp }]`;

/** Of a contact that is gone only what was not asked for before is told by its address; the flow remembers the others. */
const DELETED_ADDRESS = `activities.find(({ type, timestamp }) => type === 'profile_delete' && timestamp > Date.parse(${PROGRESS_AT}) / 1000)?.customer_identifiers?.email`;
/** A profile signs up with its first address, be it made with that or without any. */
const SIGNED_UP = `activities.some(({ type, data }) => type === 'profile_create' || (type === 'attribute_change' && data?.email && !data.email.from))`;
const POLLED = `$('One item per request').item.json.ids.map((id) => ((activities, person) => ({ contact: id, email: person ? person.attributes.email : ${DELETED_ADDRESS}, previousEmail: ${SIGNED_UP} ? undefined : activities.find(({ data }) => data?.email?.from)?.data.email.from, state: !person ? (activities.some(({ type }) => type === 'profile_delete') ? 'deleted' : 'pending') : person.unsubscribed ? 'pending' : ${SIGNED_UP} ? 'active' : '', known: Boolean(person?.attributes.RH_SUBID), firstName: person?.attributes.first_name, at: activities.at(-1).timestamp }))($('Whom is it about?').first().json.activities.filter((one) => one.contact === id), $json.customers.map((one) => one.customer ?? one).find(({ attributes }) => attributes.cio_id === id)))`;

/** Adds nodes that ask what happened, and how those people are now, unless Customer.io has said so itself. */
function ask(canvas: Canvas, [column, row]: Place) {
	canvas.node(
		'Has Customer.io said so?',
		'if',
		[column, row],
		when(`={{ $('${REPORT}').isExecuted }}`, 'true', undefined, 'boolean'),
	);
	readProgress(canvas, [column, row + 0.9]);
	canvas.node('What to ask', 'set', [column + 1, row + 0.9], {
		mode: 'raw',
		jsonOutput: `={{ { asked: ${JSON.stringify(ASKED)} } }}`,
		options: {},
	});
	canvas.node('One item per question', 'splitOut', [column + 2, row + 0.9], {
		fieldToSplitOut: 'asked',
		options: {},
	});
	request(canvas, 'Ask what happened', [column + 3, row + 0.9], {
		method: 'GET',
		url: `=${API}/v1/activities?{{ $json.asked }}&limit=100`,
		authentication: AUTHENTICATION,
		options: {
			pagination: {
				pagination: {
					paginationMode: 'updateAParameterInEachRequest',
					parameters: {
						parameters: [{ type: 'qs', name: 'start', value: '={{ $response.body.next }}' }],
					},
					paginationCompleteWhen: 'other',
					completeExpression: `={{ ${isLast('$response.body')} }}`,
					limitPagesFetched: true,
					maxRequests: PAGES,
					requestInterval: 150,
				},
			},
		},
	});
	canvas.node(
		'Was everything shown?',
		'if',
		[column + 4, row + 0.9],
		// Each question has one last page.
		when(
			`={{ $('Ask what happened').all().filter(({ json }) => ${isLast('json')}).length }}`,
			'equals',
			String(ASKED.length),
			'number',
		),
		{ executeOnce: true },
	);
	canvas.node('Stop: too much happened', 'stopAndError', [column + 5, row + 1.8], {
		errorMessage: `=Customer.io shows more than ${PAGES * 100} new profiles, new addresses or deletions since {{ new Date(${SINCE} * 1000).toISOString() }}, which is more than the flow reads. Nothing of that time was told to SparkLoop. Import those people into SparkLoop yourself, then empty the Data Table "{{ $('Settings').first().json.progress }}": the flow goes on from ten minutes before.`,
	});
	canvas.node(
		'Whom is it about?',
		'set',
		[column + 5, row + 0.9],
		{
			mode: 'raw',
			jsonOutput: `={{ ((activities) => ({ activities, requests: activities.map(({ contact }) => contact).unique().chunk(100).map((ids) => ({ ids })) }))($('Ask what happened').all().flatMap(({ json }) => json.activities).filter(({ timestamp }) => timestamp >= ${SINCE}).map((activity) => ({ ...activity, contact: ${idOf('activity.customer_identifiers', 'activity.customer_id')} })).sort((a, b) => a.timestamp - b.timestamp || a.id.localeCompare(b.id))) }}`,
			options: {},
		},
		{ executeOnce: true },
	);
	canvas.node('One item per request', 'splitOut', [column + 6, row + 0.9], {
		fieldToSplitOut: 'requests',
		options: {},
	});
	request(canvas, 'Read the people', [column + 7, row + 0.9], {
		method: 'POST',
		url: `=${API}/v1/customers/attributes?id_type=cio_id`,
		authentication: AUTHENTICATION,
		json: '={{ { ids: $json.ids } }}',
		options: { batching: { batch: { batchSize: 1, batchInterval: 150 } } },
	});
	canvas.node('What is known now', 'noOp', [column + 8, row], {});
	canvas.chain('Has Customer.io said so?', 'What is known now');
	canvas.connect('Has Customer.io said so?', 1, 'How far did it get?');
	canvas.chain(
		'How far did it get?',
		'What to ask',
		'One item per question',
		'Ask what happened',
		'Was everything shown?',
		'Whom is it about?',
		'One item per request',
		'Read the people',
		'What is known now',
	);
	canvas.connect('Was everything shown?', 1, 'Stop: too much happened');
	return { first: 'Has Customer.io said so?', last: 'What is known now', columns: 9 };
}

/** Customer.io Journeys. */
export const customerIo: Esp = {
	name: 'Customer.io',
	spelling: 'upperCase',
	settings: { api: 'https://api.customer.io' },
	// docs.customer.io, App API: 10 requests per second. Writing goes to the Track API, which has a limit of its own.
	rateLimit: { requests: 10, per: 1_000, perContact: 1 },
	contacts: {
		read: readByHttp({
			url: `=${API}/v1/customers/{{ encodeURIComponent(${EVENT}.email) }}/attributes`,
			authentication: AUTHENTICATION,
			query: { id_type: 'email' },
		}),
		find: '{ status: $json.statusCode, found: $json.statusCode === 200, id: $json.body?.customer?.attributes?.cio_id, fields: $json.statusCode === 404 ? {} : $json.body?.customer?.attributes }',
		write: changeOrAdd(
			(canvas, name, place) =>
				native(
					canvas,
					name,
					place,
					`${CONTACT}.id ? 'cio_' + ${CONTACT}.id : encodeURIComponent($json.email)`,
					// Should the person be gone by now, nobody is made anew.
					'{ ...$json.fields, _update: true }',
				),
			(canvas, name, place) =>
				native(canvas, name, place, 'encodeURIComponent($json.email)', '$json.fields'),
		),
	},
	reports: {
		entrances: (canvas, [column, row]) => [
			canvas.node(REPORT, 'customerIoTrigger', [column, row], {
				events: ['customer.subscribed', 'customer.unsubscribed', 'email.spammed', 'email.bounced'],
			}),
			everyFewMinutes(canvas, [column + 1, row + 0.9]),
		],
		prepare: ask,
		changes: `$json.customers ? ${POLLED} : ${REPORTED}`,
		remembers: true,
		polls: true,
		// By Customer.io's clock.
		afterwards: (canvas, [column, row]) => {
			canvas.node(
				'Has it asked?',
				'if',
				[column, row],
				when(`={{ $('Ask what happened').isExecuted }}`, 'true', undefined, 'boolean'),
			);
			keepProgress(
				canvas,
				[column + 1, row],
				"new Date(Math.max(...$('Whom is it about?').first().json.activities.map(({ timestamp }) => timestamp)) * 1000).toISOString()",
			);
			canvas.chain('Has it asked?', 'Keep how far it got');
			return 'Has it asked?';
		},
	},
	notes: {
		steps: [
			'**Customer.io** credential with both keys: the Tracking API key with its site id, and an App API key. Choose it on every node that asks for it. Data in the EU: choose *EU* there, and set **Settings → api** to `https://api-eu.customer.io`.',
			'Publishing registers the reporting webhook with Customer.io. Copy its signing key into the credential (*Webhook Signing Key*): without it anybody who knows the address could report something.',
		],
		traps: [
			'The workspace has to know people by their e-mail addresses (**Settings → Workspace Settings → General**); else Customer.io answers 400.',
			'Attributes need not be created: writing makes them. Customer.io keeps numbers as they are and gives everything back as text.',
			'Customer.io takes a write first and carries it out a moment later. Two events of one person within that moment are compared with the same old values.',
			'Writing never touches `unsubscribed`. Who is added has no such attribute, and so can be written to.',
		],
		reports: [
			'The trigger tells who unsubscribed, complained, bounced or came back, as soon as it happens. While this flow is not published, Customer.io holds back its reports and tries again for seven days.',
			'Every two minutes the flow asks who is new, has another address, or was deleted; a change of address comes with the old one.',
			`It reads the latest ${(PAGES * 100).toLocaleString('en')} of each. If more happened since it asked last, as in an import, it fails, tells nothing of that time, and stays there until you have done what the error says.`,
			'Whose profile gets its first address later has signed up then.',
			'A new person has signed up unless `unsubscribed` is true. With a double opt-in of your own, set `unsubscribed` to true first, and to false once the person has confirmed.',
			'Leaving a single topic of the subscription centre is not told.',
			'Who is new and has `RH_SUBID` was added by this flow, and is not told.',
		],
	},
};
