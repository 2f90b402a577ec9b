import type { Call } from '../../sandbox/calls.mts';
import type { DeliveryAttempt } from '../../sandbox/deliveries.mts';
import type { Person } from '../../sandbox/events.mts';
import type { Subscriber } from '../../sandbox/subscriber.mts';
import { fieldsOf } from '../story/fieldsOf.mts';
import type { Reader, Report } from './newsletter.mts';

/** What is compared of a contact, and what it should be. */
export type Fields = Record<string, unknown>;

/** A difference between what is and what should be, in words that a log can hold. */
export interface Finding {
	who: string;
	what: string;
}

/** The fields that a contact must have in the end, from SparkLoop's own state. */
export function expectedFields(person: Person, subscriber: Subscriber): Fields {
	const win = subscriber.wins.at(-1);
	return {
		...fieldsOf(person),
		RH_LASTREWARD: win?.rewardId,
		RH_COUPON: win?.coupon,
	};
}

/** Which fields of a contact differ, or undefined when none does. */
export function difference(actual: Fields | undefined, expected: Fields): string | undefined {
	if (!actual) return 'is missing';
	const wrong = Object.keys(expected).filter((name) => actual[name] !== expected[name]);
	if (wrong.length === 0) return undefined;
	return wrong
		.map((name) => `${name} is ${String(actual[name])}, not ${String(expected[name])}`)
		.join('; ');
}

/**
 * Who was told, by a `sync_subscriber`, of an earlier state after a later one had arrived. SparkLoop's
 * `sync_subscriber` carries no clock, so nobody can tell it from a new one.
 *
 * @param log all deliveries to one webhook
 * @returns ids of people
 */
export function hitByStaleSync(log: readonly DeliveryAttempt[]): Set<string> {
	const taken = log
		.filter(({ ok }) => ok)
		.flatMap(({ event, type, eventNumber, startedAt, durationMs }) => {
			const began = Date.parse(startedAt);
			return idsOf(event).map((id) => ({
				id,
				type,
				eventNumber,
				began,
				ended: began + durationMs,
			}));
		});
	const byPerson = Map.groupBy(taken, ({ id }) => id);
	// Two that were under way at the same time may have been written in either order.
	const isStale = (sync: (typeof taken)[number]) =>
		byPerson
			.get(sync.id)
			?.some((other) => other.eventNumber > sync.eventNumber && other.began < sync.ended);
	const syncs = taken.filter(({ type }) => type === 'sync_subscriber');
	return new Set(syncs.filter(isStale).map(({ id }) => id));
}

const idsOf = ({ subscriber, referrer }: DeliveryAttempt['event']): string[] =>
	[subscriber, referrer].flatMap((person) => {
		const id = (person as { id?: unknown } | undefined)?.id;
		return typeof id === 'string' ? [id] : [];
	});

/** People in SparkLoop whom the newsletter does not have: somebody was told of under an address that had changed. */
export const strangers = (
	subscribers: readonly Subscriber[],
	addresses: ReadonlySet<string>,
): Finding[] =>
	subscribers
		.filter(({ email }) => !addresses.has(email))
		.map(({ id, email }) => ({
			who: id,
			what: `is nobody: ${email} is not an address of anybody`,
		}));

/** What SparkLoop must have been told for a report of the ESP. */
const toldAs = ({ event, email, previous_email }: Report): string =>
	event === 'email_changed'
		? `update ${previous_email} → ${email}`
		: `${event === 'subscribed' ? 'subscribe' : 'unsubscribe'} ${email}`;

function heard({ body }: Call): string {
	const { type, subscriber } = body as {
		type: string;
		subscriber: { email: string; previous_email?: string };
	};
	return type === 'update'
		? `update ${subscriber.previous_email} → ${subscriber.email}`
		: `${type} ${subscriber.email}`;
}

