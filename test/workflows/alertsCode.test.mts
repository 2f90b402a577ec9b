import fc from 'fast-check';

import { email } from '../support/arbitraries.mts';
import { runCodeFile } from '../support/code.mts';

const SETTINGS = {
	alertUrl: 'https://hooks.example.com/T0/B0',
	pause: 3_600_000,
	alertsPerRun: 3,
	pageSize: 4,
	pagesPerRun: 2,
	kindsPerPage: 2,
	settle: 5_000,
};
const runCode = <T,>(
	file: string,
	input: object[],
	nodes: Record<string, object[]> = {},
	runIndex = 0,
): T[] => runCodeFile<T>(file, input, { Settings: [SETTINGS], ...nodes }, runIndex);

interface Noted {
	workflow: string;
	workflowId: string;
	node: string;
	message: string;
	kind: string;
	url: string;
	at: number;
}
const LINK = 'https://n8n.example.com/workflow/wf1/executions/231';
const failure = (error: unknown, more: object = {}) => ({
	execution: { id: '231', url: LINK, error, lastNodeExecuted: 'Write the fields', ...more },
	workflow: { id: 'wf1', name: 'SparkLoop to your ESP' },
});
const note = (input: object): Noted => runCode<Noted>('withoutSecrets.js.txt', [input])[0];
const noted = (message: string): string => note(failure({ message })).message;

