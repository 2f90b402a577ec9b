import { HttpError } from './httpErrors.mts';
import { type Fields, optionalText } from './input.mts';
import type { Program, SignUp } from './program.mts';
import { isEmail, type Subscriber, type SubscriberDetails } from './subscriber.mts';

const DETAILS = [
	'ip_address',
	'user_agent',
	'utm_source',
	'utm_campaign',
	'country_code',
] as const satisfies Array<keyof SubscriberDetails>;

// api-v2 docs: "per_page default 50, at most 200".
const DEFAULT_PER_PAGE = 50;
const MOST_PER_PAGE = 200;

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
		origin: null,
		country_code: details.country_code ?? null,
		cpa: null,
		utm_source: details.utm_source ?? null,
		utm_campaign: details.utm_campaign ?? null,
		created_at: new Date(subscriber.createdAt * 1000).toISOString(),
	};
}

export function campaignAnswer({ campaign }: Program) {
	return { uuid: campaign.id, name: campaign.name };
}

/** One page of subscribers, newest first, with the `meta` of the api-v2 docs. */
export function pageOf(subscribers: Subscriber[], query: Record<string, string>) {
	const page = countFrom(query.page, 'page', 1);
	const perPage = Math.min(countFrom(query.per_page, 'per_page', DEFAULT_PER_PAGE), MOST_PER_PAGE);
	const wanted = subscribers
		.filter(filterOf(query.type ?? 'all'))
		.reverse()
		.sort((a, b) => b.createdAt - a.createdAt);
	return {
		subscribers: wanted.slice((page - 1) * perPage, page * perPage).map(subscriberAnswer),
		meta: {
			per_page: perPage,
			page,
			total_pages: Math.ceil(wanted.length / perPage),
			total_subscribers: wanted.length,
		},
	};
}

function filterOf(type: string): (subscriber: Subscriber) => boolean {
	if (type === 'all') return () => true;
	if (type === 'referrals') return ({ referrerId }) => referrerId !== null;
	if (type === 'advocates') return ({ totReferrals }) => totReferrals > 0;
	throw new HttpError(400, 'type must be "all", "referrals" or "advocates"');
}

function countFrom(text: string | undefined, name: string, otherwise: number): number {
	if (text === undefined) return otherwise;
	if (!/^[1-9]\d{0,8}$/.test(text)) throw new HttpError(400, `${name} must be a number from 1`);
	return Number(text);
}

function secondsFromIso(text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
	if (Number.isNaN(ms)) throw new HttpError(400, 'created_at must be an ISO 8601 date');
	return Math.floor(ms / 1000);
}
