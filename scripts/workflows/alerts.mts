import { Canvas, when, type WorkflowFile } from './canvas.mts';
import { columnsOf, matching, table, tableOf } from './dataTable.mts';
import { entrances } from './entrances.mts';
import { codeText, createFailuresTable, FAILURES_TABLE, noteFailures } from './failures.mts';
import { createLeases, giveLeaseBack, runLease, takeRunLease } from './leases.mts';

const SETTINGS = "$('Settings').first().json";
const FAILURES = table(FAILURES_TABLE);
const ALERTS = table(`={{ ${SETTINGS}.table }}`);

/**
 * The table of alerts: column → type. An alert is `waiting` until it is `sent`, or `kept` when there is no address to
 * send it to. `lastId` is the newest failure that it counts, `due` the time before which it is not told.
 */
export const ALERTS_COLUMNS = {
	workflow: 'string',
	workflowId: 'string',
	node: 'string',
	message: 'string',
	kind: 'string',
	state: 'string',
	count: 'number',
	firstAt: 'number',
	lastAt: 'number',
	lastId: 'number',
	url: 'string',
	due: 'number',
	toldAt: 'number',
	reason: 'string',
} as const;

/** Failures that the flows have noted → one alert for each kind, with growing counts, not more than one an hour. */
export function alerts(): WorkflowFile {
	const canvas = new Canvas('Alerts', {
		// Shorter than the lease, so that no run outlives its own.
		executionTimeout: 240,
		// One a minute would fill n8n's database with runs that had nothing to do.
		saveDataSuccessExecution: 'none',
	});
	notes(canvas);
	entrances(canvas, {
		schedule: 'Every minute',
		interval: { field: 'minutes', minutesInterval: 1 },
		settings: {
			alertUrl: '',
			pause: 3_600_000,
			alertsPerRun: 10,
			table: 'SparkLoop alerts',
			leases: 'SparkLoop lease',
			pageSize: 1_000,
			pagesPerRun: 10,
			kindsPerPage: 25,
			settle: 5_000,
			keptFor: 31 * 86_400_000,
			keptRows: 10_000,
			leaseFor: 300_000,
		},
		question: 'Is it time to look?',
	});
	count(canvas);
	tell(canvas);
	cleanUp(canvas);
	setUp(canvas);
	noteFailures(canvas, [0, 3.4]);
	return canvas.toFile();
}

function notes(canvas: Canvas): void {
	canvas.note(
		[-0.35, -2],
		[2.9, 1.5],
		`## Alerts
Tells you what failed in these workflows, where, how often, and with a link to the execution.

1. **Settings → alertUrl**: where alerts are sent, such as an incoming webhook of Slack, Mattermost or Discord. Blank: they are only written into the Data Table *SparkLoop alerts*.
2. **Send the alert**: choose a credential if that address wants one. Google Chat takes nothing but \`text\`: change the body to \`{{ { text: $json.body.text } }}\`.
3. Run **Set up (run once)**, and publish.`,
		1,
	);
	canvas.note(
		[2.75, -2],
		[3.1, 1.5],
		`### An outage is one alert, not a thousand
Failures of the same workflow, node and message count as one kind; numbers, ids and quoted parts make no difference. Of each kind you hear at once, and then not again for an hour (**pause**): the next alert says how often it happened since.

If more than ten kinds are due in one run, the ten that happened most often are sent, and the first of them sums up the rest.`,
		5,
	);
	canvas.note(
		[6.05, -2],
		[3.1, 1.5],
		`### No addresses, no secrets
E-mail addresses, tokens, keys, and everything of a URL but its host are taken out **before** a failure is written down: they are in no table and no alert. What an API answers beside the message is left out altogether. The link leads to the execution, where those who may see it find the rest.`,
		5,
	);
	canvas.note(
		[9.35, -2],
		[3.9, 1.5],
		`### When something fails
An alert that cannot be sent waits in the table, goes on counting, and is sent by a later run; the run that could not send it ends with an error. If n8n is killed just after sending, the alerts of that run are sent a second time. What was noted is counted once.

One run works at a time: it holds a **lease**. After a kill the next one waits until that runs out, at most five minutes.

n8n starts no error workflow for an execution that was stopped, by hand or by its timeout: you do not hear of those.`,
		4,
	);
	canvas.note(
		[-0.35, 2.7],
		[6.3, 0.65],
		`### For other workflows too
The part below is on every canvas of this package that works by itself. Any other workflow can use this one: there, choose *Alerts* under **⋯ → Settings → Error workflow**. n8n starts it only while *Alerts* is published, and only for executions that did not start by hand.`,
		5,
	);
}

