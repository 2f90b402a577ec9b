import {
	NodeHelpers,
	type IDataObject,
	type IExecuteFunctions,
	type INode,
	type INodeExecutionData,
	type INodeProperties,
	type INodePropertyOptions,
} from 'n8n-workflow';

import { deliveredBefore } from '../../nodes/SparkLoop/actions/deliveredBefore';
import { deliveryOptions, OPTIONS } from '../../nodes/SparkLoop/actions/deliveryOptions';
import { SparkLoop } from '../../nodes/SparkLoop/SparkLoop.node';
import { PROPERTIES } from '../../nodes/SparkLoop/actions/properties';
import { doTasks, errorItem } from '../../nodes/SparkLoop/actions/tasks';
import { chain, node, outputs, run, type Credentials } from '../support/engine.mts';
import { Peer, type Behaviour } from '../support/peer.mts';
import { sample } from '../support/samples.mts';

let peer: Peer;
afterEach(async () => await (peer as Peer | undefined)?.stop());

const SECRET = 's3cr3t-path';
const KEY = 'k3y-of-the-account';

const START = node('Start', 'n8n-nodes-base.noOp', {});
const sparkLoop = (parameters: object, extra: Partial<INode> = {}) =>
	node(
		'SparkLoop',
		'n8n-nodes-sparkloop.sparkLoop',
		{ resource: 'subscriber', sendThrough: 'incomingWebhook', options: {}, ...parameters },
		{
			credentials: {
				sparkLoopIncomingWebhookApi: { id: '1', name: 'Incoming Webhook' },
				sparkLoopApi: { id: '2', name: 'API' },
			},
			...extra,
		},
	);

const SUBSCRIBE = {
	operation: 'subscribe',
	email: '={{ $json.email }}',
	additionalFields: {},
	options: { longestPause: 0 },
};

async function send(
	entries: object[],
	{
		parameters = SUBSCRIBE as object,
		extra = {} as Partial<INode>,
		behaviour = undefined as Behaviour | undefined,
		credentials = {} as Credentials,
		timezone = 'UTC',
		apiKey = KEY,
	} = {},
) {
	peer = await Peer.start(behaviour);
	const items = entries.map((json): INodeExecutionData => ({ json: { ...json } }));
	const graph = {
		nodes: [START, sparkLoop(parameters, extra)],
		connections: chain('Start', 'SparkLoop'),
		settings: { timezone },
	};
	return await run(graph, 'Start', items, {
		sparkLoopIncomingWebhookApi: { webhookSecretUrl: `${peer.url}/incoming/${SECRET}/` },
		sparkLoopApi: { apiKey: ` ${apiKey}\n`, baseUrl: `${peer.url}/v2` },
		...credentials,
	});
}

const results = (result: Awaited<ReturnType<typeof send>>, output = 0) =>
	outputs(result, 'SparkLoop')[output] ?? [];
const errorOf = (result: Awaited<ReturnType<typeof send>>) =>
	result.data.resultData.error as
		| (Error & { description?: string; context?: { itemIndex?: number }; httpCode?: string })
		| undefined;

describe('each operation posts the payload of the article to the Incoming Webhook URL', () => {
	it.each([
		[
			'subscribe',
			{
				additionalFields: {
					id: '={{ 123 }}',
					firstName: 'John',
					name: 'John Doe',
					createdAt: '2019-07-29T11:42:30Z',
				},
			},
		],
		[
			'update',
			{
				previousEmail: 'john.doe.previous@email.com',
				additionalFields: {
					firstName: 'John',
					name: 'John Doe',
					updatedAt: '={{ 1564400550000 }}',
				},
			},
		],
		['unsubscribe', {}],
	])('%s', async (operation, parameters) => {
		const result = await send([{ email: 'john.doe@email.com' }], {
			parameters: { operation, email: '={{ $json.email }}', ...parameters },
		});
		expect(errorOf(result)).toBeUndefined();
		expect(peer.received).toMatchObject([
			{ method: 'POST', path: `/incoming/${SECRET}`, body: sample(`toSparkLoop/${operation}`) },
		]);
		expect(peer.received[0].headers['content-type']).toBe('application/json');
		expect(results(result)).toEqual([
			{
				json: {
					...sample(`toSparkLoop/${operation}`),
					delivery: { attempts: 1, status: 200 },
				},
				pairedItem: { item: 0 },
			},
		]);
	});
});

describe('a date from n8n', () => {
	it.each([
		'={{ $now.set({ millisecond: 0 }) }}',
		'={{ $now.toISO() }}',
		'={{ $now.toJSDate() }}',
		'={{ $now.toMillis() }}',
	])('%s leaves as unix seconds', async (createdAt) => {
		const before = Math.floor(Date.now() / 1000);
		await send([{ email: 'a@b.co' }], {
			parameters: { ...SUBSCRIBE, additionalFields: { createdAt } },
		});
		const sent = peer.received[0].body as { subscriber: { created_at: number } };
		expect(sent.subscriber.created_at).toBeGreaterThanOrEqual(before);
		expect(sent.subscriber.created_at).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000));
	});
});

describe('a date without an offset', () => {
	it("is meant in the workflow's time zone", async () => {
		await send([{ email: 'a@b.co' }], {
			parameters: { ...SUBSCRIBE, additionalFields: { createdAt: '2026-01-15T12:00:00' } },
			timezone: 'Asia/Tokyo',
		});
		expect(peer.received[0].body).toMatchObject({
			subscriber: { created_at: Date.UTC(2026, 0, 15, 3) / 1000 },
		});
	});
});

