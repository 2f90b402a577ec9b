import { Canvas, when, type WorkflowFile } from './canvas.mts';
import type { ContactList } from './contactLists/contactList.mts';
import { columnsOf, matching, table, tableOf } from './dataTable.mts';
import { entrances } from './entrances.mts';
import { codeText, createFailuresTable, noteFailures } from './failures.mts';
import { keepRunLease, stopIfTakenOver, takeRunLease, type RunLease } from './leases.mts';

const SETTINGS = "$('Settings').first().json";
const PROGRESS = table(`={{ ${SETTINGS}.progress }}`);
const REFUSALS = table(`={{ ${SETTINGS}.refusals }}`);
/** The import's own row: so a run that has lost its lease cannot write down how far it came. */
const LEASE: RunLease = {
	table: `${SETTINGS}.progress`,
	name: `${SETTINGS}.import`,
	until: 'heldUntil',
};
/** The row of the import, as it is at the beginning of each pass. */
const ROW = "$('From here').first().json";
const OUTCOME = "$('Check them off').first().json";

/**
 * The table of imports: column → type. `cursor` is where the ESP's next page begins, `within` whom of it was done last;
 * `heldUntil` is the lease: whoever sets it to a later time may import until then. `tries` counts the runs that could
 * not finish the same people.
 */
export const PROGRESS_COLUMNS = {
	name: 'string',
	state: 'string',
	progress: 'string',
	problem: 'string',
	done: 'number',
	total: 'number',
	imported: 'number',
	alreadyThere: 'number',
	refused: 'number',
	skipped: 'number',
	peopleAMinute: 'number',
	startedAt: 'string',
	cursor: 'string',
	within: 'string',
	tries: 'number',
	heldUntil: 'number',
} as const;

/** The table of people whom SparkLoop will not take as they are: column → type. */
export const REFUSALS_COLUMNS = {
	import: 'string',
	contact: 'string',
	email: 'string',
	reason: 'string',
} as const;

/** What a checkpoint writes. */
export const CHECKPOINT = [
	...['state', 'progress', 'problem', 'done', 'total', 'imported', 'alreadyThere', 'refused'],
	...['skipped', 'peopleAMinute', 'cursor', 'within', 'tries', 'heldUntil'],
];

const BEGINNING: Readonly<Record<string, string>> = {
	name: `={{ ${SETTINGS}.import }}`,
	state: 'waiting',
	progress: 'Not begun',
	problem: '',
	...Object.fromEntries(
		['done', 'total', 'imported', 'alreadyThere', 'refused', 'skipped'].map((name) => [name, '0']),
	),
	peopleAMinute: '0',
	startedAt: '',
	cursor: '',
	within: '',
	tries: '0',
	heldUntil: '0',
};

/** Everybody who subscribed before SparkLoop was there → SparkLoop, through its API, below its limit, over many runs. */
export function importing(list: ContactList): WorkflowFile {
	const from = list.name === '' ? '' : ` from ${list.name}`;
	const canvas = new Canvas(`Import existing subscribers${from}`, {
		// Longer than a run and its last lease, so that no run is cut off in the middle of a page.
		executionTimeout: 480,
		// The table tells how far it is; runs would fill n8n's database, with everybody's address in it.
		saveDataSuccessExecution: 'none',
	});
	notes(canvas, list);
	entrances(canvas, {
		schedule: 'Every minute',
		interval: { field: 'minutes', minutesInterval: 1 },
		settings: {
			...list.settings,
			perMinute: 120,
			import: `Existing subscribers${list.name === '' ? '' : ` in ${list.name}`}`,
			whenAllAreRefused: 'stop',
			progress: 'SparkLoop import progress',
			refusals: 'SparkLoop import refusals',
			minute: 60_000,
			// Even if SparkLoop never answers, so many people take 200 seconds: less than the lease.
			atOnce: 100,
			leaseFor: 240_000,
			runFor: 180_000,
			giveUpAfter: 10,
			startedAt: '={{ Date.now() }}',
		},
		question: 'Is it time to import?',
	});
	begin(canvas);
	importPage(canvas, list);
	checkOff(canvas);
	setUp(canvas);
	noteFailures(canvas, [0, 3.6]);
	return canvas.toFile();
}

function begin(canvas: Canvas): void {
	const lease = takeRunLease(canvas, [3.1, 0], LEASE, {
		conditions: [['state', 'neq', 'done']],
		columns: {
			state: 'running',
			startedAt: '={{ $json.startedAt || new Date().toISOString() }}',
		},
	});
	canvas.connect('Is it time to import?', 0, lease.first);
	canvas.chain(lease.taken, canvas.node('From here', 'noOp', [8.2, 0], {}));
}

