import fastify from 'fastify';

import { type Front, openRelay } from '../../scripts/chaos/front.mts';
import { STARTING_UP, STARTING_UP_ETAG } from '../../scripts/n8n/startingUp.mts';

const n8n = fastify({ forceCloseConnections: true });
let front: Front;
beforeAll(async () => {
	n8n.post('/starting', (_request, reply) =>
		reply.header('etag', STARTING_UP_ETAG).send(STARTING_UP),
	);
	n8n.post('/ready', (request, reply) =>
		reply.code(201).send({ body: request.body, token: request.headers['sparkloop-token'] }),
	);
	front = await openRelay(await n8n.listen({ port: 0, host: '127.0.0.1' }));
});
afterAll(async () => {
	await front.close();
	await n8n.close();
});

const post = async (path: string) => {
	const answer = await fetch(front.url + path, {
		method: 'POST',
		headers: { 'content-type': 'application/json', 'sparkloop-token': 'secret' },
		body: '{"type":"x"}',
	});
	return { status: answer.status, body: await answer.text() };
};

describe('the proxy in front of n8n', () => {
	it('hands on what comes, and what is answered', async () => {
		expect(await post('/ready')).toEqual({
			status: 201,
			body: '{"body":{"type":"x"},"token":"secret"}',
		});
	});

	it('does not let an event pass for delivered while n8n starts', async () => {
		expect(await post('/starting')).toEqual({ status: 503, body: STARTING_UP });
	});

	it('answers with an error while n8n is not there', async () => {
		await n8n.close();
		expect((await post('/ready')).status).toBeGreaterThanOrEqual(500);
	});
});
