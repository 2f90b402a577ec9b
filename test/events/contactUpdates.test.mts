import fc from 'fast-check';

import {
	EXTRA_FIELDS,
	FIELD_NAME_PRESETS,
	FIELDS,
	type FieldSettings,
} from '../../nodes/SparkLoop/events/contactFields';
import { contactUpdates } from '../../nodes/SparkLoop/events/contactUpdates';
import { parseEvent } from '../../nodes/SparkLoop/events/parseEvent';
import { anyBody } from '../support/arbitraries.mts';
import { sample } from '../support/samples.mts';

const DEFAULT: FieldSettings = {
	names: FIELD_NAME_PRESETS.upperCase,
	values: 'sparkLoop',
	extra: [],
};

const updates = (body: unknown, settings: Partial<FieldSettings> = {}) => {
	const parsed = parseEvent(body);
	if ('reason' in parsed) throw new Error(parsed.reason);
	return contactUpdates(parsed.event, { ...DEFAULT, ...settings }, 'the key');
};

const person = (fields: object) => ({
	type: 'sync_subscriber',
	subscriber: { email: 'a@b.co', ...fields },
});
const fieldsOf = (fields: object, settings: Partial<FieldSettings> = {}) =>
	updates(person(fields), settings)[0].fields;

describe('the contacts of an event', () => {
	it('have a field by any name, even one that means something to JavaScript', () => {
		const names = { ...FIELD_NAME_PRESETS.upperCase, RH_CODE: '__proto__' };
		expect(Object.entries(fieldsOf({ referral_code: 'ada90f39' }, { names }))).toEqual([
			['__proto__', 'ada90f39'],
		]);
	});

	it('are the subscriber of sync_subscriber', () => {
		expect(updates(sample('fromSparkLoop/sync_subscriber.article'))).toEqual([
			{
				role: 'subscriber',
				email: 'john.doe@email.com',
				fields: {
					RH_SUBID: 'sub_hjdgc74u',
					RH_CODE: 'ada90f39',
					RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
					RH_ISREF: 'YES',
					RH_TOTREF: 0,
					RH_LASTREWARD: 'reward_38sf38hd',
				},
				order: {
					referrals: 0,
					referralsField: 'RH_TOTREF',
					guard: null,
					guardField: null,
					rewardFields: ['RH_LASTREWARD'],
				},
			},
		]);
	});

	it('are the referrer and the friend of new_referral', () => {
		expect(updates(sample('fromSparkLoop/new_referral.article'))).toEqual([
			{
				role: 'referrer',
				email: 'john.smith@email.com',
				fields: {
					RH_SUBID: 'sub_93ehus8h',
					RH_CODE: 'f9464199',
					RH_REFLINK: 'https://mywebsite.com?rh_ref=f9464199',
					RH_ISREF: 'NO',
					RH_TOTREF: 4,
					RH_LASTREWARD: 'reward_38sf38hd',
				},
				order: {
					referrals: 4,
					referralsField: 'RH_TOTREF',
					guard: null,
					guardField: null,
					rewardFields: ['RH_LASTREWARD'],
				},
			},
			{
				role: 'subscriber',
				email: 'john.doe@email.com',
				fields: {
					RH_SUBID: 'sub_hjdgc74u',
					RH_CODE: 'ada90f39',
					RH_REFLINK: 'https://mywebsite.com?rh_ref=ada90f39',
					RH_ISREF: 'YES',
					RH_TOTREF: 0,
				},
				order: {
					referrals: 0,
					referralsField: 'RH_TOTREF',
					guard: null,
					guardField: null,
					rewardFields: [],
				},
			},
		]);
	});

	it('are the winner of reward_unlocked, with coupon and reward in either revision', () => {
		const [docs] = updates(sample('fromSparkLoop/reward_unlocked.docs'));
		expect(docs.fields).toMatchObject({
			RH_COUPON: '9wusha0',
			RH_LASTREWARD: 'reward_cdebf4f013',
			RH_TOTREF: 4,
		});
		const [article] = updates(sample('fromSparkLoop/reward_unlocked.article'));
		expect(article.fields).toMatchObject({ RH_LASTREWARD: 'reward_cdebf4f013' });
		expect(article.fields).not.toHaveProperty('RH_COUPON');
	});

	it('are the lead of new_offer_lead', () => {
		const lead = {
			type: 'new_offer_lead',
			lead: { email: 'lead@b.co', referral_status: 'rejected' },
		};
		expect(updates(lead)).toEqual([
			{
				role: 'lead',
				email: 'lead@b.co',
				fields: { RH_ISREF: 'REJECTED' },
				order: {
					referrals: null,
					referralsField: 'RH_TOTREF',
					guard: null,
					guardField: null,
					rewardFields: [],
				},
			},
		]);
	});

	it('have the address as SparkLoop spells it, without the blanks around it', () => {
		expect(updates(person({ email: ' Ann@B.co ' }))).toMatchObject([{ email: 'Ann@B.co' }]);
	});

	it('are nobody for an unknown event', () => {
		expect(updates({ type: 'other', subscriber: { email: 'a@b.co' } })).toEqual([]);
	});
});

