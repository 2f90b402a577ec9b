import { when, type Canvas, type Place } from '../canvas.mts';
import { columnsOf, matching, table, tableOf } from '../dataTable.mts';
import { HOOK } from './hooks.mts';

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

/** The node that asks for what changed, in flows that ask page by page. */
export const ASK = 'Ask what has changed';

const SINCE = 'Since when?';

/**
 * What that node asks for: `from`, an ISO text without fractions, and `next`, where the pages asked for before ended if
 * there were more. `since`: up to when everything was fetched. An expression without its braces.
 */
export const ASKED_FOR = `$('${SINCE}').first().json`;

/** An old page is not asked for any more, so that one that has run out blocks nothing. Milliseconds. */
const NEXT_KEEPS = 3_600_000;

/**
 * Adds nodes that ask an ESP what changed since it was asked last. What was too much for one execution is asked for by
 * the next ones, and begins anew only once the last page was seen; so a crash skips nothing.
 *
 * @param late how long a change may take to show in the ESP's answers, in milliseconds
 * @param ask adds the node of that name, which asks for what is in `ASKED_FOR`
 * @returns the first node and the last one
 */
export function askPageByPage(
	canvas: Canvas,
	[column, row]: Place,
	late: number,
	ask: (canvas: Canvas, name: string, place: Place) => string,
): Part {
	readProgress(canvas, [column, row]);
	canvas.node(SINCE, 'code', [column + 1, row], {
		jsCode: `// Where the last execution stopped.
const [{ json }] = $input.all();
const now = new Date().toISOString();
const { since = now, began = now, next, asked } = JSON.parse(json.at ?? '{}');
const goesOn = next && Date.now() - Date.parse(asked) < ${NEXT_KEEPS};
const from = new Date(Date.parse(since) - ${late}).toISOString().replace(/\\.\\d+/, '');
return [{ json: { since, from, asked: now, began: goesOn ? began : now, next: goesOn ? next : null } }];`,
	});
	ask(canvas, ASK, [column + 2, row]);
	canvas.chain('How far did it get?', SINCE, ASK);
	return { first: 'How far did it get?', last: ASK, columns: 3 };
}

/**
 * Adds nodes that keep how far it got, for when everything is in the outbox.
 *
 * @param next where the pages ended if there are more, else nothing; an expression without its braces
 * @returns the first node
 */
export function keepPage(canvas: Canvas, [column, row]: Place, next: string): string {
	canvas.node(
		'Was it asked?',
		'if',
		[column, row],
		when(`={{ $('${ASK}').isExecuted }}`, 'true', undefined, 'boolean'),
	);
	keepProgress(
		canvas,
		[column + 1, row],
		`JSON.stringify((${next}) ? { since: ${ASKED_FOR}.since, began: ${ASKED_FOR}.began, next: ${next}, asked: ${ASKED_FOR}.asked } : { since: ${ASKED_FOR}.began })`,
	);
	canvas.chain('Was it asked?', 'Keep how far it got');
	return 'Was it asked?';
}

interface Part {
	first: string;
	last: string;
	columns: number;
}

/**
 * For ESPs whose webhook does not tell everything: what it told is checked, and the schedule asks for the rest.
 *
 * @param check adds the nodes that check a request
 * @param ask adds those that ask
 */
export function reportedOrAsked(
	canvas: Canvas,
	[column, row]: Place,
	check: (canvas: Canvas, place: Place) => Part,
	ask: (canvas: Canvas, place: Place) => Part,
): Part {
	canvas.node(
		'Has the ESP reported it?',
		'if',
		[column, row],
		when(`={{ $('${HOOK}').isExecuted }}`, 'true', undefined, 'boolean'),
	);
	const checked = check(canvas, [column + 1, row]);
	const asked = ask(canvas, [column + 1, row + 2]);
	const columns = Math.max(checked.columns, asked.columns) + 1;
	canvas.node('What the ESP says', 'noOp', [column + columns, row], {});
	canvas.chain('Has the ESP reported it?', checked.first);
	canvas.connect('Has the ESP reported it?', 1, asked.first);
	canvas.chain(checked.last, 'What the ESP says');
	canvas.chain(asked.last, 'What the ESP says');
	return { first: 'Has the ESP reported it?', last: 'What the ESP says', columns: columns + 1 };
}