describe('what cannot be sent', () => {
	it('is named by its parameters, each with what to do', async () => {
		const additionalFields = { id: '={{ true }}', firstName: '={{ {} }}', name: '={{ {} }}' };
		const result = await send([{ email: 'a@b.co' }], {
			parameters: { ...SUBSCRIBE, additionalFields },
		});
		expect(errorOf(result)?.message).toBe(
			"'First Name' is not text, and 'Name' is not text, and 'ID' is neither text nor a number [item 0]",
		);
		expect(errorOf(result)?.description).toBe(
			"'First Name': Give text, or leave it out. 'Name': Give text, or leave it out. 'ID': Give the contact's ID in the ESP, or leave it out.",
		);
		expect(errorOf(result)?.context?.itemIndex).toBe(0);
	});

	it('is named by the date of its operation', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: {
				operation: 'update',
				email: '={{ $json.email }}',
				previousEmail: 'old@b.co',
				additionalFields: { updatedAt: 'yesterday' },
			},
		});
		expect(errorOf(result)?.message).toBe("'Updated At' cannot be read as a date [item 0]");
	});

	it('stops the node before anything is sent, and says all of it', async () => {
		const result = await send([{ email: 'a@b.co' }, { email: 'nobody' }], {
			parameters: { ...SUBSCRIBE, additionalFields: { createdAt: 'yesterday' } },
		});
		expect(errorOf(result)?.message).toBe("'Created At' cannot be read as a date [item 0]");
		expect(peer.received).toHaveLength(0);
	});

	it('leaves by the error output, and the other items go on', async () => {
		const result = await send(
			[{ email: 'a@b.co' }, { email: 'nobody', at: 'x' }, { email: 'c@d.co' }],
			{
				parameters: { ...SUBSCRIBE, additionalFields: { createdAt: '={{ $json.at }}' } },
				extra: { onError: 'continueErrorOutput' },
			},
		);
		expect(
			peer.received.map(({ body }) => (body as never as { subscriber: object }).subscriber),
		).toEqual([{ email: 'a@b.co' }, { email: 'c@d.co' }]);
		expect(results(result).map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 2 }]);
		expect(results(result, 1)).toMatchObject([
			{
				json: {
					email: 'nobody',
					error:
						"'Email' is not one email address, and 'Created At' cannot be read as a date [item 1]",
					details: { payload: null, attempts: 0, lastStatus: null, retry: false },
				},
				pairedItem: { item: 1 },
			},
		]);
	});

	it.each([
		['={{ $json.none }}', "'Previous Email' is missing"],
		['A@b.co', "'Previous Email' is the same as 'Email'"],
	])('a change from "%s"', async (previousEmail, message) => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: {
				operation: 'update',
				email: '={{ $json.email }}',
				previousEmail,
				additionalFields: {},
			},
		});
		expect(errorOf(result)?.message).toBe(`${message} [item 0]`);
	});
});

describe('a node with a parameter that nobody filled in', () => {
	it('sends a sign-up to the Incoming Webhook', async () => {
		peer = await Peer.start();
		const bare = node(
			'SparkLoop',
			'n8n-nodes-sparkloop.sparkLoop',
			{ email: 'a@b.co' },
			{ credentials: { sparkLoopIncomingWebhookApi: { id: '1', name: 'Incoming Webhook' } } },
		);
		const graph = { nodes: [START, bare], connections: chain('Start', 'SparkLoop') };
		await run(graph, 'Start', [{ json: {} }], {
			sparkLoopIncomingWebhookApi: { webhookSecretUrl: peer.url },
		});
		expect(peer.received.map(({ body }) => body)).toEqual([
			{ type: 'subscribe', subscriber: { email: 'a@b.co' } },
		]);
	});

	it('sends each option as the editor shows it', async () => {
		const shown = (OPTIONS.options as INodeProperties[]).map(({ name, default: value }) => [
			name,
			value,
		]);
		const context = { getNodeParameter: () => ({}) } as never as IExecuteFunctions;
		expect(Object.fromEntries(shown)).toEqual(deliveryOptions.call(context));
	});
});

