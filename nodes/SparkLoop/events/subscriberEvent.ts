import { isBlank } from './blank';
import { isEmail, sameEmail } from './email';
import { unixSeconds } from './unixSeconds';

/** What we tell SparkLoop of a person: the body for its Incoming Webhook (custom integration article). */
export type SubscriberEvent =
	| { type: 'subscribe'; subscriber: NewSubscriber }
	| { type: 'update'; subscriber: ChangedSubscriber }
	| { type: 'unsubscribe'; subscriber: { email: string } };

export interface NewSubscriber {
	email: string;
	/** The contact's id in the ESP; a number in SparkLoop's sample. */
	id?: string | number;
	first_name?: string;
	name?: string;
	/** Unix seconds. */
	created_at?: number;
}

export interface ChangedSubscriber {
	email: string;
	previous_email: string;
	first_name?: string;
	name?: string;
	/** Unix seconds. */
	updated_at?: number;
}

/** What a user filled in, unchecked: values may come from expressions and be of any type. */
export interface Entered {
	email: unknown;
	previousEmail?: unknown;
	id?: unknown;
	firstName?: unknown;
	name?: unknown;
	/** When it happened: the sign-up or the change. */
	at?: unknown;
}

/** One reason why what a user filled in cannot be sent. */
export interface Problem {
	/** Key of `Entered`. */
	field: keyof Entered;
	/** Goes on after the parameter's name: "is missing". */
	what: string;
	/** What the user can do. */
	todo: string;
}

/** The same wherever text is wanted. */
export const NO_TEXT = { what: 'is not text', todo: 'Give text, or leave it out' } as const;

export type Built = { event: SubscriberEvent } | { problems: Problem[] };

/**
 * Checks what a user filled in and makes the event of it. Reports every problem at once, and never repeats a value.
 *
 * @param zone IANA name of the zone for dates without an offset
 */
export function subscriberEvent(
	type: SubscriberEvent['type'],
	entered: Entered,
	zone: string,
): Built {
	const problems: Problem[] = [];
	const email = readEmail('email', entered.email, problems);
	if (type === 'unsubscribe') {
		return problems.length > 0 ? { problems } : { event: { type, subscriber: { email } } };
	}

	const names = {
		...optional('first_name', readText('firstName', entered.firstName, problems)),
		...optional('name', readText('name', entered.name, problems)),
	};
	const at = readDate(entered.at, zone, problems);
	if (type === 'update') {
		const previous = readEmail('previousEmail', entered.previousEmail, problems);
		if (email && previous && sameEmail(email, previous)) {
			problems.push({
				field: 'previousEmail',
				what: "is the same as 'Email'",
				todo: 'Give the address before the change. When only a name changed, SparkLoop need not be told',
			});
		}
		return problems.length > 0
			? { problems }
			: {
					event: {
						type,
						subscriber: {
							...names,
							email,
							previous_email: previous,
							...optional('updated_at', at),
						},
					},
				};
	}

	const id = readId(entered.id, problems);
	return problems.length > 0
		? { problems }
		: {
				event: {
					type,
					subscriber: { email, ...optional('id', id), ...names, ...optional('created_at', at) },
				},
			};
}

const optional = <Key extends string, Value>(key: Key, value: Value | undefined) =>
	(value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };

function readEmail(field: 'email' | 'previousEmail', value: unknown, problems: Problem[]): string {
	if (isBlank(value)) {
		problems.push({
			field,
			what: 'is missing',
			todo: 'Fill it in, or check that the expression finds a value in this item',
		});
		return '';
	}
	const email = typeof value === 'string' ? value.trim() : '';
	if (!isEmail(email)) {
		problems.push({
			field,
			what: 'is not one email address',
			todo: 'Give a single address such as nathan@example.com',
		});
	}
	return email;
}

function readText(
	field: 'firstName' | 'name',
	value: unknown,
	problems: Problem[],
): string | undefined {
	if (isBlank(value)) return undefined;
	if (typeof value === 'string') return value.trim();
	if (typeof value === 'number') return String(value);
	problems.push({ field, ...NO_TEXT });
	return undefined;
}

function readId(value: unknown, problems: Problem[]): string | number | undefined {
	if (isBlank(value)) return undefined;
	if (typeof value === 'string') return value.trim();
	if (typeof value === 'number' && Number.isFinite(value)) return value;
	problems.push({
		field: 'id',
		what: 'is neither text nor a number',
		todo: "Give the contact's ID in the ESP, or leave it out",
	});
	return undefined;
}

function readDate(value: unknown, zone: string, problems: Problem[]): number | undefined {
	if (isBlank(value)) return undefined;
	const seconds = unixSeconds(value, zone);
	if (seconds === undefined) {
		problems.push({
			field: 'at',
			what: 'cannot be read as a date',
			todo: 'Give a date of n8n, ISO 8601 text such as 2026-01-31T08:30:00Z, or unix seconds or milliseconds',
		});
	}
	return seconds;
}
