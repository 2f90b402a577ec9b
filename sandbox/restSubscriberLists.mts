import { HttpError } from './httpErrors.mts';
import { type Fields, optionalText } from './input.mts';
import type { Program, Subscriber } from './program.mts';
import { pageOf } from './restPages.mts';
import { campaignAnswer, subscriberAnswer } from './restShapes.mts';

/**
 * Whom `GET /subscribers` holds, which is published nowhere: everybody, with nothing that says who has unsubscribed; the
 * same with a `status`; or only those who are confirmed.
 */
export type SubscribersInRest = 'all' | 'withStatus' | 'confirmedOnly';

/**
 * How a request wants to see a subscriber: with `expand=campaigns` the api-v2 docs add
 * "referral_programs data", whose inner names are ours. Throws a 400 for another `expand`.
 */
export function viewOf(
	program: Program,
	query: Fields,
	inRest: SubscribersInRest = 'all',
): (subscriber: Subscriber) => object {
	const expand = optionalText(query, 'expand');
	const answer =
		inRest === 'withStatus'
			? (subscriber: Subscriber) => ({
					...subscriberAnswer(subscriber),
					status: subscriber.status,
				})
			: subscriberAnswer;
	if (expand === undefined) return answer;
	if (expand !== 'campaigns') throw new HttpError(400, 'expand must be "campaigns"');
	return (subscriber) => ({
		...answer(subscriber),
		referral_programs: subscriber.membership ? [campaignAnswer(program)] : [],
	});
}

/** One page of those whom `type` and `wanted` leave in, newest first. */
export function subscriberPage(
	program: Program,
	query: Fields,
	wanted?: (subscriber: Subscriber) => boolean,
	inRest?: SubscribersInRest,
) {
	const ofType = filterOf(optionalText(query, 'type') ?? 'all');
	const filters = [ofType, wanted].filter((one) => one !== undefined);
	const list = filters.reduce(
		(left, filter) => left.filter((subscriber) => filter(subscriber)),
		program.newestFirst,
	);
	return pageOf('subscribers', list, query, viewOf(program, query, inRest));
}

// Nothing to filter by, so that a page of all needs no look at everybody.
function filterOf(type: string): ((subscriber: Subscriber) => boolean) | undefined {
	if (type === 'all') return undefined;
	if (type === 'referrals') return ({ referrerId }) => referrerId !== null;
	if (type === 'advocates') return ({ totReferrals }) => totReferrals > 0;
	throw new HttpError(400, 'type must be "all", "referrals" or "advocates"');
}