/**
 * Page by page, so that 50,000 failures are no more at a time than 1,000; and each page is marked before the next is
 * read, so that a run that is cut short has not worked in vain.
 */
function count(canvas: Canvas): void {
	const lease = takeRunLease(canvas, [3, 0], runLease('alerts'));
	canvas.node(
		'Read a page',
		'dataTable',
		[6, 0],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: FAILURES,
			...matching(['alert', 'eq', '={{ 0 }}']),
			returnAll: false,
			limit: `={{ ${SETTINGS}.pageSize }}`,
			orderBy: true,
			orderByColumn: 'id',
			orderByDirection: 'ASC',
		},
		{ executeOnce: true, alwaysOutputData: true },
	);
	canvas.node(
		'Is there anything new?',
		'if',
		[7, 0],
		when(
			`={{ $json.id > 0 && Math.abs(Date.now() - $json.at) >= ${SETTINGS}.settle }}`,
			'true',
			undefined,
			'boolean',
		),
		{ executeOnce: true },
	);
	canvas.node('Group them', 'code', [8, -0.2], { jsCode: codeText('groupFailures.js.txt') });
	canvas.node(
		'Find the last alert of each',
		'dataTable',
		[9, -0.2],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: ALERTS,
			...matching(['kind', 'eq', '={{ $json.kind }}']),
			returnAll: false,
			limit: 1,
			orderBy: true,
			orderByColumn: 'id',
			orderByDirection: 'DESC',
		},
		{ alwaysOutputData: true },
	);
	canvas.node('Work out the alerts', 'code', [10, -0.2], {
		jsCode: codeText('workOutAlerts.js.txt'),
	});
	canvas.node('Write the alerts', 'dataTable', [11, -0.2], {
		resource: 'row',
		operation: 'upsert',
		dataTableId: ALERTS,
		...matching(['kind', 'eq', '={{ $json.kind }}'], ['state', 'eq', 'waiting']),
		columns: columnsOf(
			Object.fromEntries(Object.keys(ALERTS_COLUMNS).map((name) => [name, `={{ $json.${name} }}`])),
		),
		options: {},
	});
	canvas.node(
		'Mark what is counted',
		'dataTable',
		[12, -0.2],
		{
			resource: 'row',
			operation: 'update',
			dataTableId: FAILURES,
			...matching(
				['kind', 'eq', '={{ $json.kind }}'],
				['alert', 'eq', '={{ 0 }}'],
				['id', 'lte', '={{ $json.lastId }}'],
			),
			columns: columnsOf({ alert: '={{ $json.id }}' }),
			options: {},
		},
		{ alwaysOutputData: true },
	);
	canvas.node(
		'Is there another page?',
		'if',
		[13, -0.2],
		when("={{ $('Group them').last().json.more }}", 'true', undefined, 'boolean'),
		{ executeOnce: true },
	);
	canvas.connect('Is it time to look?', 0, lease.first);
	canvas.chain(
		lease.taken,
		'Read a page',
		'Is there anything new?',
		'Group them',
		'Find the last alert of each',
		'Work out the alerts',
		'Write the alerts',
		'Mark what is counted',
		'Is there another page?',
		'Read a page',
	);
}

