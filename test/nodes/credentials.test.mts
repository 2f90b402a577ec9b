import type { ICredentialType, IHttpRequestOptions } from 'n8n-workflow';

import { SparkLoopApi } from '../../credentials/SparkLoopApi.credentials';
import { SparkLoopIncomingWebhookApi } from '../../credentials/SparkLoopIncomingWebhookApi.credentials';
import { SparkLoopWebhookTokenApi } from '../../credentials/SparkLoopWebhookTokenApi.credentials';

const [api, incomingWebhook, token]: ICredentialType[] = [
	new SparkLoopApi(),
	new SparkLoopIncomingWebhookApi(),
	new SparkLoopWebhookTokenApi(),
];

type Authenticate = (
	credentials: Record<string, string>,
	options: Partial<IHttpRequestOptions>,
) => Promise<IHttpRequestOptions>;
const authenticate = async (type: ICredentialType, data: Record<string, string>, options: object) =>
	await (type.authenticate as never as Authenticate)(data, options);

describe.each([
	['apiKey', api],
	['webhookSecretUrl', incomingWebhook],
	['webhookToken', token],
])('the secret %s', (secret, type) => {
	const property = type.properties.find(({ name }) => name === secret);

	it('is required, and hidden while it is typed', () => {
		expect(property).toMatchObject({ required: true, typeOptions: { password: true } });
	});

	it('is offered only to the node that it was made for, which puts its address together', () => {
		expect(type.restrictToSupportedNodes).toBe(true);
	});
});

describe('the API key', () => {
	const data = { apiKey: ' k3y\n', baseUrl: ' https://api.example/v2/ ' };

	it('goes to the address in its credential and nowhere else', async () => {
		const options = { url: '/campaigns', baseURL: 'https://else.example', headers: { a: 'b' } };
		expect(await authenticate(api, data, { ...options, method: 'GET' })).toEqual({
			method: 'GET',
			url: 'https://api.example/v2/campaigns',
			baseURL: undefined,
			disableFollowRedirect: true,
			headers: { a: 'b', 'X-Api-Key': 'k3y' },
		});
	});

	it.each([
		['https://api.example/v2/campaigns', 'https://api.example/v2/campaigns'],
		['https://api.example/v2.evil', 'https://api.example/v2https://api.example/v2.evil'],
	])('goes to %s only when that is below the address in its credential', async (url, asked) => {
		expect(await authenticate(api, data, { url })).toMatchObject({ url: asked });
	});

	it('does not go to an address that anybody could listen to', async () => {
		const open = { ...data, baseUrl: 'http://api.example/v2' };
		await expect(authenticate(api, open, { url: '' })).rejects.toThrow(
			"'Base URL' has to start with https://",
		);
	});

	it("goes to SparkLoop's API v2 unless something else was filled in", () => {
		expect(api.properties.find(({ name }) => name === 'baseUrl')?.default).toBe(
			'https://api.sparkloop.app/v2',
		);
	});

	it('is tested by a call that changes nothing', () => {
		expect(api.test?.request).toEqual({ method: 'GET', url: '/campaigns' });
	});
});

describe('the Incoming Webhook URL', () => {
	it('is the whole address, whatever the request says', async () => {
		const data = { webhookSecretUrl: ' https://hooks.example/s3cr3t ' };
		const options = { url: '/', baseURL: 'https://else.example', method: 'POST', body: { a: 1 } };
		expect(await authenticate(incomingWebhook, data, options)).toEqual({
			method: 'POST',
			body: { a: 1 },
			url: 'https://hooks.example/s3cr3t',
			baseURL: undefined,
			disableFollowRedirect: true,
		});
	});

	it('is refused without being told', async () => {
		const data = { webhookSecretUrl: 'http://hooks.example/s3cr3t' };
		const refusal = authenticate(incomingWebhook, data, {});
		await expect(refusal).rejects.toThrow("'Incoming Webhook URL' has to start with https://");
		await expect(refusal).rejects.not.toThrow('s3cr3t');
	});

	it('is tested by a request that sends no event, whatever the answer', () => {
		expect(incomingWebhook.test).toEqual({
			request: { method: 'HEAD', url: '/', ignoreHttpStatusErrors: true },
		});
	});
});
