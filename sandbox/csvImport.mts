import { ProgramError, type Program, type SignUp } from './program.mts';
import { isEmail } from './subscriber.mts';

export interface ImportResult {
	imported: number;
	/** Rows that were left out; the line under the header is row 1. */
	errors: Array<{ row: number; error: string }>;
}

/**
 * Uploads a CSV as SparkLoop's dashboard does: a column `Email`, and optionally `Name`,
 * `Registration Date` (`DD/MM/YYYY` or `DD/MM/YYYY HH:MM`, taken as UTC), `IP Address`, `Referrer`
 * (a code or an e-mail address) and `Source` (help.sparkloop.app, article 5871255). Every row is one `sync_subscriber`; a referrer who is
 * known by then gets the credit. Throws when the column `Email` is missing.
 */
export function importCsv(csv: string, program: Program): ImportResult {
	const [header = [], ...rows] = parseCsv(csv);
	const columns = header.map((name) => name.trim().toLowerCase());
	if (!columns.includes('email')) {
		throw new ProgramError('invalid', 'The CSV needs a header with a column Email');
	}
	const errors: ImportResult['errors'] = [];
	let imported = 0;
	rows.forEach((row, index) => {
		try {
			const cells = new Map(columns.map((name, at) => [name, row[at]?.trim() ?? '']));
			program.subscribe(signUpFrom(cells, program));
			imported += 1;
		} catch (error) {
			if (!(error instanceof ProgramError)) throw error;
			errors.push({ row: index + 1, error: error.message });
		}
	});
	return { imported, errors };
}

/** Rows of cells; quoted cells may hold commas, line breaks and doubled quotes. Blank lines fall. */
function parseCsv(csv: string): string[][] {
	const rows: string[][] = [];
	let row: string[] = [];
	for (const [, quoted, plain, end] of csv
		.replace(/^\uFEFF/, '')
		.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g)) {
		row.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
		if (end === ',') continue;
		if (row.length > 1 || row[0] !== '') rows.push(row);
		row = [];
	}
	return rows;
}

function signUpFrom(cells: Map<string, string>, program: Program): SignUp {
	const referrer = cells.get('referrer') ?? '';
	return {
		email: cells.get('email') ?? '',
		name: cells.get('name') || undefined,
		createdAt: secondsFrom(cells.get('registration date') ?? ''),
		referrerCode: isEmail(referrer) ? program.find(referrer)?.referralCode : referrer,
		details: {
			ip_address: cells.get('ip address') || undefined,
			origin: cells.get('source') || undefined,
		},
	};
}

function secondsFrom(text: string): number | undefined {
	if (text === '') return undefined;
	const parts = /^(\d{2})\/(\d{2})\/(\d{4})(?: (\d{2}):(\d{2}))?$/.exec(text);
	const [day, month, year, hour, minute] = (parts?.slice(1) ?? []).map((part) => Number(part ?? 0));
	const date = new Date(Date.UTC(year, month - 1, day, hour, minute));
	if (!parts || date.getUTCDate() !== day || date.getUTCMonth() !== month - 1) {
		throw new ProgramError('invalid', 'Registration Date must be DD/MM/YYYY or DD/MM/YYYY HH:MM');
	}
	return date.getTime() / 1000;
}
