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
		expect((await esp('GET', '/contacts')).body).toEqual({
			contacts: [contact],
			total: 1,
			next: null,
		});
	});

	it('lists its contacts page by page, in the order in which they came', async () => {
		const other = await startSandbox();
		const emails = ['a@x.org', 'b@x.org', 'c@x.org', 'd@x.org', 'e@x.org'];
		for (const email of emails) other.esp.upsert(email, {});
		const found: string[] = [];
		let next: number | null = 0;
		let pages = 0;
		for (; next !== null; pages += 1) {
			const { body } = await callsOf(other).esp('GET', `/contacts?limit=2&after=${next}`);
			found.push(...body.contacts.map(({ email }: { email: string }) => email));
			expect(body.total).toBe(5);
			next = body.next as number | null;
		}
		await other.close();
		expect([found, pages]).toEqual([emails, 3]);
	});

	it('changes address, name and status of a contact, who keeps id and fields', async () => {
		await esp('PUT', '/contacts/old@x.org', { fields: { RH_CODE: 'c0de' } });
		const change = { newEmail: 'new@x.org', name: 'New', status: 'unsubscribed', fields: {} };
		await esp('PUT', '/contacts/old@x.org', change);
		expect(sandbox.esp.find('old@x.org')).toBeUndefined();
		expect(sandbox.esp.find('new@x.org')).toMatchObject({
			name: 'New',
			status: 'unsubscribed',
			fields: { RH_CODE: 'c0de' },
		});
		expect(
			await esp('PUT', '/contacts/new@x.org', { fields: {}, newEmail: 'ann+1@x.org' }),
		).toMatchObject({ status: 409 });
	});

	it.each([
		['GET', '/contacts?limit=x', undefined, 400],
		['PUT', '/contacts/b@x.org', { fields: {}, status: 'asleep' }, 400],
		['PUT', '/contacts/b@x.org', { fields: {}, newEmail: 'nobody' }, 400],
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