function tell(canvas: Canvas): void {
	canvas.node(
		'Read what waits',
		'dataTable',
		[8, 1],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: ALERTS,
			...matching(['state', 'eq', 'waiting']),
			returnAll: false,
			limit: 200,
			orderBy: true,
			orderByColumn: 'due',
			orderByDirection: 'ASC',
		},
		{ executeOnce: true, alwaysOutputData: true },
	);
	canvas.node(
		'Is any of it due?',
		'if',
		[9, 1],
		when('={{ $json.id > 0 && $json.due <= Date.now() }}', 'true', undefined, 'boolean'),
		{ executeOnce: true },
	);
	canvas.node('Choose what to tell', 'code', [10, 0.9], {
		jsCode: codeText('chooseAlerts.js.txt'),
	});
	canvas.node(
		'Is there an address?',
		'if',
		[11, 0.9],
		when(`={{ ${SETTINGS}.alertUrl }}`, 'notEmpty'),
	);
	canvas.node(
		'Send the alert',
		'httpRequest',
		[12, 0.8],
		{
			method: 'POST',
			url: `={{ ${SETTINGS}.alertUrl }}`,
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '={{ $json.body }}',
			options: {
				timeout: 10_000,
				// Slack takes one a second.
				batching: { batch: { batchSize: 1, batchInterval: 1_000 } },
				response: { response: { neverError: true, fullResponse: true, responseFormat: 'text' } },
			},
		},
		{ onError: 'continueRegularOutput' },
	);
	canvas.node('What became of it', 'code', [13, 0.9], {
		jsCode: codeText('whatBecameOfAlerts.js.txt'),
	});
	canvas.node('Write it down', 'dataTable', [14, 0.9], {
		resource: 'row',
		operation: 'update',
		dataTableId: ALERTS,
		...matching(['id', 'eq', '={{ $json.id }}']),
		columns: columnsOf({
			state: '={{ $json.state }}',
			due: '={{ $json.due }}',
			toldAt: '={{ $json.toldAt }}',
			reason: '={{ $json.reason }}',
		}),
		options: {},
	});
	for (const nothingNew of ['Is there anything new?', 'Is there another page?']) {
		canvas.connect(nothingNew, 1, 'Read what waits');
	}
	canvas.chain(
		'Read what waits',
		'Is any of it due?',
		'Choose what to tell',
		'Is there an address?',
		'Send the alert',
		'What became of it',
		'Write it down',
	);
	canvas.connect('Is there an address?', 1, 'What became of it');
}

function cleanUp(canvas: Canvas): void {
	const remove = (
		name: string,
		column: number,
		dataTableId: object,
		...conditions: Parameters<typeof matching>
	) =>
		canvas.node(
			name,
			'dataTable',
			[column, 1.9],
			{
				resource: 'row',
				operation: 'deleteRows',
				dataTableId,
				...matching(...conditions),
				options: {},
			},
			{ executeOnce: true, alwaysOutputData: true },
		);
	const tooOld = `={{ Date.now() - ${SETTINGS}.keptFor }}`;
	remove('Remove old failures', 10, FAILURES, ['alert', 'gt', '={{ 0 }}'], ['at', 'lt', tooOld]);
	// All Data Tables share one limit of size: an outage must not take the outbox's room.
	remove(
		'Remove all but the newest',
		11,
		FAILURES,
		['alert', 'gt', '={{ 0 }}'],
		[
			'id',
			'lte',
			`={{ $('Work out the alerts').isExecuted ? $('Work out the alerts').last().json.lastId - ${SETTINGS}.keptRows : 0 }}`,
		],
	);
	remove('Remove old alerts', 12, ALERTS, ['toldAt', 'gt', '={{ 0 }}'], ['toldAt', 'lt', tooOld]);
	giveLeaseBack(canvas, 'Give the lease back', [13, 1.9]);
	canvas.node(
		'Was anything not sent?',
		'if',
		[14, 1.9],
		when(
			"={{ $('What became of it').isExecuted && $('What became of it').all().some(({ json }) => json.state === 'waiting') }}",
			'true',
			undefined,
			'boolean',
		),
		{ executeOnce: true },
	);
	canvas.node('Stop: not sent', 'stopAndError', [15, 1.7], {
		errorMessage: `=An alert was not sent: {{ $('What became of it').all().find(({ json }) => json.state === 'waiting').json.reason }}. It waits in the Data Table '{{ ${SETTINGS}.table }}', and the next run sends it again.`,
	});
	canvas.node('All is well', 'noOp', [15, 2.4], {});

	canvas.connect('Write it down', 0, 'Remove old failures');
	canvas.connect('Is any of it due?', 1, 'Remove old failures');
	canvas.chain(
		'Remove old failures',
		'Remove all but the newest',
		'Remove old alerts',
		'Give the lease back',
		'Was anything not sent?',
		'Stop: not sent',
	);
	canvas.connect('Was anything not sent?', 1, 'All is well');
}

function setUp(canvas: Canvas): void {
	const failures = createFailuresTable(canvas, [3, 1.9]);
	canvas.node(
		'Create the table of alerts',
		'dataTable',
		[4, 1.9],
		tableOf(`={{ ${SETTINGS}.table }}`, ALERTS_COLUMNS),
	);
	canvas.connect('Is it time to look?', 1, failures);
	canvas.chain(
		failures,
		'Create the table of alerts',
		createLeases(canvas, [6.5, 3.4], "['alerts']"),
	);
}
