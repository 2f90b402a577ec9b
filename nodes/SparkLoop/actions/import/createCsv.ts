import {
	NodeOperationError,
	sleep,
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeProperties,
	type IPairedItemData,
} from 'n8n-workflow';

import { ImportCsv } from '../../events/importCsv';
import { csvSettings, type CsvSettings } from './csvSettings';

const show = { resource: ['import'], operation: ['createCsv'] };

const fieldOption = (
	displayName: string,
	name: string,
	placeholder: string,
	description: string,
): INodeProperties => ({
	displayName,
	name,
	type: 'string',
	default: '',
	placeholder,
	requiresDataPath: 'single',
	description,
});

export const description: INodeProperties[] = [
	{
		displayName: 'Email Field',
		name: 'emailField',
		type: 'string',
		default: 'email',
		placeholder: 'e.g. email',
		required: true,
		requiresDataPath: 'single',
		displayOptions: { show },
		description:
			'The name of the input field with the email address, by which SparkLoop knows people',
		hint: 'Enter the field name as text',
	},
	{
		displayName: 'Additional Columns',
		name: 'additionalColumns',
		type: 'collection',
		placeholder: 'Add Column',
		default: {},
		displayOptions: { show },
		description:
			"Which other columns of SparkLoop's import the file has, and which input field fills each",
		options: [
			fieldOption(
				'IP Address Field',
				'ipAddressField',
				'e.g. ip_address',
				'The name of the input field with the IP address from which the person signed up',
			),
			fieldOption(
				'Name Field',
				'nameField',
				'e.g. name',
				"The name of the input field with the person's full name",
			),
			fieldOption(
				'Referrer Field',
				'referrerField',
				'e.g. referrer',
				'The name of the input field with the referral code or the email of who referred the person',
			),
			fieldOption(
				'Registration Date Field',
				'registrationDateField',
				'e.g. created_at',
				'The name of the input field with the date of the sign-up: a date of n8n, ISO 8601 text, or unix seconds or milliseconds',
			),
			fieldOption(
				'Source Field',
				'sourceField',
				'e.g. source',
				'The name of the input field that says where the person came from',
			),
		],
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		displayOptions: { show },
		description:
			'What the files are called, and how they are written. What is left out has its default.',
		options: [
			{
				displayName: 'File Name',
				name: 'fileName',
				type: 'string',
				default: 'sparkloop-import.csv',
				description:
					'What the file is called. Several are numbered: sparkloop-import-1.csv, sparkloop-import-2.csv.',
			},
			{
				displayName: 'Keep Duplicates',
				name: 'keepDuplicates',
				type: 'boolean',
				default: false,
				description:
					"Whether an item whose email an earlier item had goes into the file too. Otherwise it leaves by 'Invalid Rows'.",
			},
			{
				displayName: 'Put Output File in Field',
				name: 'binaryPropertyName',
				type: 'string',
				default: 'data',
				placeholder: 'e.g. data',
				hint: 'The name of the output binary field to put the file in',
				description: 'Where nodes that upload or write a file find it',
			},
			{
				displayName: 'Registration Dates',
				name: 'registrationDates',
				type: 'options',
				options: [
					{ name: 'Date', value: 'date', description: 'Such as 31/01/2026' },
					{ name: 'Date and Time', value: 'dateTime', description: 'Such as 31/01/2026 08:30' },
				],
				default: 'dateTime',
				description: 'How registration dates are written. SparkLoop reads both.',
			},
			{
				displayName: 'Rows per File',
				name: 'rowsPerFile',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 50000,
				description:
					'How many rows a file has at most, not counting its header. SparkLoop publishes no limit; a smaller file is sooner uploaded, and uploaded again.',
			},
			{
				displayName: 'Time Zone',
				name: 'timeZone',
				type: 'string',
				default: 'UTC',
				placeholder: 'e.g. Europe/Berlin',
				description:
					'The zone in which registration dates are written. Dates without an offset stay as they are. SparkLoop does not publish in which zone it reads them.',
			},
		],
	},
];

/** How many rows are checked before others get their turn; takes some hundredths of a second. */
const ROWS_AT_ONCE = 25_000;

/**
 * Makes the CSV files that SparkLoop's dashboard imports. The fields are read once, by name: an expression would have
 * to be evaluated for each of a million items.
 *
 * @returns an item for each file, or one without a file when no row is valid; and an item for each invalid row. When the
 * execution is cancelled, only the files that were ready.
 * @throws NodeOperationError when a setting is wrong, unless the node continues on error
 */
export async function createCsv(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const items = this.getInputData();
	try {
		const settings = csvSettings.call(this, items);
		const csv = new ImportCsv(items, settings);
		while (csv.check(ROWS_AT_ONCE)) if (await cancelled.call(this)) return [[], []];
		return [await filesOf.call(this, csv, items.length, settings), invalidRows(csv, items)];
	} catch (error) {
		const failure = new NodeOperationError(this.getNode(), error as Error, { itemIndex: 0 });
		if (!this.continueOnFail()) throw failure;
		return [[{ json: { error: failure.message }, pairedItem: { item: 0 } }], []];
	}
}

async function filesOf(
	this: IExecuteFunctions,
	csv: ImportCsv,
	items: number,
	{ fileName, binaryPropertyName }: CsvSettings,
): Promise<INodeExecutionData[]> {
	const files = csv.files.length;
	const summary: IDataObject = {
		items,
		rows: items - csv.invalid.length,
		invalid: csv.invalid.length,
		duplicates: csv.duplicates,
		files,
	};
	if (files === 0) {
		return [{ json: { files, rows: 0, summary }, pairedItem: endsOf(0, items - 1) }];
	}
	const result: INodeExecutionData[] = [];
	for (const [index, planned] of csv.files.entries()) {
		if (await cancelled.call(this)) break;
		const name = files === 1 ? fileName : numbered(fileName, index + 1);
		const binary = await this.helpers.prepareBinaryData(csv.write(planned), name, 'text/csv');
		result.push({
			json: { file: index + 1, files, fileName: name, rows: planned.rows, summary: { ...summary } },
			binary: { [binaryPropertyName]: binary },
			pairedItem: endsOf(planned.first, planned.last),
		});
	}
	return result;
}

const invalidRows = (csv: ImportCsv, items: INodeExecutionData[]): INodeExecutionData[] =>
	csv.invalid.map(({ index, reason }) => ({
		json: { item: index, reason, row: items[index].json },
		pairedItem: { item: index },
	}));

/**
 * Convert to File names every item it took, which for a million is more than their file. The first and the last do as
 * well: n8n follows both, and finds the one item that all came from, or says that there are several.
 */
const endsOf = (first: number, last: number): IPairedItemData[] =>
	first === last ? [{ item: first }] : [{ item: first }, { item: last }];

function numbered(fileName: string, number: number): string {
	const dot = fileName.lastIndexOf('.');
	return dot > 0
		? `${fileName.slice(0, dot)}-${number}${fileName.slice(dot)}`
		: `${fileName}-${number}`;
}

/** Lets the rest of n8n go on. @returns whether the execution was cancelled meanwhile */
async function cancelled(this: IExecuteFunctions): Promise<boolean> {
	await sleep(0);
	return this.getExecutionCancelSignal()?.aborted === true;
}
