import { createServer, type Server } from 'node:net';

import { claimPort, freePort, LOOPBACK, PortTakenError } from '../../scripts/n8n/ports.mts';

const servers: Server[] = [];
const occupy = async (port: number) =>
	await new Promise<void>((resolve) => {
		servers.push(createServer().listen(port, LOOPBACK, resolve));
	});
afterEach(async () => {
	await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

describe('a port', () => {
	it('that is free is kept', async () => {
		const port = await freePort();
		await expect(claimPort(port)).resolves.toBe(port);
	});

	it('is found when any will do', async () => {
		expect(await claimPort(0)).toBeGreaterThan(1023);
	});

	it('that is taken is named, with a free one and how to choose it', async () => {
		const port = await freePort();
		await occupy(port);
		const error = await claimPort(port).catch((reason: unknown) => reason);
		expect(error).toBeInstanceOf(PortTakenError);
		const { message } = error as PortTakenError;
		expect(message).toMatch(`Port ${port} is in use`);
		const suggested = Number(/npm start -- --n8n-port=(\d+)/.exec(message)?.[1]);
		await expect(claimPort(suggested)).resolves.toBe(suggested);
	});
});
