import { type Canvas, type Place, when } from './canvas.mts';
import { columnsOf, matching, table, tableOf } from './dataTable.mts';

/** The table of leases: whoever sets `until` of a row to a later time may do what the row stands for until then. */
export const LEASE_COLUMNS = { name: 'string', until: 'number' } as const;

/** How many leases share the contacts, or the wins, among them: the more, the less one waits for another. */
export const SHARES = 64;

const SETTINGS = "$('Settings').first().json";
const LEASES = table(`={{ ${SETTINGS}.leases }}`);

/** The settings that every workflow with leases has. Milliseconds. */
export const LEASE_SETTINGS = {
	leases: 'SparkLoop lease',
	leaseFor: 120_000,
	waitFor: 10_000,
	// For how long a lease that was given back still rests: this, and how many leases there are, is what paces a flow.
	leaseRests: 0,
	// Not when the event arrived: in queue mode it may have waited for a worker.
	startedAt: '={{ Date.now() }}',
};

/** The name of the lease that a text falls to. Text and name are expressions without their braces. */
export const leaseOf = (kind: string, text: string, shares = SHARES): string =>
	`'${kind} ' + parseInt((${text}).hash('md5').slice(0, 4), 16) % ${shares}`;

const TAKE = 'Take the lease';
const OURS = 'Is it ours?';
const TAKEN_OVER = 'Stop: another run has taken over';
const RENEWED = `={{ Date.now() + ${SETTINGS}.leaseFor }}`;

/** The lease that all runs of a workflow share: whoever has it is the only one at work. */
export interface RunLease {
	/** The Data Table, and the value of its column `name` in the lease's row: expressions without their braces. */
	table: string;
	name: string;
	/** The column that says until when it is held. */
	until: string;
}

const LEASE_TABLE = { table: `${SETTINGS}.leases`, until: 'until' };

/** A lease in the table of leases. */
export const runLease = (name: string): RunLease => ({ ...LEASE_TABLE, name: `'${name}'` });

type Conditions = Parameters<typeof matching>;

/** Adds the update that succeeds for one of all that try it at the same time. */
function take(
	canvas: Canvas,
	place: Place,
	{ table: name, until }: Omit<RunLease, 'name'>,
	[row, ...more]: Conditions,
	columns: Record<string, string>,
	settings: object,
): void {
	canvas.node(
		TAKE,
		'dataTable',
		place,
		{
			resource: 'row',
			operation: 'update',
			dataTableId: table(`={{ ${name} }}`),
			...matching(row, [until, 'lt', '={{ Date.now() }}'], ...more),
			columns: columnsOf({ ...columns, [until]: RENEWED }),
			options: {},
		},
		{ executeOnce: true, ...settings },
	);
}

function isOurs(canvas: Canvas, place: Place, name = OURS): void {
	canvas.node(
		name,
		'if',
		place,
		when('={{ $json.id }}', 'notEmpty', undefined, 'number'),
		// Should a set-up have made the same lease twice, the rest still runs once.
		{ executeOnce: true },
	);
}

/**
 * Takes a lease, or waits until it is free. n8n's Data Tables have no unique keys, so this is what keeps two executions
 * from doing the same at the same time: an update that changes the row only while its lease has run out, which succeeds
 * for one of them.
 *
 * @param place of the first node; the waiting lies below
 * @param lease the lease's name, an expression without its braces
 * @returns the first node, and the one whose output 0 is left once the lease is taken; it hands on the lease's row
 */
