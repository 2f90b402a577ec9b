import { Canvas, when, type WorkflowFile } from './canvas.mts';
import { columnsOf, matching, table, tableOf } from './dataTable.mts';
import { entrances } from './entrances.mts';
import { codeText, createFailuresTable, noteFailures } from './failures.mts';
import { OUTBOX_SETTING } from './intoOutbox.mts';
import { createLeases, giveLeaseBack, runLease, takeRunLease } from './leases.mts';

/** The outbox's table: column → type. An event is removed once it is delivered. */
export const OUTBOX_COLUMNS = {
	person: 'string',
	event: 'string',
	state: 'string',
	attempts: 'number',
	due: 'number',
	reason: 'string',
} as const;

/** Sends what SparkLoop did not take: in order for each person, with growing pauses, for a month. */
export function outbox(): WorkflowFile {
	const canvas = new Canvas('Outbox', {
		// Shorter than the lease, so that no run outlives its own.
		executionTimeout: 480,
		// One a minute would fill n8n's database with runs that had nothing to do.
		saveDataSuccessExecution: 'none',
	});
	notes(canvas);
	entrances(canvas, {
		schedule: 'Every minute',
		interval: { field: 'minutes', minutesInterval: 1 },
		settings: {
			table: OUTBOX_SETTING.outbox,
			leases: 'SparkLoop lease',
			pageSize: 200,
			minute: 60_000,
			longestPause: 86_400_000,
			keptFor: 31 * 86_400_000,
			leaseFor: 600_000,
			// Even if SparkLoop never answers, a page takes 200 seconds: what is left goes with the next run.
			runFor: 240_000,
			startedAt: '={{ Date.now() }}',
		},
		question: 'Is it time to send?',
	});
	drain(canvas);
	setUp(canvas);
	noteFailures(canvas, [0, 3.2]);
	return canvas.toFile();
}

function notes(canvas: Canvas): void {
	canvas.note(
		[-0.3, -1.8],
		[2.6, 1.1],
		`## Outbox
Sends to SparkLoop what could not be delivered, for up to 31 days.

1. **Send to SparkLoop**: choose the credential with your **Incoming Webhook URL**. For *Newsletter in a box*, set **Send Through** to *API* instead: only the API is told who brought somebody.
2. Run **Set up (run once)**: it makes three Data Tables.
3. Publish. The other workflows fill it.`,
		1,
	);
	canvas.note(
		[2.6, -1.8],
		[2.6, 1.1],
		`### Why nothing is lost, and nothing overtakes
An event leaves the table only after SparkLoop took it. A later event of somebody waits behind an earlier one, until that is written down as delivered.

Only one run sends at a time: it takes a **lease**, by an update that succeeds for one of them. If n8n is killed, the lease runs out after ten minutes, and the next run goes on. An event that was sent just before the kill is sent once more: told twice that somebody subscribed, changed or left, SparkLoop has nothing new to learn.`,
		5,
	);
	canvas.note(
		[5.5, -1.8],
		[2.6, 1.1],
		`### Pauses
A minute, two, four … up to a day, each a bit shorter by chance, or as long as SparkLoop asks for.

What SparkLoop refuses for good (4xx), or does not take within 31 days, is **parked**: it stays in the table with its reason, nothing is sent again, and what comes later of that person goes on.`,
		5,
	);
	canvas.note(
		[8.4, -1.8],
		[2.6, 1.1],
		`### When something fails
A run that parks an event ends with an error that says how many, and one that could try nothing (a credential is missing) with the reason; the next then comes in ten minutes. It is noted below; import *Alerts* to be told. Or choose an error workflow of your own under **⋯ → Settings → Error workflow**.

To send a parked event again, correct it in the table, and set its state to \`waiting\`.`,
		4,
	);
}

