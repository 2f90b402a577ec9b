import type { FastifyInstance } from 'fastify';

import type { Faults } from './faults.mts';
import { HttpError } from './httpErrors.mts';
import type { RouteKind } from './inboundFaults.mts';
import { type Fields, objectFrom, optionalNumber, optionalText, optionalTexts } from './input.mts';

/**
 * `POST /control/faults/NAME`, where NAME and the body's names are those of the faults in code, for
 * example `/control/faults/fail-next` with `{"count": 2, "status": 503, "kind": "rest"}`.
 */
export function controlFaults(scope: FastifyInstance, faults: Faults): void {
	const { inbound, outbound } = faults;
	const actions: Record<string, (body: Fields) => void> = {
		'fail-next': (body) => inbound.failNext(countFrom(body), failureFrom(body)),
		'fail-randomly': (body) => inbound.failRandomly(shareFrom(body, 'share'), failureFrom(body)),
		'drop-next': (body) =>
			inbound.dropNext(countFrom(body), {
				kind: kindFrom(body),
				afterHandling: body.afterHandling === true,
			}),
		slow: (body) => inbound.slow(optionalNumber(body, 'ms') ?? 0, { kind: kindFrom(body) }),
		down: (body) => inbound.down({ kind: kindFrom(body) }),
		up: (body) => inbound.up({ kind: kindFrom(body) }),
		'duplicate-next': (body) =>
			outbound.duplicateNext(countFrom(body), optionalTexts(body, 'types')),
		'reorder-next': (body) => outbound.reorderNext(countFrom(body), optionalTexts(body, 'types')),
		randomly: (body) =>
			outbound.randomly({
				duplicate: shareFrom(body, 'duplicate'),
				reorder: shareFrom(body, 'reorder'),
				types: optionalTexts(body, 'types'),
			}),
		clear: () => faults.clear(),
	};

	for (const [name, action] of Object.entries(actions)) {
		scope.post(`/control/faults/${name}`, async ({ body }) => {
			action(objectFrom(body ?? {}));
			return { inbound: inbound.state, outbound: outbound.state };
		});
	}
}

function countFrom(body: Fields): number {
	return Math.floor(optionalNumber(body, 'count') ?? 1);
}

function shareFrom(body: Fields, name: string): number {
	const share = optionalNumber(body, name) ?? 0;
	if (share > 1) throw new HttpError(400, `${name} must be a share from 0 to 1`);
	return share;
}

function failureFrom(body: Fields) {
	const status = optionalNumber(body, 'status');
	if (status !== undefined && (status < 200 || status > 599)) {
		throw new HttpError(400, 'status must be a number from 200 to 599');
	}
	const retryAfter =
		typeof body.retryAfter === 'number' ? body.retryAfter : optionalText(body, 'retryAfter');
	return { status, retryAfter, kind: kindFrom(body) };
}

function kindFrom(body: Fields): RouteKind | undefined {
	const kind = optionalText(body, 'kind');
	if (kind === undefined || kind === 'incomingWebhook' || kind === 'rest' || kind === 'esp') {
		return kind;
	}
	throw new HttpError(400, 'kind must be "incomingWebhook", "rest" or "esp"');
}
