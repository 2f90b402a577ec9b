import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { Queue } from '../sandbox/queue.mts';
import { LOOPBACK } from '../scripts/n8n/ports.mts';

export interface TargetOptions {
	/** How long an answer takes, in milliseconds. */
	latency?: number;
	/** How many requests are taken in any second; those beyond are answered with 429 and `Retry-After: 1`. */
	perSecond?: number;
}

const SECOND = 1_000;

/** Where events are sent to: takes everything, counts, and answers as slowly or as seldom as it is told. */
export class Target {
	readonly url: string;
	/** Answered with 200 since the last {@link reset}. */
	accepted = 0;
	/** Answered with 429. */
	refused = 0;
	/** The most sockets that were open at a time, not counting those on which the last word was said. */
	mostSockets = 0;
	/** When the first request of all arrived and the last was accepted, in milliseconds. */
	began = 0;
	ended = 0;

	private readonly server: Server;
	private readonly sockets = new Set<Socket>();

	private constructor(server: Server) {
		this.server = server;
		this.url = `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/incoming`;
	}

	static async open({ latency = 0, perSecond }: TargetOptions = {}): Promise<Target> {
		const recent = new Queue<number>();
		const server = createServer((request, response) => {
			// Nobody sends anything more on it, whenever it is found to be closed.
			const { socket } = request;
			if (request.headers.connection === 'close') {
				response.once('finish', () => target.forgetSocket(socket));
			}
			request.resume().once('end', () => {
				const now = performance.now();
				target.began ||= now;
				while ((recent.peek() ?? Infinity) <= now - SECOND) recent.shift();
				if (perSecond !== undefined && recent.size >= perSecond) {
					target.refused += 1;
					response.writeHead(429, { 'retry-after': '1' }).end();
					return;
				}
				recent.push(now);
				target.accepted += 1;
				target.ended = now;
				const answer = () => response.writeHead(200).end();
				if (latency === 0) answer();
				else setTimeout(answer, latency);
			});
		});
		// More than a node may want at once, or the operating system would make the others wait.
		await new Promise<void>((ready) =>
			server.listen({ port: 0, host: LOOPBACK, backlog: 10_000 }, ready),
		);
		const target = new Target(server);
		server.on('connection', (socket) => {
			target.sockets.add(socket);
			target.mostSockets = Math.max(target.mostSockets, target.sockets.size);
			socket.once('close', () => target.forgetSocket(socket));
		});
		return target;
	}

	/** Counts from nothing. */
	reset(): void {
		this.accepted = 0;
		this.refused = 0;
		this.mostSockets = this.sockets.size;
		this.began = 0;
		this.ended = 0;
	}

	private forgetSocket(socket: Socket): void {
		this.sockets.delete(socket);
	}

	async close(): Promise<void> {
		this.server.closeAllConnections();
		await new Promise((done) => this.server.close(done));
	}
}
