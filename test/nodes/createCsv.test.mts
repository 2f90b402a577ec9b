import type { INode, INodeExecutionData, IRun } from 'n8n-workflow';

import { importCsv } from '../../sandbox/csvImport.mts';
import { createProgram } from '../sandbox/support/program.mts';
import { chain, drawnOutputs, node, outputs, run } from '../support/engine.mts';

const csvNode = (parameters: object = {}, extra: Partial<INode> = {}): INode =>
	node(
		'CSV',
		'n8n-nodes-sparkloop.sparkLoop',
		{ resource: 'import', operation: 'createCsv', emailField: 'email', ...parameters },
		extra,
	);

async function createCsv(rows: object[], parameters: object = {}, extra: Partial<INode> = {}) {
	const graph = {
		nodes: [node('Start', 'n8n-nodes-base.noOp', {}), csvNode(parameters, extra)],
		connections: chain('Start', 'CSV'),
	};
	return await run(graph, 'Start', rows.map((json) => ({ json })) as never);
}

const textOf = (item: INodeExecutionData, field = 'data'): string =>
	Buffer.from(item.binary![field].data, 'base64').toString();

const errorOf = (result: IRun) => result.data.resultData.error;

const CONTACTS = [
	{
		email: 'john@email.com',
		attributes: { firstName: 'John "J", Jr.' },
		created_at: '2026-01-31T08:30:00Z',
		ip: '10.0.0.1',
		by: null,
		utm: 'web',
	},
	{
		email: ' Jane@email.com ',
		attributes: {},
		created_at: 1_706_693_399,
		ip: '::1',
		by: 'john@email.com',
		utm: '',
	},
];

const COLUMNS = {
	ipAddressField: 'ip',
	nameField: 'attributes.firstName',
	referrerField: 'by',
	registrationDateField: 'created_at',
	sourceField: 'utm',
};

