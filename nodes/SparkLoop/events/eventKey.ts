import { hash } from 'node:crypto';

import { canonical, own, ownObject, ownText, type Json, type JsonObject } from './json';
import type { SparkLoopEvent } from './parseEvent';

/** A person's fields that SparkLoop documents (custom integration article; `referral_status`: docs). */
const PERSON_FIELDS = [
	'id',
	'email',
	'first_name',
	'name',
	'referral_code',
	'referral_link',
	'referred',
	'referral_status',
	'tot_referrals',
	'last_reward',
	'next_reward',
	'created_at',
] as const;

/**
 * The identity of an event: equal for every redelivery, different for the next event.
 *
 * SparkLoop sends no event id (docs.sparkloop.app/webhooks), so the key is derived from what the event says: its
 * type, its campaign or offer, its people, the reward and, because a recurring reward is won again with the same id,
 * the counters and the coupon. `sync_subscriber` repeats until something changes, so there every documented field of
 * the person counts; of a type that is not documented, the whole body. Key order, white space and unknown keys of a
 * documented type change nothing.
 *
 * Limit: after a campaign was reset, the same reward at the same count without a coupon has the same key again.
 *
 * @returns 64 hexadecimal digits
 */
export function eventKey(event: SparkLoopEvent): string {
	return hash('sha256', canonical(identity(event)));
}

function identity({ type, known, campaignId, payload }: SparkLoopEvent): Json {
	const blocks = known?.people.map((role) => ownObject(payload, role)) ?? [];
	const people = blocks.map(person);
	// Without people or with a nameless one, too little is known to tell two events apart.
	if (people.length === 0 || people.includes(null)) return [type, payload];
	const scope = [type, campaignId ?? null, own(payload, 'offer_id') ?? null];
	if (type === 'sync_subscriber') {
		return [...scope, PERSON_FIELDS.map((field) => own(blocks[0], field) ?? null)];
	}
	return [
		...scope,
		people,
		blocks.map((block) => own(block, 'tot_referrals') ?? null),
		blocks.map((block) => own(block, 'referral_status') ?? null),
		own(ownObject(payload, 'reward'), 'id') ?? null,
		own(payload, 'referrals') ?? null,
		own(payload, 'coupon_code') ?? null,
	];
}

const person = (block: JsonObject): Json =>
	own(block, 'id') || ownText(block, 'email')?.toLowerCase() || null;
