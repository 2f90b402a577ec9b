import type { Canvas, Place } from '../canvas.mts';
import { createMissingFields } from './createFields.mts';
import { request } from './http.mts';
import { columnsOf, matching, table, tableOf } from '../dataTable.mts';

const FIELD_IDS = table("={{ $('Settings').first().json.fieldIds }}");

/** The setting of an ESP that knows fields by ids, which differ from account to account. */
export const fieldIdsSetting = (esp: string): { fieldIds: string } => ({
	fieldIds: `SparkLoop field ids in ${esp}`,
});

const READ = 'Read the field ids';

/** Field → id, for what comes after the node that reads them; an expression without its braces. */
export const fieldIdsOf = (node = READ): string =>
	`Object.fromEntries($('${node}').all().map(({ json }) => [json.field, json.fieldId]))`;

/** The same for what comes after 'Read the field ids'. */
export const FIELD_IDS_BY_NAME = fieldIdsOf();

/** What 'Find its fields' gives as `problem` when the set-up has not run; an expression without its braces. */
export const NO_FIELD_IDS =
	"($('Read the field ids').first().json.field ? undefined : \"the ids of the fields are not known yet: run 'Set up (run once)'\")";

/** Adds the node that reads the ids, for before the contact is read, or under another name. @returns its name */
export const readFieldIds = (canvas: Canvas, place: Place, name = READ): string =>
	canvas.node(
		name,
		'dataTable',
		place,
		{
			resource: 'row',
			operation: 'get',
			dataTableId: FIELD_IDS,
			...matching(['field', 'isNotEmpty', '']),
			returnAll: true,
		},
		// With an error output as well, n8n would go on as if there were none.
		{ alwaysOutputData: true },
	);

/**
 * Adds nodes that keep the ids, for the end of the branch that creates the fields.
 *
 * @param found what the node before puts out → `[{ field, fieldId }]`, an expression without its braces
 * @returns the first node
 */
function keepFieldIds(canvas: Canvas, [column, row]: Place, found: string): string {
	canvas.node(
		'Which ids have they?',
		'set',
		[column, row],
		{ mode: 'raw', jsonOutput: `={{ { ids: ${found} } }}`, options: {} },
		// However many pages the fields came in.
		{ executeOnce: true },
	);
	canvas.node('Create the table of ids', 'dataTable', [column + 1, row], {
		...tableOf("={{ $('Settings').first().json.fieldIds }}", {
			field: 'string',
			fieldId: 'string',
		}),
	});
	canvas.node('List the ids', 'set', [column + 2, row], {
		mode: 'raw',
		jsonOutput: "={{ $('Which ids have they?').first().json }}",
		options: {},
	});
	canvas.node('One item per id', 'splitOut', [column + 3, row], {
		fieldToSplitOut: 'ids',
		options: {},
	});
	canvas.node('Keep the id', 'dataTable', [column + 4, row], {
		resource: 'row',
		operation: 'upsert',
		dataTableId: FIELD_IDS,
		...matching(['field', 'eq', '={{ $json.field }}']),
		columns: columnsOf({ field: '={{ $json.field }}', fieldId: '={{ $json.fieldId }}' }),
		options: {},
	});
	canvas.chain(
		'Which ids have they?',
		'Create the table of ids',
		'List the ids',
		'One item per id',
		'Keep the id',
	);
	return 'Which ids have they?';
}

/**
 * Adds nodes that create the fields that an ESP does not have yet, and keep the ids of all of them.
 *
 * @param found the answer of `list` as `$json` → `[{ field, fieldId }]`, an expression without its braces
 * @returns the first node, and the one that creates a field
 */
export function createFieldsWithIds(
	canvas: Canvas,
	[column, row]: Place,
	{ found, ...fields }: Parameters<typeof createMissingFields>[2] & { found: string },
): { first: string; last: string } {
	const created = createMissingFields(canvas, [column, row], fields);
	// Lower on the canvas, so that it runs when all have been created, also if none had to be.
	request(
		canvas,
		'List the fields again',
		[column + 1, row + 0.9],
		{ method: 'GET', ...fields.list },
		{ executeOnce: true },
	);
	canvas.chain(
		created.first,
		'List the fields again',
		keepFieldIds(canvas, [column + 2, row + 0.9], found),
	);
	return created;
}