describe('the fields of a contact', () => {
	it('are only those the event knows', () => {
		expect(fieldsOf({})).toEqual({});
		expect(fieldsOf({ last_reward: null, referral_link: '', id: {}, tot_referrals: [] })).toEqual(
			{},
		);
		expect(fieldsOf({ tot_referrals: 0, referred: false })).toEqual({
			RH_TOTREF: 0,
			RH_ISREF: 'NO',
		});
	});

	it('take the last reward from the person rather than from the reward', () => {
		const { subscriber, ...won } = sample('fromSparkLoop/reward_unlocked.docs');
		const [{ fields }] = updates({
			...won,
			subscriber: { ...(subscriber as object), last_reward: 'reward_of_person' },
		});
		expect(fields.RH_LASTREWARD).toBe('reward_of_person');
	});

	it('know a coupon and a reward only when one was won', () => {
		const body = { ...person({}), coupon_code: 'c0upon', reward: { id: 'r', name: 'Mug' } };
		const extra = [
			{ source: 'reward_name' as const, name: 'REWARD' },
			{ source: 'win_key' as const, name: 'WIN' },
		];
		expect(updates(body, { extra })[0].fields).toEqual({});
	});

	it('do not lose the last coupon when a reward has none', () => {
		const won = { ...sample('fromSparkLoop/reward_unlocked.docs'), coupon_code: null };
		expect(updates(won)[0].fields).not.toHaveProperty('RH_COUPON');
	});

	it.each([
		[{ referred: true }, 'YES', true],
		[{ referred: false }, 'NO', false],
		[{ referred: true, referral_status: 'rejected' }, 'REJECTED', true],
		[{ referred: true, referral_status: 'verified' }, 'YES', true],
		[{ referral_status: 'rejected' }, 'REJECTED', undefined],
		[{ referred: 'yes' }, undefined, undefined],
		[{}, undefined, undefined],
	])('say of %j: %s, or raw %s', (fields, native, raw) => {
		expect(fieldsOf(fields).RH_ISREF).toBe(native);
		expect(fieldsOf(fields, { values: 'raw' }).RH_ISREF).toBe(raw);
	});

	it('are spelled as the ESP wants them', () => {
		const won = { ...sample('fromSparkLoop/reward_unlocked.docs') };
		const names = (preset: keyof typeof FIELD_NAME_PRESETS) =>
			Object.keys(updates(won, { names: FIELD_NAME_PRESETS[preset] })[0].fields);
		expect(names('upperCase')).toEqual([...FIELDS]);
		expect(names('lowerCase')).toEqual(FIELDS.map((field) => field.toLowerCase()));
		expect(names('mailchimp')).toEqual([
			'RH_SUBID',
			'RH_CODE',
			'RH_REFLINK',
			'RH_ISREF',
			'RH_TOTREF',
			'RH_COUPON',
			'RH_LASTREW',
		]);
	});

	it('leave out a field without a name, and add extra ones', () => {
		const names = { ...FIELD_NAME_PRESETS.upperCase, RH_SUBID: '', RH_CODE: 'code' };
		const fields = fieldsOf(
			{ id: 'sub_1', referral_code: 'c', next_reward: 2, name: ' Ann  ' },
			{
				names,
				extra: [
					{ source: 'next_reward', name: 'RH_NEXT' },
					{ source: 'name', name: 'FULL' },
					{ source: 'reward_name', name: 'REWARD' },
					{ source: 'win_key', name: 'WIN' },
				],
			},
		);
		expect(fields).toEqual({ code: 'c', RH_NEXT: 2, FULL: 'Ann' });
	});

	it('can hold whatever else the event knows, without blanks around it', () => {
		const won = {
			type: 'reward_unlocked',
			subscriber: {
				email: 'a@b.co',
				first_name: ' Ann ',
				name: ' Ann Lee ',
				next_reward: 0,
				referral_status: 'pending',
			},
			reward: { name: ' Mug ' },
		};
		const extra = EXTRA_FIELDS.map((source) => ({ source, name: source }));
		expect(updates(won, { extra })[0].fields).toEqual({
			first_name: 'Ann',
			name: 'Ann Lee',
			next_reward: 0,
			referral_status: 'pending',
			reward_name: 'Mug',
			win_key: 'the key',
			guard: '-the key',
		});
	});

	it('count the referrals of a win as the event does when the person has no count', () => {
		const { subscriber, ...won } = sample('fromSparkLoop/reward_unlocked.docs');
		const { tot_referrals, ...person } = subscriber as { tot_referrals: number };
		expect(tot_referrals).toBe(4);
		const [{ order }] = updates({ ...won, referrals: 7, subscriber: person });
		expect(order).toMatchObject({ referrals: 7, guard: '7-the key' });
	});

	it('change with each win when the win key is among them', () => {
		const won = sample('fromSparkLoop/reward_unlocked.docs');
		const [{ fields }] = updates(won, { extra: [{ source: 'win_key', name: 'WIN' }] });
		expect(fields.WIN).toBe('the key');
	});

	it('hold only texts, numbers and booleans, whatever the body', () => {
		fc.assert(
			fc.property(anyBody, (body) => {
				if ('reason' in parseEvent(body)) return;
				for (const { email, fields } of updates(body)) {
					expect(email.trim()).not.toBe('');
					for (const value of Object.values(fields)) {
						expect(['string', 'number', 'boolean']).toContain(typeof value);
					}
				}
			}),
			{ numRuns: 2_000 },
		);
	});
});
