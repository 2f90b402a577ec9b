import fc from 'fast-check';

import { eventKey } from '../../nodes/SparkLoop/events/eventKey';
import { parseEvent } from '../../nodes/SparkLoop/events/parseEvent';
import { COMPLETE_SAMPLES, sample } from '../support/samples.mts';

type Payload = Record<string, unknown>;

const keyOf = (payload: unknown): string => {
	const parsed = parseEvent(payload);
	if ('reason' in parsed) throw new Error(parsed.reason);
	return eventKey(parsed.event);
};

/** The same JSON value with its keys in another order. */
const shuffled = (value: unknown, seed: number): unknown => {
	if (Array.isArray(value)) return value.map((entry) => shuffled(entry, seed));
	if (typeof value !== 'object' || value === null) return value;
	const keys = Object.keys(value);
	const turned = keys.map((_, index) => keys[(index * 7 + seed) % keys.length]);
	const order = new Set(new Set(turned).size === keys.length ? turned : [...keys].reverse());
	return Object.fromEntries(
		[...order].map((key) => [key, shuffled((value as Payload)[key], seed)]),
	);
};

const win = (changes: { tot?: number; reward?: string; coupon?: string; person?: string } = {}) => {
	const payload = sample('fromSparkLoop/reward_unlocked.docs');
	const subscriber = payload.subscriber as Payload;
	const reward = payload.reward as Payload;
	return {
		...payload,
		...(changes.coupon ? { coupon_code: changes.coupon } : {}),
		referrals: changes.tot ?? payload.referrals,
		subscriber: {
			...subscriber,
			id: changes.person ?? subscriber.id,
			tot_referrals: changes.tot ?? subscriber.tot_referrals,
		},
		reward: { ...reward, recurring: true, id: changes.reward ?? reward.id },
	};
};

describe('the key of an event', () => {
	it.each(COMPLETE_SAMPLES)(
		'stays the same for a redelivery of %s, however it is written',
		(name) => {
			const payload = sample(name);
			fc.assert(
				fc.property(fc.nat(50), fc.nat(8), (seed, indent) => {
					const text = JSON.stringify(shuffled(payload, seed), null, indent);
					expect(keyOf(JSON.parse(text))).toBe(keyOf(payload));
				}),
			);
		},
	);

	it.each([
		['sync_subscriber.article', '088cdf5f93c350cf7ad0332eac875de23a97853110590c4623fb900ea1a61785'],
		['new_referral.article', '7ac01e49d8e26c986faab467fd1be6857b9071b43ab4421e5241cc2b86d9f28d'],
		['reward_unlocked.docs', '2806c066f8bc6e46fd5e5ce533d3feb7f2c24a333b509aafb8ab04c85b32fb1f'],
	])('stays the same for %s in every version of this package', (name, key) => {
		// Ledgers of earlier wins hold it.
		expect(keyOf(sample(`fromSparkLoop/${name}`))).toBe(key);
	});

	it('stays the same for any unknown event, however its keys are ordered', () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(50), (body, seed) => {
				const payload = { ...body, type: 'account_specific' };
				expect(keyOf(shuffled(payload, seed))).toBe(keyOf(payload));
			}),
		);
	});

	it.each(COMPLETE_SAMPLES)('does not depend on unknown keys in %s', (name) => {
		const payload = sample(name);
		const person = payload.subscriber as Payload;
		fc.assert(
			fc.property(fc.jsonValue(), (extra) => {
				const grown = { ...payload, brand_new: extra, subscriber: { ...person, newer: extra } };
				expect(keyOf(grown)).toBe(keyOf(payload));
			}),
		);
	});

	it('differs for the next win of a recurring reward', () => {
		fc.assert(
			fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 2 }), (totals) => {
				const keys = totals.map((tot) => keyOf(win({ tot })));
				expect(new Set(keys).size).toBe(totals.length);
			}),
		);
	});

	it('differs for the same win after a reset when the coupon is another', () => {
		expect(keyOf(win({ coupon: 'first' }))).not.toBe(keyOf(win({ coupon: 'second' })));
	});

	it('differs by person, reward, campaign and type', () => {
		const keys = [
			win(),
			win({ person: 'sub_other' }),
			win({ reward: 'reward_other' }),
			{ ...win(), campaign_id: 'another' },
			{ ...win(), type: 'reward_redeemed' },
		].map(keyOf);
		expect(new Set(keys).size).toBe(5);
	});

	it.each([
		['id', 'sub_other'],
		['first_name', 'Jane'],
		['name', 'Jane Doe'],
		['referral_code', 'other'],
		['referral_link', 'https://other.example/?rh_ref=1'],
		['referred', false],
		['tot_referrals', 1],
		['last_reward', null],
		['next_reward', 9],
		['created_at', 1],
		['referral_status', 'rejected'],
		['email', 'new@example.com'],
	])('differs when a synced subscriber has another %s', (field, value) => {
		const payload = sample('fromSparkLoop/sync_subscriber.article');
		const changed = {
			...payload,
			subscriber: { ...(payload.subscriber as Payload), [field]: value },
		};
		expect(keyOf(changed)).not.toBe(keyOf(payload));
	});

	it('differs by offer', () => {
		const lead = { type: 'new_offer_lead', offer_id: 'o1', lead: { email: 'a@b.co' } };
		expect(keyOf(lead)).not.toBe(keyOf({ ...lead, offer_id: 'o2' }));
	});

	it('differs when a referral that was pending is verified', () => {
		const referral = (status: string) => {
			const payload = sample('fromSparkLoop/new_referral.docs');
			return {
				...payload,
				subscriber: { ...(payload.subscriber as Payload), referral_status: status },
			};
		};
		expect(keyOf(referral('pending'))).not.toBe(keyOf(referral('verified')));
	});

	it('differs by referrer when one friend is named twice', () => {
		const payload = sample('fromSparkLoop/new_referral.docs');
		const referrer = { ...(payload.referrer as Payload), id: 'sub_other' };
		expect(keyOf({ ...payload, referrer })).not.toBe(keyOf(payload));
	});

	it.each([[''], [null], [false]])('tells people with the ID %j apart by e-mail', (id) => {
		const won = (email: string) => ({ type: 'reward_unlocked', subscriber: { id, email } });
		expect(keyOf(won('a@b.co'))).not.toBe(keyOf(won('c@d.co')));
	});

	it('takes the whole body of an event whose person has neither ID nor e-mail', () => {
		const lead = { type: 'new_offer_lead', offer_id: 'o1', lead: { source: 'a' } };
		expect(keyOf(lead)).not.toBe(keyOf({ ...lead, lead: { source: 'b' } }));
	});

	it('tells people without an ID apart by e-mail, whatever its case', () => {
		const lead = (email: string) => ({ type: 'new_offer_lead', offer_id: 'o1', lead: { email } });
		expect(keyOf(lead('Ann@example.com'))).toBe(keyOf(lead('ann@example.com')));
		expect(keyOf(lead('ann@example.com'))).not.toBe(keyOf(lead('bob@example.com')));
	});
});
