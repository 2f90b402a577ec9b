import type { AddressInfo } from 'node:net';

import httpProxy from '@fastify/http-proxy';
import fastify from 'fastify';

import { STARTING_UP_ETAG } from '../n8n/startingUp.mts';

/** What stands in front of n8n. */
export interface Front {
	/** Where events and reports go. */
	url: string;
	close(): Promise<void>;
}

/** Puts a proxy in front of n8n's origin. */
export type OpenFront = (n8nUrl: string) => Promise<Front>;

/** Milliseconds; longer than anybody here waits for an answer. */
const LONGEST = 60_000;

/** A proxy that needs nothing but Node and, as those of `deploy/` do, takes n8n's answer while it starts for none. */
export const openRelay: OpenFront = async (n8nUrl) => {
	const server = fastify({ forceCloseConnections: true });
	await server.register(httpProxy, {
		upstream: n8nUrl,
		undici: { headersTimeout: LONGEST, bodyTimeout: LONGEST },
		replyOptions: {
			onResponse: (_request, reply, response) => {
				if (reply.getHeader('etag') === STARTING_UP_ETAG) reply.code(503);
				reply.send(response.stream);
			},
		},
	});
	await server.listen({ port: 0, host: '127.0.0.1' });
	const { port } = server.server.address() as AddressInfo;
	return { url: `http://127.0.0.1:${port}`, close: async () => await server.close() };
};
