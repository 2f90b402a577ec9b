import type { FastifyInstance } from 'fastify';

import { HttpError } from './httpErrors.mts';
import { type Fields, objectFrom } from './input.mts';
import type { Program } from './program.mts';
import { checkCampaign, subscriberBy } from './restLookup.mts';
import {
	customEventAnswer,
	readChange,
	readCustomEvent,
	readSignUp,
	subscriberAnswer,
} from './restShapes.mts';
import { subscriberPage, type SubscribersInRest, viewOf } from './restSubscriberLists.mts';
import type { Site } from './site.mts';

interface ById {
	Params: { id: string };
	Querystring: Fields;
}

/** `/subscribers` of the api-v2 docs, where `{id}` is a uuid or an e-mail address. */
export function subscriberRoutes(
	scope: FastifyInstance,
	{
		program,
		site,
		subscribersInRest: inRest,
	}: { program: Program; site: Site; subscribersInRest: SubscribersInRest },
): void {
	const wanted = (id: string) => subscriberBy(program, id);

	scope.post('/subscribers', async ({ body }) => {
		const signUp = readSignUp(objectFrom(body ?? {}));
		if (program.find(signUp.email)) throw new HttpError(400, 'Email has already been taken');
		const referrerCode = signUp.referrerCode ?? site.codeFor(signUp.email);
		const { subscriber } = program.subscribe({ ...signUp, referrerCode });
		return { subscriber: subscriberAnswer(subscriber) };
	});

	scope.get<{ Querystring: Fields }>('/subscribers', async ({ query }) =>
		subscriberPage(
			program,
			query,
			inRest === 'confirmedOnly' ? ({ status }) => status === 'confirmed' : undefined,
			inRest,
		),
	);

	scope.get<ById>('/subscribers/:id', async ({ params, query }) => ({
		subscriber: viewOf(program, query, inRest)(wanted(params.id)),
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
		subscriber: subscriberAnswer(program.unsubscribe(wanted(params.id).id)),
	}));

	scope.put<ById>('/subscribers/:id/reject', async ({ params }) => ({
		subscriber: subscriberAnswer(program.reject(wanted(params.id).id)),
	}));

	scope.delete<ById>('/subscribers/:id', async ({ params }) => ({
		subscriber: subscriberAnswer(program.delete(wanted(params.id).id)),
	}));

	scope.post<ById>('/subscribers/:id/events', async ({ params, body }) => {
		const subscriber = wanted(params.id);
		const { campaignId, ...told } = readCustomEvent(objectFrom(body ?? {}));
		checkCampaign(program, campaignId);
		const event = program.recordCustomEvent(subscriber.id, told);
		return { event: customEventAnswer(subscriber, event) };
	});
}