describe('the editor', () => {
	const { description } = new SparkLoop();
	const shown = (values: object, properties: INodeProperties[], root = values) =>
		properties
			.filter((one) =>
				NodeHelpers.displayParameter({ ...values }, one, null, description, { ...root }),
			)
			.map(({ name }) => name);
	const base = (operation: string, sendThrough: string) => ({
		resource: 'subscriber',
		operation,
		sendThrough,
	});

	it.each([
		['subscribe', ['email', 'additionalFields']],
		['update', ['email', 'previousEmail', 'additionalFields']],
		['unsubscribe', ['email']],
		['sendAsIs', ['event']],
	])('shows for %s only what it needs', (operation, names) => {
		const always = ['resource', 'operation', 'sendThrough', 'options'];
		expect(shown(base(operation, 'api'), PROPERTIES).sort()).toEqual([...always, ...names].sort());
	});

	it.each([
		['incomingWebhook', ['createdAt', 'firstName', 'id', 'name']],
		[
			'api',
			[
				'countryCode',
				'createdAt',
				'firstName',
				'ipAddress',
				'name',
				'referrerCode',
				'userAgent',
				'utmCampaign',
				'utmSource',
			],
		],
	])('shows of a sign-up through %s only what can be told', (sendThrough, names) => {
		const root = base('subscribe', sendThrough);
		const [more] = PROPERTIES.filter(
			(one) =>
				one.name === 'additionalFields' &&
				NodeHelpers.displayParameter(root, one, null, description),
		);
		expect(shown({}, more.options as INodeProperties[], root).sort()).toEqual(names);
	});

	it.each([
		['incomingWebhook', 'sparkLoopIncomingWebhookApi'],
		['api', 'sparkLoopApi'],
	])('asks for %s for the credential %s', (sendThrough, name) => {
		const asked = (description.credentials ?? []).filter((one) =>
			NodeHelpers.displayParameter({ sendThrough }, one, null, description),
		);
		expect(asked).toMatchObject([{ name, required: true }]);
	});

	const operations = PROPERTIES.filter(({ name }) => name === 'operation').flatMap((one) =>
		(one.options as INodePropertyOptions[]).map((option) => ({
			resource: String(one.displayOptions?.show?.resource?.[0]),
			operation: String(option.value),
			option,
		})),
	);

	it.each(operations)('asks for the right credential for $resource $operation', (one) => {
		for (const chosen of [undefined, 'api', 'incomingWebhook']) {
			const node = {
				parameters: { resource: one.resource, operation: one.operation, sendThrough: chosen },
			} as unknown as INode;
			// As n8n does with a node before it runs: defaults come in, what is not shown goes.
			const complete = NodeHelpers.getNodeParameters(
				PROPERTIES,
				node.parameters,
				true,
				false,
				node,
				description,
			)!;
			const asked = (description.credentials ?? [])
				.filter((each) => NodeHelpers.displayParameter(complete, each, null, description))
				.map(({ name }) => name);
			const tellsEvent = ['sendAsIs', 'subscribe', 'unsubscribe', 'update'].includes(one.operation);
			const expected = ['compare', 'createCsv'].includes(one.operation)
				? []
				: tellsEvent && chosen !== 'api'
					? ['sparkLoopIncomingWebhookApi']
					: ['sparkLoopApi'];
			expect(asked).toEqual(expected);
			expect('sendThrough' in complete).toBe(tellsEvent);
		}
	});

	it.each(operations)('names $resource $operation as n8n does', ({ option }) => {
		expect(option.action).toMatch(/^[A-Z][a-z]+ /);
		expect(option.action).not.toMatch(/\b(an?|the)\b|\.$/i);
		expect(option.action).not.toMatch(/ (?!CSV|API|ESP|ID)[A-Z]/);
		expect(option.description).not.toBe('');
		if (option.value === 'getAll') expect(option.name).toBe('Get Many');
	});

	it('offers the operations and the ways that there are', () => {
		const choices = (name: string, resource: string) =>
			(
				PROPERTIES.find(
					(one) =>
						one.name === name &&
						NodeHelpers.displayParameter(
							{ resource, operation: 'subscribe' },
							one,
							null,
							description,
						),
				)?.options as INodePropertyOptions[]
			).map(({ value }) => value);
		expect(choices('resource', 'subscriber')).toEqual([
			'campaign',
			'contact',
			'event',
			'import',
			'partnerProgram',
			'subscriber',
		]);
		expect(choices('operation', 'contact')).toEqual(['compare']);
		expect(choices('operation', 'subscriber')).toEqual([
			'upsert',
			'delete',
			'get',
			'getAll',
			'reject',
			'sendAsIs',
			'subscribe',
			'unsubscribe',
			'update',
		]);
		expect(choices('sendThrough', 'subscriber')).toEqual(['api', 'incomingWebhook']);
	});

	it('asks for no credential, no way and no options to compare', () => {
		const root = { resource: 'contact', operation: 'compare' };
		expect(shown(root, PROPERTIES)).toEqual([
			'resource',
			'operation',
			'event',
			'knownReferrals',
			'knownGuard',
		]);
		const asked = (description.credentials ?? []).filter((one) =>
			NodeHelpers.displayParameter(root, one, null, description),
		);
		expect(asked).toEqual([]);
	});

	it('lets AI agents use the node', () => {
		expect(description.usableAsTool).toBe(true);
	});

	it('lets nobody choose what makes no sense', () => {
		const least = (OPTIONS.options as INodeProperties[]).map((one) => [
			one.name,
			one.typeOptions?.minValue,
		]);
		expect(Object.fromEntries(least)).toEqual({
			concurrency: 1,
			longestPause: 0,
			maxAttempts: 1,
			rateLimit: 1,
			rateWindow: 0.1,
			timeout: 1,
		});
	});
});

describe('an option that makes no sense', () => {
	it.each([
		['concurrency', 0, "'Concurrency' is not a number of at least 1"],
		['concurrency', 'many', "'Concurrency' is not a number of at least 1"],
		['maxAttempts', 0, "'Max Attempts' is not a number of at least 1"],
		['maxAttempts', '={{ "abc" }}', "'Max Attempts' is not a number of at least 1"],
		['longestPause', -1, "'Longest Pause' is not a number of at least 0"],
		['timeout', 0, "'Timeout' is not a number of at least 0.1"],
	])('(%s: %j) stops the node before anything is sent', async (name, value, message) => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: { ...SUBSCRIBE, options: { [name]: value } },
		});
		expect(errorOf(result)?.message).toBe(message);
		expect(peer.received).toHaveLength(0);
	});

	it('is not a blank one', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: {
				...SUBSCRIBE,
				options: { concurrency: '={{ "" }}', maxAttempts: '={{ null }}' },
			},
		});
		expect(results(result)).toHaveLength(1);
	});
});

describe('a node with many items', () => {
	it('lets the rest of n8n go on while it reads them', async () => {
		const items = Array.from({ length: 1_000 }, () => ({ json: {} }));
		const node = {
			getInputData: () => items,
			continueOnFail: () => true,
			getNode: () => ({}),
		} as unknown as IExecuteFunctions;
		let read = 0;
		let readBeforeOthers = 0;
		setTimeout(() => (readBeforeOthers = read), 0);
		await doTasks.call(node, 'api', () => {
			read += 1;
			return { error: new Error('Nothing to do') };
		});
		expect(read).toBe(items.length);
		expect(readBeforeOthers).toBeGreaterThan(0);
		expect(readBeforeOthers).toBeLessThan(items.length);
	});
});

describe('a node that continues on error', () => {
	const extra = { onError: 'continueErrorOutput' as const };
	const EVENT = { type: 'subscribe', subscriber: { email: 'a@b.co' } };

	it.each([
		[
			'a credential without an address',
			{ credentials: { sparkLoopIncomingWebhookApi: { webhookSecretUrl: '' } } },
			"'Incoming Webhook URL' is empty",
		],
		[
			'a credential that cannot be read',
			{ credentials: { sparkLoopIncomingWebhookApi: undefined as never } },
			'This test has no credential of type sparkLoopIncomingWebhookApi',
		],
		[
			'an option that makes no sense',
			{ parameters: { ...SUBSCRIBE, options: { concurrency: 0 } } },
			"'Concurrency' is not a number of at least 1",
		],
	])('lets no item leave as delivered because of %s', async (_, wrong, error) => {
		const result = await send([{ email: 'a@b.co' }, { email: 'nobody' }], { extra, ...wrong });
		expect(results(result)).toEqual([]);
		expect(results(result, 1)).toMatchObject([
			{ json: { error, details: { payload: EVENT, attempts: 0, retry: true } } },
			{ json: { details: { payload: null, retry: false } } },
		]);
		expect(peer.received).toHaveLength(0);
	});

	it('lets only the item leave as failed whose expression cannot be resolved', async () => {
		const result = await send([{ email: 'a@b.co' }, { email: 'c@d.co' }], {
			parameters: {
				...SUBSCRIBE,
				email: '={{ $itemIndex === 1 ? $("ann@b.co").item.json.email : $json.email }}',
			},
			extra,
		});
		expect(results(result).map(({ json }) => json.subscriber)).toEqual([{ email: 'a@b.co' }]);
		expect(results(result, 1)).toMatchObject([
			{
				json: { error: expect.stringMatching(/Nowhere|node/) as string, details: { retry: false } },
				pairedItem: { item: 1 },
			},
		]);
	});
});

