import type { Canvas, Place } from '../canvas.mts';
import { fieldsOf, type Spelling } from './fields.mts';
import { request, type Call } from './http.mts';

/**
 * Adds nodes that create the fields that an ESP does not have yet; running them again changes nothing.
 *
 * @param list asks for the fields that there are
 * @param have its answer as `$json` → an array of their names, an expression without its braces
 * @param create creates the field of `$json.name`, whose `$json.type` is `text` or `number`
 * @returns the first node and the last one
 */
export function createMissingFields(
	canvas: Canvas,
	[column, row]: Place,
	{
		spelling,
		list,
		have,
		create,
	}: { spelling: Spelling; list: Omit<Call, 'method'>; have: string; create: Call },
): { first: string; last: string } {
	request(canvas, 'List the fields', [column, row], { method: 'GET', ...list });
	canvas.node(
		'Which fields are missing?',
		'set',
		[column + 1, row],
		{
			mode: 'raw',
			jsonOutput: `={{ { missing: ${JSON.stringify(fieldsOf(spelling))}.filter(({ name }) => !(${have}).includes(name)) } }}`,
			options: {},
		},
		// However many pages the fields came in.
		{ executeOnce: true },
	);
	canvas.node('One item per missing field', 'splitOut', [column + 2, row], {
		fieldToSplitOut: 'missing',
		options: {},
	});
	request(canvas, 'Create the field', [column + 3, row], {
		...create,
		// One after the other, so that no rate limit is in the way.
		options: { batching: { batch: { batchSize: 1, batchInterval: 500 } }, ...create.options },
	});
	canvas.chain(
		'List the fields',
		'Which fields are missing?',
		'One item per missing field',
		'Create the field',
	);
	return { first: 'List the fields', last: 'Create the field' };
}
