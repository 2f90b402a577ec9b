import { assign, Canvas, switchOn, when, type Place, type WorkflowFile } from './canvas.mts';
import { columnsOf, matching, table, tableOf } from './dataTable.mts';
import { createFailuresTable, noteFailures } from './failures.mts';
import { OUTBOX_SETTING, sendOrKeep } from './intoOutbox.mts';
import {
	createLeases,
	giveLeaseBack,
	LEASE_SETTINGS,
	leaseOf,
	leasesOf,
	takeLease,
} from './leases.mts';

/** The contact list: column → type in an n8n Data Table. */
const COLUMNS: Record<string, 'string' | 'number'> = {
	email: 'string',
	name: 'string',
	status: 'string',
	token: 'string',
	confirm_token: 'string',
	pending_email: 'string',
	referrer_code: 'string',
	RH_SUBID: 'string',
	RH_CODE: 'string',
	RH_REFLINK: 'string',
	RH_ISREF: 'string',
	RH_TOTREF: 'number',
	RH_COUPON: 'string',
	RH_LASTREWARD: 'string',
	RH_WIN: 'string',
	RH_GUARD: 'string',
};

const SIGN_UP = 'Sign-up form';
const CONFIRM = 'Confirmation form';
const MANAGE = 'Manage form';
const EVENT = 'When SparkLoop sends an event';
const SET_UP = 'Set up (run once)';
const LOOP = 'One contact at a time';
const CONFIRMING = 'Look for the confirmation';
const MANAGING = 'Look for the subscriber';

const NAME_OF_THE_TABLE = "={{ $('Settings').first().json.table }}";
const TABLE = table(NAME_OF_THE_TABLE);

/** A newsletter on nothing but n8n: forms, a Data Table as the contact list, and SparkLoop in both directions. */
export function newsletterInABox(): WorkflowFile {
	const canvas = new Canvas('Newsletter in a box', {
		// Shorter than a lease, so that no execution writes a contact that another one has taken over.
		executionTimeout: 60,
	});
	notes(canvas);
	entrances(canvas);
	signUp(canvas);
	confirmation(canvas);
	manage(canvas);
	told(canvas);
	sparkLoopEvent(canvas);
	setUp(canvas);
	noteFailures(canvas, [3.6, 15.8]);
	return canvas.toFile();
}

function notes(canvas: Canvas): void {
	canvas.note(
		[-0.35, 0],
		[3.1, 1.3],
		`## Newsletter in a box
A sign-up page, a contact list and a referral program on nothing but n8n.

1. **Settings**: your newsletter's name and sender address.
2. Credentials: **SMTP** on the two mail nodes, **SparkLoop API** on *Tell SparkLoop*, **SparkLoop Webhook Token** on the trigger.
3. Run **Set up (run once)**: it makes the contact list (a Data Table). Import *Outbox*, with **Send Through** set to *API*, and publish it.
4. Publish. In SparkLoop, set the sign-up page to the **Production URL** of the *Sign-up form*, and add a webhook with the Production URL of *When SparkLoop sends an event*.

Put the link to the *Manage form*, with \`?token=\` and the contact's token, into the footer of every mail.`,
		1,
	);
	canvas.note(
		[-0.35, 9.65],
		[3.1, 0.65],
		`### Who brought whom
SparkLoop's script cannot run on an n8n form. So the sign-up page takes the referral code from its own link (\`rh_ref\`), and the code goes to SparkLoop's API with the sign-up, **after** the address was confirmed.`,
		5,
	);
	canvas.note(
		[-0.35, 10.45],
		[3.1, 0.95],
		`### When something fails
What SparkLoop does not take is kept in the outbox, which sends it for up to 31 days. Any other step that fails shows its form's error page, and the same link works again. SparkLoop hears 500 and sends its event again, for up to a month.

Failures are noted at the bottom; import *Alerts* to be told. Or choose an error workflow of your own under **⋯ → Settings → Error workflow**.`,
		4,
	);
	lane(canvas, 0, 1.85, 'Sign-up', 'Notes the person as pending and mails a link to confirm.');
	lane(
		canvas,
		2,
		2.15,
		'Confirmation',
		'SparkLoop hears of a person, or of a new address, only now.',
	);
	lane(
		canvas,
		4.3,
		2.8,
		'Manage',
		'Tells SparkLoop of an unsubscribe, or mails a link to confirm the new address.',
	);
	lane(
		canvas,
		7.25,
		3.2,
		'SparkLoop is told',
		'At once, or by the outbox while it cannot be reached, or while an earlier event of the same person waits there.',
	);
	lane(
		canvas,
		10.65,
		2.2,
		'SparkLoop event',
		"Writes what is new of the link, the counts and the rewards to the contact's row. What comes late changes nothing, and one execution at a time writes a contact.",
	);
	lane(canvas, 13, 2.1, 'Set up', 'Makes the contact list; running it again changes nothing.');
	lane(canvas, 15.2, 1.6, 'Failures', 'Every failure is noted; import *Alerts* to be told.');
}

