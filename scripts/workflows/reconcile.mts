import { assign, Canvas, switchOn, when, type Place, type WorkflowFile } from './canvas.mts';
import { READ_PAGE, type ContactList } from './contactLists/contactList.mts';
import { columnsOf, matching, table, tableOf } from './dataTable.mts';
import { entrances } from './entrances.mts';
import { codeText, createFailuresTable, noteFailures } from './failures.mts';
import {
	createLeases,
	giveLeaseBack,
	keepRunLease,
	runLease,
	stopIfTakenOver,
	takeRunLease,
} from './leases.mts';

const SCHEDULE = 'Every night';
const PART = 'A part of the work';
const SETTINGS = "$('Settings').first().json";

const TOLD = table(`={{ ${SETTINGS}.told }}`);
const REPORTS = table(`={{ ${SETTINGS}.reports }}`);
const TO_LOOK_AT = table(`={{ ${SETTINGS}.toLookAt }}`);
const LEASE = runLease('reconcile');

/** Of whom SparkLoop was told that they are gone, so that it is asked once where its list does not say it. */
export const TOLD_COLUMNS = { email: 'string', at: 'string' } as const;

/** One row for each run: what differed, what was done, and a text for people. */
export const REPORTS_COLUMNS = {
	at: 'string',
	mode: 'string',
	outcome: 'string',
	contacts: 'number',
	subscribers: 'number',
	lost: 'number',
	changed: 'number',
	stillBilled: 'number',
	returned: 'number',
	unknown: 'number',
	twoSubscribers: 'number',
	sharedId: 'number',
	withoutLink: 'number',
	repaired: 'number',
	failed: 'number',
	saved: 'number',
	seconds: 'number',
	text: 'string',
} as const;

/** Whom the last run left to a person, and what to do; `other` is the other address that plays a part. */
export const TO_LOOK_AT_COLUMNS = {
	kind: 'string',
	email: 'string',
	subscriber: 'string',
	other: 'string',
	todo: 'string',
} as const;

/** Where the lease stands that this run has renewed last: an expression without its braces. */
const HELD_UNTIL =
	"($('Keep the lease on').isExecuted ? $('Keep the lease on').last() : $('Keep the lease').isExecuted ? $('Keep the lease').last() : $('Take the lease').first()).json.until";

/** How the SparkLoop node keeps below the limit; a few attempts, so that a part takes no longer than a lease. */
const options = (more: object): object => ({
	rateLimit: `={{ ${SETTINGS}.perMinute }}`,
	rateWindow: `={{ ${SETTINGS}.minute / 1000 }}`,
	longestPause: 20,
	...more,
});

/** The ESP's contacts and SparkLoop's subscribers → what differs, every night, and repaired if that is wanted. */
export function reconcile(list: ContactList): WorkflowFile {
	const canvas = new Canvas(`Reconcile${list.name === '' ? '' : ` with ${list.name}`}`, {
		// Its runs hold everybody's address; what they found is in the Data Tables.
		saveDataSuccessExecution: 'none',
		// As long as it takes: a run that is still at work keeps its lease.
		executionTimeout: -1,
	});
	notes(canvas, list);
	canvas.node(
		PART,
		'executeWorkflowTrigger',
		[0, 2],
		{ inputSource: 'passthrough' },
		// No address leads to it.
		{ webhookId: undefined, typeVersion: 1.1 },
	);
	entrances(canvas, {
		schedule: SCHEDULE,
		interval: { field: 'days', daysInterval: 1, triggerAtHour: 3, triggerAtMinute: 20 },
		others: { [PART]: 'A part' },
		settings: {
			nightly: 'dry run',
			onDemand: 'dry run',
			...list.settings,
			unsubscribeUnknown: 'no',
			thorough: 'no',
			askForLinks: 'no',
			brakePercent: 5,
			brakePeople: 20,
			perMinute: 120,
			told: 'SparkLoop told gone',
			reports: 'SparkLoop reconciliation reports',
			toLookAt: 'SparkLoop drift to look at',
			rowsPerKind: 200,
			leases: 'SparkLoop lease',
			minute: 60_000,
			settle: 3_600_000,
			pagesPerPart: 5,
			toldPerPart: 1_000,
			batchSize: 20,
			leaseFor: 600_000,
			startedAt: '={{ Date.now() }}',
			byHand: "={{ $execution.mode === 'test' ? 'yes' : 'no' }}",
		},
		question: 'Who has started it?',
	});
	const afterReading = read(canvas, [3, 0]);
	repair(canvas, afterReading, [13.3, 0]);
	report(canvas, list, [14.3, 1.9]);
	setUp(canvas, [3, 2.2]);
	parts(canvas, list, [3, 3.4]);
	noteFailures(canvas, [0, 6.6]);
	return canvas.toFile();
}

