import { HttpError } from './httpErrors.mts';
import { type Fields, optionalText, requiredText } from './input.mts';
import type { Program, SignUp } from './program.mts';
import {
	type CustomEvent,
	isEmail,
	type Membership,
	type Subscriber,
	type SubscriberDetails,
} from './subscriber.mts';

const DETAILS = [
	'ip_address',
	'user_agent',
	'utm_source',
	'utm_campaign',
	'country_code',
] as const satisfies Array<keyof SubscriberDetails>;

/** Reads the body of `POST /subscribers`, or throws a 400 with SparkLoop's words. */
export function readSignUp(body: Fields): SignUp {
	const email = optionalText(body, 'email');
	if (!email) throw new HttpError(400, 'You have to provide at least an email');
	if (!isEmail(email)) throw new HttpError(400, 'Email is invalid');
	return {
		email,
		name: optionalText(body, 'name'),
		referrerCode: optionalText(body, 'referrer_code'),
		createdAt: secondsFromIso(optionalText(body, 'created_at')),
		details: Object.fromEntries(DETAILS.map((name) => [name, optionalText(body, name)])),
	};
}

/** Reads the body of `PUT /subscribers/{id}`. */
export function readChange(body: Fields) {
	const status = optionalText(body, 'status');
	if (status !== undefined && status !== 'confirmed' && status !== 'unsubscribed') {
		throw new HttpError(400, 'status must be "confirmed" or "unsubscribed"');
	}
	return { status, email: optionalText(body, 'email'), name: optionalText(body, 'name') };
}

/** Reads the body of `POST /subscribers/{id}/events`; "descripton" is how the api-v2 docs spell it. */
export function readCustomEvent(body: Fields) {
	const { value } = body;
	if (typeof value !== 'number' || !Number.isFinite(value)) {
		throw new HttpError(400, 'value must be a number');
	}
	return {
		value,
		description: optionalText(body, 'descripton'),
		campaignId: requiredText(body, 'campaign_uuid'),
	};
}

/** A subscriber as REST v2 shows one: no link, counter, reward or coupon; those come by event. */
export function subscriberAnswer(subscriber: Subscriber) {
	const { details } = subscriber;
	return {
		uuid: subscriber.id,
		email: subscriber.email,
		name: subscriber.name,
		ref_code: subscriber.referralCode,
		referrer_code: subscriber.referrerCode,
		referred: subscriber.referrerId !== null,
		referral_status: subscriber.referralStatus,
		ip_address: details.ip_address ?? null,
		user_agent: details.user_agent ?? null,
		origin: details.origin ?? null,
		country_code: details.country_code ?? null,
		cpa: null,
		utm_source: details.utm_source ?? null,
		utm_campaign: details.utm_campaign ?? null,
		created_at: isoSeconds(subscriber.createdAt),
	};
}

export function campaignAnswer({ campaign }: Program) {
	return { uuid: campaign.id, name: campaign.name };
}

/** A membership in the names of the api-v2 docs. */
export function membershipAnswer(
	{ campaign }: Program,
	subscriber: Subscriber,
	{ id, createdAt }: Membership,
) {
	return {
		uuid: id,
		campaign_uuid: campaign.id,
		subscriber_uuid: subscriber.id,
		created_at: isoSeconds(createdAt),
	};
}

/** A custom event in the names of the api-v2 docs; an older revision has `campaign_uuid` too. */
export function customEventAnswer({ id }: Subscriber, { value, createdAt }: CustomEvent) {
	return { value, subscriber_uuid: id, created_at: isoSeconds(createdAt) };
}

function secondsFromIso(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
	if (Number.isNaN(ms)) throw new HttpError(400, 'created_at must be an ISO 8601 date');
	return Math.floor(ms / 1000);
}

function isoSeconds(seconds: number): string {
	return new Date(seconds * 1000).toISOString();
}
