import { createRequire } from 'node:module';
import { isIP } from 'node:net';
import path from 'node:path';
import fc from 'fast-check';

import { fieldReader } from '../../nodes/SparkLoop/events/fieldPath';
import { columnsWithoutField } from '../../nodes/SparkLoop/events/importColumns';
import { ImportCsv, type ImportSettings } from '../../nodes/SparkLoop/events/importCsv';
import { isIpAddress } from '../../nodes/SparkLoop/events/ipAddress';
import { mayRepeat } from '../../nodes/SparkLoop/events/repeated';
import { importCsv } from '../../sandbox/csvImport.mts';
import { n8nModules } from '../../scripts/n8n/location.mjs';
import { createProgram } from '../sandbox/support/program.mts';
import { email } from '../support/arbitraries.mts';

const nodesBase = createRequire(path.join(n8nModules(), 'n8n-nodes-base', 'package.json'));

/** The parser that n8n reads CSV with: it knows nothing of ours. */
const { parse } = nodesBase('csv-parse/sync') as {
	parse: (csv: Buffer, options?: object) => string[][];
};

/** n8n's dates. */
const { DateTime } = nodesBase('luxon') as {
	DateTime: {
		fromISO: (text: string) => object;
		fromSeconds: (
			seconds: number,
			options: { zone: string },
		) => { toFormat: (format: string) => string };
	};
};

const SETTINGS: ImportSettings = {
	fields: { email: 'email' },
	rowsPerFile: 1_000,
	withTime: true,
	zone: 'UTC',
	keepDuplicates: false,
};

const ALL_FIELDS: ImportSettings['fields'] = {
	email: 'email',
	name: 'name',
	registrationDate: 'date',
	ipAddress: 'ip',
	referrer: 'referrer',
	source: 'source',
};

const checked = (rows: object[], settings: Partial<ImportSettings> = {}, atOnce = rows.length) => {
	const csv = new ImportCsv(
		rows.map((json) => ({ json })),
		{ ...SETTINGS, ...settings },
	);
	while (csv.check(atOnce));
	return csv;
};

const filesOf = (csv: ImportCsv): Buffer[] => csv.files.map((file) => csv.write(file));

/** The cells under the header of the only file. */
const cellsOf = (rows: object[], settings: Partial<ImportSettings> = {}): string[][] => {
	const csv = checked(rows, settings);
	expect(csv.invalid).toEqual([]);
	return parse(filesOf(csv)[0]).slice(1);
};

const reasonOf = (row: object, fields: Partial<ImportSettings['fields']> = ALL_FIELDS): string => {
	const { invalid, files } = checked([row], { fields: { email: 'email', ...fields } });
	expect(files).toEqual([]);
	return invalid[0].reason;
};

const dateOf = (date: unknown, settings: Partial<ImportSettings> = {}): string =>
	cellsOf([{ email: 'a@b.co', date }], {
		fields: { email: 'email', registrationDate: 'date' },
		...settings,
	})[0][1];

/** Text with all that a CSV can stumble over; a lone surrogate is no character, and UTF-8 has no bytes for it. */
const anyText = fc
	.string({
		unit: fc.oneof(fc.constantFrom('"', ',', '\r', '\n', ' ', ';', '\t', '='), fc.string()),
	})
	.map((text) => text.toWellFormed());