/** The ground on which the nodes of one way through the workflow lie. */
const lane = (canvas: Canvas, row: number, height: number, title: string, text: string): void =>
	canvas.note([3.3, row], [9.4, height], `## ${title}\n${text}`);

const hidden = (fieldName: string) => ({ fieldType: 'hiddenField', fieldName });

const form = (
	title: string,
	description: string,
	fields: object[],
	button: string,
	done: string,
) => ({
	formTitle: title,
	formDescription: description,
	formFields: { values: fields },
	responseMode: 'lastNode',
	options: {
		appendAttribution: false,
		buttonLabel: button,
		respondWithOptions: { values: { respondWith: 'text', formSubmittedText: done } },
	},
});

function entrances(canvas: Canvas): void {
	canvas.node(
		SIGN_UP,
		'formTrigger',
		[0, 2.7],
		form(
			'Join the newsletter',
			'One mail a week. Bring your friends and win rewards.',
			[
				{
					fieldLabel: 'Your e-mail address',
					fieldName: 'email',
					fieldType: 'email',
					requiredField: true,
				},
				{ fieldLabel: 'Your name', fieldName: 'name' },
				hidden('rh_ref'),
			],
			'Join',
			'Almost there: please open the mail that we just sent you, and confirm your address.',
		),
	);
	canvas.node(
		CONFIRM,
		'formTrigger',
		[0, 4],
		form(
			'Confirm your address',
			'Press the button, and you are on the list.',
			[hidden('token')],
			'Confirm',
			'Thank you. If your link was still valid, your address is confirmed. Otherwise, please sign up again.',
		),
	);
	canvas.node(
		MANAGE,
		'formTrigger',
		[0, 5.3],
		form(
			'Your subscription',
			'What would you like to do?',
			[
				{
					fieldLabel: 'What would you like to do?',
					fieldName: 'wish',
					fieldType: 'dropdown',
					fieldOptions: { values: [{ option: 'Change my address' }, { option: 'Unsubscribe' }] },
					requiredField: true,
				},
				{ fieldLabel: 'Your new e-mail address', fieldName: 'new_email', fieldType: 'email' },
				hidden('token'),
			],
			'Go',
			'Thank you. A new address counts once you open the mail that we sent to it, and confirm.',
		),
	);
	canvas.node(EVENT, 'n8n-nodes-sparkloop.sparkLoopTrigger', [0, 6.6], {
		authentication: 'sparkLoopToken',
		events: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		items: 'contacts',
		fieldNames: 'upperCase',
		respond: 'lastNode',
		options: {
			extraFields: {
				field: [
					{ source: 'win_key', name: 'RH_WIN' },
					{ source: 'guard', name: 'RH_GUARD' },
				],
			},
		},
	});
	canvas.node(SET_UP, 'manualTrigger', [0, 7.9], {});

	canvas.node(
		'Settings',
		'set',
		[0.97, 5.3],
		assign({
			table: 'SparkLoop newsletter contacts',
			newsletter: 'My newsletter',
			sender: 'newsletter@example.com',
			...OUTBOX_SETTING,
			...LEASE_SETTINGS,
			entrance: '={{ $prevNode.name }}',
			forms: "={{ $execution.resumeFormUrl.split('/form-waiting/')[0] + '/form/' }}",
		}),
	);
	canvas.node(
		'Which way in?',
		'switch',
		[1.97, 5.3],
		switchOn('={{ $json.entrance }}', {
			'Sign-up': SIGN_UP,
			Confirmation: CONFIRM,
			Manage: MANAGE,
			Event: EVENT,
			'Set up': SET_UP,
		}),
	);
	for (const entrance of [SIGN_UP, CONFIRM, MANAGE, EVENT, SET_UP]) {
		canvas.connect(entrance, 0, 'Settings');
	}
	canvas.chain('Settings', 'Which way in?');
}

