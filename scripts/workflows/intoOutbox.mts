import { when, type Canvas, type Place } from './canvas.mts';
import { columnsOf, matching, table } from './dataTable.mts';

/** The setting that names the outbox's table, as the *Outbox* workflow makes it. */
export const OUTBOX_SETTING = { outbox: 'SparkLoop outbox' };

const OUTBOX = table("={{ $('Settings').first().json.outbox }}");

/** Everybody an event is about, as the outbox's column `person` holds them: in blanks, to be searched for. */
const personOf = (event: string): string =>
	`' ' + [${event}.subscriber.email, ${event}.subscriber.previous_email].filter(Boolean).join(' ').toLowerCase() + ' '`;

/**
 * Writes events into the outbox's table, which is all that a flow and the *Outbox* workflow share.
 *
 * @param kept what of the item is written: the event, and why it was not delivered; expressions without their braces
 */
export function putIntoOutbox(
	canvas: Canvas,
	name: string,
	place: Place,
	{
		event = '$json',
		state = "'waiting'",
		attempts = '0',
		due = '0',
		reason = "''",
	}: { event?: string; state?: string; attempts?: string; due?: string; reason?: string } = {},
): string {
	return canvas.node(name, 'dataTable', place, {
		resource: 'row',
		operation: 'insert',
		dataTableId: OUTBOX,
		columns: columnsOf({
			person: `={{ ${personOf(event)} }}`,
			event: `={{ JSON.stringify(${event}) }}`,
			state: `={{ ${state} }}`,
			attempts: `={{ ${attempts} }}`,
			due: `={{ ${due} }}`,
			reason: `={{ ${reason} }}`,
		}),
		options: {},
	});
}

/**
 * Sends an event at once, unless an earlier one of the same person waits in the outbox: then it waits behind that. What
 * SparkLoop does not take is kept in the outbox too.
 *
 * @param sendThrough as the SparkLoop node knows it
 * @returns the first node, which takes events, and the last ones
 */
export function sendOrKeep(
	canvas: Canvas,
	[column, row]: Place,
	sendThrough: 'api' | 'incomingWebhook',
): { first: string; last: string[] } {
	canvas.node('The event', 'noOp', [column, row], {});
	canvas.node(
		'Look for earlier ones that wait',
		'dataTable',
		[column + 1, row],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: OUTBOX,
			...matching(
				['state', 'eq', 'waiting'],
				[
					'person',
					'ilike',
					"={{ '% ' + String($json.subscriber.previous_email || $json.subscriber.email).toLowerCase() + ' %' }}",
				],
			),
			returnAll: false,
			limit: 1,
		},
		{ alwaysOutputData: true },
	);
	canvas.node(
		'Does one wait?',
		'if',
		[column + 2, row],
		when('={{ $json.id }}', 'notEmpty', undefined, 'number'),
	);
	canvas.node(
		'Tell SparkLoop',
		'n8n-nodes-sparkloop.sparkLoop',
		[column + 3, row + 0.5],
		{
			resource: 'subscriber',
			operation: 'sendAsIs',
			sendThrough,
			event: "={{ $('The event').item.json }}",
			options: { maxAttempts: 2, timeout: 10 },
		},
		{ onError: 'continueErrorOutput' },
	);
	putIntoOutbox(canvas, 'Wait behind it', [column + 4, row - 0.5], {
		event: "$('The event').item.json",
		reason: "'An earlier event of this person waits'",
	});
	putIntoOutbox(canvas, 'Keep it in the outbox', [column + 5, row + 0.5], {
		event: '$json.details.payload',
		state: "$json.details.retry ? 'waiting' : 'unreported'",
		attempts: '$json.details.attempts > 0 ? 1 : 0',
		due: 'Date.now() + 1000 * ($json.details.retryAfter ?? 0)',
		reason: '$json.error',
	});
	canvas.node(
		'Is it an event?',
		'if',
		[column + 4, row + 1],
		when('={{ $json.details.payload }}', 'notEmpty', undefined, 'object'),
	);
	canvas.node('Stop: no event', 'stopAndError', [column + 5, row + 1.5], {
		errorMessage: '={{ $json.error }}',
	});
	canvas.chain('The event', 'Look for earlier ones that wait', 'Does one wait?', 'Wait behind it');
	canvas.connect('Does one wait?', 1, 'Tell SparkLoop');
	canvas.connect('Tell SparkLoop', 1, 'Is it an event?');
	canvas.connect('Is it an event?', 0, 'Keep it in the outbox');
	canvas.connect('Is it an event?', 1, 'Stop: no event');
	return {
		first: 'The event',
		last: ['Wait behind it', 'Tell SparkLoop', 'Keep it in the outbox'],
	};
}
