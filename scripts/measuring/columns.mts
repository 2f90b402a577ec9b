/** One line of a table: column → cell. */
export type Row = Record<string, string>;

/**
 * Columns padded to their widest cell, with their names above.
 *
 * @param texts how many columns, from the left, hold text; those after them hold figures and are set to the right
 */
export function table(rows: readonly Row[], texts = 2): string {
	const columns = Object.keys(rows[0]);
	const lines = [Object.fromEntries(columns.map((column) => [column, column])), ...rows];
	const widths = columns.map((column) => Math.max(...lines.map((line) => line[column].length)));
	return lines
		.map((line) =>
			columns
				.map((column, index) =>
					index < texts ? line[column].padEnd(widths[index]) : line[column].padStart(widths[index]),
				)
				.join('  '),
		)
		.join('\n');
}