/** Adds the node that lets a part of the work be done by an execution of its own, whose data is gone when it returns. */
const doPart = (canvas: Canvas, name: string, place: Place): string =>
	canvas.node(
		name,
		'executeWorkflow',
		place,
		{
			source: 'database',
			workflowId: { __rl: true, mode: 'id', value: '={{ $workflow.id }}' },
			workflowInputs: { mappingMode: 'defineBelow', value: {} },
			mode: 'once',
			options: {},
		},
		{ typeVersion: 1.2, onError: 'continueErrorOutput' },
	);

/** Reads both lists, part by part. @returns the node that is left by output 1 when everything is read */
function read(canvas: Canvas, [column, row]: Place): string {
	const lease = takeRunLease(canvas, [column, row], LEASE, {
		ifTaken: `=Another run is at work, or was killed or failed less than {{ ${SETTINGS}.leaseFor / 60000 }} minutes ago.`,
	});
	canvas.node(
		'Read from here',
		'set',
		[column + 4, row],
		{
			mode: 'raw',
			jsonOutput:
				"={{ $runIndex > 0 ? $('Read a part').last().json.next : { what: 'subscribers', cursor: 1 } }}",
			options: {},
		},
		{ executeOnce: true },
	);
	doPart(canvas, 'Read a part', [column + 5, row]);
	stopIfTakenOver(
		canvas,
		[column + 8, row + 1],
		'What was repaired stays repaired. If it happens again, make Settings → leaseFor longer, or pagesPerPart and batchSize smaller.',
	);
	const keep = keepRunLease(
		canvas,
		[column + 6, row],
		LEASE,
		['Keep the lease', 'Is it still ours?'],
		HELD_UNTIL,
	);
	canvas.node(
		'Is there more to read?',
		'if',
		[column + 8, row],
		when("={{ Boolean($('Read a part').last().json.next) }}", 'true', undefined, 'boolean'),
		{ executeOnce: true },
	);
	canvas.connect('Who has started it?', 0, lease.first);
	canvas.chain(lease.taken, 'Read from here', 'Read a part', keep.first);
	canvas.chain(keep.kept, 'Is there more to read?', 'Read from here');
	return 'Is there more to read?';
}