describe('a file', () => {
	it('has the columns that were asked for, the email first, CRLF, and no byte order mark', () => {
		const csv = checked([{ email: 'zoë@exämple.org', name: 'Zoë "Z", Müller' }], {
			fields: { source: 'nowhere', name: 'name', email: 'email' },
		});
		expect(filesOf(csv)[0].toString()).toBe(
			'Email,Name,Source\r\nzoë@exämple.org,"Zoë ""Z"", Müller",\r\n',
		);
	});

	it('has the very texts that the rows have, only trimmed, and the numbers as text', () => {
		const text = fc.oneof(anyText, fc.integer(), fc.constantFrom(null, undefined));
		fc.assert(
			fc.property(
				fc.uniqueArray(fc.record({ email, name: text, source: text }), {
					selector: (row) => row.email.toLowerCase(),
					minLength: 1,
				}),
				(rows) => {
					const fields = { email: 'email', name: 'name', source: 'source' };
					const cell = (value: unknown) => String(value ?? '').trim();
					expect(cellsOf(rows, { fields })).toEqual(
						rows.map((row) => [row.email, cell(row.name), cell(row.source)]),
					);
				},
			),
		);
	});

	it.each([',', '"', '\r', '\n'])('has a cell with %j in quotes', (special) => {
		const fields = { email: 'email', name: 'name' };
		const csv = checked([{ email: 'a@b.co', name: `a${special}b` }], { fields });
		const cell = `a${special}b`.replace('"', '""');
		expect(filesOf(csv)[0].toString()).toBe(`Email,Name\r\na@b.co,"${cell}"\r\n`);
	});

	it('with a lone surrogate in it is as long as was planned', () => {
		expect(
			cellsOf([{ email: 'a@b.co', name: 'a\ud800,' }], {
				fields: { email: 'email', name: 'name' },
			}),
		).toEqual([['a@b.co', 'a\ufffd,']]);
	});

	it('is imported by the sandbox, row by row', () => {
		const row = fc.record({
			email,
			name: anyText,
			date: fc.option(fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100') })),
			ip: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('')),
			referrer: fc.oneof(email, fc.stringMatching(/^[A-Za-z0-9]{0,8}$/)),
			source: anyText,
		});
		fc.assert(
			fc.property(fc.array(row, { minLength: 1 }), fc.boolean(), (rows, withTime) => {
				const csv = checked(rows, { fields: ALL_FIELDS, withTime, rowsPerFile: 3 });
				const { program } = createProgram();
				for (const [index, file] of filesOf(csv).entries()) {
					expect(importCsv(file.toString(), program)).toEqual({
						imported: csv.files[index].rows,
						errors: [],
					});
				}
				expect(program.subscribers).toHaveLength(rows.length - csv.invalid.length);
			}),
		);
	});
});

describe('the rows', () => {
	it('each go into one of the files, in their order, or are invalid', () => {
		const value = fc.oneof(
			email,
			fc.constantFrom(null, '', 'a@b.co', 'A@B.co', 'nobody', 7, {}, []),
		);
		fc.assert(
			fc.property(
				fc.array(value),
				fc.integer({ min: 1, max: 5 }),
				fc.integer({ min: 1, max: 7 }),
				fc.boolean(),
				(emails, rowsPerFile, atOnce, keepDuplicates) => {
					const rows = emails.map((one) => ({ email: one }));
					const csv = checked(rows, { rowsPerFile, keepDuplicates }, atOnce);
					const invalid = new Set(csv.invalid.map(({ index }) => index));
					const valid = emails.filter((_, index) => !invalid.has(index));
					const files = filesOf(csv).map((file) => parse(file).slice(1).flat());

					expect(files.flat()).toEqual(valid);
					expect(files.map((file) => file.length)).toEqual(csv.files.map(({ rows }) => rows));
					expect(files.slice(0, -1).every((file) => file.length === rowsPerFile)).toBe(true);
					expect(files.every((file) => file.length > 0)).toBe(true);
					expect(
						csv.files.every(({ first, last }) => !invalid.has(first) && !invalid.has(last)),
					).toBe(true);
					const different = new Set(valid.map((one) => String(one).toLowerCase())).size;
					if (!keepDuplicates) expect(different).toBe(valid.length);
					else expect(csv.duplicates).toBe(0);
					expect(
						csv.invalid.every(({ reason }) => !/[^…]@/.test(reason.replace('nathan@', ''))),
					).toBe(true);
				},
			),
		);
	});

	it('that change between the steps never become a file with foreign bytes in it', () => {
		const rows = [{ email: 'john@email.com' }];
		const csv = checked(rows);
		rows[0].email = 'j@email.com';
		expect(() => csv.write(csv.files[0])).toThrow('The rows changed');
	});

	it('whose email an earlier one has say which; one that was invalid itself does not count', () => {
		const rows = [
			{ email: 'a@b.co', ip: 'none' },
			{ email: ' a@b.co ' },
			{ email: 'c@d.co' },
			{ email: 'A@B.CO' },
		];
		const csv = checked(rows, { fields: { email: 'email', ipAddress: 'ip' } });
		expect(csv.invalid.map(({ index }) => index)).toEqual([0, 3]);
		expect(csv.invalid[1].reason).toBe(
			"Email is the same as in item 1. Leave one of the two out, or keep both with 'Keep Duplicates'.",
		);
		expect(csv.duplicates).toBe(1);
	});
});

