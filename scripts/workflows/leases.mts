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
	canvas.node(
		TAKE,
		'dataTable',
		[column, row],
		{
			resource: 'row',
			operation: 'update',
			dataTableId: LEASES,
			...matching(['name', 'eq', `={{ ${lease} }}`], ['until', 'lt', '={{ Date.now() }}']),
			columns: columnsOf({ until: `={{ Date.now() + ${SETTINGS}.leaseFor }}` }),
			options: {},
		},
		{ executeOnce: true, alwaysOutputData: true },
	);
	canvas.node(
		'Is it ours?',
		'if',
		[column + 1, row],
		when('={{ $json.id }}', 'notEmpty', undefined, 'number'),
		// Should a set-up have made the same lease twice, the rest still runs once.
		{ executeOnce: true },
	);
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
	canvas.chain(TAKE, 'Is it ours?');
	canvas.connect('Is it ours?', 1, 'Is there time to wait?');
	canvas.chain('Is there time to wait?', 'Wait for it', TAKE);
	canvas.connect('Is there time to wait?', 1, 'Stop: it is taken');
	return { first: TAKE, taken: 'Is it ours?' };
}

/**
 * Looks whether there is the lease that all runs of a workflow share. Without it a run would take it for another's, and
 * end as if all was well.
 *
 * @param place of the first node
 * @param lease the lease's name
 * @returns the first node, and the one whose output 0 is left when the lease is there
 */
export function findLease(
	canvas: Canvas,
	[column, row]: Place,
	lease: string,
): { first: string; found: string } {
	canvas.node(
		'Is there a lease?',
		'dataTable',
		[column, row],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: LEASES,
			...matching(['name', 'eq', lease]),
			returnAll: false,
			limit: 1,
		},
		{ alwaysOutputData: true },
	);
	canvas.node(
		'Was it set up?',
		'if',
		[column + 1, row],
		when('={{ $json.id }}', 'notEmpty', undefined, 'number'),
	);
	canvas.node('Stop: not set up', 'stopAndError', [column + 2, row + 1], {
		errorMessage:
			"Nothing was done: run 'Set up (run once)' of this workflow, which makes its lease.",
	});
	canvas.chain('Is there a lease?', 'Was it set up?');
	canvas.connect('Was it set up?', 1, 'Stop: not set up');
	return { first: 'Is there a lease?', found: 'Was it set up?' };
}

/** Gives the lease back that `takeLease` took; one that has run out and belongs to another by now is left alone. */
export function giveLeaseBack(canvas: Canvas, name: string, place: Place): string {
	const taken = (column: string) => `={{ $('${TAKE}').first().json.${column} }}`;
	return canvas.node(
		name,
		'dataTable',
		place,
		{
			resource: 'row',
			operation: 'update',
			dataTableId: LEASES,
			...matching(['name', 'eq', taken('name')], ['until', 'eq', taken('until')]),
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