/** Works out what differs, and repairs it batch by batch. */
function repair(canvas: Canvas, afterReading: string, [column, row]: Place): void {
	canvas.node('Find what differs', 'code', [column - 1.3, row], {
		jsCode: codeText('findDrift.js.txt'),
	});
	canvas.node('Decide what to do', 'code', [column - 0.3, row], {
		jsCode: codeText('planRepairs.js.txt'),
	});
	canvas.node(
		'Is there anything to repair?',
		'if',
		[column + 0.7, row],
		when('={{ $json.batches.length }}', 'gt', '0', 'number'),
	);
	canvas.node('One item per batch', 'splitOut', [column + 1.7, row], {
		fieldToSplitOut: 'batches',
		options: {},
	});
	canvas.node('One batch at a time', 'splitInBatches', [column + 2.7, row], { options: {} });
	doPart(canvas, 'Repair a batch', [column + 3.7, row]);
	const keep = keepRunLease(
		canvas,
		[column + 4.7, row],
		LEASE,
		['Keep the lease on', 'Is the lease still ours?'],
		HELD_UNTIL,
	);
	canvas.node(
		'Does SparkLoop answer?',
		'if',
		[column + 6.7, row],
		when("={{ $('Repair a batch').last().json.down }}", 'false', undefined, 'boolean'),
		{ executeOnce: true },
	);
	canvas.connect(afterReading, 1, 'Find what differs');
	canvas.chain(
		'Find what differs',
		'Decide what to do',
		'Is there anything to repair?',
		'One item per batch',
		'One batch at a time',
	);
	canvas.connect('One batch at a time', 1, 'Repair a batch');
	canvas.chain('Repair a batch', keep.first);
	canvas.chain(keep.kept, 'Does SparkLoop answer?', 'One batch at a time');
}

/** What went wrong and where, which the error of another execution does not say: an expression without its braces. */
const whichPart = ({ name }: ContactList): string =>
	`($prevNode.name === 'Read a part' ? { subscribers: "SparkLoop's subscribers could not be read (from node 'Read subscribers' on): ", contacts: "${name === '' ? 'Your ESP' : name}'s contacts could not be read (from node '${READ_PAGE}' on): ", told: "The table of whom it told could not be read (from node 'Read whom it told' on): " }[$('Read from here').last().json.what] : "A batch could not be repaired (from node 'One item per repair' on): ")`;

/** Writes down what the run found and did, and ends it. */
function report(canvas: Canvas, list: ContactList, [column, row]: Place): void {
	canvas.node(
		'Make the report',
		'code',
		[column, row],
		{ jsCode: codeText('reportRun.js.txt') },
		{ executeOnce: true },
	);
	canvas.node('Write the report', 'dataTable', [column + 1, row], {
		resource: 'row',
		operation: 'insert',
		dataTableId: REPORTS,
		columns: columnsOf(
			Object.fromEntries(
				Object.keys(REPORTS_COLUMNS).map((name) => [name, `={{ $json.${name} }}`]),
			),
		),
		options: {},
	});
	canvas.node(
		'Remove the people of the last run',
		'dataTable',
		[column + 2, row],
		{
			resource: 'row',
			operation: 'deleteRows',
			dataTableId: TO_LOOK_AT,
			...matching(['id', 'gt', '={{ 0 }}']),
			options: {},
		},
		{ executeOnce: true, alwaysOutputData: true },
	);
	canvas.node(
		'Whom to look at',
		'set',
		[column + 3, row],
		{
			mode: 'raw',
			jsonOutput: "={{ { rows: $('Make the report').first().json.rows } }}",
			options: {},
		},
		{ executeOnce: true },
	);
	canvas.node('One item per person', 'splitOut', [column + 4, row], {
		fieldToSplitOut: 'rows',
		options: {},
	});
	canvas.node('Write them down', 'dataTable', [column + 5, row], {
		resource: 'row',
		operation: 'insert',
		dataTableId: TO_LOOK_AT,
		columns: columnsOf(
			Object.fromEntries(
				Object.keys(TO_LOOK_AT_COLUMNS).map((name) => [name, `={{ $json.${name} }}`]),
			),
		),
		options: {},
	});
	canvas.node(
		'What went wrong',
		'set',
		[column + 2, row + 1],
		assign({ problem: `={{ ${whichPart(list)} + $json.error }}` }, false),
		{ executeOnce: true },
	);
	giveLeaseBack(canvas, 'Give the lease back', [column + 3, row + 1], HELD_UNTIL);
	canvas.node(
		'Say how it went',
		'set',
		[column + 4, row + 1],
		{
			mode: 'raw',
			jsonOutput:
				"={{ $('What went wrong').isExecuted ? { problem: String($('What went wrong').first().json.problem).replace(/\\.?$/, '. Nothing is lost: the next run finds what is left.') } : { ...$('Make the report').first().json, rows: undefined } }}",
			options: {},
		},
		{ executeOnce: true },
	);
	canvas.node(
		'Did it go through?',
		'if',
		[column + 5, row + 1],
		when('={{ $json.problem }}', 'empty', undefined, 'string'),
	);
	canvas.node('The report', 'set', [column + 6, row + 0.7], {
		mode: 'raw',
		jsonOutput: '={{ { ...$json, problem: undefined } }}',
		options: {},
	});
	canvas.node('Stop: say why', 'stopAndError', [column + 6, row + 1.5], {
		errorMessage: '={{ $json.problem }}',
	});
	for (const [from, output] of [
		['Is there anything to repair?', 1],
		['One batch at a time', 0],
		['Does SparkLoop answer?', 1],
	] as const) {
		canvas.connect(from, output, 'Make the report');
	}
	canvas.chain(
		'Make the report',
		'Write the report',
		'Remove the people of the last run',
		'Whom to look at',
		'One item per person',
		'Write them down',
	);
	// The branch above goes first; it ends early when there is nobody.
	canvas.connect('Remove the people of the last run', 0, 'Give the lease back');
	for (const part of ['Read a part', 'Repair a batch']) canvas.connect(part, 1, 'What went wrong');
	canvas.chain(
		'What went wrong',
		'Give the lease back',
		'Say how it went',
		'Did it go through?',
		'The report',
	);
	canvas.connect('Did it go through?', 1, 'Stop: say why');
}