describe('the files', () => {
	it('bring a list of 10,000 into SparkLoop, everybody once, with name, date and referrer', async () => {
		const list = Array.from({ length: 10_000 }, (_, number) => ({
			email: `p${number}@email.com`,
			attributes: { firstName: `Person, no. ${number}` },
			created_at: 1_600_000_000 + 60 * number,
			by: number % 10 === 0 ? null : `P${number - (number % 10)}@email.com`,
		}));
		const { nameField, referrerField, registrationDateField } = COLUMNS;
		const result = await createCsv(list, {
			additionalColumns: { nameField, referrerField, registrationDateField },
			options: { rowsPerFile: 3_000 },
		});
		const [files, invalid] = outputs(result, 'CSV');
		expect([files.length, invalid]).toEqual([4, []]);
		const { program } = createProgram();
		const imported = files.map((item) => importCsv(textOf(item), program));
		expect(imported.map(({ imported, errors }) => [imported, errors])).toEqual([
			[3_000, []],
			[3_000, []],
			[3_000, []],
			[1_000, []],
		]);
		expect(program.subscribers).toHaveLength(10_000);
		expect(program.find('p4321@email.com')).toMatchObject({
			name: 'Person, no. 4321',
			createdAt: 1_600_000_000 + 60 * 4321 - ((1_600_000_000 + 60 * 4321) % 60),
			referrerId: program.find('p4320@email.com')?.id,
		});
		expect(program.find('p4320@email.com')?.totReferrals).toBe(9);
	});

	it('have the columns that were chosen, and a summary beside them', async () => {
		const result = await createCsv(CONTACTS, { additionalColumns: COLUMNS });
		const [files, invalid] = outputs(result, 'CSV');
		const summary = { items: 2, rows: 2, invalid: 0, duplicates: 0, files: 1 };
		expect(files).toEqual([
			{
				json: { file: 1, files: 1, fileName: 'sparkloop-import.csv', rows: 2, summary },
				binary: {
					data: expect.objectContaining({
						fileName: 'sparkloop-import.csv',
						mimeType: 'text/csv',
						fileExtension: 'csv',
					}),
				},
				pairedItem: [{ item: 0 }, { item: 1 }],
			},
		]);
		expect(invalid).toEqual([]);
		expect(textOf(files[0])).toBe(
			[
				'Email,Name,Registration Date,IP Address,Referrer,Source',
				'john@email.com,"John ""J"", Jr.",31/01/2026 08:30,10.0.0.1,,web',
				'Jane@email.com,,31/01/2024 09:29,::1,john@email.com,',
				'',
			].join('\r\n'),
		);
	});

	it('are as the options say, and are all imported by the sandbox', async () => {
		const rows = ['a', 'b', 'A', 'c', 'd'].map((name) => ({
			email: `${name}@email.com`,
			at: '2026-01-31T23:30:00Z',
		}));
		const result = await createCsv(rows, {
			additionalColumns: { registrationDateField: 'at' },
			options: {
				rowsPerFile: 2,
				fileName: 'people.2026.csv',
				binaryPropertyName: 'file',
				registrationDates: 'date',
				timeZone: 'Europe/Berlin',
				keepDuplicates: true,
			},
		});
		const [files] = outputs(result, 'CSV');
		expect(files.map(({ json, pairedItem }) => [json.fileName, json.rows, pairedItem])).toEqual([
			['people.2026-1.csv', 2, [{ item: 0 }, { item: 1 }]],
			['people.2026-2.csv', 2, [{ item: 2 }, { item: 3 }]],
			['people.2026-3.csv', 1, [{ item: 4 }]],
		]);
		expect(textOf(files[2], 'file')).toBe('Email,Registration Date\r\nd@email.com,01/02/2026\r\n');
		const { program } = createProgram();
		const imported = files.map((item) => importCsv(textOf(item, 'file'), program));
		expect(imported).toEqual([2, 2, 1].map((rows) => ({ imported: rows, errors: [] })));
	});

	it('lead back to the one item that all rows came from', async () => {
		const graph = {
			nodes: [
				node('Start', 'n8n-nodes-base.noOp', {}),
				node('Split', 'n8n-nodes-base.splitOut', { fieldToSplitOut: 'people', options: {} }),
				csvNode(),
				node(
					'After',
					'n8n-nodes-base.set',
					{
						mode: 'raw',
						jsonOutput: '={{ { list: $("Start").item.json.list } }}',
						options: {},
					},
					{ typeVersion: 3.4 },
				),
			],
			connections: chain('Start', 'Split', 'CSV', 'After'),
		};
		const people = ['a', 'b', 'c'].map((name) => ({ email: `${name}@email.com` }));
		const result = await run(graph, 'Start', [{ json: { list: 'Friends', people } }]);
		expect(outputs(result, 'After')[0][0].json).toEqual({ list: 'Friends' });
	});

	it('have 50,000 rows at most', async () => {
		const rows = Array.from({ length: 60_000 }, (_, index) => ({ email: `p${index}@email.com` }));
		const [files] = outputs(await createCsv(rows), 'CSV');
		expect(files.map(({ json }) => json.rows)).toEqual([50_000, 10_000]);
		expect(textOf(files[1]).split('\r\n').slice(0, 2)).toEqual(['Email', 'p50000@email.com']);
	});
});

describe('invalid rows', () => {
	it('leave by an output of their own, with a reason and all they had', async () => {
		const rows = [{ email: 'a@b.co' }, { email: 'nobody', more: { x: 1 } }, { email: 'A@B.CO' }];
		const [files, invalid] = outputs(await createCsv(rows), 'CSV');
		expect(files[0].json.summary).toEqual({
			items: 3,
			rows: 1,
			invalid: 2,
			duplicates: 1,
			files: 1,
		});
		expect(invalid).toEqual([
			{
				json: {
					item: 1,
					reason: expect.stringMatching(/^Email \(field 'email'\) is not one email address\. /),
					row: rows[1],
				},
				pairedItem: { item: 1 },
			},
			{
				json: { item: 2, reason: expect.stringContaining('same as in item 0'), row: rows[2] },
				pairedItem: { item: 2 },
			},
		]);
	});

	it('alone make no file, but a summary', async () => {
		const [files, invalid] = outputs(await createCsv([{ email: 'x' }, { email: null }]), 'CSV');
		const summary = { items: 2, rows: 0, invalid: 2, duplicates: 0, files: 0 };
		expect(files).toEqual([
			{ json: { files: 0, rows: 0, summary }, pairedItem: [{ item: 0 }, { item: 1 }] },
		]);
		expect(invalid).toHaveLength(2);
	});

	it('stay where they are when the node has an error output too', async () => {
		const [, invalid, errors] = outputs(
			await createCsv([{ email: 'x' }], {}, { onError: 'continueErrorOutput' }),
			'CSV',
		);
		expect([invalid.length, errors]).toEqual([1, []]);
	});

	it('have an output that the editor names', () => {
		expect(drawnOutputs(csvNode())).toEqual(['Files', 'Invalid Rows']);
	});
});