describe('what may repeat', () => {
	const may = (texts: readonly string[]) => {
		const repeats = mayRepeat(texts.length, (index) => texts[index]);
		return texts.map((_, index) => repeats(index));
	};

	it('is every text that does', () => {
		fc.assert(
			fc.property(fc.array(fc.string({ maxLength: 2 })), (texts) => {
				const found = may(texts);
				texts.forEach((text, index) => {
					if (texts.indexOf(text) !== texts.lastIndexOf(text)) expect(found[index]).toBe(true);
				});
			}),
		);
	});

	it('is nothing else but what has the same hash, which is no double', () => {
		expect(may(['a@b.co', 'c@d.co', 'a@b.co', 'e@f.co'])).toEqual([true, false, true, false]);
		const rows = ['costarring@b.co', 'liquid@b.co'].map((email) => ({ email }));
		expect(may(rows.map(({ email }) => email))).toEqual([true, true]);
		expect(checked(rows).invalid).toEqual([]);
	});
});

describe('a reason names column and field, and says what to do:', () => {
	it.each([
		[{ email: null }, "Email (field 'email') is missing. Fill it in, or leave this item out."],
		[{ email: ' ' }, "Email (field 'email') is missing. Fill it in, or leave this item out."],
		[{ email: 'a@b.co,c@d.co' }, /^Email .* is not one email address\. Give a single address/],
		[{ email: ['a@b.co'] }, "Email (field 'email') is not text. Choose a field that holds text."],
		[{ email: 'a@b.co', name: { first: 'A' } }, /^Name \(field 'name'\) is not text\./],
		[{ email: 'a@b.co', name: Number.NaN }, /^Name \(field 'name'\) is not text\./],
		[{ email: 'a@b.co', source: true }, /^Source \(field 'source'\) is not text\./],
		[{ email: 'a@b.co', ip: '10.0.0.1:80' }, /^IP Address \(field 'ip'\) is no IPv4 or IPv6/],
		[{ email: 'a@b.co', date: '31/01/2026' }, /^Registration Date \(field 'date'\) cannot be read/],
		[{ email: 'a@b.co', date: {} }, /^Registration Date \(field 'date'\) cannot be read/],
		[{ email: 'a@b.co', referrer: 'A@b.co' }, /^Referrer .* is this item's own email\./],
		[{ email: 'a@b.co', referrer: 'c@d' }, /^Referrer .* is neither a referral code nor/],
		[{ email: 'a@b.co', referrer: 'https://sparklp.co/1' }, /^Referrer .* is a link\. Give/],
	])('%j', (row, expected) => {
		expect(reasonOf(row)).toEqual(
			typeof expected === 'string' ? expected : expect.stringMatching(expected),
		);
	});

	it('without an email that stands in the name of a field', () => {
		expect(
			reasonOf({ email: 'a@b.co', 'john@email.com': {} }, { name: 'john@email.com' }),
		).toContain("(field '…@email.com')");
	});
});

describe('a registration date', () => {
	it.each([
		[1_706_693_399, '31/01/2024 09:29'],
		['1706693399000', '31/01/2024 09:29'],
		['2024-01-31T09:29:59.999Z', '31/01/2024 09:29'],
		['2024-01-31T23:29:59+05:00', '31/01/2024 18:29'],
		[new Date('2024-01-31T09:29:59Z'), '31/01/2024 09:29'],
		[DateTime.fromISO('2024-01-31T09:29:59Z'), '31/01/2024 09:29'],
		['0199-01-01', '01/01/0199 00:00'],
		['', ''],
		[null, ''],
	])('%j is written as %s', (date, text) => {
		expect(dateOf(date)).toBe(text);
		expect(dateOf(date, { withTime: false })).toBe(text.slice(0, 10));
	});

	it('is written in the zone, but stands as it is when it has no offset', () => {
		const zone = 'America/New_York';
		expect(dateOf('2024-01-31T03:00:00Z', { zone })).toBe('30/01/2024 22:00');
		expect(dateOf('2024-01-31 03:00', { zone })).toBe('31/01/2024 03:00');
		expect(dateOf(' 2024-01-31 ', { zone })).toBe('31/01/2024 00:00');
		// A clock that is put forward never shows this time.
		expect(dateOf('2024-03-10T02:30:00', { zone })).toBe('10/03/2024 02:30');
	});

	it('is what the clocks of the zone showed, on the days on which they were changed too', () => {
		const zones = [
			'Europe/Berlin',
			'America/St_Johns',
			'Asia/Kathmandu',
			'Australia/Lord_Howe',
			'Africa/Monrovia',
		];
		const changes = ['2024-03-31', '2024-10-27', '2024-03-10', '2024-11-03', '1972-01-07'];
		const seconds = fc.oneof(
			fc.integer({ min: -1e9, max: 4e9 }),
			fc
				.tuple(fc.constantFrom(...changes), fc.integer({ min: 0, max: 86_399 }))
				.map(([day, second]) => Date.parse(day) / 1000 + second),
		);
		fc.assert(
			fc.property(fc.array(seconds, { minLength: 1 }), fc.constantFrom(...zones), (all, zone) => {
				const cells = cellsOf(
					all.map((date) => ({ email: 'a@b.co', date })),
					{ fields: { email: 'email', registrationDate: 'date' }, zone, keepDuplicates: true },
				);
				expect(cells.map(([, cell]) => cell)).toEqual(
					all.map((date) => DateTime.fromSeconds(date, { zone }).toFormat('dd/MM/yyyy HH:mm')),
				);
			}),
		);
	});

	it('that has no four digits for its year in the zone is invalid', () => {
		const settings = { fields: { email: 'email', registrationDate: 'date' }, zone: 'Asia/Tokyo' };
		const csv = checked([{ email: 'a@b.co', date: '9999-12-31T23:00:00Z' }], settings);
		expect(csv.invalid).toHaveLength(1);
	});
});

describe('an IP address', () => {
	it('is what Node takes for one', () => {
		const near = fc
			.array(
				fc.constantFrom('::', ':', '.', '0', '1', '01', '255', '256', 'ffff', 'g', '10.0.0.1'),
				{
					maxLength: 12,
				},
			)
			.map((parts) => parts.join(''));
		fc.assert(
			fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), near), (text) => {
				expect([text, isIpAddress(text)]).toEqual([text, isIP(text) !== 0]);
			}),
			{ numRuns: 2_000 },
		);
	});

	it.each([
		['1:2:3:4:5:6:7:8', true],
		['1:2:3:4:5:6:7::', true],
		['::ffff:10.0.0.1', true],
		['1:2:3:4::5:6:7:8', false],
		['1::2:3:4:5:6:7::8', false],
		['1:2:3:4:5:6:7:10.0.0.1', false],
		['fe80::1%eth0', false],
		['10.0.0.1/8', false],
	])('%s: %s', (text, is) => {
		expect(isIpAddress(text)).toBe(is);
	});
});