describe('what is kept of a failure', () => {
	it('says what, where, and links to the execution', () => {
		const before = Date.now();
		const { at, kind, ...kept } = note(failure({ message: 'timeout of 30000ms exceeded' }));
		expect(kept).toEqual({
			workflow: 'SparkLoop to your ESP',
			workflowId: 'wf1',
			node: 'Write the fields',
			message: 'timeout of 30000ms exceeded',
			url: LINK,
		});
		expect(kind).toMatch(/^wf1\n/);
		expect(at).toBeGreaterThanOrEqual(before);
		expect(at).toBeLessThanOrEqual(Date.now());
	});

	it('knows a trigger that failed, of which there is no execution', () => {
		const error = { message: 'No connection', node: { name: 'Mailbox' } };
		const workflow = { id: 'wf1', name: 'Mails' };
		expect(note({ trigger: { error, mode: 'trigger' }, workflow })).toMatchObject({
			node: 'Mailbox',
			message: 'No connection',
			url: '',
		});
		const nameless = { trigger: { error: { message: 'No' }, mode: 'trigger' }, workflow };
		expect(note(nameless).node).toBe('the trigger');
	});

	it('is complete and short, whatever n8n hands over', () => {
		const anything = fc.anything({ maxDepth: 3, withNullPrototype: true });
		const odd = fc.oneof(
			anything,
			fc.record(
				{
					execution: fc.oneof(
						anything,
						fc.record(
							{
								id: anything,
								url: anything,
								lastNodeExecuted: anything,
								error: fc.oneof(
									anything,
									fc.record({ message: anything, description: anything, node: anything }),
								),
							},
							{ requiredKeys: [] },
						),
					),
					trigger: anything,
					workflow: fc.oneof(anything, fc.record({ id: fc.jsonValue(), name: anything })),
				},
				{ requiredKeys: [] },
			),
		);
		fc.assert(
			fc.property(odd, (input) => {
				const row = note(JSON.parse(JSON.stringify(input ?? null) ?? 'null') as object);
				expect(Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v]))).toEqual({
					workflow: 'string',
					workflowId: 'string',
					node: 'string',
					message: 'string',
					kind: 'string',
					url: 'string',
					at: 'number',
				});
				expect(row.message).not.toBe('');
				expect(row.message.length).toBeLessThanOrEqual(300);
				expect(row.workflow.length).toBeLessThanOrEqual(100);
				expect(row.node.length).toBeLessThanOrEqual(100);
			}),
			{ numRuns: 500 },
		);
	});

	it('keeps the end of a long message, which says what to do', () => {
		const answer = 'The vendor said a lot of words. '.repeat(40);
		const message = `The contact was not written: ${answer} (node 'Read the contact'). Check the credential of that node.`;
		const row = note({ execution: { error: { message } } });
		expect(row.message).toMatch(/^The contact was not written: The vendor said/);
		expect(row.message).toMatch(
			/\(node 'Read the contact'\)\. Check the credential of that node\.$/,
		);
		expect(row.message).toHaveLength(300);
	});

	it('holds nothing that a database refuses', () => {
		fc.assert(
			fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (text) => {
				const kept = noted(`a ${text}`);
				expect(kept.isWellFormed()).toBe(true);
				expect(kept).not.toMatch(/\p{Cc}/u);
			}),
		);
		expect(noted(`a\u0000b \ud800 ${'😀'.repeat(200)}`).isWellFormed()).toBe(true);
	});

	it.each([
		['a long word', 'a'.repeat(2_000_000)],
		['spaces', ' '.repeat(2_000_000)],
		['quotes', `token=${'"\\'.repeat(1_000_000)}`],
		['beginnings of addresses', 'a@'.repeat(1_000_000)],
		['beginnings of URLs', 'a://'.repeat(500_000)],
		['slashes', '\\/'.repeat(1_000_000)],
		['dots', 'a.'.repeat(1_000_000)],
		['colons', 'key:'.repeat(500_000)],
		['underscores', 'ab_'.repeat(700_000)],
	])('is found in no time in 2 MB of %s', (_, text) => {
		const start = performance.now();
		noted(text);
		expect(performance.now() - start).toBeLessThan(500);
	});

	it.each([
		'The service was not able to process your request',
		'timeout of 30000ms exceeded',
		'SparkLoop did not take the event in 5 attempts: status 503 [item 0]',
		'Workflow did not finish, possible out-of-memory issue',
		'Bad request - please check your parameters',
		'connect ECONNREFUSED 127.0.0.1:5678',
		'getaddrinfo ENOTFOUND api.your-esp.example',
		'Authorization failed - please check your credentials',
		'Data table with name "SparkLoop failures" not found',
		'Unrecognized node type: n8n-nodes-sparkloop.sparkLoop',
		"Cannot read properties of undefined (reading 'email')",
		"2 events for SparkLoop were parked: see the rows with the state 'parked' in the Data Table 'SparkLoop outbox'.",
		'Der Dienst ist nicht erreichbar und/oder überlastet – später nochmal versuchen',
	])('stays readable: %s', (message) => {
		expect(noted(message)).toBe(message);
	});

	it.each([
		[
			'POST https://api.example.com/v2/people?key=1 failed',
			'POST https://api.example.com/… failed',
		],
		['see "https://a.example.com/x".', 'see "https://a.example.com/…".'],
		['no such contact: john@example.com (404)', 'no such contact: … (404)'],
		['{"error":"bad","email":"jo@x.io"}', '{"error":"bad","email":"…"}'],
		['Authorization: Bearer abc', 'Authorization: …'],
		['{"password":"hunter2","code":7}', '{"password":…,"code":7}'],
		['sent Bearer abc.def', 'sent Bearer …'],
		['no subscriber sub_1a2b3c4d', 'no subscriber …'],
		['GET /contacts/jane/secret failed', 'GET /… failed'],
		['a <!channel> b', 'a ‹!channel› b'],
	])('of %j it keeps %j', (message, kept) => {
		expect(noted(message)).toBe(kept);
	});

	it('takes the password out of the link, and makes no link of anything else', () => {
		const link = (url: unknown) => note(failure({ message: 'x' }, { url })).url;
		expect(link(LINK.replace('://', '://user:pass@'))).toBe(LINK);
		expect(link(LINK.replace('/workflow', '/n8n/workflow'))).toContain('/n8n/workflow/wf1');
		expect(link('https://n8n.example.com/workflow/wf1/executions/231?token=x')).toBe('');
		expect(link('javascript:alert(1)')).toBe('');
		expect(link(7)).toBe('');
	});
});