it('an error of n8n is told without the address that it repeats', () => {
	const { json } = errorItem(0, new Error('Nobody called ann.lee@b.co'), { attempts: 0 });
	expect(json).toEqual({ error: 'Nobody called …@b.co', details: { attempts: 0, advice: '' } });
});

describe('an item that SparkLoop does not take', () => {
	const people = ['a', 'b', 'c'].map((name) => ({ email: `${name}@b.co` }));
	const only =
		(email: string, status: number, headers = {}): Behaviour =>
		({ body }) =>
			(body as { subscriber: { email: string } }).subscriber.email === email
				? { status, headers, body: { error: `No place for ${email} here` } }
				: { status: 200 };

	it.each([
		['stops', undefined, 1],
		['goes on', 'continueRegularOutput' as const, 3],
	])('is the last one sent when the node %s on error: %s', async (_, onError, sent) => {
		await send(people, {
			parameters: { ...SUBSCRIBE, options: { concurrency: 1 } },
			behaviour: () => ({ status: 422 }),
			extra: { onError },
		});
		expect(peer.received).toHaveLength(sent);
	});

	it('may yet be taken with any status that means success', async () => {
		const result = await send([people[0]], {
			behaviour: (_, count) => ({ status: count === 1 ? 500 : 202 }),
		});
		expect(results(result)[0].json.delivery).toEqual({ attempts: 2, status: 202 });
	});

	it('is tried again after a pause that is counted in seconds', async () => {
		const inside = Date.UTC(2026, 0, 1, 0, 0, 0, 900);
		const clock = jest.spyOn(Date, 'now').mockReturnValue(inside);
		try {
			const until = new Date(inside + 100).toUTCString();
			const result = await send([people[0]], {
				parameters: { ...SUBSCRIBE, options: { longestPause: 1 } },
				behaviour: (_, count) =>
					count === 1 ? { status: 503, headers: { 'retry-after': until } } : { status: 200 },
			});
			expect(results(result)).toHaveLength(1);
		} finally {
			clock.mockRestore();
		}
	});

	it('is tried five times, then stops the node with an error that names it', async () => {
		const result = await send(people, { behaviour: only('b@b.co', 503) });
		expect(errorOf(result)).toMatchObject({
			message: 'SparkLoop did not take the event in 5 attempts: status 503 [item 1]',
			httpCode: '503',
		});
		expect(errorOf(result)?.description).toContain(
			'SparkLoop answered: "No place for …@b.co here".',
		);
		const tried = peer.received.filter(
			({ body }) =>
				JSON.stringify(body).includes('b@b.co","') || JSON.stringify(body).includes('"b@b.co"'),
		);
		expect(tried).toHaveLength(5);
	});

	it('leaves by the error output with all that is needed to send it again', async () => {
		const result = await send(people, {
			behaviour: only('b@b.co', 503),
			extra: { onError: 'continueErrorOutput' },
		});
		expect(results(result).map(({ json }) => json.subscriber)).toEqual([people[0], people[2]]);
		expect(results(result, 1)).toMatchObject([
			{
				json: {
					error: 'SparkLoop did not take the event in 5 attempts: status 503 [item 1]',
					details: {
						payload: { type: 'subscribe', subscriber: { email: 'b@b.co' } },
						sendThrough: 'incomingWebhook',
						attempts: 5,
						lastStatus: 503,
						retry: true,
					},
				},
				pairedItem: { item: 1 },
			},
		]);
	});

	it('stays among the others when the node continues with the regular output', async () => {
		const result = await send(people, {
			behaviour: only('b@b.co', 422),
			extra: { onError: 'continueRegularOutput' },
		});
		expect(results(result).map(({ pairedItem }) => pairedItem)).toEqual([
			{ item: 0 },
			{ item: 1 },
			{ item: 2 },
		]);
		expect(results(result)[1].json).toMatchObject({
			error: 'SparkLoop refused the event with status 422 [item 1]',
			details: { attempts: 1, retry: false },
		});
	});

	it.each([
		[401, "Check 'Incoming Webhook URL'"],
		[403, "Check 'Incoming Webhook URL'"],
		[404, "Check 'Incoming Webhook URL'"],
		[300, "'Incoming Webhook URL' in the credential redirects elsewhere"],
		[302, "redirects elsewhere: copy it again from SparkLoop's Integrations page"],
		[422, 'Correct the item: sent again unchanged, it would be refused again'],
	])('because of a %s gets advice that fits', async (status, advice) => {
		const result = await send([people[0]], {
			behaviour: () => ({ status, headers: { location: '/' } }),
		});
		expect(errorOf(result)?.description).toContain(advice);
		expect(peer.received).toHaveLength(1);
	});

	it.each([
		['drop', 'the connection was closed without an answer'],
		['hang', 'the time-out passed without an answer'],
	] as const)(
		'because of a %s says what happened, and never the secret address',
		async (how, reason) => {
			const result = await send([people[0]], {
				parameters: { ...SUBSCRIBE, options: { longestPause: 0, maxAttempts: 2, timeout: 0.2 } },
				behaviour: () => how,
			});
			expect(errorOf(result)?.message).toBe(
				`SparkLoop did not take the event in 2 attempts: ${reason} [item 0]`,
			);
			expect(errorOf(result)?.description).toContain(
				"If it stays like this, check 'Incoming Webhook URL' in the credential.",
			);
			expect(peer.received).toHaveLength(2);
			const { startData: _, ...told } = result.data;
			expect(JSON.stringify(told.resultData.error)).not.toContain(SECRET);
			expect(JSON.stringify(told.resultData.runData)).not.toContain(SECRET);
		},
	);

	it.each([
		[`Cannot POST /incoming/${SECRET}`, 'Cannot POST …'],
		[`No webhook has the ID ${SECRET}`, 'No webhook has the ID …'],
	])('is told without the secret address when SparkLoop answers "%s"', async (said, told) => {
		const result = await send([people[0]], {
			behaviour: () => ({ status: 404, body: { error: said } }),
			extra: { onError: 'continueErrorOutput' },
		});
		const [{ json }] = results(result, 1);
		expect(json.details).toMatchObject({
			advice: `SparkLoop answered: "${told}". Check 'Incoming Webhook URL' in the credential against SparkLoop's Integrations page.`,
		});
		expect(JSON.stringify(result.data.resultData)).not.toContain(SECRET);
	});

	it.each([
		['', 'SparkLoop gave no reason.'],
		['two\n\n  lines', 'SparkLoop answered: "two lines".'],
		['x'.repeat(300), `SparkLoop answered: "${'x'.repeat(300)}".`],
		['x'.repeat(301), `SparkLoop answered: "${'x'.repeat(300)}…".`],
	])('is told with what SparkLoop answered, in one short line: %j', async (message, told) => {
		const result = await send([people[0]], {
			behaviour: () => ({ status: 422, body: message ? { message } : undefined }),
		});
		expect(errorOf(result)?.description).toContain(told);
	});

	it('names itself to n8n, whatever happened', async () => {
		for (const behaviour of [only('b@b.co', 503), only('b@b.co', 422), () => 'drop' as const]) {
			const parameters = { ...SUBSCRIBE, options: { longestPause: 0, maxAttempts: 1 } };
			const result = await send(people, { behaviour, parameters });
			const named = errorOf(result)?.message.match(/\[item (\d)\]/)?.[1];
			expect(errorOf(result)?.context?.itemIndex).toBe(Number(named));
			await peer.stop();
		}
	});

	it('says how long to wait, and how to keep such items', async () => {
		const result = await send([people[0]], {
			behaviour: () => ({ status: 503, headers: { 'retry-after': '9' } }),
		});
		expect(errorOf(result)?.message).toContain('in 1 attempt: status 503');
		expect(errorOf(result)?.description).toBe(
			"SparkLoop gave no reason. Wait 9 seconds at least. Sending it again later makes sense. To keep such items and send them again later, set 'On Error' in the node's settings to 'Continue (using error output)'.",
		);
	});

	it('holds back what comes later of the same person', async () => {
		const result = await send([{ email: 'a@b.co' }, { email: 'A@b.co' }, { email: 'c@d.co' }], {
			behaviour: ({ body }) => ({ status: /a@b/i.test(JSON.stringify(body)) ? 500 : 200 }),
			extra: { onError: 'continueErrorOutput' },
		});
		expect(results(result, 1).map(({ json }) => json.error)).toEqual([
			'SparkLoop did not take the event in 5 attempts: status 500 [item 0]',
			'The event was not sent, because item 0 of the same person is still to be delivered [item 1]',
		]);
		expect(results(result, 1)[1].json.details).toMatchObject({
			payload: { type: 'subscribe', subscriber: { email: 'A@b.co' } },
			retry: true,
			attempts: 0,
		});
	});

	it('holds back what comes later of either address of a change', async () => {
		const entries = [
			{ operation: 'subscribe', email: 'wrong' },
			{ email: 'new@b.co', before: 'old@b.co' },
			{ email: 'old@b.co', before: 'older@b.co' },
		];
		const result = await send(entries, {
			parameters: {
				operation: 'update',
				email: '={{ $json.email }}',
				previousEmail: '={{ $json.before }}',
				additionalFields: {},
				options: { longestPause: 0, maxAttempts: 1 },
			},
			behaviour: () => ({ status: 500 }),
			extra: { onError: 'continueErrorOutput' },
		});
		expect(results(result, 1)[2].json).toMatchObject({
			error:
				'The event was not sent, because item 1 of the same person is still to be delivered [item 2]',
			details: {
				retry: true,
				lastStatus: null,
				advice: 'Sending both later, in this order, makes sense.',
			},
		});
	});

	it('is the only one sent again by Retry On Fail, also when the node continues on error', async () => {
		const first: Behaviour = ({ body }, count) => ({
			status: JSON.stringify(body).includes('"a@b.co"') && count < 7 ? 503 : 200,
		});
		const result = await send(people.slice(0, 2), {
			parameters: { ...SUBSCRIBE, options: { longestPause: 0, concurrency: 1 } },
			behaviour: first,
			extra: {
				retryOnFail: true,
				maxTries: 2,
				waitBetweenTries: 1,
				onError: 'continueRegularOutput',
			},
		});
		expect(results(result).map(({ json }) => json.subscriber)).toEqual(people.slice(0, 2));
		expect(peer.received).toHaveLength(7);
	});

	it('is sent again by Retry On Fail although one with the same words was delivered', async () => {
		const result = await send([people[0], people[0]], {
			behaviour: (_, count) => ({ status: count > 1 && count < 7 ? 503 : 200 }),
			extra: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
		});
		expect(errorOf(result)).toBeUndefined();
		expect(peer.received).toHaveLength(7);
		expect(results(result)).toHaveLength(2);
	});

	it('is the only one sent again by Retry On Fail, also when its date is the time of the try', async () => {
		const now = Date.now;
		let later = 0;
		const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + later);
		try {
			await send(people, {
				parameters: { ...SUBSCRIBE, additionalFields: { createdAt: '={{ $now }}' } },
				behaviour: (_, count) => {
					if (count > 3) later = 60_000;
					return { status: count > 2 && count < 8 ? 503 : 200 };
				},
				extra: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
			});
		} finally {
			clock.mockRestore();
		}
		expect(peer.received).toHaveLength(8);
	});

	it('leaves nothing of the people in the execution once all got through', async () => {
		const result = await send(people, { extra: { retryOnFail: true } });
		expect(errorOf(result)).toBeUndefined();
		expect(JSON.stringify(result.data.executionData?.contextData)).not.toContain('b.co');
	});

	it('leaves nothing of the people in the execution when nothing is tried again', async () => {
		const result = await send(people, { behaviour: only('b@b.co', 422) });
		expect(JSON.stringify(result.data.executionData?.contextData)).not.toContain('b.co');
	});

	it('does not keep the same item of the next run in a loop from being sent', async () => {
		peer = await Peer.start(only('b@b.co', 422));
		const twice = ['First', 'Second'].map((name) => node(name, 'n8n-nodes-base.noOp', {}));
		const to = (name: string) => ({ node: name, type: 'main' as const, index: 0 });
		const graph = {
			nodes: [
				START,
				...twice,
				sparkLoop(SUBSCRIBE, { retryOnFail: true, onError: 'continueRegularOutput' }),
			],
			connections: {
				Start: { main: [twice.map(({ name }) => to(name))] },
				First: { main: [[to('SparkLoop')]] },
				Second: { main: [[to('SparkLoop')]] },
			},
		};
		const result = await run(
			graph,
			'Start',
			people.map((json) => ({ json })),
			{ sparkLoopIncomingWebhookApi: { webhookSecretUrl: peer.url } },
		);
		expect(result.data.resultData.runData.SparkLoop).toHaveLength(2);
		expect(peer.received).toHaveLength(6);
	});

	it('is not taken for another event of its item that was delivered', () => {
		const before = deliveredBefore.call({
			getNode: () => ({ retryOnFail: true }),
			evaluateExpression: () => 0,
			getContext: () => ({}),
		} as never as IExecuteFunctions);
		before.add(0, 'subscribe a@b.co', { done: true });
		expect(before.find(0, 'subscribe a@b.co')).toEqual({ done: true });
		expect(before.find(1, 'subscribe a@b.co')).toBeUndefined();
		expect(before.find(0, 'unsubscribe a@b.co')).toBeUndefined();
		expect(before.find(0, 'subscribe c@d.co')).toBeUndefined();
	});

	it('does not keep the same item of another node from being sent', async () => {
		peer = await Peer.start(only('b@b.co', 422));
		const both = ['First', 'Second'].map((name) => ({
			...sparkLoop(SUBSCRIBE, { retryOnFail: true, onError: 'continueRegularOutput' }),
			id: name,
			name,
		}));
		const graph = {
			nodes: [START, ...both],
			connections: {
				Start: {
					main: [both.map(({ name }) => ({ node: name, type: 'main' as const, index: 0 }))],
				},
			},
		};
		await run(
			graph,
			'Start',
			people.map((json) => ({ json })),
			{ sparkLoopIncomingWebhookApi: { webhookSecretUrl: peer.url } },
		);
		expect(peer.received).toHaveLength(6);
	});

	it('is the only one sent again by Retry On Fail', async () => {
		let failures = 0;
		const result = await send(people, {
			behaviour: ({ body }) => {
				const fails = JSON.stringify(body).includes('"b@b.co"') && (failures += 1) <= 5;
				return { status: fails ? 503 : 200 };
			},
			extra: { retryOnFail: true, maxTries: 2, waitBetweenTries: 1 },
		});
		expect(errorOf(result)).toBeUndefined();
		const sent = peer.received.map(
			({ body }) => (body as never as { subscriber: { email: string } }).subscriber.email,
		);
		expect(sent.filter((email) => email === 'a@b.co')).toHaveLength(1);
		expect(sent.filter((email) => email === 'c@b.co')).toHaveLength(1);
		expect(sent.filter((email) => email === 'b@b.co')).toHaveLength(6);
		expect(results(result).map(({ json }) => json.subscriber)).toEqual(people);
	});
});

