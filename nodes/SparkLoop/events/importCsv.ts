import {
	columnsOf,
	emailReader,
	type Column,
	type ColumnFields,
	type DateSettings,
} from './importColumns';
import { mayRepeat } from './repeated';

export interface ImportSettings extends DateSettings {
	fields: ColumnFields;
	/** At most so many in a file; a whole number of at least 1. */
	rowsPerFile: number;
	/** Whether an email may stand in more than one row. */
	keepDuplicates: boolean;
}

export interface InvalidRow {
	/** Index among the rows. */
	index: number;
	/** Which column, what is wrong with it, and what to do. Holds no email. */
	reason: string;
}

/** A file that can be written. Its rows are the valid ones from `first` to `last`. */
export interface PlannedFile {
	first: number;
	last: number;
	/** How many of them are valid. */
	rows: number;
	bytes: number;
	/** How many rows before `first` are invalid. */
	invalidBefore: number;
}

const COMMA = 0x2c;
const CR = 0x0d;
const LF = 0x0a;

/**
 * The files that SparkLoop's dashboard imports (help.sparkloop.app, article 5871255), made of rows in two steps, so that
 * a million rows take hardly more memory than their files: `check` finds out which rows are valid and how many bytes they
 * take, `write` writes one file into a buffer of that size. The rows may not change in between.
 */
export class ImportCsv {
	readonly files: PlannedFile[] = [];
	/** In the order of the rows. */
	readonly invalid: InvalidRow[] = [];
	/** How many of the invalid rows only repeat an email. */
	duplicates = 0;

	readonly #rows: ReadonlyArray<{ json: object }>;
	readonly #settings: ImportSettings;
	readonly #columns: Column[];
	readonly #header: string;
	/** In lower case. */
	readonly #emailOf: (row: object) => string;
	/** Whether another row may have the same email. */
	readonly #mayRepeat: (index: number) => boolean;
	/** Email in lower case, of those that may repeat → index of the valid row that has it. */
	readonly #seen = new Map<string, number>();
	#checked = 0;

	/** @throws RangeError when there is no such zone */
	constructor(rows: ReadonlyArray<{ json: object }>, settings: ImportSettings) {
		this.#rows = rows;
		this.#settings = settings;
		this.#columns = columnsOf(settings.fields, settings, rows.length);
		this.#header = this.#columns.map(({ header }) => header).join(',') + '\r\n';
		const emailOf = emailReader(settings.fields.email);
		this.#emailOf = (row) => emailOf(row).toLowerCase();
		this.#mayRepeat = settings.keepDuplicates
			? () => false
			: mayRepeat(rows.length, (index) => this.#emailOf(rows[index].json));
	}

	/**
	 * Checks the next rows.
	 *
	 * @returns whether there are more
	 */
	check(count: number): boolean {
		const end = Math.min(this.#checked + count, this.#rows.length);
		for (; this.#checked < end; this.#checked += 1) {
			const bytes = this.#checkRow(this.#checked);
			if (typeof bytes === 'string') this.invalid.push({ index: this.#checked, reason: bytes });
			else this.#plan(this.#checked, bytes);
		}
		return end < this.#rows.length;
	}

	/** The text of one of the files, in UTF-8. */
	write({ first, last, bytes, invalidBefore }: PlannedFile): Buffer {
		const file = Buffer.allocUnsafe(bytes);
		let at = file.write(this.#header);
		let nextInvalid = invalidBefore;
		for (let index = first; index <= last; index += 1) {
			if (this.invalid[nextInvalid]?.index === index) {
				nextInvalid += 1;
				continue;
			}
			at = this.#writeRow(file, at, index);
		}
		// A buffer that is not full would end in what the process had in its memory before.
		if (at !== bytes) throw new Error('The rows changed while they were written');
		return file;
	}

	/** @returns how many bytes the row takes, or why it is invalid */
	#checkRow(index: number): number | string {
		const row = this.#rows[index].json;
		// Commas between the cells, CR and LF.
		let bytes = this.#columns.length + 1;
		for (const column of this.#columns) {
			const cell = column.check(row, index);
			if (typeof cell === 'string') return cell;
			bytes += cell;
		}
		if (!this.#mayRepeat(index)) return bytes;

		const email = this.#emailOf(row);
		const same = this.#seen.get(email);
		if (same === undefined) {
			this.#seen.set(email, index);
			return bytes;
		}
		this.duplicates += 1;
		return `Email is the same as in item ${same}. Leave one of the two out, or keep both with 'Keep Duplicates'.`;
	}

	#plan(index: number, bytes: number): void {
		let file = this.files.at(-1);
		if (!file || file.rows === this.#settings.rowsPerFile) {
			file = {
				first: index,
				last: index,
				rows: 0,
				bytes: this.#header.length,
				invalidBefore: this.invalid.length,
			};
			this.files.push(file);
		}
		file.last = index;
		file.rows += 1;
		file.bytes += bytes;
	}

	#writeRow(file: Buffer, at: number, index: number): number {
		const row = this.#rows[index].json;
		let end = at;
		for (const column of this.#columns) {
			// The email comes first, and is never blank.
			if (end > at) file[end++] = COMMA;
			end = column.write(file, end, row, index);
		}
		file[end++] = CR;
		file[end++] = LF;
		return end;
	}
}
