import { createServer } from 'node:net';

/** The only address anything of ours listens on. */
export const LOOPBACK = '127.0.0.1';

/** Somebody else listens on the port that was asked for. */
export class PortTakenError extends Error {
	override name = 'PortTakenError';

	readonly port: number;

	constructor(port: number, free: number) {
		super(
			`Port ${port} is in use by another program, perhaps an n8n that still runs. ` +
				`Stop that program, or choose another port: ${free} is free now (npm start -- --n8n-port=${free}).`,
		);
		this.port = port;
	}
}

/** Listens on a port of the loopback address for a moment; resolves with it, or null when it is taken. */
async function tryPort(port: number): Promise<number | null> {
	return await new Promise((resolve, reject) => {
		const server = createServer();
		server.once('error', (error: NodeJS.ErrnoException) => {
			if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null);
			else reject(error);
		});
		server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
			const address = server.address();
			const found = typeof address === 'object' && address ? address.port : port;
			server.close(() => resolve(found));
		});
	});
}

/** A port of the loopback address that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
	const port = await tryPort(0);
	if (port === null) throw new Error('The operating system has no free port left.');
	return port;
}

/**
 * Checks that a port can be listened on.
 * @param port the wanted port, or 0 for any free one
 * @returns the port to use
 * @throws {PortTakenError} when somebody else has it; the message names a free one nearby
 */
export async function claimPort(port: number): Promise<number> {
	if (port === 0) return await freePort();
	if ((await tryPort(port)) !== null) return port;
	for (let next = port + 1; next < Math.min(port + 20, 65536); next++) {
		if ((await tryPort(next)) !== null) throw new PortTakenError(port, next);
	}
	throw new PortTakenError(port, await freePort());
}