describe('cancelling the execution', () => {
	it.each([
		['the usual ten', SUBSCRIBE, 10],
		['as many as were chosen', { ...SUBSCRIBE, options: { concurrency: 2 } }, 2],
	])('stops the sending at once, of %s at a time', async (_, parameters, atATime) => {
		peer = await Peer.start(() => 'hang');
		let cancel = () => {};
		const graph = {
			nodes: [START, sparkLoop(parameters)],
			connections: chain('Start', 'SparkLoop'),
		};
		const running = run(
			graph,
			'Start',
			Array.from({ length: 30 }, (_, index) => ({ json: { email: `p${index}@b.co` } })),
			{ sparkLoopIncomingWebhookApi: { webhookSecretUrl: peer.url } },
			(stop) => (cancel = stop),
		);
		while (peer.received.length < atATime) await new Promise((next) => setImmediate(next));
		cancel();
		const result = await running;
		expect(result.status).toBe('canceled');
		expect(peer.received).toHaveLength(atATime);
	});
});

describe('the credential', () => {
	it.each([
		['http://hooks.example/x', "'Incoming Webhook URL' has to start with https://"],
		['not a url', "'Incoming Webhook URL' is not a URL"],
		['', "'Incoming Webhook URL' is empty"],
	])('%s is refused before anything is sent', async (webhookSecretUrl, message) => {
		peer = await Peer.start();
		const graph = {
			nodes: [START, sparkLoop(SUBSCRIBE)],
			connections: chain('Start', 'SparkLoop'),
		};
		const result = await run(graph, 'Start', [{ json: { email: 'a@b.co' } }], {
			sparkLoopIncomingWebhookApi: { webhookSecretUrl },
		});
		expect(errorOf(result)?.message).toContain(message);
	});
});

