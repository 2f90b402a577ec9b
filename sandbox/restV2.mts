import type { FastifyInstance } from 'fastify';

import { answerErrors, HttpError, REST_STATUSES } from './httpErrors.mts';
import { type InboundContext, watchRoutes } from './inboundRoutes.mts';
import type { PartnerPrograms } from './partnerPrograms.mts';
import type { Program } from './program.mts';
import { createRateLimiter, type RateLimit } from './rateLimit.mts';
import { campaignRoutes } from './restCampaigns.mts';
import { partnerProgramRoutes } from './restPartnerPrograms.mts';
import type { SubscribersInRest } from './restSubscriberLists.mts';
import { subscriberRoutes } from './restSubscribers.mts';
import { restWebhooks } from './restWebhooks.mts';
import type { Site } from './site.mts';
import type { WebhookRows } from './webhookRows.mts';

export interface RestContext extends InboundContext {
	apiKey: string;
	program: Program;
	partnerPrograms: PartnerPrograms;
	site: Site;
	webhookRows: WebhookRows;
	rateLimit: RateLimit | false;
	subscribersInRest: SubscribersInRest;
}

/**
 * SparkLoop's REST API v2 under `/v2`: each resource registers its own routes. Texts of errors are
 * those of the api-v2 docs where these give any.
 */
export async function restV2(scope: FastifyInstance, context: RestContext): Promise<void> {
	watchRoutes(scope, 'rest', context);
	answerErrors(scope, REST_STATUSES);
	guard(scope, context);
	restWebhooks(scope, context.webhookRows);

	await campaignRoutes(scope, context);
	subscriberRoutes(scope, context);
	partnerProgramRoutes(scope, context);
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
