import type { INode, INodeExecutionData } from 'n8n-workflow';

import { chain, node, outputs, run } from '../support/engine.mts';
import { Peer, type Behaviour } from '../support/peer.mts';
import { sample } from '../support/samples.mts';

let peer: Peer;
afterEach(async () => await peer.stop());

const SECRET = 's3cr3t-path';

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
	} = {},
) {
	peer = await Peer.start(behaviour);
	const items = entries.map((json): INodeExecutionData => ({ json: { ...json } }));
	const graph = {
		nodes: [START, sparkLoop(parameters, extra)],
		connections: chain('Start', 'SparkLoop'),
	};
	return await run(graph, 'Start', items, {
		sparkLoopIncomingWebhookApi: { webhookSecretUrl: `${peer.url}/incoming/${SECRET}/` },
		sparkLoopApi: { apiKey: 'k3y', baseUrl: `${peer.url}/v2` },
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

describe('what cannot be sent', () => {
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

describe('an item that SparkLoop does not take', () => {
	const people = ['a', 'b', 'c'].map((name) => ({ email: `${name}@b.co` }));
	const only =
		(email: string, status: number, headers = {}): Behaviour =>
		({ body }) =>
			(body as { subscriber: { email: string } }).subscriber.email === email
				? { status, headers, body: { error: `No place for ${email} here` } }
				: { status: 200 };

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
		[404, "Check 'Incoming Webhook URL'"],
		[302, 'redirects elsewhere'],
		[422, 'would be refused again'],
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
			expect(peer.received).toHaveLength(2);
			const { startData: _, ...told } = result.data;
			expect(JSON.stringify(told.resultData.error)).not.toContain(SECRET);
			expect(JSON.stringify(told.resultData.runData)).not.toContain(SECRET);
		},
	);

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

	it('is the only one sent again by Retry On Fail', async () => {
		let failures = 0;
		const result = await send(people, {
			behaviour: ({ body }) => {
				const fails = JSON.stringify(body).includes('"b@b.co"') && (failures += 1) <= 5;
				return { status: fails ? 503 : 200 };
			},
			extra: { retryOnFail: true, maxTries: 2, waitBetweenTries: 0 },
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
	it('stops the sending at once', async () => {
		peer = await Peer.start(() => 'hang');
		let cancel = () => {};
		const graph = {
			nodes: [START, sparkLoop(SUBSCRIBE)],
			connections: chain('Start', 'SparkLoop'),
		};
		const running = run(
			graph,
			'Start',
			Array.from({ length: 30 }, (_, index) => ({ json: { email: `p${index}@b.co` } })),
			{ sparkLoopIncomingWebhookApi: { webhookSecretUrl: peer.url } },
			(stop) => (cancel = stop),
		);
		while (peer.received.length < 10) await new Promise((next) => setImmediate(next));
		cancel();
		const result = await running;
		expect(result.status).toBe('canceled');
		expect(peer.received).toHaveLength(10);
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
		expect(peer.received[0].headers['x-api-key']).toBe('k3y');
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
		expect(peer.received.map(({ method }) => method)).toEqual(['PUT', 'GET']);
		expect(errorOf(result)?.message).toBe(message);
	});

	it.each([200, 409])('unsubscribe is done by a %s', async (status) => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('unsubscribe'),
			behaviour: () => ({ status, body: { error: 'already unsubscribed' } }),
		});
		expect(errorOf(result)).toBeUndefined();
		expect(peer.received).toMatchObject([
			{ method: 'PUT', path: '/v2/subscribers/a%40b.co/unsubscribe' },
		]);
	});

	it('a wrong key gets advice that fits, and is not told', async () => {
		const result = await send([{ email: 'a@b.co' }], {
			parameters: api('unsubscribe'),
			behaviour: () => ({ status: 401, body: { error: 'User not found!' } }),
		});
		expect(errorOf(result)?.description).toContain("Check 'API Key'");
		expect(JSON.stringify(result.data.resultData)).not.toContain('k3y');
	});
});

describe('Send Again', () => {
	const again = (sendThrough: string) => ({
		operation: 'sendAgain',
		sendThrough,
		event: '={{ $json.details.payload }}',
		options: { longestPause: 0, maxAttempts: 1 },
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
			"'Event' holds an event in which 'email' is missing [item 0]",
		);
	});
});
