import type { FastifyInstance } from 'fastify';

import { answerErrors, HttpError, REST_STATUSES } from './httpErrors.mts';
import { type IncomingPayload, parseIncoming } from './incomingPayload.mts';
import { type InboundContext, watchRoutes } from './inboundRoutes.mts';
import type { Program } from './program.mts';
import type { Site } from './site.mts';

export interface IncomingWebhookContext extends InboundContext {
	secret: string;
	program: Program;
	site: Site;
}

/**
 * `POST /incoming/SECRET`, the Incoming Webhook URL. SparkLoop publishes no answers, so these are
 * ours: 200 with `{}`; 400 for a body that is malformed; 404 for another secret, and for an update or
 * unsubscribe of somebody unknown; 409 for an update to somebody else's address. Saying the same
 * twice is answered 200 again, because SparkLoop expects ESPs to retry.
 */
export async function incomingWebhook(
	scope: FastifyInstance,
	context: IncomingWebhookContext,
): Promise<void> {
	const { secret, program, site } = context;
	watchRoutes(scope, 'incomingWebhook', context);
	answerErrors(scope, { ...REST_STATUSES, taken: 409 });

	scope.post<{ Params: { secret: string } }>('/incoming/:secret', async (request) => {
		if (request.params.secret !== secret) {
			throw new HttpError(404, 'This is not the Incoming Webhook URL of an account');
		}
		carryOut(parseIncoming(request.body), program, site);
		return {};
	});
}

function carryOut(payload: IncomingPayload, program: Program, site: Site): void {
	if (payload.type === 'subscribe') {
		program.subscribe({ ...payload, referrerCode: site.codeFor(payload.email) });
	} else if (payload.type === 'update') {
		const { email, previousEmail, name, firstName } = payload;
		const renamed = program.find(email);
		const repeated = renamed !== undefined && program.everHad(renamed, previousEmail);
		program.update(repeated ? email : previousEmail, { email, name, firstName });
	} else if (program.find(payload.email)?.status !== 'unsubscribed') {
		program.unsubscribe(payload.email);
	}
}
