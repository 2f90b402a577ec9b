import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
	method: string;
	path: string;
	headers: IncomingHttpHeaders;
	/** Parsed when it is JSON. */
	body: unknown;
}

export interface Reply {
	status: number;
	headers?: Record<string, string>;
	body?: unknown;
}

/** What the other side answers: a reply, `drop` to close the connection, or `hang` to never answer. */
export type Behaviour = (request: Received, count: number) => Reply | 'drop' | 'hang';

/** The other side of HTTP, on loopback: notes what it gets and answers as told. */
export class Peer {
	readonly received: Received[] = [];

	private readonly server: Server;
	/** Without a trailing slash. */
	readonly url: string;

	private constructor(server: Server, url: string) {
		this.server = server;
		this.url = url;
	}

	static async start(behaviour: Behaviour = () => ({ status: 200 })): Promise<Peer> {
		const server = createServer((request, response) => {
			const chunks: Buffer[] = [];
			request.on('data', (chunk: Buffer) => chunks.push(chunk));
			request.on('end', () => {
				const text = Buffer.concat(chunks).toString();
				const received: Received = {
					method: request.method ?? '',
					path: request.url ?? '',
					headers: request.headers,
					body: text && request.headers['content-type']?.includes('json') ? JSON.parse(text) : text,
				};
				peer.received.push(received);
				const reply = behaviour(received, peer.received.length);
				if (reply === 'hang') return;
				if (reply === 'drop') {
					request.socket.destroy();
					return;
				}
				response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
				response.end(reply.body === undefined ? '' : JSON.stringify(reply.body));
			});
		});
		await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
		const peer = new Peer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
		return peer;
	}

	async stop(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((done) => this.server.close(done));
	}
}
