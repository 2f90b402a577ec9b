import { when, type Canvas, type Place } from '../canvas.mts';
import { CONTACT, type Written } from '../guardedWrite.mts';
import { fieldsOf, type Spelling } from './fields.mts';

/** What writes with one node of that name. */
export const writtenBy = (name: string): Written => ({
	first: name,
	last: [name],
	columns: 1,
});

type AddNode = (canvas: Canvas, name: string, place: Place) => string;

/**
 * For ESPs that change a contact in one way and add one in another.
 *
 * @param change adds the node that changes the contact that was found, under the name it is given
 * @param add the same for the one that adds a contact
 * @param afterwards the same for one that makes who was added a subscriber, where adding is not enough
 */
export const changeOrAdd =
	(change: AddNode, add: AddNode, afterwards?: AddNode) =>
	(canvas: Canvas, [column, row]: Place): Written => {
		canvas.node(
			'Is there such a contact?',
			'if',
			[column, row],
			when(`={{ ${CONTACT}.found }}`, 'true', undefined, 'boolean'),
		);
		change(canvas, 'Write the fields', [column + 1, row - 0.5]);
		add(canvas, 'Add the contact', [column + 1, row + 0.4]);
		canvas.chain('Is there such a contact?', 'Write the fields');
		canvas.connect('Is there such a contact?', 1, 'Add the contact');
		const both = ['Write the fields', 'Add the contact'];
		const first = 'Is there such a contact?';
		if (!afterwards) return { first, last: both, columns: 2 };
		afterwards(canvas, 'Sign them up', [column + 2, row + 0.4]);
		canvas.chain('Add the contact', 'Sign them up');
		return {
			first,
			last: ['Write the fields', 'Sign them up'],
			columns: 3,
		};
	};

/**
 * For ESPs that answer as if all was well when they leave out a field they do not know.
 *
 * @param problem what is wrong according to the answer in `$json`, or a blank; an expression without its braces
 */
export const unlessLeftOut =
	(write: (canvas: Canvas, place: Place) => Written, problem: string) =>
	(canvas: Canvas, [column, row]: Place): Written => {
		const { first, last, checks = [], columns } = write(canvas, [column, row]);
		canvas.node('What was left out?', 'set', [column + columns, row], {
			mode: 'raw',
			jsonOutput: `={{ { problem: ${problem}, answeredBy: $prevNode.name } }}`,
			options: {},
		});
		canvas.node(
			'Is everything written?',
			'if',
			[column + columns + 1, row],
			when('={{ $json.problem }}', 'empty'),
		);
		for (const written of last) canvas.chain(written, 'What was left out?');
		canvas.chain('What was left out?', 'Is everything written?');
		return {
			first,
			last: ['Is everything written?'],
			checks: [...checks, 'Is everything written?'],
			columns: columns + 2,
		};
	};

/**
 * One row per field for a native node's list of fields, to be seen and changed in the editor. What the event does not
 * know is written as the contact has it, because a row cannot be left out.
 *
 * @param name the property that says which field: its name, or what `nameOf` makes of it
 * @param value the property that takes the value
 * @param written what of a value is written, both as expressions without their braces
 */
export const rowsOf = (
	spelling: Spelling,
	name: string,
	value: string,
	nameOf = (field: string): string => field,
	written = (given: string): string => given,
): object[] =>
	fieldsOf(spelling).map(({ name: field, type }) => ({
		[name]: nameOf(field),
		[value]: `={{ ${written(
			`$('Leave out what is older').first().json.fields.${field} ?? ${CONTACT}.fields.${field} ?? ${type === 'number' ? '0' : "''"}`,
		)} }}`,
	}));