function importPage(canvas: Canvas, list: ContactList): void {
	const page = list.read(canvas, [9.2, 0], `${ROW}.cursor`);
	const column = 9.2 + page.columns;
	canvas.node('Choose whom to import', 'code', [column, 0], {
		jsCode: codeText('chooseWhom.js.txt'),
	});
	canvas.node(
		'Is anybody to be imported?',
		'if',
		[column + 1, 0],
		when('={{ $json.active.length }}', 'gt', '0', 'number'),
	);
	canvas.node('One item per person', 'splitOut', [column + 2, 0], {
		fieldToSplitOut: 'active',
		options: {},
	});
	canvas.node(
		'Import into SparkLoop',
		'n8n-nodes-sparkloop.sparkLoop',
		[column + 3, 0],
		{
			resource: 'import',
			operation: 'throughApi',
			email: '={{ $json.email }}',
			additionalFields: {
				name: '={{ $json.name }}',
				createdAt: '={{ $json.createdAt }}',
				ipAddress: '={{ $json.ipAddress }}',
				referrerCode: '={{ $json.referrer }}',
			},
			options: {
				rateLimit: `={{ ${SETTINGS}.perMinute }}`,
				rateWindow: `={{ ${SETTINGS}.minute / 1000 }}`,
				// After a refusal for the rate all wait for as long as the limit's window.
				longestPause: `={{ ${SETTINGS}.minute / 1000 }}`,
				maxAttempts: 2,
				timeout: 10,
			},
		},
		{ onError: 'continueRegularOutput' },
	);
	canvas.chain('From here', page.first);
	canvas.chain(
		page.last,
		'Choose whom to import',
		'Is anybody to be imported?',
		'One item per person',
		'Import into SparkLoop',
	);
}

function checkOff(canvas: Canvas): void {
	const row = 2;
	canvas.node('Check them off', 'code', [9.2, row], { jsCode: codeText('checkOff.js.txt') });
	canvas.node(
		'Was anybody refused?',
		'if',
		[10.2, row],
		when('={{ $json.refusals.length }}', 'gt', '0', 'number'),
	);
	canvas.node('One item per refusal', 'splitOut', [11.2, row - 0.7], {
		fieldToSplitOut: 'refusals',
		options: {},
	});
	canvas.node('Write the refusals down', 'dataTable', [12.2, row - 0.7], {
		resource: 'row',
		// The same people may be done again after a kill.
		operation: 'upsert',
		dataTableId: REFUSALS,
		...matching(
			['import', 'eq', `={{ ${SETTINGS}.import }}`],
			['contact', 'eq', '={{ $json.contact }}'],
		),
		columns: columnsOf({
			import: `={{ ${SETTINGS}.import }}`,
			contact: '={{ $json.contact }}',
			email: '={{ $json.email }}',
			reason: '={{ $json.reason }}',
		}),
		options: {},
	});
	stopIfTakenOver(
		canvas,
		[15.4, row + 0.9],
		'Nobody is lost, and nobody counted twice. If it happens again, make Settings → leaseFor longer, or atOnce smaller.',
	);
	const checkpoint = keepRunLease(
		canvas,
		[13.4, row],
		LEASE,
		['Write the checkpoint', 'Is the lease still ours?'],
		`${ROW}.heldUntil`,
		Object.fromEntries(CHECKPOINT.map((name) => [name, `={{ ${OUTCOME}.${name} }}`])),
	);
	canvas.node('Did it go well?', 'if', [15.4, row], when('={{ $json.problem }}', 'empty'));
	canvas.node('Stop: not imported', 'stopAndError', [16.4, row + 0.9], {
		errorMessage: `=The import "{{ $json.name }}" stands at {{ $json.done }} people: {{ $json.problem }} Nobody is skipped: the next run goes on there.`,
	});
	canvas.node(
		'Is there time for more?',
		'if',
		[16.4, row],
		when(`={{ ${OUTCOME}.goesOn }}`, 'true', undefined, 'boolean'),
	);
	canvas.node('Leave it to the next run', 'noOp', [17.4, row + 0.4], {});

	canvas.chain(
		'Import into SparkLoop',
		'Check them off',
		'Was anybody refused?',
		'One item per refusal',
		'Write the refusals down',
		checkpoint.first,
	);
	canvas.chain(checkpoint.kept, 'Did it go well?', 'Is there time for more?', 'From here');
	canvas.connect('Is anybody to be imported?', 1, 'Check them off');
	canvas.connect('Was anybody refused?', 1, checkpoint.first);
	canvas.connect('Did it go well?', 1, 'Stop: not imported');
	canvas.connect('Is there time for more?', 1, 'Leave it to the next run');
}