export function takeLease(
	canvas: Canvas,
	[column, row]: Place,
	lease: string,
): { first: string; taken: string } {
	take(
		canvas,
		[column, row],
		LEASE_TABLE,
		[['name', 'eq', `={{ ${lease} }}`]],
		{},
		{ alwaysOutputData: true },
	);
	isOurs(canvas, [column + 1, row]);
	canvas.node(
		'Is there time to wait?',
		'if',
		[column + 1, row + 1],
		when(`={{ Date.now() - ${SETTINGS}.startedAt }}`, 'lt', `={{ ${SETTINGS}.waitFor }}`, 'number'),
	);
	canvas.node('Wait for it', 'wait', [column, row + 1], {
		resume: 'timeInterval',
		amount: `={{ Math.max(500, ${SETTINGS}.leaseRests / 3) / 1000 }}`,
		unit: 'seconds',
	});
	canvas.node('Stop: it is taken', 'stopAndError', [column + 2, row + 1], {
		errorMessage: `=Another execution holds the lease on this. The event was not handled, and has to be sent again. If this goes on for more than {{ ${SETTINGS}.leaseFor / 60000 }} minutes, run 'Set up (run once)': it makes the leases.`,
	});
	canvas.chain(TAKE, OURS);
	canvas.connect(OURS, 1, 'Is there time to wait?');
	canvas.chain('Is there time to wait?', 'Wait for it', TAKE);
	canvas.connect('Is there time to wait?', 1, 'Stop: it is taken');
	return { first: TAKE, taken: OURS };
}

/**
 * Looks whether there is the lease that all runs of a workflow share, and takes it. One run goes on; without the lease none
 * does, and that is an error: a run would take it for another's, and end as if all was well.
 *
 * @param place of the first of three nodes in a row, or of four if there is an error to stop with
 * @param options conditions on the lease's row beyond the time, what to write into it beyond that, and the error with which
 *   a run stops that comes while another one has the lease; without one it ends quietly
 * @returns the first node, and the one whose output 0 is left once the lease is taken; it hands on the lease's row
 */
export function takeRunLease(
	canvas: Canvas,
	[column, row]: Place,
	lease: RunLease,
	{
		conditions = [],
		columns = {},
		ifTaken,
	}: { conditions?: Conditions; columns?: Record<string, string>; ifTaken?: string } = {},
): { first: string; taken: string } {
	canvas.node(
		'Is there a lease?',
		'dataTable',
		[column, row],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: table(`={{ ${lease.table} }}`),
			...matching(['name', 'eq', `={{ ${lease.name} }}`]),
			returnAll: false,
			limit: 1,
			// Should a set-up have made the row twice, all runs have to mean the same.
			orderBy: true,
			orderByColumn: 'id',
			orderByDirection: 'ASC',
		},
		// A table that is not there is an error, which says nothing of the set-up.
		{ alwaysOutputData: true, onError: 'continueRegularOutput' },
	);
	canvas.node(
		'Was it set up?',
		'if',
		[column + 1, row],
		when('={{ $json.id }}', 'notEmpty', undefined, 'number'),
	);
	const inTable = `the Data Table '" + ${lease.table} + "'`;
	const isMissing =
		'$json.error ? / not found$/.test($json.error) : Object.keys($json).length === 0';
	const missing = `$json.error || "no row '" + ${lease.name} + "' in ${inTable}"`;
	// Of some errors n8n's node hands on nothing but the item that it was given.
	const trouble = `($json.error || "${inTable} could not be read").replace(/\\.$/, "")`;
	canvas.node('Stop: not set up', 'stopAndError', [column + 2, row + 1], {
		errorMessage: `=Nothing was done: {{ (${isMissing}) ? "run 'Set up (run once)' of this workflow, which makes what is missing (" + (${missing}) + ")" : ${trouble} }}.`,
	});
	take(
		canvas,
		[column + 2, row],
		lease,
		[['id', 'eq', '={{ $json.id }}'], ...conditions],
		columns,
		ifTaken === undefined ? {} : { alwaysOutputData: true },
	);
	canvas.chain('Is there a lease?', 'Was it set up?', TAKE);
	canvas.connect('Was it set up?', 1, 'Stop: not set up');
	if (ifTaken === undefined) return { first: 'Is there a lease?', taken: TAKE };
	isOurs(canvas, [column + 3, row]);
	canvas.node('Stop: another run is at work', 'stopAndError', [column + 4, row + 1], {
		errorMessage: ifTaken,
	});
	canvas.chain(TAKE, OURS);
	canvas.connect(OURS, 1, 'Stop: another run is at work');
	return { first: 'Is there a lease?', taken: OURS };
}

/**
 * Writes into the row of the lease that `takeRunLease` took, or stops the run when another one has taken it over: the
 * lease ran out while this one was at work.
 *
 * @param place of the first of two nodes in a row
 * @param names of the two nodes
 * @param heldUntil until when the run held it last, an expression without its braces
 * @param columns what to write; the lease's own column renews it, or gives it back
 * @returns the first node, and the one whose output 0 is left when the lease was still this run's
 */
