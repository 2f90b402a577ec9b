import type { FastifyInstance } from 'fastify';

import { HttpError } from './httpErrors.mts';
import { type Fields, objectFrom, requiredText } from './input.mts';
import type { Program } from './program.mts';
import { checkCampaign, memberBy } from './restLookup.mts';
import { campaignAnswer, membershipAnswer } from './restShapes.mts';
import { subscriberPage, viewOf } from './restSubscriberLists.mts';

interface OfCampaign {
	Params: { campaign: string };
	Querystring: Fields;
}
interface OfPerson {
	Params: { campaign: string; id: string };
	Querystring: Fields;
}

/** `/campaigns` of the api-v2 docs: the one campaign, and who is in it. */
export async function campaignRoutes(
	scope: FastifyInstance,
	{ program }: { program: Program },
): Promise<void> {
	scope.get('/campaigns', async () => ({ campaigns: [campaignAnswer(program)] }));

	await scope.register(async (one) => {
		one.addHook<OfCampaign>('preHandler', async ({ params }) =>
			checkCampaign(program, params.campaign),
		);
		oneCampaign(one, program);
		memberRoutes(one, program);
	});
}

function oneCampaign(scope: FastifyInstance, program: Program): void {
	scope.get('/campaigns/:campaign', async () => ({ campaign: campaignAnswer(program) }));

	scope.get<OfCampaign>('/campaigns/:campaign/subscribers', async ({ query }) =>
		subscriberPage(program, query, ({ membership }) => membership !== null),
	);

	scope.get<OfPerson>('/campaigns/:campaign/subscribers/:id', async ({ params, query }) => ({
		subscriber: viewOf(program, query)(memberBy(program, params.id)),
	}));

	scope.get<OfPerson>(
		'/campaigns/:campaign/subscribers/:id/referrals',
		async ({ params, query }) => {
			const { id } = memberBy(program, params.id);
			return subscriberPage(
				program,
				query,
				({ referrerId, membership }) => referrerId === id && membership !== null,
			);
		},
	);
}

function memberRoutes(scope: FastifyInstance, program: Program): void {
	scope.post<OfCampaign>('/campaigns/:campaign/campaign_memberships', async ({ body }, reply) => {
		const id = requiredText(objectFrom(body ?? {}), 'subscriber_uuid');
		const subscriber = program.find(id);
		// The docs give this text, and 400 where other routes answer 404.
		if (!subscriber) throw new HttpError(400, `${id} not found!`);
		const membership = program.addToCampaign(subscriber.id);
		const answer = membershipAnswer(program, subscriber, membership);
		return await reply.code(201).send({ campaign_membership: answer });
	});

	scope.delete<OfPerson>(
		'/campaigns/:campaign/campaign_memberships/:id',
		async ({ params }, reply) => {
			const member = program.findMember(params.id);
			if (!member) throw new HttpError(404, `Campaign membership ${params.id} not found!`);
			program.removeFromCampaign(member.id);
			return await reply.code(204).send();
		},
	);
}
