import fc from 'fast-check';

import {
	EXTRA_FIELDS,
	FIELD_NAME_PRESETS,
	type FieldSettings,
	type FieldValue,
} from '../../nodes/SparkLoop/events/contactFields';
import { contactUpdates } from '../../nodes/SparkLoop/events/contactUpdates';
import { eventKey } from '../../nodes/SparkLoop/events/eventKey';
import { newFields, guardOf, type Known } from '../../nodes/SparkLoop/events/newness';
import { parseEvent } from '../../nodes/SparkLoop/events/parseEvent';

const SETTINGS: FieldSettings = {
	names: FIELD_NAME_PRESETS.upperCase,
	values: 'sparkLoop',
	extra: [{ source: 'guard', name: 'RH_GUARD' }],
};
type Contact = Record<string, FieldValue>;

/** What the contact would be told, and what it has afterwards. */
function receive(contact: Contact, body: object): Contact {
	const parsed = parseEvent(body);
	if ('reason' in parsed) throw new Error(parsed.reason);
	const [update] = contactUpdates(parsed.event, SETTINGS, eventKey(parsed.event));
	const known: Known = {
		referrals: (contact.RH_TOTREF as number | undefined) ?? null,
		guard: (contact.RH_GUARD as string | undefined) ?? null,
	};
	return { ...contact, ...newFields({ event: parsed.event.type, ...update }, known) };
}

const person = (tot: number, more: object = {}) => ({
	id: 'sub_1',
	email: 'ann@b.co',
	tot_referrals: tot,
	...more,
});
const sync = (tot: number, more: object = {}) => ({
	type: 'sync_subscriber',
	subscriber: person(tot, more),
});
const referral = (tot: number, lastReward: string | null = null) => ({
	type: 'new_referral',
	subscriber: { id: `sub_f${tot}`, email: `friend${tot}@b.co`, tot_referrals: 0 },
	referrer: person(tot, { last_reward: lastReward }),
});
const win = (tot: number, reward: string, coupon: string | null = `coupon${tot}`) => ({
	type: 'reward_unlocked',
	subscriber: person(tot, { last_reward: reward }),
	reward: { id: reward, referrals: tot },
	coupon_code: coupon,
});

describe('an event that is older than what the contact has', () => {
	it('changes nothing: a late new_referral never lowers the count', () => {
		const contact = { RH_SUBID: 'sub_1', RH_TOTREF: 4, RH_REFLINK: 'https://new.example' };
		expect(receive(contact, referral(3))).toEqual(contact);
		expect(receive(contact, referral(4))).toEqual(contact);
		expect(receive(contact, referral(5))).toMatchObject({ RH_TOTREF: 5 });
	});

	it('does not bring an older coupon or reward back', () => {
		const contact = [win(3, 'r3'), win(5, 'r5')].reduce(receive, {});
		expect(receive(contact, win(3, 'r3'))).toEqual(contact);
		expect(contact).toMatchObject({ RH_COUPON: 'coupon5', RH_LASTREWARD: 'r5' });
	});

	it('gives its coupon all the same when no later win is known, though the count has grown since', () => {
		const contact = [referral(3), referral(4)].reduce(receive, {});
		expect(receive(contact, win(3, 'r3'))).toMatchObject({
			RH_TOTREF: 4,
			RH_COUPON: 'coupon3',
			RH_LASTREWARD: 'r3',
		});
	});

	it('does not take the reward back when new_referral still carries the one before', () => {
		const contact = [win(2, 'r2'), win(3, 'r3')].reduce(receive, {});
		expect(receive(contact, referral(3, 'r2'))).toEqual(contact);
	});
});

describe('a reward', () => {
	it('is changed by wins alone, once one is known: of two at the same count the same one stays', () => {
		const both = [win(3, 'one'), { ...win(3, 'two'), coupon_code: 'other' }];
		for (const wins of [both, [...both].reverse()]) {
			for (const at of [0, 1, 2]) {
				const order: object[] = [...wins];
				order.splice(at, 0, referral(4, 'one'));
				const contact = [...order, ...wins].reduce(receive, {});
				const first = both.reduce(receive, {});
				expect(contact).toMatchObject({
					RH_LASTREWARD: first.RH_LASTREWARD,
					RH_COUPON: first.RH_COUPON,
				});
			}
		}
	});
});

it('the friend of new_referral is told that they were referred, though their count is the same', () => {
	const parsed = parseEvent({
		type: 'new_referral',
		referrer: person(1),
		subscriber: { id: 'f', email: 'f@b.co', tot_referrals: 0, referred: true },
	});
	if ('reason' in parsed) throw new Error(parsed.reason);
	const [, friend] = contactUpdates(parsed.event, SETTINGS, eventKey(parsed.event));
	const told = (referrals: number) =>
		newFields({ event: 'new_referral', ...friend }, { referrals, guard: null });
	expect(told(0)).toMatchObject({ RH_ISREF: 'YES' });
	expect(told(1)).toEqual({});
});

