import { HttpError } from './httpErrors.mts';
import { type Fields, objectFrom, optionalText, requiredText } from './input.mts';
import { isEmail } from './subscriber.mts';

/** What may be said to the Incoming Webhook, per SparkLoop's custom integration article. */
export type IncomingPayload =
	| {
			type: 'subscribe';
			email: string;
			espId: string | null;
			createdAt?: number;
			name?: string;
			firstName?: string;
	  }
	| { type: 'update'; email: string; previousEmail: string; name?: string; firstName?: string }
	| { type: 'unsubscribe'; email: string };

// 1e11 seconds are the year 5138, 1e11 milliseconds are 1973.
const LARGEST_SECONDS = 1e11;

/** Reads a body, or throws a 400 that says what is wrong with it. */
export function parseIncoming(body: unknown): IncomingPayload {
	const { type, subscriber } = objectFrom(body);
	if (type !== 'subscribe' && type !== 'update' && type !== 'unsubscribe') {
		throw new HttpError(400, 'type must be "subscribe", "update" or "unsubscribe"');
	}
	const person = objectFrom(subscriber, 'subscriber');
	const email = emailFrom(person, 'email');
	if (type === 'unsubscribe') return { type, email };

	const names = {
		name: optionalText(person, 'name'),
		firstName: optionalText(person, 'first_name'),
	};
	if (type === 'update') {
		secondsFrom(person, 'updated_at');
		return { type, email, previousEmail: emailFrom(person, 'previous_email'), ...names };
	}
	const createdAt = secondsFrom(person, 'created_at');
	return { type, email, ...names, createdAt, espId: espIdFrom(person) };
}

function emailFrom(fields: Fields, name: string): string {
	const email = requiredText(fields, name);
	if (!isEmail(email)) throw new HttpError(400, `${name} is not a valid e-mail address`);
	return email;
}

function espIdFrom({ id }: Fields): string | null {
	if (id === undefined || id === null) return null;
	if (typeof id !== 'string' && typeof id !== 'number') {
		throw new HttpError(400, 'id must be a string or a number');
	}
	return String(id);
}

function secondsFrom(fields: Fields, name: string): number | undefined {
	const value = fields[name];
	if (value === undefined || value === null) return undefined;
	if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
		throw new HttpError(400, `${name} must be unix seconds, as a whole number`);
	}
	if (value >= LARGEST_SECONDS) {
		throw new HttpError(400, `${name} must be unix seconds, but looks like milliseconds`);
	}
	return value;
}
