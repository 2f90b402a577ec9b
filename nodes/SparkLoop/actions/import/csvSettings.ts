import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
} from 'n8n-workflow';

import { isEmail, withoutEmails } from '../../events/email';
import type { ImportSettings } from '../../events/importCsv';
import {
	columnsWithoutField,
	type ColumnFields,
	type ColumnName,
} from '../../events/importColumns';

export interface CsvSettings extends ImportSettings {
	fileName: string;
	binaryPropertyName: string;
}

/** The parameter that names each column's field, in the words of the editor. */
const LABELS: Record<ColumnName, string> = {
	email: 'Email Field',
	name: 'Name Field',
	registrationDate: 'Registration Date Field',
	ipAddress: 'IP Address Field',
	referrer: 'Referrer Field',
	source: 'Source Field',
};

/**
 * Reads the parameters, once for all items.
 *
 * @throws NodeOperationError when one cannot be used, or names a field that no item has
 */
export function csvSettings(this: IExecuteFunctions, items: INodeExecutionData[]): CsvSettings {
	const options = this.getNodeParameter('options', 0, {}) as IDataObject;
	const fields = fieldsOf.call(this);
	const [lost] = items.length > 0 ? columnsWithoutField(items, fields) : [];
	if (lost) throw lostField.call(this, lost, fields[lost]!, items[0].json);
	return {
		fields,
		rowsPerFile: rowsPerFile.call(this, options.rowsPerFile),
		withTime: options.registrationDates !== 'date',
		zone: zone.call(this, options.timeZone),
		keepDuplicates: options.keepDuplicates === true,
		fileName: text(options.fileName) || 'sparkloop-import.csv',
		binaryPropertyName: text(options.binaryPropertyName) || 'data',
	};
}

const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

function fieldsOf(this: IExecuteFunctions): ColumnFields {
	const email = this.getNodeParameter('emailField', 0);
	const more = this.getNodeParameter('additionalColumns', 0, {}) as IDataObject;
	const fields: Partial<Record<ColumnName, string>> = {};
	for (const name of Object.keys(LABELS) as ColumnName[]) {
		const value = name === 'email' ? email : more[`${name}Field`];
		if (value !== undefined && value !== null && typeof value !== 'string') {
			throw problem.call(this, `'${LABELS[name]}' is no text`, HOW_TO_NAME);
		}
		if (text(value) !== '') fields[name] = text(value);
	}
	if (fields.email === undefined) {
		throw problem.call(this, "'Email Field' is blank", HOW_TO_NAME);
	}
	return fields as ColumnFields;
}

function rowsPerFile(this: IExecuteFunctions, value: unknown): number {
	const rows = value === undefined || value === null || value === '' ? 50_000 : Number(value);
	if (Number.isSafeInteger(rows) && rows >= 1) return rows;
	throw problem.call(
		this,
		"'Rows per File' is not a whole number of at least 1",
		"Correct it under 'Options', or remove it: then it is 50000. For a single file, enter more than there are items.",
	);
}

function zone(this: IExecuteFunctions, value: unknown): string {
	const name = value === undefined || value === null || value === '' ? 'UTC' : String(value).trim();
	try {
		return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone;
	} catch {
		throw problem.call(
			this,
			"'Time Zone' is no time zone",
			"Enter its IANA name under 'Options', such as Europe/Berlin, or remove it: then it is UTC.",
		);
	}
}

const HOW_TO_NAME =
	"Enter the name of the input field itself, such as email, with the parameter switched to 'Fixed'. An expression gives the value of one item instead.";

function lostField(
	this: IExecuteFunctions,
	column: ColumnName,
	field: string,
	firstItem: object,
): NodeOperationError {
	const names = Object.keys(firstItem).slice(0, 20).join(', ');
	return problem.call(
		this,
		isEmail(field)
			? `'${LABELS[column]}' holds an email address, not the name of a field`
			: `'${LABELS[column]}' names a field that no item has`,
		[
			HOW_TO_NAME,
			...(column === 'email'
				? []
				: ["Remove it under 'Additional Columns' to do without the column."]),
			`The first item has: ${withoutEmails(names) || 'no fields'}.`,
		].join(' '),
	);
}

function problem(
	this: IExecuteFunctions,
	message: string,
	description: string,
): NodeOperationError {
	return new NodeOperationError(this.getNode(), message, { description });
}