const EMAIL = '^[^\\s@,;<>]+@[^\\s@,;<>]+\\.[^\\s@,;<>.]+$';

function find(canvas: Canvas, name: string, place: Place, column: string, value: string): void {
	canvas.node(
		name,
		'dataTable',
		place,
		{
			resource: 'row',
			operation: 'get',
			dataTableId: TABLE,
			...matching([column, 'eq', value]),
			returnAll: false,
			limit: 1,
		},
		{ alwaysOutputData: true },
	);
}

function write(
	canvas: Canvas,
	name: string,
	place: Place,
	found: string,
	value: Record<string, string>,
): void {
	canvas.node(name, 'dataTable', place, {
		resource: 'row',
		operation: 'update',
		dataTableId: TABLE,
		...matching(['id', 'eq', `={{ $('${found}').first().json.id }}`]),
		columns: columnsOf(value),
		options: {},
	});
}

function mail(
	canvas: Canvas,
	name: string,
	place: Place,
	to: string,
	subject: string,
	text: string,
): void {
	canvas.node(name, 'emailSend', place, {
		fromEmail: "={{ $('Settings').first().json.sender }}",
		toEmail: to,
		subject,
		emailFormat: 'text',
		text,
		options: { appendAttribution: false },
	});
}

const confirmLink = (canvas: Canvas, secret: string): string =>
	`{{ $('Settings').first().json.forms }}${canvas.webhookIdOf(CONFIRM)}?token={{ ${secret} }}`;

function signUp(canvas: Canvas): void {
	const settings = "$('Settings').first().json";
	const known = "$('Look for the contact').first().json";
	canvas.node(
		'Is it an e-mail address?',
		'if',
		[3.6, 0.45],
		when('={{ $json.email }}', 'regex', EMAIL),
	);
	canvas.node('Refuse the address', 'stopAndError', [4.6, 1.15], {
		errorMessage: 'The sign-up form was sent without a valid e-mail address',
	});
	find(canvas, 'Look for the contact', [4.6, 0.45], 'email', '={{ $json.email.toLowerCase() }}');
	canvas.node('Make a secret', 'crypto', [5.6, 0.45], {
		action: 'generate',
		dataPropertyName: 'secret',
		encodingType: 'uuid',
	});
	canvas.node('Note the sign-up', 'dataTable', [6.6, 0.45], {
		resource: 'row',
		operation: 'upsert',
		dataTableId: TABLE,
		...matching(['email', 'eq', `={{ ${settings}.email.toLowerCase() }}`]),
		columns: columnsOf({
			email: `={{ ${settings}.email.toLowerCase() }}`,
			name: `={{ ${known}.name || ${settings}.name || '' }}`,
			status: `={{ ${known}.status === 'subscribed' ? 'subscribed' : 'pending' }}`,
			token: `={{ ${known}.token || $json.secret }}`,
			confirm_token: '={{ $json.secret }}',
			pending_email: '',
			referrer_code: `={{ ${known}.referrer_code || ${settings}.rh_ref || '' }}`,
		}),
		options: {},
	});
	mail(
		canvas,
		'Mail the link',
		[7.6, 0.45],
		`={{ ${settings}.email }}`,
		`=Please confirm: {{ ${settings}.newsletter }}`,
		`=Hello,

please confirm that you want {{ ${settings}.newsletter }} at this address:
${confirmLink(canvas, '$json.confirm_token')}

If you did not ask for it, do nothing, and nothing happens.`,
	);
	canvas.connect('Which way in?', 0, 'Is it an e-mail address?');
	canvas.connect('Is it an e-mail address?', 1, 'Refuse the address');
	canvas.chain(
		'Is it an e-mail address?',
		'Look for the contact',
		'Make a secret',
		'Note the sign-up',
		'Mail the link',
	);
}

/** An event as SparkLoop's words have it; the values are expressions without their braces. */
function event(canvas: Canvas, name: string, place: Place, value: Record<string, string>): void {
	const keys = Object.entries(value).map(([key, expression]) => `${key}: ${expression}`);
	canvas.node(name, 'set', place, {
		mode: 'raw',
		jsonOutput: `={{ { ${keys.join(', ')} } }}`,
		options: {},
	});
}

