import type { FastifyInstance } from 'fastify';

import { answerErrors, HttpError, REST_STATUSES } from './httpErrors.mts';
import { type InboundContext, watchRoutes } from './inboundRoutes.mts';
import { objectFrom } from './input.mts';
import { ProgramError, type Program } from './program.mts';
import { createRateLimiter, type RateLimit } from './rateLimit.mts';
import { campaignAnswer, pageOf, readChange, readSignUp, subscriberAnswer } from './restShapes.mts';
import { restWebhooks } from './restWebhooks.mts';
import type { Site } from './site.mts';
import type { WebhookRows } from './webhookRows.mts';

export interface RestContext extends InboundContext {
	apiKey: string;
	program: Program;
	site: Site;
	webhookRows: WebhookRows;
	rateLimit: RateLimit | false;
}

/**
 * SparkLoop's REST API v2 under `/v2`, as far as an ESP needs it: campaigns, subscribers and webhooks.
 * Texts of errors are those of the api-v2 docs where these give any.
 */
export async function restV2(scope: FastifyInstance, context: RestContext): Promise<void> {
	const { program, site } = context;
	watchRoutes(scope, 'rest', context);
	answerErrors(scope, REST_STATUSES);
	guard(scope, context);
	restWebhooks(scope, context.webhookRows);

	type ById = { Params: { id: string } };
	const wanted = (id: string) => {
		const subscriber = program.find(id);
		if (!subscriber) throw new ProgramError('unknown', 'Subscriber not found');
		return subscriber;
	};

	scope.get('/campaigns', async () => ({ campaigns: [campaignAnswer(program)] }));

	scope.get<ById>('/campaigns/:id', async ({ params }) => {
		if (params.id !== program.campaign.id) throw new HttpError(404, 'Campaign not found');
		return { campaign: campaignAnswer(program) };
	});

	scope.post('/subscribers', async ({ body }) => {
		const signUp = readSignUp(objectFrom(body ?? {}));
		if (program.find(signUp.email)) throw new HttpError(400, 'Email has already been taken');
		const referrerCode = signUp.referrerCode ?? site.codeFor(signUp.email);
		const { subscriber } = program.subscribe({ ...signUp, referrerCode });
		return { subscriber: subscriberAnswer(subscriber) };
	});

	scope.get<{ Querystring: Record<string, string> }>('/subscribers', async ({ query }) =>
		pageOf(program.subscribers, query),
	);

	scope.get<ById>('/subscribers/:id', async ({ params }) => ({
		subscriber: subscriberAnswer(wanted(params.id)),
	}));

	scope.put<ById>('/subscribers/:id', async ({ params, body }) => {
		const { id } = wanted(params.id);
		const { status, ...change } = readChange(objectFrom(body ?? {}));
		if (change.email !== undefined || change.name !== undefined) program.update(id, change);
		if (status === 'confirmed') program.resubscribe(id);
		if (status === 'unsubscribed' && wanted(id).status === 'confirmed') program.unsubscribe(id);
		return { subscriber: subscriberAnswer(wanted(id)) };
	});

	scope.put<ById>('/subscribers/:id/unsubscribe', async ({ params }) => ({
		subscriber: subscriberAnswer(program.unsubscribe(params.id)),
	}));

	scope.put<ById>('/subscribers/:id/reject', async ({ params }) => ({
		subscriber: subscriberAnswer(program.reject(params.id)),
	}));
}

function guard(scope: FastifyInstance, { apiKey, clock, rateLimit }: RestContext): void {
	const allowed = rateLimit ? createRateLimiter(clock, rateLimit) : () => true;

	scope.addHook('onRequest', async ({ headers }) => {
		const key = headers['x-api-key'];
		if (key === undefined || key === '') throw new HttpError(401, 'API key is missing!');
		if (key !== apiKey) throw new HttpError(401, 'User not found!');
		if (!allowed(apiKey)) throw new HttpError(429, 'Too many requests');
	});
}