describe('what is taken out', () => {
	// Words as a message may have them, with everything around that could hide where a secret begins or ends.
	const around = fc.oneof(
		fc.constantFrom('', ' ', '"', "'", '(', '[', '{', '<', ':', '=', ', ', ' "', '\n', '\\"', '`'),
		fc.stringMatching(/^[a-zäöü ]{0,12}$/),
	);
	const where = fc.constantFrom<(text: string) => object>(
		(text) => failure({ message: text }),
		(text) => failure({ description: text }),
		(text) => failure(text),
		(text) => failure({ message: 'x' }, { lastNodeExecuted: text }),
		(text) => ({ ...failure({ message: 'x' }), workflow: { id: 'wf1', name: text } }),
		(text) => ({ trigger: { error: { message: text, node: { name: text } } } }),
		(text) => failure({ message: JSON.stringify({ inner: JSON.stringify({ inner: text }) }) }),
		(text) => failure({ message: `${'long text '.repeat(399)}${text}` }),
	);
	const opaque = fc
		.tuple(
			fc.stringMatching(/^[A-Za-z0-9_-]{10,20}$/),
			fc.stringMatching(/^[0-9]{1,3}$/),
			fc.stringMatching(/^[A-Za-z0-9_-]{7,40}$/),
		)
		.map((parts) => parts.join(''));
	// What a failure holds that is no secret, so that a piece of a secret may be in it by chance.
	const plain = JSON.stringify([
		note(failure({ message: 'long text long text' })),
		...['https://hooks.sparkloop.test:8080/', 'https://api.example.com/', 'null authorization'],
	]).toLowerCase();
	const PIECE = 5;
	/** Nothing of it is left that is long enough to be told from chance, and did not stand beside it. */
	const isGone = (secret: string, input: object, beside: string) => {
		const { at: _, ...row } = note(input);
		const kept = JSON.stringify(row).toLowerCase();
		for (let at = 0; at + PIECE <= secret.length; at += 1) {
			const piece = secret.slice(at, at + PIECE).toLowerCase();
			const survived = kept.includes(piece) && !(plain + beside.toLowerCase()).includes(piece);
			expect({ kept, piece, survived }).toEqual({ kept, piece, survived: false });
		}
	};
	const gone = (secrets: fc.Arbitrary<{ secret: string; text: string }>) => {
		fc.assert(
			fc.property(secrets, around, around, where, ({ secret, text }, before, after, put) => {
				isGone(secret, put(before + text + after), `${before} ${after}`);
			}),
			{ numRuns: 1000 },
		);
	};

	it('is every e-mail address', () => {
		const written = fc.constantFrom<(address: string) => string>(
			(address) => address,
			encodeURIComponent,
			(address) => encodeURIComponent(encodeURIComponent(address)),
			(address) => `mailto:${address}`,
			(address) => `email=${address}&name=x`,
			(address) => address.replace('@', '\\u0040'),
			(address) => address.replace('@', '&#64;'),
			(address) => `<${address}>`,
			(address) => `https://api.example.com/contacts/${encodeURIComponent(address)}`,
			(address) => `/contacts/${address}/tags`,
		);
		gone(fc.tuple(email, written).map(([secret, write]) => ({ secret, text: write(secret) })));
	});

	it('is every token, hash and id', () => {
		const written = fc.constantFrom<(token: string) => string>(
			(token) => token,
			(token) => `Bearer ${token}`,
			(token) => `X-Api-Key: ${token}`,
			(token) => `{"token":"${token}"}`,
			(token) => `sub_${token}`,
			(token) => `sk-live-${token}`,
			(token) => `key=${token}`,
			(token) => `Basic ${Buffer.from(token).toString('base64')}`,
		);
		const tokens = fc.oneof(
			opaque,
			fc.stringMatching(/^[0-9a-f]{12}[0-9][0-9a-f]{11}$/),
			fc.uuid(),
		);
		gone(fc.tuple(tokens, written).map(([secret, write]) => ({ secret, text: write(secret) })));
	});

	it('is a short secret that is called one', () => {
		const short = fc.stringMatching(/^[a-z]{3}Q[a-z]{3,8}$/);
		const named = fc.constantFrom(
			...['Authorization: ', 'password=', 'SparkLoop-Token: ', 'secret: "', 'Cookie: a='],
			...['apiKey: ', '"api_key": "', "token='", 'Authorization: Basic '],
		);
		gone(fc.tuple(short, named).map(([secret, name]) => ({ secret, text: name + secret })));
	});

	it('is all of a URL but where it leads', () => {
		const part = fc.stringMatching(/^[A-Za-z0-9~_.!$'()*+,;=:-]{5,12}$/);
		const url = fc.constantFrom<(text: string) => string>(
			(text) => `https://hooks.sparkloop.test/${text}`,
			(text) => `https://hooks.sparkloop.test/a/b?x=${text}`,
			(text) => `http://hooks.sparkloop.test:8080/#${text}`,
			(text) => `https://hooks.sparkloop.test?${text}`,
			(text) => `https:\\/\\/hooks.sparkloop.test\\/${text}`,
			(text) => encodeURIComponent(`https://hooks.sparkloop.test/${text}/`),
			(text) => `hooks.sparkloop.test/in/${text}`,
			(text) => `wss://hooks.sparkloop.test/${text}`,
		);
		gone(fc.tuple(part, url).map(([secret, write]) => ({ secret, text: write(secret) })));
		expect(noted('see https://user:hunter2@db.example.com:5432/x now')).toBe(
			'see https://db.example.com:5432/… now',
		);
	});
});

describe('the kind of a failure', () => {
	const kind = (message: string) => note(failure({ message })).kind;

	it('is the same when only numbers, ids and quoted parts differ', () => {
		const id = fc.oneof(fc.nat().map(String), fc.uuid(), fc.stringMatching(/^[0-9a-f]{20}$/));
		fc.assert(
			fc.property(id, id, (a, b) => {
				for (const text of [
					'Status 503 for id # [item #]',
					'No contact "#" in list \'#\' after # ms',
					`${'a long message '.repeat(30)}# ends # here`,
				]) {
					expect(kind(text.replaceAll('#', `${a}1`))).toBe(kind(text.replaceAll('#', `${b}1`)));
				}
			}),
		);
	});

	it('differs by message, node and workflow', () => {
		const other = (input: object) => note(input).kind;
		const one = failure({ message: 'It is down' });
		const kinds = [
			other(one),
			other(failure({ message: 'It is up' })),
			other(failure({ message: 'It is down' }, { lastNodeExecuted: 'Another' })),
			other({ ...one, workflow: { id: 'wf2', name: 'SparkLoop to your ESP' } }),
		];
		expect(new Set(kinds).size).toBe(4);
	});
});

interface Group {
	kind: string;
	rows: Array<{ id: number }>;
	more: boolean;
}
const NOW = Date.now();
const row = (id: number, kind = 'k', at = NOW - 60_000) => ({
	id,
	kind,
	at,
	url: `${LINK}${id}`,
	workflow: 'W',
	workflowId: 'w',
	node: 'N',
	message: 'M',
});

describe('grouping a page', () => {
	const group = (page: object[], runIndex = 0) =>
		runCode<Group>('groupFailures.js.txt', [], { 'Read a page': page }, runIndex);
	const ids = (groups: Group[]) => groups.map(({ rows }) => rows.map(({ id }) => id));

	it('puts each kind together', () => {
		const page = [row(1, 'a'), row(2, 'b'), row(3, 'a')];
		expect(ids(group(page))).toEqual([[1, 3], [2]]);
	});

	it('asks for another page when this one is full, but not for ever', () => {
		const page = [1, 2, 3, 4].map((id) => row(id));
		expect(group(page)[0].more).toBe(true);
		expect(group(page.slice(1))[0].more).toBe(false);
		expect(group(page, 1)[0].more).toBe(false);
	});

	it('ends before what is so young that an older one may still be on its way', () => {
		const page = [row(1), row(2, 'k', Date.now()), row(3), row(4)];
		expect(ids(group(page))).toEqual([[1]]);
		expect(group(page)[0].more).toBe(false);
	});

	it('takes no more kinds than it can write in time, and asks for the rest', () => {
		const page = [row(1, 'a'), row(2, 'b'), row(3, 'a'), row(4, 'c')];
		expect(ids(group(page))).toEqual([[1, 3], [2]]);
		expect(group(page).map(({ more }) => more)).toEqual([true, true]);
		expect(group(page, 1)[0].more).toBe(false);
	});

	it('is not held up for ever by a clock that was wrong', () => {
		expect(ids(group([row(1, 'k', Date.now() + 86_400_000), row(2)]))).toEqual([[1, 2]]);
	});
});

describe('working out the alerts', () => {
	interface Alert {
		state: string;
		count: number;
		firstAt: number;
		lastAt: number;
		lastId: number;
		due: number;
		url: string;
	}
	const workOut = (rows: Array<ReturnType<typeof row>>, last: object[]) =>
		runCode<Alert>('workOutAlerts.js.txt', last.length > 0 ? last : [{}], {
			'Group them': [{ ...row(0), rows, more: false }],
		})[0];

	it('tells of a new kind at once', () => {
		const alert = workOut([row(1, 'k', 10), row(2, 'k', 20)], []);
		const expected = { state: 'waiting', count: 2, firstAt: 10, lastAt: 20, lastId: 2 };
		expect(alert).toMatchObject({ ...expected, url: `${LINK}2` });
		expect(alert.due).toBeLessThanOrEqual(Date.now());
	});

	it('waits for the pause to pass since the last alert of the kind', () => {
		const toldAt = Date.now() - 60_000;
		const alert = workOut([row(9)], [{ ...row(3), state: 'sent', toldAt, lastId: 8, count: 5 }]);
		expect(alert).toMatchObject({ count: 1, due: toldAt + SETTINGS.pause });
	});

	it('adds to an alert that waits, and counts nothing twice', () => {
		const waiting = {
			...{ ...row(3), state: 'waiting', toldAt: 0, due: 7 },
			...{ lastId: 5, count: 5, firstAt: 1, lastAt: 5 },
		};
		const alert = workOut([row(4), row(5), row(6, 'k', 60)], [waiting]);
		expect(alert).toMatchObject({ count: 6, firstAt: 1, lastAt: 60, lastId: 6, due: 7 });
		expect(workOut([row(4), row(5)], [waiting])).toMatchObject({ count: 5, lastId: 5 });
	});
});

interface Told {
	id: number;
	summedUp: number[];
	body: { text: string; content: string; count: number; others: number; firstAt: string };
}
const alert = (id: number, count: number, due = 0) => ({
	...{ id, count, due, workflow: 'W', node: 'N', message: 'M', url: LINK },
	...{ firstAt: Date.UTC(2026, 0, 1, 10), lastAt: Date.UTC(2026, 0, 1, 11) },
});

describe('choosing what to tell', () => {
	const choose = (waiting: object[]) =>
		runCode<Told>('chooseAlerts.js.txt', [], { 'Read what waits': waiting });

	it('says what, where, how often, since when, and where to look', () => {
		const [{ body }] = choose([alert(1, 30)]);
		expect(body).toEqual({
			text: `W failed 30 times at 'N': M\n2026-01-01 10:00 to 2026-01-01 11:00 UTC\nThe newest: ${LINK}`,
			content: body.text,
			...{ workflow: 'W', node: 'N', message: 'M', count: 30, url: LINK, others: 0 },
			...{ firstAt: '2026-01-01T10:00:00.000Z', lastAt: '2026-01-01T11:00:00.000Z' },
		});
	});

	it('leaves what is not due', () => {
		const later = Date.now() + 60_000;
		expect(choose([alert(1, 1), alert(2, 1, later)]).map(({ id }) => id)).toEqual([1]);
	});

	it('tells what happened most often, and sums up what is too much', () => {
		const told = choose([1, 2, 3, 4, 5].map((id) => alert(id, id)));
		expect(told.map(({ id, summedUp }) => [id, summedUp])).toEqual([
			[5, [2, 1]],
			[4, []],
			[3, []],
		]);
		expect(told[0].body).toMatchObject({ others: 3 });
		expect(told[0].body.text).toContain('And 3 times in 2 other ways');
		expect(told[1].body.text).not.toContain('other ways');
	});
});

describe('what became of the alerts', () => {
	const became = (answers: object[], chosen: object[], settings: object = SETTINGS) =>
		runCode<{ id: number; state: string; toldAt: number; reason: string }>(
			'whatBecameOfAlerts.js.txt',
			answers,
			{ 'Choose what to tell': chosen, Settings: [settings] },
		);

	it('are sent, those that they sum up too, or wait for the next run', () => {
		const chosen = [
			{ id: 5, summedUp: [2, 1] },
			{ id: 4, summedUp: [] },
			{ id: 3, summedUp: [] },
		];
		const secret = { code: 'ECONNREFUSED', message: 'https://hooks.example.com/secret' };
		const all = became([{ statusCode: 204 }, { statusCode: 404 }, { error: secret }], chosen);
		expect(all.map(({ id, state, reason }) => [id, state, reason])).toEqual([
			[5, 'sent', ''],
			[2, 'sent', 'Summed up in alert 5'],
			[1, 'sent', 'Summed up in alert 5'],
			[4, 'waiting', 'status 404'],
			[3, 'waiting', 'no answer (ECONNREFUSED)'],
		]);
		expect(all.map(({ toldAt }) => toldAt > 0)).toEqual([true, true, true, false, false]);
		expect(became([{ error: 'x' }], chosen.slice(0, 1)).map(({ state }) => state)).toEqual(
			Array.from({ length: 3 }, () => 'waiting'),
		);
	});

	it('are kept in the table when there is no address', () => {
		const [kept] = became([{ id: 1 }], [{ id: 1, summedUp: [] }], { ...SETTINGS, alertUrl: '' });
		expect(kept).toMatchObject({ id: 1, state: 'kept' });
		expect(kept.toldAt).toBeGreaterThan(0);
	});
});
