import { isJsonObject, own, type JsonObject } from './json';
import { subscriberEvent, type Entered, type SubscriberEvent } from './subscriberEvent';

const TYPES: ReadonlyArray<SubscriberEvent['type']> = ['subscribe', 'update', 'unsubscribe'];

/** What only SparkLoop's API is told (docs.sparkloop.app/api-v2, `POST /subscribers`). */
const DETAILS = [
	'referrer_code',
	'ip_address',
	'user_agent',
	'utm_source',
	'utm_campaign',
	'country_code',
];

/** Where in the subscriber each value stands. */
const KEYS = {
	email: 'email',
	previousEmail: 'previous_email',
	id: 'id',
	firstName: 'first_name',
	name: 'name',
} satisfies Partial<Record<keyof Entered, string>>;

export type Kept =
	| { event: SubscriberEvent }
	| { problems: Array<{ key: string; what: string }> }
	| { reason: string };

/**
 * Reads an event that was kept to be sent later: what an item on the error output holds as its payload, or a text of it.
 *
 * @returns the event; or, per key of the subscriber, what is wrong with it; or why it is no event at all
 */
export function keptEvent(value: unknown): Kept {
	const kept = parsed(value);
	if (!kept) return { reason: 'is not a JSON object' };
	const type = TYPES.find((known) => known === own(kept, 'type'));
	if (!type) return { reason: `has no 'type' that is one of ${TYPES.join(', ')}` };
	const subscriber = own(kept, 'subscriber');
	if (!isJsonObject(subscriber)) return { reason: "has no 'subscriber'" };
	const at = type === 'update' ? 'updated_at' : 'created_at';
	const entered: Entered = {
		email: own(subscriber, 'email'),
		previousEmail: own(subscriber, 'previous_email'),
		id: own(subscriber, 'id'),
		firstName: own(subscriber, 'first_name'),
		name: own(subscriber, 'name'),
		at: own(subscriber, at),
	};
	// What is kept holds unix seconds, so the zone plays no part.
	const built = subscriberEvent(type, entered, 'UTC');
	if ('event' in built) return built;
	const keys = { ...KEYS, at };
	return { problems: built.problems.map(({ field, what }) => ({ key: keys[field], what })) };
}

/** What a kept event holds besides what the Incoming Webhook knows. Nothing else may reach the body of the request. */
export function keptDetails(value: unknown): Record<string, string> {
	const details = own(parsed(value) ?? {}, 'details');
	if (!isJsonObject(details)) return {};
	return Object.fromEntries(
		DETAILS.flatMap((key) => {
			const text = own(details, key);
			return typeof text === 'string' ? [[key, text]] : [];
		}),
	);
}

function parsed(value: unknown): JsonObject | undefined {
	let result = value;
	if (typeof value === 'string') {
		try {
			result = JSON.parse(value);
		} catch {
			return undefined;
		}
	}
	return isJsonObject(result) ? result : undefined;
}