describe('through the API', () => {
	const api = (operation: string, parameters: object = {}) => ({
		operation,
		sendThrough: 'api',
		email: '={{ $json.email }}',
		additionalFields: {},
		options: { longestPause: 0 },
		...parameters,
	});

	it('subscribe creates the subscriber with its referrer', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('subscribe', {
				additionalFields: {
					name: 'Ann',
					referrerCode: 'f9464199',
					createdAt: '={{ 1564400550 }}',
					utmSource: '',
				},
			}),
			behaviour: () => ({ status: 200, body: { subscriber: {} } }),
		});
		expect(errorOf(result)).toBeUndefined();
		expect(peer.received).toMatchObject([
			{
				method: 'POST',
				path: '/v2/subscribers',
				body: {
					email: 'a@b.co',
					name: 'Ann',
					referrer_code: 'f9464199',
					created_at: '2019-07-29T11:42:30.000Z',
				},
			},
		]);
		expect(peer.received[0].body).not.toHaveProperty('utm_source');
		expect(peer.received[0].headers['x-api-key']).toBe(KEY);
	});

	it('subscribe confirms somebody who is known already', async () => {
		await send([{ email: 'a+b/c@b.co' }], {
			parameters: api('subscribe'),
			behaviour: ({ method }) =>
				method === 'POST'
					? { status: 400, body: { error: 'Email has already been taken' } }
					: { status: 200 },
		});
		expect(peer.received[1]).toMatchObject({
			method: 'PUT',
			path: '/v2/subscribers/a%2Bb%2Fc%40b.co',
			body: { status: 'confirmed' },
		});
	});

	it('subscribe reports any other 400', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('subscribe'),
			behaviour: () => ({ status: 400, body: { error: 'Email is invalid' } }),
		});
		expect(errorOf(result)?.description).toContain('SparkLoop answered: "Email is invalid".');
		expect(peer.received).toHaveLength(1);
	});

	it('update changes the address of the previous one', async () => {
		await send([{ email: 'new@b.co' }], {
			parameters: api('update', { previousEmail: 'old@b.co', additionalFields: { name: 'Ann' } }),
		});
		expect(peer.received).toMatchObject([
			{
				method: 'PUT',
				path: '/v2/subscribers/old%40b.co',
				body: { email: 'new@b.co', name: 'Ann' },
			},
		]);
	});

	it.each([
		[200, undefined],
		[404, 'SparkLoop refused the event with status 404 [item 0]'],
	])('update of an address nobody has asks for the new one: %s', async (status, message) => {
		const result = await send([{ email: 'new@b.co' }], {
			parameters: api('update', { previousEmail: 'old@b.co' }),
			behaviour: ({ method }) => ({ status: method === 'GET' ? status : 404 }),
		});
		expect(peer.received.map(({ method, path }) => `${method} ${path}`)).toEqual([
			'PUT /v2/subscribers/old%40b.co',
			'GET /v2/subscribers/new%40b.co',
		]);
		expect(errorOf(result)?.message).toBe(message);
	});

	it('update tries again when that question gets no answer', async () => {
		const result = await send([{ email: 'new@b.co' }], {
			parameters: api('update', { previousEmail: 'old@b.co' }),
			behaviour: ({ method }, count) =>
				method === 'PUT' ? { status: 404 } : count === 2 ? { status: 503 } : { status: 200 },
		});
		expect(peer.received.map(({ method }) => method)).toEqual(['PUT', 'GET', 'PUT', 'GET']);
		expect(results(result)[0].json.delivery).toEqual({ attempts: 2, status: 200 });
	});

	it.each([
		[200, true],
		[409, false],
	])(
		'unsubscribe is done by a %s, and says whether that changed anything',
		async (status, changed) => {
			const result = await send([{ email: 'a@b.co' }], {
				parameters: api('unsubscribe'),
				behaviour: () => ({ status, body: { error: 'already unsubscribed' } }),
			});
			expect(errorOf(result)).toBeUndefined();
			expect(results(result)[0].json.delivery).toEqual({ attempts: 1, status: 200, changed });
			expect(peer.received).toMatchObject([
				{ method: 'PUT', path: '/v2/subscribers/a%40b.co/unsubscribe' },
			]);
		},
	);

	it('a wrong key gets advice that fits, and is not told', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('unsubscribe'),
			behaviour: () => ({ status: 401, body: { error: `No user has the key ${KEY}!` } }),
		});
		expect(errorOf(result)?.description).toBe(
			'SparkLoop answered: "No user has the key …!". Check \'API Key\' in the credential.',
		);
		expect(JSON.stringify(result.data.resultData)).not.toContain(KEY);
	});

	it('an answer stays readable when the key is a word of it', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('unsubscribe'),
			behaviour: () => ({ status: 401, body: { error: 'There is no such user' } }),
			apiKey: 'no',
		});
		expect(errorOf(result)?.description).toContain('There is no such user');
	});

	it.each([
		[401, 'API Key'],
		[403, 'API Key'],
		[404, 'does not seem to know the address'],
	])('a %s is no matter of the Incoming Webhook URL', async (status, advice) => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('unsubscribe'),
			behaviour: () => ({ status }),
		});
		expect(errorOf(result)?.description).toContain(advice);
		expect(errorOf(result)?.description).not.toContain('Incoming Webhook URL');
	});

	it('an address in the credential that cannot be used is named, and nothing is sent', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('subscribe'),
			credentials: { sparkLoopApi: { apiKey: KEY, baseUrl: 'api.sparkloop.app' } },
		});
		expect(errorOf(result)).toMatchObject({
			message: "'Base URL' is not a URL; it has to start with https://",
			description: 'Open the credential in this node and correct it; nothing was sent.',
		});
	});

	it('subscribe tells all that the API can be told', async () => {
		const details = {
			referrerCode: ' f9464199 ',
			ipAddress: '192.0.2.1',
			userAgent: 'Browser/1.0',
			utmSource: 'web',
			utmCampaign: '={{ 2026 }}',
			countryCode: 'US',
		};
		await send([{ email: 'a@b.co' }], {
			parameters: api('subscribe', { additionalFields: { firstName: 'Ann', ...details } }),
		});
		expect(peer.received[0].body).toEqual({
			email: 'a@b.co',
			name: 'Ann',
			referrer_code: 'f9464199',
			ip_address: '192.0.2.1',
			user_agent: 'Browser/1.0',
			utm_source: 'web',
			utm_campaign: '2026',
			country_code: 'US',
		});
	});

	it('subscribe tells also the first second of 1970', async () => {
		await send([{ email: 'a@b.co' }], {
			parameters: api('subscribe', { additionalFields: { createdAt: '1970-01-01' } }),
		});
		expect(peer.received[0].body).toMatchObject({ created_at: '1970-01-01T00:00:00.000Z' });
	});

	it('subscribe names every parameter that holds no text', async () => {
		const result = await send([{ email: 'nobody' }], {
			parameters: api('subscribe', {
				additionalFields: { userAgent: '={{ ["a"] }}', referrerCode: '={{ { a: 1 } }}' },
			}),
		});
		expect(errorOf(result)?.message).toBe(
			"'Email' is not one email address, and 'Referrer Code' is not text, and 'User Agent' is not text [item 0]",
		);
		expect(peer.received).toHaveLength(0);
	});

	it('an item that goes to the Incoming Webhook has nothing of what only the API can be told', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: { ...SUBSCRIBE, additionalFields: { referrerCode: 'f9464199' } },
			behaviour: () => ({ status: 422 }),
			extra: { onError: 'continueErrorOutput' },
		});
		const { payload } = results(result, 1)[0].json.details as IDataObject;
		expect(payload).toEqual({ type: 'subscribe', subscriber: { email: 'a@b.co' } });
	});

	it('subscribe keeps what only the API can be told with an item to send again', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('subscribe', { additionalFields: { referrerCode: 'f9464199' } }),
			behaviour: () => ({ status: 503 }),
			extra: { onError: 'continueErrorOutput' },
		});
		expect(results(result, 1)[0].json.details).toMatchObject({
			payload: {
				type: 'subscribe',
				subscriber: { email: 'a@b.co' },
				details: { referrer_code: 'f9464199' },
			},
			sendThrough: 'api',
		});
	});

	it('subscribe tells the name of somebody who is known already, however SparkLoop says so', async () => {
		await send([{ email: 'a@b.co' }], {
			parameters: api('subscribe', { additionalFields: { firstName: 'Ann', name: 'Ann Lee' } }),
			behaviour: ({ method }) =>
				method === 'POST'
					? { status: 400, body: { error: 'EMAIL HAS ALREADY BEEN TAKEN' } }
					: { status: 200 },
		});
		expect(peer.received[1].body).toEqual({ status: 'confirmed', name: 'Ann Lee' });
	});

	it('subscribe goes on only after the refusal that says so', async () => {
		await send([{ email: 'a@b.co' }], {
			parameters: api('subscribe'),
			behaviour: () => ({ status: 409, body: { error: 'This has already been taken' } }),
		});
		expect(peer.received).toHaveLength(1);
	});

	it.each([
		[{}, 60],
		[{ 'retry-after': '7' }, 7],
	])('a 429 with %j is a reason to wait for %i seconds', async (headers, retryAfter) => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('unsubscribe'),
			behaviour: () => ({ status: 429, headers }),
			extra: { onError: 'continueErrorOutput' },
		});
		expect(results(result, 1)[0].json).toMatchObject({
			error: 'SparkLoop did not take the event in 1 attempt: status 429 [item 0]',
			details: {
				retry: true,
				retryAfter,
				advice: expect.stringContaining(`${retryAfter} seconds`),
			},
		});
	});
});

