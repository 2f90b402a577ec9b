import type { FieldValue } from './contactFields';

/** What tells whether an event is newer than what a contact already has. */
export interface Order {
	/** The person's count of referrals in the event; null when the event does not say. */
	referrals: number | null;
	/** Which win the event is about (`guardOf`); null when it is about none. */
	guard: string | null;
	/** Name of the field that holds the count, as the ESP spells it; null when it is not written. */
	referralsField: string | null;
	/** Name of the field that holds the guard, as the ESP spells it; null when there is none. */
	guardField: string | null;
	/** Names of the event's fields, as the ESP spells them, that a win changes. */
	rewardFields: string[];
}

/** What the contact has, from earlier events; null where it has nothing yet. */
export interface Known {
	referrals: number | null;
	guard: string | null;
}

interface Update {
	event: string;
	/** Whose contact it is; of `new_referral` there are two. */
	role: string;
	fields: Readonly<Record<string, FieldValue>>;
	order: Order;
}

/** The event that says how a person is now, whatever was said before. */
const STATE_OF_NOW = 'sync_subscriber';

/**
 * A value for each win of a person, larger for later ones: the count of referrals at which it was won, and part of the
 * event's key, because two rewards can be won at the same count.
 *
 * @param referrals null when the event does not say; such a win cannot be compared
 * @returns for example `3-7ac01e49d8e26c98`
 */
export const guardOf = (referrals: number | null, eventKey: string): string =>
	`${referrals ?? ''}-${eventKey.slice(0, 16)}`;

/**
 * The fields of an event that are newer than what the contact has. SparkLoop's deliveries may come twice, late and in
 * any order, and carry neither a time nor a number (docs.sparkloop.app/webhooks), so the counts have to tell:
 *
 * - `sync_subscriber` says how things are, and is always newer: the only event that may lower the count, as a reset of
 *   the campaign does.
 * - Any other event is newer when its count is larger than the contact's. The friend of `new_referral` has brought nobody
 *   yet, so for that item the same count will do.
 * - A win changes the reward's fields as long as no later win is known, also when the count has grown since. Once a win
 *   is known, no other event changes them: `new_referral` may carry the reward before.
 *
 * Limits: a `sync_subscriber` that arrives late cannot be told from a new one, an event from before a reset that arrives
 * after it not from a new one, and one from after a reset not from an old one until the reset's own has arrived. The
 * person's next event puts the count right, the next win the coupon. A win without any count cannot be compared.
 *
 * @returns part of `fields`; empty when nothing is new. When the count falls below the last win's, the guard falls with
 * it, so that what is won from then on is newer again
 */
export function newFields(
	{ event, role, fields, order }: Update,
	known: Known,
): Record<string, FieldValue> {
	const isNow = event === STATE_OF_NOW;
	const isFriend = event === 'new_referral' && role === 'subscriber';
	const isNewer =
		isNow ||
		isAbove(order.referrals, known.referrals) ||
		(isFriend && order.referrals === known.referrals);
	const last = parse(known.guard);
	const rewardIsNewer = order.guard ? !last || isLater(order.guard, last) : isNewer && !last;

	const fresh = Object.entries(fields).filter(([name]) =>
		order.rewardFields.includes(name) ? rewardIsNewer : isNewer,
	);
	const falls = isNow && last && order.referrals !== null && order.referrals < last.referrals;
	return Object.fromEntries([
		...fresh,
		...(falls && order.guardField ? [[order.guardField, guardOf(order.referrals, '0')]] : []),
	]);
}

/** What is not known on either side cannot be compared, and is taken for newer. */
const isAbove = (count: number | null, known: number | null): boolean =>
	count === null || known === null || count > known;

interface Win {
	referrals: number;
	key: string;
}

function parse(guard: string | null): Win | undefined {
	const [, referrals, key] = /^(\d{1,15})-([0-9a-z]+)$/.exec(guard ?? '') ?? [];
	return key === undefined ? undefined : { referrals: Number(referrals), key };
}

/** Whether a win is later than the last one. One whose count is unknown is taken for later. */
function isLater(guard: string, last: Win): boolean {
	const { referrals, key } = parse(guard) ?? { referrals: Infinity, key: '' };
	return referrals === last.referrals ? key > last.key : referrals > last.referrals;
}