function setUp(canvas: Canvas, [column, row]: Place): void {
	const create = (name: string, index: number, setting: string, columns: Record<string, string>) =>
		canvas.node(
			name,
			'dataTable',
			[column + index, row],
			tableOf(`={{ ${SETTINGS}.${setting} }}`, columns),
		);
	const tables = [
		create('Create the table of whom it told', 0, 'told', TOLD_COLUMNS),
		create('Create the table of reports', 1, 'reports', REPORTS_COLUMNS),
		create('Create the table of people', 2, 'toLookAt', TO_LOOK_AT_COLUMNS),
		createFailuresTable(canvas, [column + 3, row]),
	];
	canvas.connect('Who has started it?', 1, tables[0]);
	canvas.chain(...tables, createLeases(canvas, [column + 4, row], "['reconcile']"));
}

/** What an execution of its own does, each part ending with one item that is as small as can be. */
function parts(canvas: Canvas, list: ContactList, [column, row]: Place): void {
	canvas.node(
		'Which part?',
		'switch',
		[column, row + 1],
		switchOn('={{ $json.what }}', {
			Subscribers: 'subscribers',
			Contacts: 'contacts',
			'Whom it told': 'told',
			'A repair': 'repair',
		}),
	);
	canvas.connect('Who has started it?', 2, 'Which part?');
	const cursor = `${SETTINGS}.cursor`;
	const keep = (name: string, place: Place, file: string) =>
		canvas.node(name, 'code', place, { jsCode: codeText(file) });

	canvas.node(
		'Read subscribers',
		'n8n-nodes-sparkloop.sparkLoop',
		[column + 1, row],
		{
			resource: 'subscriber',
			operation: 'getAll',
			returnAll: false,
			// A page holds 200, and the next part begins with the next page.
			limit: `={{ ${SETTINGS}.pagesPerPart * 200 }}`,
			simplify: false,
			listOptions: { firstPage: `={{ ${cursor} }}` },
			options: options({ maxAttempts: 3, timeout: 20 }),
		},
		{ alwaysOutputData: true },
	);
	keep('Keep what is compared', [column + 2, row], 'subscriberLines.js.txt');
	canvas.connect('Which part?', 0, 'Read subscribers');
	canvas.chain('Read subscribers', 'Keep what is compared');

	const contacts = list.read(canvas, [column + 1, row + 1], cursor);
	keep(
		'Keep what is compared of them',
		[column + 1 + contacts.columns, row + 1],
		'contactLines.js.txt',
	);
	canvas.connect('Which part?', 1, contacts.first);
	canvas.chain(contacts.last, 'Keep what is compared of them');

	canvas.node(
		'Read whom it told',
		'dataTable',
		[column + 1, row + 2],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: TOLD,
			...matching(['id', 'gt', `={{ ${cursor} }}`]),
			returnAll: false,
			limit: `={{ ${SETTINGS}.toldPerPart }}`,
			orderBy: true,
			orderByColumn: 'id',
			orderByDirection: 'ASC',
		},
		{ alwaysOutputData: true },
	);
	keep('Keep their addresses', [column + 2, row + 2], 'toldLines.js.txt');
	canvas.connect('Which part?', 2, 'Read whom it told');
	canvas.chain('Read whom it told', 'Keep their addresses');
	repairBatch(canvas, [column + 5, row + 0.5]);
}

