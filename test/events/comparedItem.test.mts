import fc from 'fast-check';

import { comparedItem } from '../../nodes/SparkLoop/events/comparedItem';

const ITEM = {
	event: 'new_referral',
	role: 'referrer',
	email: 'ann@b.co',
	fields: { RH_TOTREF: 4 },
	order: { referrals: 4, guard: null, guardField: null, rewardFields: [] },
	payload: { kept: true },
};
const NOTHING = [undefined, null, '', '  '];

it.each([...NOTHING, 3, '3', ' 3 ', '3.0'])('finds 4 referrals newer than %j', (known) => {
	expect(comparedItem(ITEM, known, '')).toEqual({ item: { ...ITEM, stale: false } });
});

it.each([4, '4', '4.00', 5])('finds nothing new when the contact has %j', (known) => {
	expect(comparedItem(ITEM, known, '')).toEqual({ item: { ...ITEM, fields: {}, stale: true } });
});

it.each([true, 'many', {}, [3], -1, '1.5', Number.NaN, 'Infinity'])(
	'does not guess what a count of %j means',
	(known) => {
		expect(comparedItem(ITEM, known, '')).toMatchObject({
			reason: "'Known Referrals' is no whole number",
		});
	},
);

it.each([...NOTHING, 0, {}, 'something else', '3-'])(
	'takes a known guard of %j for none',
	(guard) => {
		const won = {
			...ITEM,
			event: 'reward_unlocked',
			fields: { RH_COUPON: 'c' },
			order: { referrals: 3, guard: '3-abc', guardField: null, rewardFields: ['RH_COUPON'] },
		};
		expect(comparedItem(won, 9, guard)).toMatchObject({ item: { fields: { RH_COUPON: 'c' } } });
		expect(comparedItem(won, 9, ' 3-abc ')).toMatchObject({ item: { fields: {} } });
	},
);

it('reads an item that is given as text', () => {
	expect(comparedItem(JSON.stringify(ITEM), 1, '')).toEqual({ item: { ...ITEM, stale: false } });
});

it.each([
	undefined,
	null,
	'',
	'{',
	[],
	{ type: 'new_referral', referrer: {} },
	{ ...ITEM, fields: null },
	{ ...ITEM, order: undefined },
	{ ...ITEM, order: { referrals: '4', guard: null, guardField: null, rewardFields: [] } },
	{ ...ITEM, order: { referrals: 4, guard: 3, guardField: null, rewardFields: [] } },
	{ ...ITEM, order: { referrals: 4, guard: null, guardField: null, rewardFields: 'RH_COUPON' } },
])('says that %j is no item of the trigger', (event) => {
	expect(comparedItem(event, '', '')).toMatchObject({
		reason: "'Event' is no item of the SparkLoop Trigger",
	});
});

it('never throws', () => {
	fc.assert(
		fc.property(fc.anything(), fc.anything(), fc.anything(), (event, known, win) => {
			const compared = comparedItem(event, known, win);
			expect('item' in compared || 'reason' in compared).toBe(true);
		}),
	);
});
