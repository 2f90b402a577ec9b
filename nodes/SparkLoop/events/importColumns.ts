import { isBlank } from './blank';
import { cellBytes, writeCell } from './csvCell';
import { isEmail, sameEmail, withoutEmails } from './email';
import { fieldReader } from './fieldPath';
import { clockReader, DATE_AND_TIME_BYTES, DATE_BYTES, dateWriter } from './importDate';
import { isIpAddress } from './ipAddress';

/**
 * The columns that SparkLoop's import reads, in the order in which they are written here (help.sparkloop.app, article
 * 5871255). Only the email is required. A referrer is a referral code or an email.
 */
export const HEADERS = {
	email: 'Email',
	name: 'Name',
	registrationDate: 'Registration Date',
	ipAddress: 'IP Address',
	referrer: 'Referrer',
	source: 'Source',
} as const;

export type ColumnName = keyof typeof HEADERS;

/** Which field of a row goes into which column (`fieldReader`). What is not named here is no column of the file. */
export type ColumnFields = { email: string } & Partial<Record<ColumnName, string>>;

export interface DateSettings {
	/** Whether registration dates are written with hours and minutes. */
	withTime: boolean;
	/** IANA name of the zone in which they are written. */
	zone: string;
}

/** A cell is checked first, and written when its whole row is valid. */
export interface Column {
	header: string;
	/** @returns how many bytes `write` will write, or why the row is invalid */
	check: (row: object, index: number) => number | string;
	/** @returns index after the last byte */
	write: (file: Buffer, at: number, row: object, index: number) => number;
}

/** What is wrong with a text, and what to do; undefined when nothing is. */
type Problem = (text: string, row: object) => string | undefined;

const NO_TEXT = 'is not text. Choose a field that holds text';

/**
 * @param rows how many rows there will be at most
 * @throws RangeError when there is no such zone
 */
export function columnsOf(fields: ColumnFields, dates: DateSettings, rows: number): Column[] {
	const problems: Partial<Record<ColumnName, Problem>> = {
		email: emailProblem,
		ipAddress: ipAddressProblem,
		referrer: referrerProblem(emailReader(fields.email)),
	};
	return namesOf(fields).map((name) =>
		name === 'registrationDate'
			? dateColumn(fields[name]!, dates, rows)
			: textColumn(name, fields[name]!, problems[name]),
	);
}

/** The columns whose field is in none of the rows. */
export const columnsWithoutField = (
	rows: ReadonlyArray<{ json: object }>,
	fields: ColumnFields,
): ColumnName[] =>
	namesOf(fields).filter((name) => {
		const read = fieldReader(fields[name]!);
		return rows.every(({ json }) => read(json) === undefined);
	});

/** Makes a function that reads a row's email, trimmed; blank when it is no text. */
export function emailReader(field: string): (row: object) => string {
	const read = fieldReader(field);
	return (row) => textOf(read(row)) ?? '';
}

const namesOf = (fields: ColumnFields): ColumnName[] =>
	(Object.keys(HEADERS) as ColumnName[]).filter((name) => fields[name]);

function textColumn(name: ColumnName, field: string, problem: Problem = () => undefined): Column {
	const header = HEADERS[name];
	const read = fieldReader(field);
	return {
		header,
		check(row) {
			const text = textOf(read(row));
			if (text === '' && name !== 'email') return 0;
			const wrong = text === undefined ? NO_TEXT : problem(text, row);
			return wrong === undefined ? cellBytes(text!) : reason(header, field, wrong);
		},
		write: (file, at, row) => writeCell(file, at, textOf(read(row))!),
	};
}

function dateColumn(field: string, { withTime, zone }: DateSettings, rows: number): Column {
	const header = HEADERS.registrationDate;
	const read = fieldReader(field);
	const shownAt = clockReader(zone);
	const write = dateWriter(withTime);
	// To read a date takes longer than to keep it.
	const kept = new Float64Array(rows);
	return {
		header,
		check(row, index) {
			const value = read(row);
			if (isBlank(value)) {
				kept[index] = Number.NaN;
				return 0;
			}
			const minutes = shownAt(value);
			if (minutes === undefined) {
				return reason(
					header,
					field,
					'cannot be read as a date. Give a date of n8n, ISO 8601 text such as 2026-01-31T08:30:00Z, or unix seconds or milliseconds',
				);
			}
			kept[index] = minutes;
			return withTime ? DATE_AND_TIME_BYTES : DATE_BYTES;
		},
		write: (file, at, _, index) => (Number.isNaN(kept[index]) ? at : write(file, at, kept[index])),
	};
}

const emailProblem: Problem = (text) => {
	if (text === '') return 'is missing. Fill it in, or leave this item out';
	return isEmail(text)
		? undefined
		: 'is not one email address. Give a single address such as nathan@example.com';
};

const ipAddressProblem: Problem = (text) =>
	isIpAddress(text)
		? undefined
		: 'is no IPv4 or IPv6 address. Give one address without a port, or leave the field blank';

const referrerProblem =
	(emailOf: (row: object) => string): Problem =>
	(text, row) => {
		if (text.includes('://')) return "is a link. Give the referrer's referral code or email";
		if (!text.includes('@')) return undefined;
		if (!isEmail(text)) {
			return "is neither a referral code nor one email address. Give the referrer's code or email, or leave the field blank";
		}
		return sameEmail(text, emailOf(row))
			? "is this item's own email. Give who referred this person, or leave the field blank"
			: undefined;
	};

/** An expression can have made any text a field's name. */
const reason = (header: string, field: string, wrong: string): string =>
	`${header} (field '${withoutEmails(field)}') ${wrong}.`;

/** Trimmed; undefined when it is neither text nor a number nor blank. */
function textOf(value: unknown): string | undefined {
	if (typeof value === 'string') return value.trim();
	if (value === undefined || value === null) return '';
	return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}
