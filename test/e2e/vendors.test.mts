import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { n8nNode } from '../../scripts/n8n/host.mts';
import { setGround, type Ground } from '../../scripts/story/stage.mts';
import { Peer } from '../support/peer.mts';
import { startVendors, type Vendors } from '../support/vendors.mts';

let vendors: Vendors;
let ground: Ground;
beforeAll(async () => {
	vendors = await startVendors();
	const { environment: env } = vendors;
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {}, env });
}, 180_000);
afterAll(async () => {
	await ground?.close();
	await vendors?.stop();
}, 60_000);
afterEach(() => vendors.forget());

interface Step {
	/** Behind `n8n-nodes-base.`. */
	type: string;
	typeVersion: number;
	parameters: object;
	credentials?: object;
}

/** Runs one node, and tells what it returned, or the whole of its error. */
async function run(step: Step): Promise<unknown> {
	const { api } = ground.n8n;
	const start = { type: 'manualTrigger', typeVersion: 1, parameters: {}, name: 'Go' };
	const id = await api.importWorkflow({
		name: step.type,
		nodes: [start, { ...step, name: 'Ask' }].map(({ type, ...node }, index) => ({
			...node,
			id: node.name,
			type: `n8n-nodes-base.${type}`,
			position: [200 * index, 0],
		})),
		connections: { Go: { main: [[{ node: 'Ask', type: 'main', index: 0 }]] } },
	});
	const { data } = await api.waitForExecution(await api.runWorkflow(id, 'Go'));
	const [ran] = data.resultData.runData.Ask;
	return ran.error ? JSON.stringify(ran.error) : ran.data?.main?.[0]?.map(({ json }) => json);
}

async function credential([type, data]: readonly [string, Record<string, unknown>]) {
	const id = await ground.n8n.api.importCredential({ name: type, type, data });
	return { [type]: { id, name: type } };
}

const httpRequest = (url: string, more: object = {}): Step => ({
	type: 'httpRequest',
	typeVersion: 4.2,
	parameters: { url, ...more },
});
const posting = (jsonBody: string) => ({
	method: 'POST',
	sendBody: true,
	specifyBody: 'json',
	jsonBody,
});

it('gets what the HTTP Request node sends to a host of the internet, to the letter', async () => {
	vendors.on('api.esp.example', ({ query }) => ({ status: 201, body: { seen: query.tag } }));
	const address = "https://api.esp.example/v3/o'hara%2Bnews%40example.com?tag=a%20%26%20b";
	expect(await run(httpRequest(address, posting('{"name":"Zoë"}')))).toEqual([{ seen: 'a & b' }]);
	expect(vendors.heard('api.esp.example')).toEqual([
		{
			host: 'api.esp.example',
			method: 'POST',
			path: "/v3/o'hara%2Bnews%40example.com",
			query: { tag: 'a & b' },
			headers: expect.objectContaining({
				host: 'api.esp.example',
				'content-type': 'application/json',
				'content-length': String(Buffer.byteLength('{"name":"Zoë"}')),
			}),
			body: { name: 'Zoë' },
		},
	]);
	// Nor has n8n asked anybody for anything while it was starting.
	expect(vendors.unexpected).toEqual([]);
});

it('gets forms, and plain HTTP', async () => {
	vendors.on('sendy.example', () => ({ status: 200, body: '1' }));
	const form = {
		method: 'POST',
		sendBody: true,
		contentType: 'form-urlencoded',
		bodyParameters: { parameters: [{ name: 'email', value: 'ann+1@example.com' }] },
	};
	expect(await run(httpRequest('http://sendy.example/subscribe', form))).toEqual([{ data: '1' }]);
	expect(vendors.heard('sendy.example')).toMatchObject([
		{ path: '/subscribe', body: { email: 'ann+1@example.com' } },
	]);
});

// Mailchimp asks through n8n's older helper (requestWithAuthentication), MailerLite through its newer one
// (httpRequestWithAuthentication), and Brevo leaves the asking to n8n (a declarative node).
it.each([
	{
		host: 'us1.api.mailchimp.com',
		path: '/3.0/lists/list1/members',
		header: { authorization: 'apikey key-us1' },
		body: { email_address: 'ann@example.com', status: 'subscribed', merge_fields: { RH: '3' } },
		type: 'mailchimp',
		key: ['mailchimpApi', { apiKey: 'key-us1' }] as const,
		parameters: {
			list: 'list1',
			email: 'ann@example.com',
			status: 'subscribed',
			mergeFieldsUi: { mergeFieldsValues: [{ name: 'RH', value: '3' }] },
		},
	},
	{
		host: 'connect.mailerlite.com',
		path: '/api/subscribers',
		header: { authorization: 'Bearer key' },
		body: { email: 'ann@example.com', fields: { rh: '3' } },
		type: 'mailerLite',
		typeVersion: 2,
		key: ['mailerLiteApi', { apiKey: 'key', classicApi: false }] as const,
		parameters: {
			email: 'ann@example.com',
			additionalFields: { customFieldsUi: { customFieldsValues: [{ fieldId: 'rh', value: '3' }] } },
		},
	},
	{
		host: 'api.brevo.com',
		path: '/v3/contacts',
		header: { 'api-key': 'key' },
		body: { email: 'ann@example.com' },
		type: 'sendInBlue',
		key: ['sendInBlueApi', { apiKey: 'key' }] as const,
		parameters: { resource: 'contact', operation: 'create', email: 'ann@example.com' },
	},
])(
	"gets what n8n's own node sends to $host",
	async ({ host, path, header, body, key, ...step }) => {
		vendors.on(host, () => ({ status: 200, body: { data: { id: '1' }, id: '1' } }));
		const credentials = await credential(key);
		expect(await run({ typeVersion: 1, ...step, credentials })).toMatchObject([{ id: '1' }]);
		expect(vendors.heard(host)).toMatchObject([{ method: 'POST', path, headers: header, body }]);
		expect(vendors.unexpected).toEqual([]);
	},
);

it('leaves loopback alone', async () => {
	const peer = await Peer.start(() => ({ status: 200, body: { here: true } }));
	const { port } = new URL(peer.url);
	for (const host of ['127.0.0.1', 'localhost'])
		expect(await run(httpRequest(`http://${host}:${port}/`))).toEqual([{ here: true }]);
	await peer.stop();
	expect(peer.received).toHaveLength(2);
	expect(peer.received[0].headers).not.toHaveProperty('proxy-connection');
	expect(vendors.unexpected).toEqual([]);
});

it('refuses and lists what nobody answers for', async () => {
	const error = await run(httpRequest('https://stranger.example/x', posting('{"a":1}')));
	expect(error).toContain('502');
	expect(error).toContain('Nobody answers for stranger.example in this test');
	expect(vendors.unexpected).toMatchObject([
		{ host: 'stranger.example', method: 'POST', path: '/x', body: { a: 1 } },
	]);
	expect(vendors.heard('stranger.example')).toEqual([]);
});

it("gets what a process asks with Node's own fetch", async () => {
	vendors.on('fetched.example', () => ({ status: 200, body: 'hello' }));
	const script = `for (const scheme of ['http', 'https'])
		console.log(await (await fetch(scheme + '://fetched.example/')).text());`;
	const { stdout } = await promisify(execFile)(
		n8nNode(),
		['--input-type=module', '--eval', script],
		{ env: { ...process.env, ...vendors.environment } },
	);
	expect(stdout).toBe('hello\nhello\n');
});
