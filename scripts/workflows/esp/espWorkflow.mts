import { assign, Canvas, switchOn, type Place, type WorkflowFile } from '../canvas.mts';
import { createFailuresTable, noteFailures } from '../failures.mts';
import { guardedWrite, isAboutAContact, TRIGGER, type ContactsOfEsp } from '../guardedWrite.mts';
import { OUTBOX_SETTING } from '../intoOutbox.mts';
import { createLeases, LEASE_SETTINGS, leasesOf, SHARES } from '../leases.mts';
import { createRecordings, RECORDING_SETTINGS } from '../recordings.mts';
import { sampleItems } from '../sampleItems.mts';
import { createAddresses, reportChanges, type ReportsOfEsp } from './changes.mts';
import { fieldParameters, spellerOf, type Spelling } from './fields.mts';
import { paceOf, type Pace, type RateLimit } from './pace.mts';
import { createProgress, progressSetting } from './polling.mts';

/** An ESP, and how it is connected with SparkLoop both ways. */
export interface Esp {
	/** As its makers write it. */
	name: string;
	spelling: Spelling;
	/** What a user fills in, with an example as its value, and other values that the nodes share. */
	settings?: Readonly<Record<string, string | number>>;
	/** The vendor's limit, if it has one; a comment says where that is written. */
	rateLimit?: RateLimit;
	/** How many requests at the same time the vendor takes, if it says so; a comment says where. */
	simultaneous?: number;
	contacts: Omit<ContactsOfEsp, 'name' | 'lease' | 'shares'>;
	/** Adds nodes that create the fields where they are missing, safe to run twice. @returns the first one */
	createFields?(canvas: Canvas, place: Place): string;
	/** Adds nodes that let the ESP know where to send its webhooks, safe to run twice. @returns the first one */
	registerHook?(canvas: Canvas, place: Place): string;
	/** Absent when nobody can learn from the ESP what happened to its contacts. */
	reports?: ReportsOfEsp;
	notes: {
		/** What to do, step by step, beyond what all files ask for: credentials, what to create, which webhooks. */
		steps: readonly string[];
		/** What is particular about this ESP, and what it cannot do. */
		traps: readonly string[];
		/** How sign-ups, new addresses and unsubscribes are learned. */
		reports: readonly string[];
	};
}

const SET_UP = 'Set up (run once)';

/** The row above the flow in which all notes lie. */
const NOTES = -3.2;

/** SparkLoop's events → the fields of the contacts in an ESP, and what happens to those → SparkLoop, on one canvas. */
export function espWorkflow(esp: Esp): WorkflowFile {
	const canvas = new Canvas(`${esp.name} and SparkLoop`, {
		// Shorter than a lease, so that no execution writes a contact that another one has taken over.
		executionTimeout: 60,
	});
	const { shares, pause } = esp.rateLimit ? paceOf(esp.rateLimit) : unpaced(esp);
	const lease = `${esp.name} contact`;
	notes(canvas, esp);
	canvas.node(TRIGGER, 'n8n-nodes-sparkloop.sparkLoopTrigger', [0, 0], {
		authentication: 'sparkLoopToken',
		events: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		items: 'contacts',
		respond: 'lastNode',
		...fieldParameters(esp.spelling),
	});
	canvas.node(SET_UP, 'manualTrigger', [0, 2.5], {});
	const fieldsRow = 3.5;
	const hookRow = fieldsRow + (esp.createFields ? 1.4 : 0);
	const reportsRow = hookRow + (esp.registerHook ? 1.5 : 0.2);
	const reporters = esp.reports?.entrances(canvas, [0, reportsRow]) ?? [];
	canvas.node(
		'Settings',
		'set',
		[1, 0],
		assign({
			...esp.settings,
			addMissing: 'yes',
			timeout: 10_000,
			...LEASE_SETTINGS,
			leaseRests: pause,
			...RECORDING_SETTINGS,
			...(esp.reports ? OUTBOX_SETTING : {}),
			...(esp.reports?.polls ? progressSetting(esp.name) : {}),
			...(esp.reports?.remembers ? { addresses: `SparkLoop addresses in ${esp.name}` } : {}),
		}),
	);
	canvas.node(
		'Who has started it?',
		'switch',
		[2, 0],
		switchOn(
			`={{ $('${TRIGGER}').isExecuted ? 'SparkLoop' : $('${SET_UP}').isExecuted ? 'set-up' : 'ESP' }}`,
			{ SparkLoop: 'SparkLoop', 'Set-up': 'set-up', ...(esp.reports ? { [esp.name]: 'ESP' } : {}) },
		),
	);
	for (const entrance of [TRIGGER, SET_UP, ...reporters]) canvas.connect(entrance, 0, 'Settings');
	canvas.chain(
		'Settings',
		'Who has started it?',
		isAboutAContact(canvas, [3, 0]),
		guardedWrite(canvas, [4, 0], { ...esp.contacts, name: esp.name, lease, shares }),
	);

	const setUp = [
		createFailuresTable,
		createRecordings,
		...(esp.reports?.remembers ? [createAddresses] : []),
		...(esp.reports?.polls ? [createProgress] : []),
	].map((create, index) => create(canvas, [3 + index, 2.5]));
	canvas.connect('Who has started it?', 1, setUp[0]);
	canvas.chain(...setUp, createLeases(canvas, [3 + setUp.length, 2.5], leasesOf(lease, shares)));
	if (esp.createFields) {
		canvas.connect('Who has started it?', 1, esp.createFields(canvas, [3, fieldsRow]));
	}
	if (esp.registerHook) {
		canvas.connect('Who has started it?', 1, esp.registerHook(canvas, [3, hookRow]));
	}
	if (esp.reports) {
		canvas.connect('Who has started it?', 2, reportChanges(canvas, [3, reportsRow], esp.reports));
	}
	noteFailures(canvas, [0, reportsRow + (esp.reports ? 3 : 0)]);
	canvas.pin(TRIGGER, sampleItems(spellerOf(esp.spelling)));
	return canvas.toFile();
}