export function keepRunLease(
	canvas: Canvas,
	[column, row]: Place,
	lease: RunLease,
	names: [write: string, question: string],
	heldUntil: string,
	columns: Record<string, string> = { [lease.until]: RENEWED },
): { first: string; kept: string } {
	const [write, question] = names;
	canvas.node(
		write,
		'dataTable',
		[column, row],
		{
			resource: 'row',
			operation: 'update',
			dataTableId: table(`={{ ${lease.table} }}`),
			...matching(
				['id', 'eq', `={{ $('${TAKE}').first().json.id }}`],
				[lease.until, 'eq', `={{ ${heldUntil} }}`],
			),
			columns: columnsOf(columns),
			options: {},
		},
		{ executeOnce: true, alwaysOutputData: true },
	);
	isOurs(canvas, [column + 1, row], question);
	canvas.chain(write, question);
	canvas.connect(question, 1, TAKEN_OVER);
	return { first: write, kept: question };
}

/**
 * Adds the end of a run that another one has taken over from, which `keepRunLease` leads to.
 *
 * @param advice what became of the work, and how to keep it from happening again
 */
export function stopIfTakenOver(canvas: Canvas, place: Place, advice: string): void {
	canvas.node(TAKEN_OVER, 'stopAndError', place, {
		errorMessage: `=This run took longer than its lease of {{ ${SETTINGS}.leaseFor / 1000 }} seconds, and another one has taken over, or the row by which it held the lease was removed. ${advice}`,
	});
}

/**
 * Gives a lease of the table of leases back; one that has run out and belongs to another by now is left alone.
 *
 * @param heldUntil until when it was held last, an expression without its braces, if not since it was taken
 */
export function giveLeaseBack(
	canvas: Canvas,
	name: string,
	place: Place,
	heldUntil = `$('${TAKE}').first().json.until`,
): string {
	return canvas.node(
		name,
		'dataTable',
		place,
		{
			resource: 'row',
			operation: 'update',
			dataTableId: LEASES,
			...matching(
				['name', 'eq', `={{ $('${TAKE}').first().json.name }}`],
				['until', 'eq', `={{ ${heldUntil} }}`],
			),
			columns: columnsOf({
				until: `={{ ${SETTINGS}.leaseRests > 0 ? Date.now() + ${SETTINGS}.leaseRests : 0 }}`,
			}),
			options: {},
		},
		{ executeOnce: true, alwaysOutputData: true },
	);
}

/**
 * Makes the table of leases and the rows that are missing; safe to run again.
 *
 * @param names an array of names, as an expression without its braces
 * @returns the first node; nothing may follow the last, which may have nothing to do
 */
export function createLeases(canvas: Canvas, [column, row]: Place, names: string): string {
	canvas.node(
		'Create the leases',
		'dataTable',
		[column, row],
		tableOf(`={{ ${SETTINGS}.leases }}`, LEASE_COLUMNS),
	);
	canvas.node('List the leases', 'set', [column + 1, row], {
		mode: 'raw',
		jsonOutput: `={{ { name: ${names} } }}`,
		options: {},
	});
	canvas.node('One item per lease', 'splitOut', [column + 2, row], {
		fieldToSplitOut: 'name',
		options: {},
	});
	canvas.node('Which are missing?', 'dataTable', [column + 3, row], {
		resource: 'row',
		operation: 'rowNotExists',
		dataTableId: LEASES,
		...matching(['name', 'eq', '={{ $json.name }}']),
	});
	canvas.node('Make the missing ones', 'dataTable', [column + 4, row], {
		resource: 'row',
		operation: 'insert',
		dataTableId: LEASES,
		columns: columnsOf({ name: '={{ $json.name }}', until: '0' }),
		options: {},
	});
	canvas.chain(
		'Create the leases',
		'List the leases',
		'One item per lease',
		'Which are missing?',
		'Make the missing ones',
	);
	return 'Create the leases';
}

/** The names of all leases of a kind, for `createLeases`. */
export const leasesOf = (kind: string, shares = SHARES): string =>
	`Array.from({ length: ${shares} }, (_, share) => '${kind} ' + share)`;