describe('Send As Is', () => {
	const again = (sendThrough: string) => ({
		operation: 'sendAsIs',
		sendThrough,
		event: '={{ $json.details.payload }}',
		options: { longestPause: 0, maxAttempts: 1 },
	});

	it('does not leave out, without a word, what only the API can be told', async () => {
		const payload = {
			type: 'subscribe',
			subscriber: { email: 'a@b.co' },
			details: { referrer_code: 'f9464199' },
		};
		const sent = await send([{ details: { payload } }], { parameters: again('incomingWebhook') });
		expect(errorOf(sent)).toMatchObject({
			message: "'Event' holds 'referrer_code', which only the API can be told [item 0]",
			description: expect.stringMatching(/Choose 'API' under 'Send Through'/),
		});
		expect(peer.received).toEqual([]);
	});

	it.each(['incomingWebhook', 'api'])(
		'sends what left the error output (%s) as it was',
		async (sendThrough) => {
			const additionalFields = {
				name: 'Ann',
				createdAt: '={{ 1564400550 }}',
				...(sendThrough === 'api' ? { referrerCode: 'f9464199' } : { id: 'c1' }),
			};
			const failed = await send([{ email: 'a@b.co' }], {
				parameters: {
					operation: 'subscribe',
					sendThrough,
					email: '={{ $json.email }}',
					additionalFields,
					options: { longestPause: 0, maxAttempts: 1 },
				},
				extra: { onError: 'continueErrorOutput' },
				behaviour: () => ({ status: 503 }),
			});
			const [first] = peer.received;
			await peer.stop();
			const sent = await send([results(failed, 1)[0].json], { parameters: again(sendThrough) });
			expect(errorOf(sent)).toBeUndefined();
			expect(peer.received.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
				{ method: first.method, path: first.path, body: first.body },
			]);
		},
	);

	it('keeps the order of each person among events of all kinds', async () => {
		const events = [
			{ type: 'subscribe', subscriber: { email: 'old@b.co' } },
			{ type: 'update', subscriber: { email: 'new@b.co', previous_email: 'old@b.co' } },
			{ type: 'unsubscribe', subscriber: { email: 'new@b.co' } },
		];
		await send(
			events.map((payload) => ({ details: { payload } })),
			{ parameters: again('incomingWebhook') },
		);
		expect(peer.received.map(({ body }) => body)).toEqual(events);
	});

	it('says what is wrong with an event that cannot be sent', async () => {
		const broken = { details: { payload: { type: 'unsubscribe', subscriber: {} } } };
		const result = await send([broken], { parameters: again('incomingWebhook') });
		expect(errorOf(result)?.message).toBe(
			"'Event' holds an event in which 'subscriber.email' is missing [item 0]",
		);
	});
});
