import { assign, Canvas, when, type WorkflowFile } from './canvas.mts';
import { createFailuresTable, noteFailures } from './failures.mts';
import {
	createLeases,
	giveLeaseBack,
	LEASE_SETTINGS,
	leaseOf,
	leasesOf,
	takeLease,
} from './leases.mts';
import { createRecordings, record, RECORDING_SETTINGS } from './recordings.mts';
import { sampleItems } from './sampleItems.mts';

const TRIGGER = 'When SparkLoop sends an event';
const SET_UP = 'Set up (run once)';
const LOOP = 'One contact at a time';
const EVENT = `$('${LOOP}').first().json`;

/** SparkLoop's events → the fields of the contact, in any ESP with an HTTP API. */
export function sparkLoopToYourEsp(): WorkflowFile {
	const canvas = new Canvas('SparkLoop to your ESP', {
		// Shorter than a lease, so that no execution writes a contact that another one has taken over.
		executionTimeout: 60,
	});
	notes(canvas);
	entrances(canvas);
	guardedWrite(canvas);
	const failures = createFailuresTable(canvas, [3, 3.2]);
	canvas.connect('Has SparkLoop sent it?', 1, failures);
	canvas.chain(
		failures,
		createRecordings(canvas, [4, 3.2]),
		createLeases(canvas, [5, 3.2], leasesOf('contact')),
	);
	noteFailures(canvas, [0, 4.4]);
	canvas.pin(TRIGGER, sampleItems());
	return canvas.toFile();
}

function entrances(canvas: Canvas): void {
	canvas.node(TRIGGER, 'n8n-nodes-sparkloop.sparkLoopTrigger', [0, 0], {
		authentication: 'sparkLoopToken',
		events: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		items: 'contacts',
		fieldNames: 'upperCase',
		respond: 'lastNode',
		options: { extraFields: { field: [{ source: 'guard', name: 'RH_GUARD' }] } },
	});
	canvas.node(SET_UP, 'manualTrigger', [0, 3.2], {});
	canvas.node(
		'Settings',
		'set',
		[1, 0],
		assign({
			contactUrl: 'https://api.your-esp.example/contacts/{email}',
			timeout: 10_000,
			...LEASE_SETTINGS,
			...RECORDING_SETTINGS,
		}),
	);
	canvas.node(
		'Has SparkLoop sent it?',
		'if',
		[2, 0],
		when(`={{ $('${TRIGGER}').isExecuted }}`, 'true', undefined, 'boolean'),
	);
	canvas.node('Is it about a contact?', 'if', [3, 0], when('={{ $json.email }}', 'notEmpty'));
	canvas.node('Nothing to write', 'noOp', [3.9, 1.1], {});
	for (const entrance of [TRIGGER, SET_UP]) canvas.connect(entrance, 0, 'Settings');
	canvas.chain('Settings', 'Has SparkLoop sent it?', 'Is it about a contact?');
	canvas.connect('Is it about a contact?', 1, 'Nothing to write');
}

