import type { NewSubscriber, SubscriberEvent } from '../events/subscriberEvent';
import { isStatus, reasonOf, type Call } from './attempt';
import type { Answer, NoAnswer } from './delivery';
import { segment } from './restV2';

/** What only the API can be told of a new subscriber (docs.sparkloop.app/api-v2, `POST /subscribers`). */
export interface ApiDetails {
	referrer_code?: string;
	ip_address?: string;
	user_agent?: string;
	utm_source?: string;
	utm_campaign?: string;
	/** ISO 3166 alpha-2. */
	country_code?: string;
}

const HAD_UNSUBSCRIBED = {};

/** Whether an unsubscribe was delivered that changed nothing, because SparkLoop knew of it. */
export const hadUnsubscribed = ({ body }: Answer): boolean => body === HAD_UNSUBSCRIBED;

/**
 * Hands an event to SparkLoop's REST API v2, as its newer articles describe it:
 *
 * - subscribe: `POST /subscribers`; when the address is taken, `PUT` with `status: confirmed`
 * - update: `PUT /subscribers/{previous email}`; when nobody has it any more, success if the new address is known,
 *   because then an earlier attempt did get through
 * - unsubscribe: `PUT /subscribers/{email}/unsubscribe`; 409 means already unsubscribed, see {@link hadUnsubscribed}
 *
 * An attempt may take two calls.
 */
export async function throughApi(
	call: Call,
	event: SubscriberEvent,
	details: ApiDetails,
): Promise<Answer | NoAnswer> {
	switch (event.type) {
		case 'subscribe':
			return await subscribe(call, event, details);
		case 'update':
			return await update(call, event);
		case 'unsubscribe': {
			const path = `/subscribers/${segment(event.subscriber.email)}/unsubscribe`;
			const answer = await call('PUT', path);
			return isStatus(answer, 409) ? { ...answer, status: 200, body: HAD_UNSUBSCRIBED } : answer;
		}
	}
}

async function subscribe(
	call: Call,
	{ subscriber }: Extract<SubscriberEvent, { type: 'subscribe' }>,
	details: ApiDetails,
): Promise<Answer | NoAnswer> {
	const created = await createSubscriber(call, subscriber, details);
	if (!isTaken(created)) return created;
	return await call('PUT', `/subscribers/${segment(subscriber.email)}`, {
		body: { status: 'confirmed', ...nameOf(subscriber) },
	});
}

/** `POST /subscribers` (docs.sparkloop.app/api-v2). */
export async function createSubscriber(
	call: Call,
	subscriber: NewSubscriber,
	details: ApiDetails,
): Promise<Answer | NoAnswer> {
	return await call('POST', '/subscribers', {
		body: {
			email: subscriber.email,
			...nameOf(subscriber),
			...details,
			...(subscriber.created_at === undefined
				? {}
				: { created_at: new Date(subscriber.created_at * 1000).toISOString() }),
		},
	});
}

/** Whether a subscriber was not created because there is one: 400 "Email has already been taken". */
export const isTaken = (answer: Answer | NoAnswer): answer is Answer =>
	isStatus(answer, 400) && /already been taken/i.test(reasonOf(answer));

async function update(
	call: Call,
	{ subscriber }: Extract<SubscriberEvent, { type: 'update' }>,
): Promise<Answer | NoAnswer> {
	const changed = await call('PUT', `/subscribers/${segment(subscriber.previous_email)}`, {
		body: { email: subscriber.email, ...nameOf(subscriber) },
	});
	if (!isStatus(changed, 404)) return changed;
	return await call('GET', `/subscribers/${segment(subscriber.email)}`);
}

/** The API knows the full name only. */
const nameOf = ({
	name,
	first_name,
}: {
	name?: string;
	first_name?: string;
}): { name?: string } => {
	const full = name ?? first_name;
	return full === undefined ? {} : { name: full };
};
