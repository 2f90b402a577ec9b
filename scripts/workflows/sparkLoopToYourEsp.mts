import { assign, Canvas, when, type WorkflowFile } from './canvas.mts';
import { createFailuresTable, noteFailures } from './failures.mts';
import {
	EVENT,
	FAILING,
	guardedWrite,
	isAboutAContact,
	TRIGGER,
	WRITING,
	type ContactsOfEsp,
} from './guardedWrite.mts';
import { createLeases, LEASE_SETTINGS, leasesOf, SHARES } from './leases.mts';
import { createRecordings, RECORDING_SETTINGS } from './recordings.mts';
import { sampleItems } from './sampleItems.mts';

const SET_UP = 'Set up (run once)';
const TIMEOUT = "={{ $('Settings').first().json.timeout }}";
const CALL = {
	url: `={{ ${EVENT}.contactUrl.replace('{email}', encodeURIComponent(${EVENT}.email)) }}`,
	authentication: 'genericCredentialType',
	genericAuthType: 'httpHeaderAuth',
};

/** SparkLoop's events → the fields of the contact, in any ESP with an HTTP API. */
export function sparkLoopToYourEsp(): WorkflowFile {
	const canvas = new Canvas('SparkLoop to your ESP', {
		// Shorter than a lease, so that no execution writes a contact that another one has taken over.
		executionTimeout: 60,
	});
	notes(canvas);
	entrances(canvas);
	canvas.chain(
		'Has SparkLoop sent it?',
		isAboutAContact(canvas, [3, 0]),
		guardedWrite(canvas, [4, 0], YOUR_CONTACTS),
	);
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
	for (const entrance of [TRIGGER, SET_UP]) canvas.connect(entrance, 0, 'Settings');
	canvas.chain('Settings', 'Has SparkLoop sent it?');
}

/** Contacts behind an HTTP API: GET tells the fields, PUT changes them. */
const YOUR_CONTACTS: ContactsOfEsp = {
	name: 'your ESP',
	lease: 'contact',
	shares: SHARES,
	find: '{ status: $json.statusCode, fields: $json.statusCode === 404 ? {} : $json.body?.contact?.fields }',
	read: (canvas, place) =>
		canvas.node(
			'Read the contact',
			'httpRequest',
			place,
			{
				method: 'GET',
				...CALL,
				options: {
					timeout: TIMEOUT,
					// A contact that does not exist yet is no failure.
					response: { response: { neverError: true, fullResponse: true } },
				},
			},
			FAILING,
		),
	write: (canvas, place) => {
		canvas.node(
			'Write the fields',
			'httpRequest',
			place,
			{
				method: 'PUT',
				...CALL,
				sendBody: true,
				specifyBody: 'json',
				jsonBody: '={{ { email: $json.email, fields: $json.fields } }}',
				options: { timeout: TIMEOUT },
			},
			WRITING,
		);
		return {
			first: 'Write the fields',
			last: ['Write the fields'],
			columns: 1,
		};
	},
};

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
