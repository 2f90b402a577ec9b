import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Canvas, Place } from './canvas.mts';
import { columnsOf, table, tableOf } from './dataTable.mts';

/** The Data Table that every flow notes its failures in. No setting: no Settings node runs in an error execution. */
export const FAILURES_TABLE = 'SparkLoop failures';

/** Its columns → type. `alert` is the id of the alert that tells of the failure, 0 as long as none does. */
export const FAILURES_COLUMNS = {
	workflow: 'string',
	workflowId: 'string',
	node: 'string',
	message: 'string',
	kind: 'string',
	url: 'string',
	at: 'number',
	alert: 'number',
} as const;

const TRIGGER = 'When this workflow fails';
const GIVEN = `$('${TRIGGER}').first().json`;

/** The text of a Code node. No .js file: it returns at its top level, which no linter accepts. */
export const codeText = (file: string): string =>
	readFileSync(path.join(import.meta.dirname, 'code', file), 'utf8');

/**
 * Adds the nodes that note every failure of the workflow in the table, without addresses and secrets. n8n starts them
 * because an Error Trigger hears of failures of its own workflow, once that is published, and as long as no other error
 * workflow is chosen.
 *
 * @param place of the first of three nodes in a row
 */
export function noteFailures(canvas: Canvas, [column, row]: Place): void {
	// No address leads to an Error Trigger.
	canvas.node(TRIGGER, 'errorTrigger', [column, row], {}, { webhookId: undefined });
	canvas.node(
		'Take out addresses and secrets',
		'code',
		[column + 1, row],
		{ jsCode: codeText('withoutSecrets.js.txt') },
		// Should n8n have no room for code just then, the failure is noted without its message.
		{ onError: 'continueRegularOutput' },
	);
	canvas.node(
		'Note the failure',
		'dataTable',
		[column + 2, row],
		{
			resource: 'row',
			operation: 'insert',
			dataTableId: table(FAILURES_TABLE),
			// Rows are only added here, which many executions can do at once.
			columns: columnsOf({
				workflow: "={{ $json.workflow ?? '' }}",
				workflowId: `={{ $json.workflowId ?? ${GIVEN}.workflow?.id ?? '' }}`,
				node: "={{ $json.node ?? '' }}",
				message: "={{ $json.message ?? 'The error could not be read' }}",
				kind: `={{ String($json.kind ?? ${GIVEN}.workflow?.id ?? '').hash('md5') }}`,
				url: `={{ $json.url ?? ${GIVEN}.execution?.url ?? '' }}`,
				at: '={{ $json.at ?? Date.now() }}',
				alert: '0',
			}),
			options: {},
		},
		{ retryOnFail: true, maxTries: 3, waitBetweenTries: 1000 },
	);
	canvas.chain(TRIGGER, 'Take out addresses and secrets', 'Note the failure');
}

/** Adds the node that makes the table of failures, for the branch that sets a flow up. @returns its name */
export function createFailuresTable(canvas: Canvas, place: Place): string {
	return canvas.node(
		'Create the table of failures',
		'dataTable',
		place,
		tableOf(FAILURES_TABLE, FAILURES_COLUMNS),
	);
}
