/** Parameters that n8n's Data Table node wants in many places. */

/** A table by name, or by an expression that gives the name. */
export const table = (value: string): object => ({ __rl: true, mode: 'name', value });

/** Makes a table; one that exists already stays as it is. Columns: name → type. */
export const tableOf = (name: string, columns: Readonly<Record<string, string>>): object => ({
	resource: 'table',
	operation: 'create',
	tableName: name,
	columns: { column: Object.entries(columns).map(([name, type]) => ({ name, type })) },
	// n8n does not apply the default that its editor shows.
	options: { createIfNotExists: true },
});

/** Rows that meet every condition: column, condition, value. */
export const matching = (
	...conditions: Array<[column: string, condition: string, value: string]>
): object => ({
	// n8n's default is any of them, which would change rows that nobody meant.
	matchType: 'allConditions',
	filters: {
		conditions: conditions.map(([keyName, condition, keyValue]) => ({
			keyName,
			condition,
			keyValue,
		})),
	},
});

/** The values to write, column by column. */
export const columnsOf = (value: Record<string, string>): object => ({
	mappingMode: 'defineBelow',
	value,
	matchingColumns: [],
	schema: Object.keys(value).map((id) => ({
		id,
		displayName: id,
		type: 'string',
		display: true,
		required: false,
		defaultMatch: false,
		readOnly: false,
		removed: false,
	})),
});