describe('a field', () => {
	it.each([
		['email', 'plain'],
		['attributes.firstName', 'nested'],
		["attributes['first name']", 'quoted'],
		['["Email Address"]', 'from a spreadsheet'],
		["['it\\'s']", 'escaped'],
		['tags[1]', 'second'],
		['tags[1].length', undefined],
		['list[0].email', 'in a list'],
		['a.b', 'whole name'],
		['Email Address', 'from a spreadsheet'],
		['odd[', 'odd'],
		['nothing.at.all', undefined],
		['constructor', undefined],
		['', undefined],
	])('%s is read', (name, value) => {
		const row = {
			email: 'plain',
			attributes: { firstName: 'nested', 'first name': 'quoted' },
			'Email Address': 'from a spreadsheet',
			"it's": 'escaped',
			tags: ['first', 'second'],
			list: [{ email: 'in a list' }],
			a: { b: 'part' },
			'a.b': 'whole name',
			'odd[': 'odd',
		};
		expect(fieldReader(name)(row)).toBe(value);
	});

	it('of any name is read by that name, and by the path to it', () => {
		fc.assert(
			fc.property(fc.string(), fc.jsonValue(), (name, value) => {
				const row = Object.fromEntries([[name, value]]);
				expect(fieldReader(name)(row)).toBe(value);
				const quoted = name.replace(/['\\]/g, '\\$&');
				expect(fieldReader(`['${quoted}']`)(row)).toBe(value);
			}),
		);
	});

	it('that no row has is told apart from one that is blank everywhere', () => {
		const rows = [{ json: { email: 'a@b.co', ip: null } }, { json: { email: 'c@d.co' } }];
		expect(columnsWithoutField(rows, { email: 'email', ipAddress: 'ip', name: 'nmae' })).toEqual([
			'name',
		]);
	});
});