function drain(canvas: Canvas): void {
	const outboxTable = table("={{ $('Settings').first().json.table }}");
	const lease = takeRunLease(canvas, [3.2, 0], runLease('outbox'));
	canvas.node(
		'Read from here',
		'set',
		[6.2, 0],
		{
			mode: 'raw',
			jsonOutput:
				"={{ $runIndex > 0 ? $('Choose what is due').last().json : { after: 0, met: [], sent: 0, behind: 0 } }}",
			options: {},
		},
		{ executeOnce: true },
	);
	canvas.node(
		'Read a page',
		'dataTable',
		[7.2, 0],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: outboxTable,
			...matching(['state', 'eq', 'waiting'], ['id', 'gt', '={{ $json.after }}']),
			returnAll: false,
			limit: "={{ $('Settings').first().json.pageSize }}",
			orderBy: true,
			orderByColumn: 'id',
			orderByDirection: 'ASC',
		},
		{ alwaysOutputData: true },
	);
	canvas.node('Choose what is due', 'code', [8.2, 0], { jsCode: codeText('chooseDue.js.txt') });
	canvas.node(
		'Is anything due?',
		'if',
		[9.2, 0],
		when('={{ $json.due.length }}', 'gt', '0', 'number'),
	);
	canvas.node('One item per event', 'splitOut', [10.3, -0.4], {
		fieldToSplitOut: 'due',
		options: {},
	});
	canvas.node(
		'Send to SparkLoop',
		'n8n-nodes-sparkloop.sparkLoop',
		[11.3, -0.4],
		{
			resource: 'subscriber',
			operation: 'sendAsIs',
			sendThrough: 'incomingWebhook',
			event: '={{ $json.event }}',
			options: { maxAttempts: 1, timeout: 10 },
		},
		{ onError: 'continueRegularOutput' },
	);
	canvas.node('Work out what is next', 'code', [12.3, -0.4], {
		jsCode: codeText('workOutNext.js.txt'),
	});
	canvas.node('Write it down', 'dataTable', [13.3, -0.4], {
		resource: 'row',
		operation: 'update',
		dataTableId: outboxTable,
		...matching(['id', 'eq', '={{ $json.id }}']),
		columns: columnsOf({
			state: '={{ $json.state }}',
			attempts: '={{ $json.attempts }}',
			due: '={{ $json.due }}',
			reason: '={{ $json.reason }}',
		}),
		options: {},
	});
	canvas.node(
		'Is there another page?',
		'if',
		[10.3, 0.8],
		when("={{ $('Choose what is due').last().json.more }}", 'true', undefined, 'boolean'),
		{ executeOnce: true },
	);
	canvas.node(
		'Remove what was delivered',
		'dataTable',
		[11.3, 1.2],
		{
			resource: 'row',
			operation: 'deleteRows',
			dataTableId: outboxTable,
			...matching(['state', 'eq', 'delivered']),
			options: {},
		},
		{ executeOnce: true, alwaysOutputData: true },
	);
	giveLeaseBack(canvas, 'Give the lease back', [13.3, 1.2]);
	canvas.node(
		'Park what is given up',
		'dataTable',
		[12.3, 1.2],
		{
			resource: 'row',
			operation: 'update',
			dataTableId: outboxTable,
			...matching(['state', 'eq', 'unreported']),
			columns: columnsOf({ state: 'parked' }),
			options: {},
		},
		{ executeOnce: true, alwaysOutputData: true },
	);
	canvas.node(
		'Was anything parked?',
		'if',
		[14.3, 1.2],
		when("={{ $('Park what is given up').first().json.id }}", 'notEmpty', undefined, 'number'),
		{ executeOnce: true },
	);
	canvas.node('Report it', 'stopAndError', [15.4, 1], {
		errorMessage:
			"={{ $('Park what is given up').all().length }} events for SparkLoop were parked: see the rows with the state 'parked' in the Data Table '{{ $('Settings').first().json.table }}'. The first: {{ $('Park what is given up').first().json.reason }}",
	});
	canvas.node('All is well', 'noOp', [15.4, 1.7], {});

	canvas.connect('Is it time to send?', 0, lease.first);
	canvas.chain(
		lease.taken,
		'Read from here',
		'Read a page',
		'Choose what is due',
		'Is anything due?',
		'One item per event',
		'Send to SparkLoop',
		'Work out what is next',
		'Write it down',
		'Is there another page?',
		'Read from here',
	);
	canvas.connect('Is anything due?', 1, 'Is there another page?');
	canvas.connect('Is there another page?', 1, 'Remove what was delivered');
	canvas.chain(
		'Remove what was delivered',
		'Park what is given up',
		'Give the lease back',
		'Was anything parked?',
		'Report it',
	);
	canvas.connect('Was anything parked?', 1, 'All is well');
}

function setUp(canvas: Canvas): void {
	canvas.node(
		'Create the outbox',
		'dataTable',
		[3.2, 2.2],
		tableOf("={{ $('Settings').first().json.table }}", OUTBOX_COLUMNS),
	);
	canvas.connect('Is it time to send?', 1, 'Create the outbox');
	canvas.chain(
		'Create the outbox',
		createFailuresTable(canvas, [4.2, 2.2]),
		createLeases(canvas, [5.2, 2.2], "['outbox']"),
	);
}