describe('sync_subscriber', () => {
	it('lowers the count, as a reset of the campaign does, and what is won then counts again', () => {
		const before = [referral(9), win(10, 'r5')].reduce(receive, {});
		const reset = receive(before, sync(0, { last_reward: 'r5' }));
		expect(reset).toMatchObject({ RH_TOTREF: 0, RH_COUPON: 'coupon10' });
		const after = [referral(5), win(5, 'r5', 'again')].reduce(receive, reset);
		expect(after).toMatchObject({ RH_TOTREF: 5, RH_COUPON: 'again' });
	});

	it('lets what is won after a reset count, also when it arrives after the count has grown to that of before', () => {
		const before = [win(2, 'r2', 'before'), win(4, 'r4', 'before too')].reduce(receive, {});
		for (const order of [
			[referral(1), referral(2), win(2, 'r2', 'again')],
			[referral(4), win(4, 'r4', 'again')],
			[referral(4), win(3, 'r3', 'later'), win(2, 'r2', 'again'), win(3, 'r3', 'later')],
		]) {
			const after = [sync(0, { last_reward: 'r4' }), ...order].reduce(receive, before);
			const { coupon_code: coupon } = order.at(-1) as { coupon_code: string };
			expect(after).toMatchObject({ RH_COUPON: coupon });
		}
	});

	it('leaves a later win alone', () => {
		const contact = receive({}, win(5, 'r5'));
		expect(receive(contact, sync(3, { last_reward: 'r3' }))).toMatchObject({
			RH_TOTREF: 3,
			RH_LASTREWARD: 'r5',
		});
	});

	it('is written although nothing of it can be compared', () => {
		expect(receive({}, { type: 'sync_subscriber', subscriber: { email: 'a@b.co' } })).toEqual({});
		expect(receive({ RH_TOTREF: 1 }, sync(1, { referral_code: 'c' }))).toMatchObject({
			RH_CODE: 'c',
		});
	});
});

it('ends with the truth in whatever order the referrals and wins of a person arrive, and how often', () => {
	fc.assert(
		fc.property(
			fc.integer({ min: 1, max: 8 }),
			fc.subarray([1, 2, 3, 4, 5, 6, 7, 8]),
			fc.infiniteStream(fc.nat()),
			(total, wins, draw) => {
				const next = () => draw.next().value as number;
				let reward: string | null = null;
				const told: object[] = [];
				for (let tot = 1; tot <= total; tot += 1) {
					told.push(referral(tot, reward));
					if (!wins.includes(tot)) continue;
					// Recurring: every win has the same id.
					reward = tot % 2 ? 'recurring' : `r${tot}`;
					told.push(win(tot, reward));
				}
				const truth = told.reduce(receive, {} as Contact);
				const arrivals = told
					.flatMap((event) => Array.from({ length: 1 + (next() % 3) }, () => event))
					.map((event) => ({ event, at: next() }))
					.sort((a, b) => a.at - b.at)
					.map(({ event }) => event);
				expect(arrivals.reduce(receive, {} as Contact)).toEqual(truth);
				const last = wins.filter((tot) => tot <= total).at(-1);
				expect(truth).toMatchObject({
					RH_TOTREF: total,
					...(last === undefined ? {} : { RH_COUPON: `coupon${last}`, RH_LASTREWARD: reward }),
				});
			},
		),
		{ numRuns: 1_000 },
	);
});

it('two wins at the same count end the same, whichever arrives first', () => {
	const both = [win(5, 'one-off', 'a'), win(5, 'recurring', 'b')];
	expect(both.reduce(receive, {})).toEqual([...both].reverse().reduce(receive, {}));
});

it('gives nothing but what the event has, whatever the contact has', () => {
	const fields = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()));
	const count = fc.option(fc.nat());
	const key = fc.option(
		fc.oneof(
			fc.string(),
			fc.nat().map((tot) => guardOf(tot, 'abc')),
		),
	);
	fc.assert(
		fc.property(
			fields,
			count,
			key,
			count,
			key,
			fc.string(),
			(all, referrals, won, tot, has, event) => {
				const order = {
					referrals,
					referralsField: null,
					guard: won,
					guardField: null,
					rewardFields: Object.keys(all).slice(0, 1),
				};
				const fresh = newFields(
					{ event, role: 'subscriber', fields: all, order },
					{ referrals: tot, guard: has },
				);
				for (const [name, value] of Object.entries(fresh)) expect(all[name]).toBe(value);
			},
		),
	);
});

it('knows every field that a win changes', () => {
	const parsed = parseEvent({ ...win(3, 'r3'), reward: { id: 'r3', name: 'Mug' } });
	if ('reason' in parsed) throw new Error(parsed.reason);
	const extra = EXTRA_FIELDS.map((source) => ({ source, name: source }));
	const [{ order }] = contactUpdates(parsed.event, { ...SETTINGS, extra }, 'k');
	expect(order.rewardFields).toEqual([
		'RH_COUPON',
		'RH_LASTREWARD',
		'reward_name',
		'win_key',
		'guard',
	]);
});
