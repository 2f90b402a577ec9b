import type { FastifyInstance, FastifyRequest } from 'fastify';

import type { Calls } from './calls.mts';
import type { Clock } from './clock.mts';
import type { InboundFaults, RouteKind } from './inboundFaults.mts';

export interface InboundContext {
	calls: Calls;
	faults: InboundFaults;
	clock: Clock;
}

/** Makes all routes of a scope break as `faults` says, and records each call to them. */
export function watchRoutes(
	scope: FastifyInstance,
	kind: RouteKind,
	{ calls, faults, clock }: InboundContext,
): void {
	const startedAt = new WeakMap<FastifyRequest, number>();
	const doomed = new WeakSet<FastifyRequest>();

	const record = (request: FastifyRequest, status: number | null) => {
		const started = startedAt.get(request);
		if (started === undefined) return;
		startedAt.delete(request);
		calls.record({
			kind,
			method: request.method,
			path: kind === 'incomingWebhook' ? '/incoming/…' : request.url,
			status,
			body: request.body ?? null,
			durationMs: clock.now() - started,
		});
	};
	const drop = (request: FastifyRequest) => {
		record(request, null);
		request.raw.socket.destroy();
	};

	scope.addHook('onRequest', async (request, reply) => {
		startedAt.set(request, clock.now());
		const { delayMs, action, status, retryAfter } = faults.decide(kind);
		if (delayMs > 0) await new Promise<void>((resolve) => clock.schedule(resolve, delayMs));
		if (action === 'drop') {
			reply.hijack();
			drop(request);
		} else if (action === 'dropAnswer') {
			doomed.add(request);
		} else if (action === 'fail') {
			if (retryAfter !== undefined) reply.header('Retry-After', retryAfter);
			return await reply.code(status).send({ error: `Broken on demand: status ${status}` });
		}
	});
	scope.addHook('onSend', async (request) => {
		if (doomed.has(request)) drop(request);
	});
	scope.addHook('onResponse', async (request, reply) => record(request, reply.statusCode));
}