/** Tells SparkLoop, or keeps it in the outbox; then the contact's row says so. */
function told(canvas: Canvas): void {
	const { first, last } = sendOrKeep(canvas, [3.6, 8.35], 'api');
	for (const entrance of ['As a sign-up', 'As a new address', 'As an unsubscribe']) {
		canvas.connect(entrance, 0, first);
	}
	canvas.node(
		'What was it?',
		'switch',
		[10, 8.35],
		switchOn(`={{ $('${first}').first().json.type }}`, {
			'Sign-up': 'subscribe',
			'New address': 'update',
			Unsubscribe: 'unsubscribe',
		}),
	);
	for (const node of last) canvas.connect(node, 0, 'What was it?');
	write(canvas, 'Mark as subscribed', [11.2, 7.65], CONFIRMING, {
		status: 'subscribed',
		confirm_token: '',
	});
	write(canvas, 'Write the new address', [11.2, 8.35], CONFIRMING, {
		email: `={{ $('${CONFIRMING}').first().json.pending_email }}`,
		pending_email: '',
		token: `={{ $('${CONFIRMING}').first().json.confirm_token }}`,
		confirm_token: '',
	});
	write(canvas, 'Mark as unsubscribed', [11.2, 9.05], MANAGING, { status: 'unsubscribed' });
	['Mark as subscribed', 'Write the new address', 'Mark as unsubscribed'].forEach((node, output) =>
		canvas.connect('What was it?', output, node),
	);
}

function confirmation(canvas: Canvas): void {
	const found = CONFIRMING;
	find(canvas, found, [3.6, 2.45], 'confirm_token', "={{ $json.token || 'no token' }}");
	canvas.node('Is the link valid?', 'if', [4.6, 2.45], when('={{ $json.email }}', 'notEmpty'));
	canvas.node('Link out of date', 'noOp', [5.6, 3.3], {});
	canvas.node(
		'Is it a new address?',
		'if',
		[5.6, 2.45],
		when('={{ $json.pending_email }}', 'notEmpty'),
	);
	event(canvas, 'As a new address', [6.6, 2.45], {
		type: "'update'",
		subscriber:
			'{ email: $json.pending_email, previous_email: $json.email, name: $json.name || undefined }',
	});
	event(canvas, 'As a sign-up', [6.6, 3.3], {
		type: "'subscribe'",
		subscriber:
			'{ email: $json.email, name: $json.name || undefined, created_at: $json.createdAt }',
		details: '$json.referrer_code ? { referrer_code: $json.referrer_code } : undefined',
	});
	canvas.connect('Which way in?', 1, found);
	canvas.chain(found, 'Is the link valid?', 'Is it a new address?', 'As a new address');
	canvas.connect('Is the link valid?', 1, 'Link out of date');
	canvas.connect('Is it a new address?', 1, 'As a sign-up');
}

function manage(canvas: Canvas): void {
	const found = MANAGING;
	const settings = "$('Settings').first().json";
	find(canvas, found, [3.6, 4.75], 'token', "={{ $json.token || 'no token' }}");
	canvas.node(
		'Are they subscribed?',
		'if',
		[4.6, 4.75],
		when('={{ $json.status }}', 'equals', 'subscribed'),
	);
	canvas.node('Nobody to manage', 'noOp', [5.6, 5.6], {});
	canvas.node(
		'Do they want to leave?',
		'if',
		[5.6, 4.75],
		when(`={{ ${settings}.wish }}`, 'equals', 'Unsubscribe'),
	);
	event(canvas, 'As an unsubscribe', [6.6, 4.75], {
		type: "'unsubscribe'",
		subscriber: '{ email: $json.email }',
	});
	canvas.node(
		'Is the new address one?',
		'if',
		[6.6, 5.6],
		when(`={{ ${settings}.new_email }}`, 'regex', EMAIL),
	);
	canvas.node('Refuse the new address', 'stopAndError', [7.6, 6.4], {
		errorMessage: 'The manage form was sent without a valid new e-mail address',
	});
	canvas.node('Make another secret', 'crypto', [7.6, 5.6], {
		action: 'generate',
		dataPropertyName: 'secret',
		encodingType: 'uuid',
	});
	write(canvas, 'Note the new address', [8.6, 5.6], found, {
		pending_email: `={{ ${settings}.new_email.toLowerCase() }}`,
		confirm_token: '={{ $json.secret }}',
	});
	mail(
		canvas,
		'Mail the link to the new address',
		[9.6, 5.6],
		'={{ $json.pending_email }}',
		`=Please confirm your new address: {{ ${settings}.newsletter }}`,
		`=Hello,

please confirm that you want {{ ${settings}.newsletter }} at this address from now on:
${confirmLink(canvas, '$json.confirm_token')}

Your referral link and your rewards stay yours.`,
	);
	canvas.connect('Which way in?', 2, found);
	canvas.chain(found, 'Are they subscribed?', 'Do they want to leave?', 'As an unsubscribe');
	canvas.connect('Are they subscribed?', 1, 'Nobody to manage');
	canvas.connect('Do they want to leave?', 1, 'Is the new address one?');
	canvas.connect('Is the new address one?', 1, 'Refuse the new address');
	canvas.chain(
		'Is the new address one?',
		'Make another secret',
		'Note the new address',
		'Mail the link to the new address',
	);
}

