import { type Canvas, type Place, when } from './canvas.mts';
import { columnsOf, table, tableOf } from './dataTable.mts';

/** What was received and handled, in the order in which that was done. */
export const RECORDING_COLUMNS = {
	event_key: 'string',
	type: 'string',
	payload: 'string',
	at: 'number',
} as const;

const SETTINGS = "$('Settings').first().json";

/** The settings that every workflow with recordings has. */
export const RECORDING_SETTINGS = { record: 'no', recordings: 'SparkLoop recordings' };

/**
 * Records an event once it has been handled, if the settings want it. What SparkLoop was told 200 for is recorded: an
 * event that fails here is sent again, and handled again.
 *
 * @param item the trigger's item, as an expression without its braces
 * @returns the first node
 */
export function record(canvas: Canvas, [column, row]: Place, item: string): string {
	canvas.node(
		'Is it to be recorded?',
		'if',
		[column, row],
		when(`={{ ${SETTINGS}.record }}`, 'equals', 'yes'),
		{ executeOnce: true },
	);
	canvas.node('Record it', 'dataTable', [column + 1, row], {
		resource: 'row',
		operation: 'insert',
		dataTableId: table(`={{ ${SETTINGS}.recordings }}`),
		columns: columnsOf({
			event_key: `={{ ${item}.eventKey }}`,
			type: `={{ ${item}.event }}`,
			payload: `={{ JSON.stringify(${item}.payload) }}`,
			at: '={{ Date.now() }}',
		}),
		options: {},
	});
	canvas.chain('Is it to be recorded?', 'Record it');
	return 'Is it to be recorded?';
}

/** Makes the table of recordings. @returns the node */
export const createRecordings = (canvas: Canvas, place: Place): string =>
	canvas.node(
		'Create the recordings',
		'dataTable',
		place,
		tableOf(`={{ ${SETTINGS}.recordings }}`, RECORDING_COLUMNS),
	);
