import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';

import { generate } from 'selfsigned';

import { LOOPBACK } from '../../scripts/n8n/ports.mts';
import type { Reply } from './peer.mts';

/** One request as it would have reached a vendor. */
export interface Heard {
	host: string;
	method: string;
	/** As it was sent, percent signs and all, without the query. */
	path: string;
	/** Of a name that was given twice, the last. */
	query: Record<string, string>;
	headers: IncomingHttpHeaders;
	/** Parsed when it is JSON or a form. */
	body: unknown;
}

/** What a vendor answers. A body that is text is sent as it is, any other as JSON. */
export type Answer = (heard: Heard) => Reply | Promise<Reply>;

/** Hosts of the internet, played on this machine for processes that run in {@link environment}. */
export interface Vendors {
	/** What makes a process ask here for every host but loopback, and trust what answers. */
	environment: Record<string, string>;
	/** Every request to a host that nobody answers for; each got a 502. */
	unexpected: Heard[];
	/** Lets a host answer, in place of what it answered before. */
	on(host: string, answer: Answer): void;
	/** What a host was asked, in order. */
	heard(host: string): Heard[];
	/** Empties what was heard and what was unexpected; who answers stays. */
	forget(): void;
	stop(): Promise<void>;
}

/** The first byte of every TLS connection: a handshake record. */
const TLS_HANDSHAKE = 0x16;

/**
 * Plays vendors whose addresses are fixed in the program that calls them, over HTTPS as over HTTP. It is a forward proxy
 * that forwards nothing: of every host it is asked for, it is the host itself, with a certificate of its own authority,
 * whose key never leaves this process.
 */
export async function startVendors(): Promise<Vendors> {
	const authority = await certificate('Vendors on this machine');
	const folder = mkdtempSync(path.join(tmpdir(), 'n8n-vendors-'));
	const authorityFile = path.join(folder, 'authority.pem');
	writeFileSync(authorityFile, authority.cert);

	const contexts = new Map<string, Promise<SecureContext>>();
	const contextOf = async (host: string) => {
		const made = contexts.get(host) ?? certificate(host, authority).then(createSecureContext);
		contexts.set(host, made);
		return await made;
	};

	const answers = new Map<string, Answer>();
	const heard: Heard[] = [];
	const unexpected: Heard[] = [];
	const reply = async (request: Heard): Promise<Reply> => {
		const answer = answers.get(request.host);
		(answer ? heard : unexpected).push(request);
		if (answer) return await answer(request);
		return { status: 502, body: { message: `Nobody answers for ${request.host} in this test` } };
	};

	/** Who is meant at the other end of a tunnel: an origin. */
	const tunnels = new WeakMap<Duplex, string>();
	const sockets = new Set<Duplex>();
	const server = createServer(async (request, response) => {
		const { status, headers, body } = await understand(request, tunnels.get(request.socket))
			.then(reply)
			// A mistake in a test's own answer, which it reads in n8n's error.
			.catch((error: Error): Reply => ({ status: 500, body: { message: error.message } }));
		const asItIs = typeof body === 'string';
		response.writeHead(status, {
			...(body !== undefined && { 'content-type': asItIs ? 'text/plain' : 'application/json' }),
			...headers,
		});
		response.end(body === undefined || asItIs ? body : JSON.stringify(body));
	});
	server.on('connection', (socket: Duplex) => {
		sockets.add(socket);
		// A killed n8n breaks its connections off.
		socket.on('error', () => {}).once('close', () => sockets.delete(socket));
	});
	server.on('connect', ({ url = '' }: IncomingMessage, socket: Duplex, head: Buffer) => {
		const open = async (first: Buffer) => {
			socket.pause();
			socket.unshift(first);
			const secure = first[0] === TLS_HANDSHAKE;
			const { hostname } = new URL(`https://${url}`);
			const inside = secure
				? new TLSSocket(socket as never, {
						isServer: true,
						secureContext: await contextOf(hostname),
					})
				: socket;
			tunnels.set(inside, `${secure ? 'https' : 'http'}://${url}`);
			server.emit('connection', inside);
			if (!secure) socket.resume();
		};
		socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
		const opened = (first: Buffer) => void open(first).catch(() => socket.destroy());
		if (head.length > 0) opened(head);
		else socket.once('data', opened);
	});
	await new Promise<void>((ready) => server.listen(0, LOOPBACK, ready));

	return {
		environment: environment((server.address() as AddressInfo).port, authorityFile),
		unexpected,
		on: (host, answer) => void answers.set(host, answer),
		heard: (host) => heard.filter((request) => request.host === host),
		forget: () => {
			heard.length = 0;
			unexpected.length = 0;
		},
		stop: async () => {
			for (const socket of sockets) socket.destroy();
			await new Promise((done) => server.close(done));
			rmSync(folder, { recursive: true, force: true });
		},
	};
}

function environment(port: number, authorityFile: string): Record<string, string> {
	const both = (name: string, value: string) => ({ [name]: value, [name.toLowerCase()]: value });
	const proxy = `http://${LOOPBACK}:${port}`;
	return {
		// In small letters too: where a machine has those, they win over the capitals.
		...both('HTTP_PROXY', proxy),
		...both('HTTPS_PROXY', proxy),
		...both('ALL_PROXY', proxy),
		...both('NO_PROXY', `localhost,${LOOPBACK}`),
		NODE_EXTRA_CA_CERTS: authorityFile,
		// n8n sees to its own requests; this is for `fetch` and whatever else uses Node's own agents.
		NODE_USE_ENV_PROXY: '1',
	};
}

interface Certified {
	key: string;
	cert: string;
}

/** @param authority signs it; without one, it is an authority */
async function certificate(name: string, authority?: Certified): Promise<Certified> {
	const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
		keyType: 'ec',
		algorithm: 'sha256',
		ca: authority,
		extensions: authority
			? [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }]
			: [
					{ name: 'basicConstraints', cA: true, critical: true },
					{ name: 'keyUsage', keyCertSign: true, critical: true },
				],
	});
	return { key, cert };
}

/** @param origin of the tunnel it came through; a proxy is otherwise given the whole address */
async function understand(request: IncomingMessage, origin?: string): Promise<Heard> {
	const { method = '', url = '', headers } = request;
	const address = url.startsWith('/') ? (origin ?? `http://${headers.host}`) + url : url;
	const { hostname, searchParams } = new URL(address);
	const [withoutQuery] = address.split('?', 1);
	return {
		host: hostname,
		method,
		path: withoutQuery.slice(withoutQuery.indexOf('/', 'https://'.length)),
		query: Object.fromEntries(searchParams),
		headers,
		body: parsed(await text(request), headers['content-type'] ?? ''),
	};
}

function parsed(body: string, type: string): unknown {
	if (type.includes('urlencoded')) return Object.fromEntries(new URLSearchParams(body));
	if (!type.includes('json')) return body;
	try {
		return JSON.parse(body);
	} catch {
		return body;
	}
}