/** Reads the contact, leaves out what is older than that, and writes the rest, all under the contact's lease. */
function guardedWrite(canvas: Canvas): void {
	const lease = takeLease(canvas, [5, 0], leaseOf('contact', `${EVENT}.email.toLowerCase()`));
	const address = `={{ ${EVENT}.contactUrl.replace('{email}', encodeURIComponent(${EVENT}.email)) }}`;
	const call = {
		url: address,
		authentication: 'genericCredentialType',
		genericAuthType: 'httpHeaderAuth',
	};
	const timeout = "={{ $('Settings').first().json.timeout }}";

	canvas.node(LOOP, 'splitInBatches', [4, 0], { batchSize: 1, options: {} });
	canvas.node(
		'Read the contact',
		'httpRequest',
		[7, 0],
		{
			method: 'GET',
			...call,
			options: {
				timeout,
				// A contact that does not exist yet is no failure.
				response: { response: { neverError: true, fullResponse: true } },
			},
		},
		{ onError: 'continueErrorOutput' },
	);
	canvas.node('Find its fields', 'set', [8, 0], {
		mode: 'raw',
		jsonOutput:
			'={{ { status: $json.statusCode, fields: $json.statusCode === 404 ? {} : $json.body?.contact?.fields } }}',
		options: {},
	});
	canvas.node(
		'Are they there?',
		'if',
		[9, 0],
		// Looked for in the wrong place, everything would be new.
		when(
			"={{ [200, 404].includes($json.status) && typeof ($json.fields ?? '') === 'object' && !Array.isArray($json.fields) }}",
			'true',
			undefined,
			'boolean',
		),
	);
	canvas.node(
		'Leave out what is older',
		'n8n-nodes-sparkloop.sparkLoop',
		[10, 0],
		{
			resource: 'contact',
			operation: 'compare',
			event: `={{ ${EVENT} }}`,
			knownReferrals: `={{ $json.fields[${EVENT}.order.referralsField] }}`,
			knownGuard: `={{ $json.fields[${EVENT}.order.guardField] }}`,
		},
		{ onError: 'continueErrorOutput' },
	);
	canvas.node(
		'Is anything new?',
		'if',
		[11, 0],
		when('={{ $json.stale }}', 'false', undefined, 'boolean'),
	);
	canvas.node(
		'Write the fields',
		'httpRequest',
		[12, 0],
		{
			method: 'PUT',
			...call,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '={{ { email: $json.email, fields: $json.fields } }}',
			options: { timeout },
		},
		// Two tries and all time-outs together stay below the execution's own.
		{ retryOnFail: true, maxTries: 2, waitBetweenTries: 2000, onError: 'continueErrorOutput' },
	);
	giveLeaseBack(canvas, 'Give the lease back', [13, 0]);
	canvas.node(
		'What went wrong',
		'set',
		[13, 1.1],
		assign(
			{
				reason:
					"={{ $json.error?.message ?? $json.error ?? ($json.status === 200 ? \"the fields are not where 'Find its fields' looks for them\" : 'it answered with status ' + $json.status) }}",
			},
			false,
		),
	);
	giveLeaseBack(canvas, 'Give it back all the same', [14, 1.1]);
	canvas.node('Stop: not written', 'stopAndError', [15, 1.1], {
		errorMessage:
			"=The contact was not written: {{ $('What went wrong').first().json.reason }}. SparkLoop sends the event again.",
	});

	canvas.connect(LOOP, 0, record(canvas, [5, -1], `$('${TRIGGER}').first().json`));
	canvas.chain('Is it about a contact?', LOOP);
	canvas.connect(LOOP, 1, lease.first);
	canvas.chain(
		lease.taken,
		'Read the contact',
		'Find its fields',
		'Are they there?',
		'Leave out what is older',
		'Is anything new?',
		'Write the fields',
		'Give the lease back',
		LOOP,
	);
	canvas.connect('Is anything new?', 1, 'Give the lease back');
	const failing = [
		'Read the contact',
		'Are they there?',
		'Leave out what is older',
		'Write the fields',
	];
	for (const step of failing) canvas.connect(step, 1, 'What went wrong');
	canvas.chain('What went wrong', 'Give it back all the same', 'Stop: not written');
}

function notes(canvas: Canvas): void {
	canvas.note(
		[-0.35, -2.9],
		[3.1, 1.35],
		`## SparkLoop → your ESP
Writes SparkLoop's data (link, code, counts, coupon, reward) into the fields of your contacts.

1. Create the fields in your ESP: RH_SUBID, RH_CODE, RH_REFLINK, RH_ISREF, RH_TOTREF, RH_COUPON, RH_LASTREWARD, RH_GUARD.
2. Trigger: choose the credential with your SparkLoop token, and how your ESP spells the fields (RH_GUARD under **Options → Extra Fields**).
3. Run **Set up (run once)**, and publish. In SparkLoop, add a webhook with the trigger's **Production URL** and tick **Subscriber Created or Updated**, **New Referral** and **Reward Unlocked**.`,
		1,
	);
	canvas.note(
		[6.75, -2.9],
		[5, 1.35],
		`### Fill in: where your contacts live
**Settings → contactUrl** is the address of one contact in your ESP's API. \`{email}\` stands for the address of the contact.

**Read the contact** and **Write the fields → Credential**: the key of that API. Change method and body there if your ESP wants others.

**Find its fields**: say where in your ESP's answer the contact's fields are.`,
		1,
	);
	canvas.note(
		[2.9, -2.9],
		[3.7, 1.35],
		`### Why no older event overwrites a newer one
Events come twice, late and in any order. So the contact is read first, and of an event only what is **newer** is written: a larger count of referrals, a later win. \`sync_subscriber\` says how things are now, and may lower the count (a reset).

One execution at a time writes a contact: the one that holds its **lease**, by an update that succeeds for one of them. If n8n is killed, the lease runs out after two minutes.

What cannot be told: a \`sync_subscriber\` that comes late looks like a new one. The person's next event puts the count right, the next win the coupon.`,
		5,
	);
	canvas.note(
		[7, -1.35],
		[4.75, 0.65],
		`### Optional: record
With \`yes\` in **Settings → record**, every event that was handled is written into a Data Table, from which *Replay* can feed it in again.`,
		7,
	);
	canvas.note(
		[11.9, -2.9],
		[2.6, 1.35],
		`### When something fails
SparkLoop hears 200 only once the fields are written. While your ESP is down it hears 500 and sends the event again, for up to a month: nothing is lost, and writing twice does no harm.

Failures are written down below; import *Alerts* to be told. Or choose an error workflow of your own under **⋯ → Settings → Error workflow**.`,
		4,
	);
}
