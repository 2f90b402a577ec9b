import type { IDataObject, IExecuteFunctions, IHttpRequestMethods } from 'n8n-workflow';

import type { SubscriberEvent } from '../events/subscriberEvent';
import { attempt, reasonOf } from './attempt';
import type { Answer, NoAnswer, Parcel } from './delivery';

const REST_V2 = 'sparkLoopApi';

/** Seconds. 120 requests are allowed in any 60, and no `Retry-After` is documented (docs.sparkloop.app/api-v2). */
const RATE_WINDOW = '60';

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

type Call = (
	method: IHttpRequestMethods,
	path: string,
	body?: IDataObject,
) => Promise<Answer | NoAnswer>;

/**
 * Hands an event to SparkLoop's REST API v2, as its newer articles describe it:
 *
 * - subscribe: `POST /subscribers`; when the address is taken, `PUT` with `status: confirmed`
 * - update: `PUT /subscribers/{previous email}`; when nobody has it any more, success if the new address is known,
 *   because then an earlier attempt did get through
 * - unsubscribe: `PUT /subscribers/{email}/unsubscribe`; 409 means already unsubscribed
 *
 * A 429 that names no pause asks for the whole window of the rate limit.
 *
 * @param timeout milliseconds for one request; an attempt may take two
 */
export function throughApi(
	this: IExecuteFunctions,
	event: SubscriberEvent,
	details: ApiDetails,
	timeout: number,
): Parcel['attempt'] {
	const call: Call = async (method, path, body) => {
		const request = { method, url: `/subscribers${path}`, body };
		const answer = await attempt.call(this, REST_V2, request, timeout);
		return isStatus(answer, 429)
			? { ...answer, headers: { 'retry-after': RATE_WINDOW, ...answer.headers } }
			: answer;
	};

	return async () => {
		switch (event.type) {
			case 'subscribe':
				return await subscribe(call, event, details);
			case 'update':
				return await update(call, event);
			case 'unsubscribe': {
				const answer = await call('PUT', `/${segment(event.subscriber.email)}/unsubscribe`);
				return isStatus(answer, 409) ? { ...answer, status: 200 } : answer;
			}
		}
	};
}

async function subscribe(
	call: Call,
	{ subscriber }: Extract<SubscriberEvent, { type: 'subscribe' }>,
	details: ApiDetails,
): Promise<Answer | NoAnswer> {
	const name = nameOf(subscriber);
	const created = await call('POST', '', {
		email: subscriber.email,
		...name,
		...details,
		...(subscriber.created_at === undefined
			? {}
			: { created_at: new Date(subscriber.created_at * 1000).toISOString() }),
	});
	if (!isStatus(created, 400) || !/already been taken/i.test(reasonOf(created))) return created;
	return await call('PUT', `/${segment(subscriber.email)}`, { status: 'confirmed', ...name });
}

async function update(
	call: Call,
	{ subscriber }: Extract<SubscriberEvent, { type: 'update' }>,
): Promise<Answer | NoAnswer> {
	const changed = await call('PUT', `/${segment(subscriber.previous_email)}`, {
		email: subscriber.email,
		...nameOf(subscriber),
	});
	if (!isStatus(changed, 404)) return changed;
	return await call('GET', `/${segment(subscriber.email)}`);
}

const isStatus = (answer: Answer | NoAnswer, status: number): answer is Answer =>
	'status' in answer && answer.status === status;

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

/** `+` and `/` occur in addresses. */
const segment = (email: string): string => encodeURIComponent(email);
