import type { Canvas, Place } from '../canvas.mts';
import { columnsOf, matching, table, tableOf } from '../dataTable.mts';

const PROGRESS = table("={{ $('Settings').first().json.progress }}");

/** The setting of a flow that asks an ESP again and again what has changed. */
export const progressSetting = (esp: string): { progress: string } => ({
	progress: `SparkLoop progress in ${esp}`,
});

/** The table of how far the asking got, for the branch that sets the flow up. @returns the node */
export const createProgress = (canvas: Canvas, place: Place): string =>
	canvas.node(
		'Create the progress',
		'dataTable',
		place,
		tableOf("={{ $('Settings').first().json.progress }}", { name: 'string', at: 'string' }),
	);

/** Adds the schedule that starts the asking. Longer apart than an execution may run, so that no two overlap. */
export const everyFewMinutes = (canvas: Canvas, place: Place): string =>
	canvas.node('Every two minutes', 'scheduleTrigger', place, {
		rule: { interval: [{ field: 'minutes', minutesInterval: 2 }] },
	});

/** Adds the node that reads how far it got. @returns its name */
export const readProgress = (canvas: Canvas, place: Place): string =>
	canvas.node(
		'How far did it get?',
		'dataTable',
		place,
		{
			resource: 'row',
			operation: 'get',
			dataTableId: PROGRESS,
			...matching(['name', 'eq', 'changes']),
			returnAll: false,
			limit: 1,
		},
		{ alwaysOutputData: true, executeOnce: true },
	);

/**
 * The time up to which changes were fetched, as an ISO text; an expression without its braces. The first time it is a
 * while ago. What is asked for begins somewhat earlier, because a change may show late; told twice is not told twice to
 * SparkLoop, as it is remembered.
 */
export const PROGRESS_AT =
	"($('How far did it get?').first().json.at ?? new Date(Date.now() - 600_000).toISOString())";

/** Adds the node that keeps how far it got. @param at an ISO text, as an expression without its braces. @returns its name */
export const keepProgress = (canvas: Canvas, place: Place, at: string): string =>
	canvas.node(
		'Keep how far it got',
		'dataTable',
		place,
		{
			resource: 'row',
			operation: 'upsert',
			dataTableId: PROGRESS,
			...matching(['name', 'eq', 'changes']),
			columns: columnsOf({ name: 'changes', at: `={{ ${at} }}` }),
			options: {},
		},
		{ executeOnce: true },
	);