export interface HeardBySparkLoop {
	/** Reports that were answered 200, and of which SparkLoop never heard. */
	lost: Finding[];
	/** Reports of which SparkLoop heard after a later one of the same person. */
	outOfOrder: Finding[];
	/** How often SparkLoop was told what it knew: harmless, and what an end in the middle costs. */
	repeated: number;
}

/**
 * Compares what the ESP reported with what SparkLoop heard.
 *
 * @param calls those that SparkLoop answered 200
 */
export function heardBySparkLoop(
	readers: readonly Reader[],
	calls: readonly Call[],
): HeardBySparkLoop {
	const all = calls.map(heard);
	const result: HeardBySparkLoop = { lost: [], outOfOrder: [], repeated: 0 };
	for (const { told } of readers) {
		const expected = told.map(toldAs);
		const mine = new Set(expected);
		const stream = all.filter((text) => mine.has(text));
		// The reports must be found in this order; whatever stands between them was told before.
		let place = 0;
		for (const [index, text] of expected.entries()) {
			const found = stream.indexOf(text, place);
			if (found >= 0) {
				place = found + 1;
				continue;
			}
			const finding = { who: told[index].email, what: `${text} (report ${index + 1})` };
			const times = stream.filter((one) => one === text).length;
			const due = expected.filter((one) => one === text).length;
			(times >= due ? result.outOfOrder : result.lost).push(finding);
		}
		result.repeated += Math.max(0, stream.length - expected.length);
	}
	return result;
}

export interface HandedOut {
	/** Wins that nobody handed out, and that the ledger does not report either. */
	lost: Finding[];
	/** Wins that were handed out to somebody else, and what was handed out though nobody had won it. */
	strange: Finding[];
	/** Wins that were handed out more than once. */
	doubled: Finding[];
	/** Wins that the ledger reports as unclear, for a person to look at. */
	unclear: number;
}

/**
 * Compares the wins with what was handed out.
 *
 * @param handedOut coupon → the addresses it was handed out to
 * @param ledger coupon → state
 * @param answers coupon → what SparkLoop heard for the win, to find out why it is lost or doubled
 */
export function rewardsHandedOut(
	subscribers: readonly Subscriber[],
	handedOut: ReadonlyMap<string, readonly string[]>,
	ledger: ReadonlyMap<string, string>,
	answers: ReadonlyMap<string, readonly string[]>,
): HandedOut {
	const result: HandedOut = { lost: [], doubled: [], strange: [], unclear: 0 };
	const coupons = new Set(subscribers.flatMap(({ wins }) => wins.map(({ coupon }) => coupon)));
	for (const coupon of handedOut.keys()) {
		if (coupons.has(coupon)) continue;
		result.strange.push({ who: 'nobody', what: `won what was handed out with ${coupon}` });
	}
	for (const { id, email, wins } of subscribers) {
		for (const { coupon, referrals } of wins) {
			const winners = handedOut.get(String(coupon)) ?? [];
			const times = winners.length;
			const state = ledger.get(String(coupon));
			const isUnclear = state === 'unclear';
			const heard = answers.get(String(coupon))?.join(', ') ?? 'nothing';
			if (isUnclear) result.unclear += 1;
			const finding = {
				who: id,
				what: `the win at ${referrals} referrals, handed out ${times} times; ${state ?? 'not'} in the ledger; SparkLoop heard ${heard}`,
			};
			if (times > 1) result.doubled.push(finding);
			if (winners.some((winner) => winner !== email)) {
				result.strange.push({
					who: id,
					what: `somebody else got the win at ${referrals} referrals`,
				});
			}
			if (times === 0 && !isUnclear) result.lost.push(finding);
		}
	}
	return result;
}

/** Texts in which an address of somebody's stands, though none may. */
export const withAddresses = (what: string, texts: readonly unknown[]): Finding[] =>
	texts
		.filter((text) => /@example\.com|%40example\.com/i.test(JSON.stringify(text)))
		.map((text) => ({ who: what, what: JSON.stringify(text) }));