function repairBatch(canvas: Canvas, [column, row]: Place): void {
	canvas.node('One item per repair', 'code', [column, row + 2], {
		jsCode: codeText('repairsOfBatch.js.txt'),
	});
	canvas.node(
		'What is it?',
		'switch',
		[column + 1, row + 2],
		switchOn(
			`={{ ${SETTINGS}.kind }}`,
			{ 'A link': 'withoutLink', 'Nothing to tell': 'forget' },
			'An event',
		),
	);
	canvas.node(
		'Ask for the link',
		'n8n-nodes-sparkloop.sparkLoop',
		[column + 2.2, row + 1],
		{
			resource: 'subscriber',
			operation: 'upsert',
			email: '={{ $json.email }}',
			additionalFields: { status: 'confirmed' },
			options: options({ maxAttempts: 2, timeout: 15, concurrency: 5 }),
		},
		{ onError: 'continueRegularOutput' },
	);
	canvas.node(
		'Tell SparkLoop',
		'n8n-nodes-sparkloop.sparkLoop',
		[column + 2.2, row + 3],
		{
			resource: 'subscriber',
			operation: 'sendAsIs',
			sendThrough: 'api',
			event: '={{ $json.event }}',
			options: options({ maxAttempts: 2, timeout: 15, concurrency: 5 }),
		},
		{ onError: 'continueRegularOutput' },
	);
	canvas.node('What became of it', 'code', [column + 3.4, row + 2], {
		jsCode: codeText('whatBecameOfBatch.js.txt'),
	});
	canvas.node('Whom to remember', 'splitOut', [column + 4.4, row + 1], {
		fieldToSplitOut: 'remember',
		options: {},
	});
	canvas.node('Remember them', 'dataTable', [column + 5.4, row + 1], {
		resource: 'row',
		operation: 'upsert',
		dataTableId: TOLD,
		...matching(['email', 'eq', '={{ $json.email }}']),
		columns: columnsOf({ email: '={{ $json.email }}', at: '={{ $now.toISO() }}' }),
		options: {},
	});
	canvas.node('Whom to forget', 'splitOut', [column + 4.4, row + 2], {
		fieldToSplitOut: 'forget',
		options: {},
	});
	canvas.node('Forget them', 'dataTable', [column + 5.4, row + 2], {
		resource: 'row',
		operation: 'deleteRows',
		dataTableId: TOLD,
		...matching(['email', 'eq', '={{ $json.email }}']),
		options: {},
	});
	// The part's result is what its last node puts out, and the lowest branch is the last.
	canvas.node('The batch is done', 'noOp', [column + 4.4, row + 3], {});
	canvas.connect('Which part?', 3, 'One item per repair');
	canvas.chain('One item per repair', 'What is it?', 'Ask for the link', 'What became of it');
	canvas.connect('What is it?', 1, 'What became of it');
	canvas.connect('What is it?', 2, 'Tell SparkLoop');
	canvas.chain('Tell SparkLoop', 'What became of it', 'Whom to remember', 'Remember them');
	canvas.chain('What became of it', 'Whom to forget', 'Forget them');
	canvas.chain('What became of it', 'The batch is done');
}