/** Writes what is new of an event to the contact's row, one execution at a time. */
function sparkLoopEvent(canvas: Canvas): void {
	const event = `$('${LOOP}').first().json`;
	const found = 'Look for their contact';
	canvas.node(LOOP, 'splitInBatches', [3.6, 11.1], { batchSize: 1, options: {} });
	const lease = takeLease(canvas, [4.6, 11.1], leaseOf('contact', `${event}.email.toLowerCase()`));
	find(canvas, found, [6.6, 11.1], 'email', `={{ ${event}.email.toLowerCase() }}`);
	canvas.node('Leave out what is older', 'n8n-nodes-sparkloop.sparkLoop', [7.6, 11.1], {
		resource: 'contact',
		operation: 'compare',
		event: `={{ ${event} }}`,
		knownReferrals: '={{ $json.RH_TOTREF }}',
		knownGuard: '={{ $json.RH_GUARD }}',
	});
	canvas.node(
		'Is there anything to write?',
		'if',
		[8.6, 11.1],
		when(`={{ !$json.stale && !!$('${found}').first().json.id }}`, 'true', undefined, 'boolean'),
	);
	canvas.node('Take the fields', 'set', [9.6, 11.1], {
		mode: 'raw',
		jsonOutput: '={{ $json.fields }}',
		includeOtherFields: false,
		options: {},
	});
	canvas.node(
		'Write the fields',
		'dataTable',
		[10.6, 11.1],
		{
			resource: 'row',
			operation: 'update',
			dataTableId: TABLE,
			...matching(['id', 'eq', `={{ $('${found}').first().json.id }}`]),
			columns: { mappingMode: 'autoMapInputData', value: null, matchingColumns: [], schema: [] },
			options: {},
		},
		{ retryOnFail: true, maxTries: 3, waitBetweenTries: 500 },
	);
	giveLeaseBack(canvas, 'Give the lease back', [11.6, 11.1]);
	canvas.connect('Which way in?', 3, LOOP);
	canvas.connect(LOOP, 1, lease.first);
	canvas.chain(
		lease.taken,
		found,
		'Leave out what is older',
		'Is there anything to write?',
		'Take the fields',
		'Write the fields',
		'Give the lease back',
		LOOP,
	);
	canvas.connect('Is there anything to write?', 1, 'Give the lease back');
}

function setUp(canvas: Canvas): void {
	canvas.node(
		'Create the contact list',
		'dataTable',
		[3.6, 13.55],
		tableOf(NAME_OF_THE_TABLE, COLUMNS),
	);
	canvas.node('List tables of that name', 'dataTable', [4.6, 13.55], {
		resource: 'table',
		operation: 'list',
		returnAll: true,
		options: { filterName: NAME_OF_THE_TABLE },
	});
	canvas.node(
		'Is it the only one?',
		'if',
		[5.6, 13.55],
		when('={{ $input.all().length }}', 'equals', '1', 'number'),
	);
	canvas.node('Stop: names too alike', 'stopAndError', [6.6, 14.45], {
		errorMessage: `=n8n finds Data Tables by a part of their name, and several contain '{{ $('Settings').first().json.table }}'. Choose another name for 'table' in 'Settings', and run the set-up again.`,
	});
	canvas.connect('Which way in?', 4, 'Create the contact list');
	canvas.chain(
		'Create the contact list',
		'List tables of that name',
		'Is it the only one?',
		createFailuresTable(canvas, [6.6, 13.55]),
		createLeases(canvas, [7.6, 13.55], leasesOf('contact')),
	);
	canvas.connect('Is it the only one?', 1, 'Stop: names too alike');
}