describe('a setting that cannot be used says which it is and what to do:', () => {
	it.each([
		[
			{ emailField: '={{ $json.nope }}' },
			"'Email Field' is blank",
			/^Enter the name of the input field itself/,
		],
		[
			{ emailField: '={{ $json.email }}' },
			"'Email Field' holds an email address, not the name of a field",
			/switched to 'Fixed'.*The first item has: email, attributes, created_at, ip, by, utm\.$/,
		],
		[
			{ emailField: '={{ $json.attributes }}' },
			"'Email Field' is no text",
			/^Enter the name of the input field itself/,
		],
		[
			{ emailField: 'mail' },
			"'Email Field' names a field that no item has",
			/The first item has: email,/,
		],
		[
			{ additionalColumns: { nameField: 'attributes.name' } },
			"'Name Field' names a field that no item has",
			/Remove it under 'Additional Columns' to do without the column/,
		],
		[
			{ options: { rowsPerFile: 0 } },
			"'Rows per File' is not a whole number of at least 1",
			/then it is 50000/,
		],
		[
			{ options: { rowsPerFile: '={{ "many" }}' } },
			"'Rows per File' is not a whole number of at least 1",
			/Correct it under 'Options'/,
		],
		[{ options: { timeZone: 'Mars' } }, "'Time Zone' is no time zone", /such as Europe\/Berlin/],
	])('%j', async (parameters, message, description) => {
		const result = await createCsv(CONTACTS, parameters);
		expect(errorOf(result)).toMatchObject({
			message,
			description: expect.stringMatching(description),
		});
		expect(`${errorOf(result)?.message} ${errorOf(result)?.description}`).not.toContain('john@');
	});

	it('and leaves as an error when the node continues on error', async () => {
		const result = await createCsv(
			CONTACTS,
			{ emailField: 'mail' },
			{ onError: 'continueRegularOutput' },
		);
		expect(outputs(result, 'CSV')).toEqual([
			[
				expect.objectContaining({
					json: { error: "'Email Field' names a field that no item has" },
				}),
			],
			[],
		]);
	});
});

it('leaves a column out whose field is blank, and minds no blanks around a name', async () => {
	const parameters = { emailField: ' email ', additionalColumns: { nameField: ' ' } };
	const [files] = outputs(await createCsv(CONTACTS, parameters), 'CSV');
	expect(textOf(files[0])).toMatch(/^Email\r\njohn@/);
});

it('names no email that is the name of a field', async () => {
	const result = await createCsv([{ 'john@email.com': 1 }]);
	expect(errorOf(result)?.description).toMatch(/The first item has: …@email\.com\.$/);
});

describe('when the execution is cancelled', () => {
	/** An item that calls back whenever its email is read. */
	const watched = (onRead: () => void) => ({
		json: {
			get email() {
				onRead();
				return 'watched@email.com';
			},
		},
	});
	const plain = (count: number) =>
		Array.from({ length: count }, (_, index) => ({ json: { email: `p${index}@email.com` } }));

	it('checks no further row', async () => {
		let cancel = () => {};
		let read = 0;
		const items = [
			{ json: { email: 'first@email.com', name: 'First' } },
			watched(() => cancel()),
			...plain(60_000),
			{
				json: {
					email: 'last@email.com',
					get name() {
						read += 1;
						return 'Last';
					},
				},
			},
		];
		const graph = {
			nodes: [csvNode({ additionalColumns: { nameField: 'name' } })],
			connections: {},
		};
		const result = await run(graph, 'CSV', items, {}, (stop) => (cancel = stop));
		expect(result.status).toBe('canceled');
		expect(read).toBe(0);
	});

	it('writes no further file', async () => {
		let cancel = () => {};
		let read = 0;
		let readBefore = 0;
		const parameters = { options: { rowsPerFile: 1, keepDuplicates: true } };
		const onFirst = () => {
			readBefore = read;
			// The last row was checked already: now the files are written.
			if (read > 0) cancel();
		};
		const items = [...plain(1), watched(onFirst), watched(() => (read += 1))];
		const graph = { nodes: [csvNode(parameters)], connections: {} };
		const result = await run(graph, 'CSV', items, {}, (stop) => (cancel = stop));
		expect(result.status).toBe('canceled');
		expect(read).toBeGreaterThan(0);
		expect(read).toBe(readBefore);
	});
});
