import { startSandbox, type Sandbox } from '../../sandbox/server.mts';
import { call } from './support/http.mts';
import { callsOf } from './support/sandbox.mts';

let sandbox: Sandbox;
beforeAll(async () => {
	sandbox = await startSandbox();
});
afterAll(async () => await sandbox.close());

const esp = (method: string, path: string, body?: unknown) =>
	callsOf(sandbox).esp(method, path, body);

describe('the stand-in ESP', () => {
	it('creates a contact, then adds to its fields', async () => {
		const path = `/contacts/${encodeURIComponent('Ann+1@x.org')}`;
		await esp('PUT', path, { fields: { RH_TOTREF: 1, RH_CODE: 'c0de' } });
		await esp('PUT', path.toLowerCase(), { fields: { RH_TOTREF: 2 } });

		const { contact } = (await esp('GET', path)).body;

		expect(contact).toMatchObject({
			email: 'Ann+1@x.org',
			fields: { RH_TOTREF: 2, RH_CODE: 'c0de' },
			writes: 2,
		});
		expect((await esp('GET', '/contacts')).body).toEqual({ contacts: [contact] });
	});

	it.each([
		['PUT', '/contacts/nobody', { fields: {} }, 400],
		['PUT', '/contacts/b@x.org', {}, 400],
		['PUT', '/contacts/b@x.org', { fields: [] }, 400],
		['PUT', '/contacts/b@x.org', [], 400],
		['GET', '/contacts/b@x.org', undefined, 404],
	])('answers %s %s with %j by %i', async (method, path, body, status) => {
		const answer = await esp(method, path, body);

		expect(answer).toMatchObject({ status, body: { error: expect.any(String) } });
		expect(sandbox.esp.find('b@x.org')).toBeUndefined();
	});

	it.each<Record<string, string>>([{}, { authorization: 'Bearer wrong' }, { 'x-api-key': 'key' }])(
		'answers 401 to the headers %j',
		async (headers) => {
			const url = `${sandbox.espUrl}/contacts/b@x.org`;

			expect((await call('PUT', url, { fields: {} }, headers)).status).toBe(401);
		},
	);
});