/** Each lease makes one request at a time; one is left to everything else that uses the key. */
const unpaced = ({ simultaneous = Infinity }: Esp): Pace => ({
	shares: Math.min(SHARES, simultaneous - 1),
	pause: 0,
});

const paced = (name: string, { requests, per }: RateLimit): string =>
	`A lease rests for **Settings → leaseRests** milliseconds after each contact, which keeps the flow below ${name}'s rate limit of ${requests.toLocaleString('en')} requests in ${per / 1000} seconds. What finds no lease in time is sent again by SparkLoop.`;

const numbered = (steps: readonly string[]): string =>
	steps.map((step, index) => `${index + 1}. ${step}`).join('\n');
const listed = (lines: readonly string[]): string => lines.map((line) => `- ${line}`).join('\n');

function notes(canvas: Canvas, esp: Esp): void {
	const [first, ...rest] = esp.notes.steps;
	canvas.note(
		[-0.35, NOTES],
		[3.7, 1.85],
		`## ${esp.name} ⇄ SparkLoop
Writes SparkLoop's data (link, code, counts, coupon, reward) into the fields of your contacts${esp.reports ? ', and tells SparkLoop who signed up, has a new address or unsubscribed' : ''}.

${numbered([
	first,
	`Trigger: choose the credential with your SparkLoop token.`,
	...rest,
	...(esp.reports ? ['Import *Outbox*, do what its notes say, and publish it.'] : []),
	"Run **Set up (run once)**, and publish. In SparkLoop, add a webhook with the trigger's **Production URL** and tick **Subscriber Created or Updated**, **New Referral** and **Reward Unlocked**.",
])}`,
		1,
	);
	canvas.note(
		[3.45, NOTES],
		[3.25, 1.85],
		`### What is particular about ${esp.name}
${listed(esp.notes.traps)}`,
		5,
	);
	canvas.note(
		[10.15, NOTES],
		[3.25, 1.85],
		`### Why no older event overwrites a newer one
Events come twice, late and in any order. So the contact is read first, and of an event only what is **newer** is written: a larger count of referrals, a later win. \`sync_subscriber\` says how things are now, and may lower the count (a reset).

One execution at a time writes a contact: the one that holds its **lease**. ${esp.rateLimit ? paced(esp.name, esp.rateLimit) : 'If n8n is killed, the lease runs out after two minutes.'}${esp.simultaneous ? ` There are ${unpaced(esp).shares} leases, because ${esp.name} takes ${esp.simultaneous} requests at the same time. What finds none in time is sent again by SparkLoop.` : ''}

Of whom SparkLoop says that they signed up, and who are not in ${esp.name} (people from partner programs, say), are added; with \`no\` in **Settings → addMissing** they are not. Referrers and winners who are not there any more are left out. SparkLoop does not say who has left: a late event can add somebody whom you deleted.

With \`yes\` in **Settings → record**, handled events are written into a Data Table, from which *Replay* can feed them in again.`,
		5,
	);
	canvas.note(
		[13.5, NOTES],
		[2.75, 1.85],
		`### When something fails
SparkLoop hears 200 only once the fields are written. While ${esp.name} is down it hears 500 and sends the event again, for up to a month: nothing is lost, and writing twice does no harm.

Failures are written down below; import *Alerts* to be told. Or choose an error workflow of your own under **⋯ → Settings → Error workflow**.`,
		4,
	);
	canvas.note(
		[6.8, NOTES],
		[3.25, 1.85],
		`### ${esp.name} → SparkLoop
${listed(esp.notes.reports)}`,
		1,
	);
}