function setUp(canvas: Canvas): void {
	const row = 2;
	canvas.node(
		'Create the table of imports',
		'dataTable',
		[3.1, row],
		tableOf(`={{ ${SETTINGS}.progress }}`, PROGRESS_COLUMNS),
	);
	canvas.node(
		'Create the table of refusals',
		'dataTable',
		[4.1, row],
		tableOf(`={{ ${SETTINGS}.refusals }}`, REFUSALS_COLUMNS),
	);
	const failures = createFailuresTable(canvas, [5.1, row]);
	canvas.node(
		'Is it missing?',
		'dataTable',
		[6.1, row],
		{
			resource: 'row',
			operation: 'rowNotExists',
			dataTableId: PROGRESS,
			...matching(['name', 'eq', `={{ ${SETTINGS}.import }}`]),
		},
		{ executeOnce: true },
	);
	canvas.node('Begin the import', 'dataTable', [7.1, row], {
		resource: 'row',
		operation: 'insert',
		dataTableId: PROGRESS,
		columns: columnsOf({ ...BEGINNING }),
		options: {},
	});
	canvas.connect('Is it time to import?', 1, 'Create the table of imports');
	canvas.chain(
		'Create the table of imports',
		'Create the table of refusals',
		failures,
		'Is it missing?',
		'Begin the import',
	);
}

function notes(canvas: Canvas, { name, note }: ContactList): void {
	const [top, height] = [-2.6, 2];
	canvas.note(
		[-0.35, top],
		[3.3, height],
		`## Import existing subscribers
Tells SparkLoop of everybody in ${name === '' ? 'your ESP' : name} who subscribed before SparkLoop was there, through its API. SparkLoop allows 120 calls a minute, one for each person: 10,000 people take about an hour and a half.

${note}
- **Import into SparkLoop**: choose the credential with your API key.

Import the flow from SparkLoop to your ESP (*SparkLoop to your ESP*, or your ESP's own), and publish it first: it takes the links that come back. Then run **Set up (run once)**, and publish this.

How far it is stands in the Data Table *SparkLoop import progress*. Unpublish to pause it, publish to go on; a run under way ends by itself within minutes. Once its state is \`done\`, unpublish it.`,
		1,
	);
	canvas.note(
		[3.1, top],
		[3, height],
		`### What comes back
SparkLoop answers every imported person with a \`sync_subscriber\`: their referral code and link, for your ESP. They come as fast as this sends, and the flow that takes them has to write each one. What it cannot take in time SparkLoop sends again, for up to a month: links come late, but they come.

If your ESP allows less than 120 contacts a minute, or n8n has other work to do, give less in **Settings → perMinute**. The import takes longer then, and nothing has to be sent twice.

Quicker is SparkLoop's own CSV import: **Create CSV** of the SparkLoop node makes the files for its dashboard. All \`sync_subscriber\` come at once then.`,
		5,
	);
	canvas.note(
		[6.3, top],
		[3, height],
		`### Who is imported
Only who is subscribed and has confirmed: SparkLoop bills by active subscribers. All others are counted as *skipped*.

Who is in SparkLoop already is left as they are, and counted as *alreadyThere*. So nobody is there twice, however often this runs. Who unsubscribes in the very minute in which they are imported is found by *Reconcile*.

A referrer is a referral code or an email address. SparkLoop has to know an address by then: your ESP's oldest contacts should come first.

Whom SparkLoop does not take (no address, a referrer it does not know) is in the Data Table *SparkLoop import refusals*, with the reason. Correct them in your ESP, and start over.`,
		5,
	);
	canvas.note(
		[9.5, top],
		[3, height],
		`### Why nobody is skipped or counted twice
One run works at a time: it holds a **lease**, the row's \`heldUntil\`. After every hundred people at most it writes the **checkpoint**: where to go on, and the counts. Only the run that has the lease can.

If n8n is killed in between, the lease runs out after four minutes, and the next run does these people again: who was imported is *alreadyThere* then. *imported*, *alreadyThere*, *refused* and *skipped* add up to all people read.

To **start over**, remove the row from *SparkLoop import progress*, and run **Set up (run once)**. Two imports on one n8n need two names in **Settings → import**.`,
		5,
	);
	canvas.note(
		[12.7, top],
		[3, height],
		`### When something fails
A run that cannot go on ends with an error, and the next one begins with the same people. It is noted below; import *Alerts* to be told. Or choose an error workflow of your own under **⋯ → Settings → Error workflow**.

SparkLoop is down, or the key is wrong: what is in the way stands in the column \`problem\`, and the next run tries again. Your ESP cannot be read: that happens once the lease has run out, four minutes later.

Where ten people or more, and all of them, are refused at once, the import stops: that is hardly their fault. A single person for whom SparkLoop fails ten runs in a row is given up and written down.`,
		4,
	);
}