function notes(canvas: Canvas, list: ContactList): void {
	const esp = list.name === '' ? 'your ESP' : list.name;
	canvas.note(
		[-0.35, -2.2],
		[3.6, 1.85],
		`## Reconcile${list.name === '' ? '' : ` with ${list.name}`}
Compares your contacts with SparkLoop's subscribers every night, and repairs what differs. The ESP is right.

${list.note}
- **Read subscribers**, **Tell SparkLoop** and **Ask for the link**: choose the **SparkLoop API** credential.
- Run **Set up (run once)**. Then run **${SCHEDULE}** by hand: a dry run, which changes nothing. The last node shows the report; the Data Table *SparkLoop drift to look at* names the people.
- Content? Write \`repair\` into **Settings → nightly** (and **onDemand**, for runs by hand), and publish.`,
		1,
	);
	canvas.note(
		[3.4, -2.2],
		[4.2, 1.85],
		`### What it repairs
- **Lost sign-ups** are subscribed, **changed addresses** changed (RH_SUBID says whose they are), who is **gone in ${esp} and still billed** is unsubscribed, and who **came back** is subscribed again.
- Who is **unknown to ${esp}** is unsubscribed only with \`yes\` in **unsubscribeUnknown**.
- **Without a link**: counted. SparkLoop's own bar is at most two. \`yes\` in **askForLinks** confirms them in the hope that SparkLoop sends the link: unverified.
- Two subscribers of one contact, and contacts that share an RH_SUBID, are left to you.

\`yes\` in **thorough** confirms every active contact where SparkLoop's list does not say who has unsubscribed. It heals who was unsubscribed there by hand, and takes two calls each: an hour for 3,600 people.`,
		5,
	);
	canvas.note(
		[7.75, -2.2],
		[3.7, 1.85],
		`### The brake
Nothing is changed when the list of ${esp} is empty or ends early, or when more than **brakePercent** % (and more than **brakePeople** people) would be unsubscribed, subscribed, subscribed again or renamed: that is a broken filter more often than the truth. The error says the numbers.

**The first time** it may hold: SparkLoop publishes nowhere whether its list tells who has unsubscribed. If it does not, everybody who ever left counts once as still billed. SparkLoop's answer then says who really was (**saved**), and *SparkLoop told gone* remembers them.`,
		5,
	);
	canvas.note(
		[11.6, -2.2],
		[3.6, 1.85],
		`### While it reads, people come and go
SparkLoop is read first, so that ${esp} has the last word. Who signed up less than an hour ago (**settle**) is left to the other flows. Telling SparkLoop twice that somebody subscribed or moved does no harm.

One thing can go wrong: somebody comes back to ${esp} after it was read, and is unsubscribed all the same. The next run sees that they are active, and subscribes them again.

It makes at most **perMinute** calls. Are other flows using the key at night? Then lower it.`,
		5,
	);
	canvas.note(
		[15.35, -2.2],
		[3.6, 1.85],
		`### When something fails
Each batch is written down before the next, and whatever is not repaired is found again by the next run: after a kill, too. When SparkLoop stops answering, the run ends with an error.

One run works at a time, and holds a **lease**; after a kill the next one waits up to ten minutes.

Failures are noted below; import *Alerts* to be told. Or choose an error workflow of your own under **⋯ → Settings → Error workflow**. Runs by hand start neither.

Two ESPs on one n8n need two names for each table in **Settings**, none of which is part of another.`,
		4,
	);
	canvas.note(
		[7.2, 3.2],
		[4.2, 0.55],
		`### A part of the work
is an execution of its own: n8n keeps all data of an execution until it ends, and 100,000 people would not fit.`,
		7,
	);
}
