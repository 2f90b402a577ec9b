import type { Call } from '../../sandbox/calls.mts';
import type { DeliveryAttempt } from '../../sandbox/deliveries.mts';
import { createRandom } from '../../sandbox/random.mts';
import type { Subscriber } from '../../sandbox/subscriber.mts';
import { drawPlan } from '../../scripts/chaos/faults.mts';
import type { Reader } from '../../scripts/chaos/newsletter.mts';
import {
	difference,
	heardBySparkLoop,
	hitByStaleSync,
	rewardsHandedOut,
	strangers,
	withAddresses,
} from '../../scripts/chaos/oracle.mts';
import { holds, report } from '../../scripts/chaos/report.mts';
import type { Verdict } from '../../scripts/chaos/run.mts';

const NOTHING = { lost: [], doubled: [], wrong: [], outOfOrder: [] };
const COUNTS = { unclear: 1, mostUnclear: 1 };
const FINDING = { who: 'sub_1', what: 'is not there' };

describe('what SparkLoop heard', () => {
	const reader = (...told: Reader['told']): Reader => ({ email: 'a@b.co', subscribed: true, told });
	const SUBSCRIBED = { event: 'subscribed', email: 'a@b.co' } as const;
	const UNSUBSCRIBED = { event: 'unsubscribed', email: 'a@b.co' } as const;
	const MOVED = { event: 'email_changed', email: 'b@b.co', previous_email: 'a@b.co' } as const;
	const call = (type: string, subscriber: object = { email: 'a@b.co' }) =>
		({ body: { type, subscriber } }) as Call;
	const [S, U] = [call('subscribe'), call('unsubscribe')];
	const M = call('update', { email: 'b@b.co', previous_email: 'a@b.co' });
	const hear = (told: Reader['told'], calls: Call[]) => heardBySparkLoop([reader(...told)], calls);

	it('is right when each report was heard in its order, also more than once', () => {
		expect(hear([SUBSCRIBED, UNSUBSCRIBED, MOVED], [S, U, M])).toEqual({
			lost: [],
			outOfOrder: [],
			repeated: 0,
		});
		expect(hear([SUBSCRIBED, UNSUBSCRIBED], [S, S, U, S, U])).toMatchObject({
			lost: [],
			outOfOrder: [],
			repeated: 3,
		});
	});

	it('tells what is lost from what is out of order', () => {
		expect(hear([SUBSCRIBED, UNSUBSCRIBED], [S])).toMatchObject({
			lost: [{ who: 'a@b.co', what: 'unsubscribe a@b.co (report 2)' }],
			outOfOrder: [],
		});
		expect(hear([SUBSCRIBED, UNSUBSCRIBED], [U, S])).toMatchObject({
			lost: [],
			outOfOrder: [{ what: 'unsubscribe a@b.co (report 2)' }],
		});
		expect(hear([SUBSCRIBED, UNSUBSCRIBED, SUBSCRIBED], [S, U])).toMatchObject({
			lost: [{ what: 'subscribe a@b.co (report 3)' }],
		});
	});

	it('is not confused by what others report', () => {
		expect(hear([UNSUBSCRIBED], [call('unsubscribe', { email: 'c@b.co' })]).lost).toHaveLength(1);
	});
});

describe('a late sync', () => {
	const attempt = (
		eventNumber: number,
		type: string,
		began: number,
		ended: number,
		more: Partial<DeliveryAttempt> = {},
	) =>
		({
			eventNumber,
			type,
			ok: true,
			startedAt: new Date(began).toISOString(),
			durationMs: ended - began,
			event:
				type === 'new_referral'
					? { type, subscriber: { id: 'friend' }, referrer: { id: 'ann' } }
					: { type, subscriber: { id: 'ann' } },
			...more,
		}) as DeliveryAttempt;

	it('is one that ended after a later event of the same person had begun', () => {
		const first = attempt(1, 'sync_subscriber', 0, 10);
		const late = attempt(1, 'sync_subscriber', 50, 60);
		const referral = attempt(2, 'new_referral', 20, 30);
		expect(hitByStaleSync([first, referral])).toEqual(new Set());
		expect(hitByStaleSync([referral, late])).toEqual(new Set(['ann']));
		expect(hitByStaleSync([referral, attempt(1, 'sync_subscriber', 15, 25)])).toEqual(
			new Set(['ann']),
		);
		expect(hitByStaleSync([referral, { ...late, ok: false }])).toEqual(new Set());
		expect(hitByStaleSync([referral, attempt(3, 'sync_subscriber', 50, 60)])).toEqual(new Set());
	});
});

describe('what was handed out', () => {
	const winner = (...coupons: string[]) =>
		({
			id: 'ann',
			email: 'ann@b.co',
			wins: coupons.map((coupon) => ({ coupon, referrals: 3 })),
		}) as Subscriber;

	it('is right when each win was handed out once', () => {
		const handedOut = new Map([['a', ['ann@b.co']]]);
		expect(
			rewardsHandedOut([winner('a')], handedOut, new Map([['a', 'fulfilled']]), new Map()),
		).toEqual({
			lost: [],
			doubled: [],
			strange: [],
			unclear: 0,
		});
	});

	it('counts what was handed out twice, what was not at all, and what is reported as unclear', () => {
		const handedOut = new Map([['twice', ['ann@b.co', 'ann@b.co']]]);
		const ledger = new Map([
			['unclear', 'unclear'],
			['never', 'claimed'],
		]);
		expect(
			rewardsHandedOut(
				[winner('twice', 'never', 'unclear')],
				handedOut,
				ledger,
				new Map([['never', ['503', '200']]]),
			),
		).toMatchObject({
			lost: [
				{
					who: 'ann',
					what: 'the win at 3 referrals, handed out 0 times; claimed in the ledger; SparkLoop heard 503, 200',
				},
			],
			doubled: [
				{
					what: 'the win at 3 referrals, handed out 2 times; not in the ledger; SparkLoop heard nothing',
				},
			],
			unclear: 1,
		});
	});
});

it('whoever has an address of nobody is a stranger', () => {
	const people = [
		{ id: 'a', email: 'a@b.co' },
		{ id: 'b', email: 'b@b.co' },
	] as Subscriber[];
	expect(strangers(people, new Set(['a@b.co', 'c@b.co']))).toMatchObject([{ who: 'b' }]);
});

it('knows who else got a reward, and what nobody had won', () => {
	const people = [
		{ id: 'ann', email: 'ann@b.co', wins: [{ coupon: 'a', referrals: 3 }] },
	] as Subscriber[];
	const handedOut = new Map([
		['a', ['bob@b.co']],
		['x', ['ann@b.co']],
	]);
	expect(rewardsHandedOut(people, handedOut, new Map(), new Map()).strange).toEqual([
		{ who: 'nobody', what: 'won what was handed out with x' },
		{ who: 'ann', what: 'somebody else got the win at 3 referrals' },
	]);
});

it('nothing holds when more is unclear than kills and silence explain', () => {
	expect(holds({ ...NOTHING, unclear: 2, mostUnclear: 1 } as unknown as Verdict)).toBe(false);
});

it('finds addresses in what was noted and told', () => {
	expect(withAddresses('an alert', [{ text: 'Failed for reader1@example.com' }])).toHaveLength(1);
	expect(withAddresses('an alert', [{ text: 'Failed at https://example.com/…' }])).toEqual([]);
});

it('a contact differs when it is missing or any field is another', () => {
	expect(difference(undefined, {})).toBe('is missing');
	expect(difference({ A: 1, B: 2 }, { A: 1 })).toBeUndefined();
	expect(difference({ A: 1 }, { A: 2, B: undefined })).toBe('A is 1, not 2');
});

it.each(Object.keys(NOTHING))('nothing holds when anything is %s', (kind) => {
	const verdict = { ...NOTHING, ...COUNTS, [kind]: [FINDING] } as unknown as Verdict;
	expect(holds({ ...NOTHING, ...COUNTS } as unknown as Verdict)).toBe(true);
	expect(holds(verdict)).toBe(false);
	expect(report(verdict)).toMatch(/It does not hold/);
	expect(report(verdict)).toMatch(/sub_1: is not there/);
});

it('every trouble comes once, and every kill, all within the run, and the same for the same seed', () => {
	for (const seed of [1, 2, 3]) {
		const draw = () =>
			drawPlan(createRandom(seed, 'plan'), 200, { crashes: 5, reset: true, seconds: 2 });
		const { troubles, crashes, reset } = draw();
		expect(draw()).toEqual({ troubles, crashes, reset });
		expect(new Set(troubles.map(({ trouble }) => trouble.name)).size).toBe(6);
		expect(new Set(crashes).size).toBe(5);
		for (const at of [...troubles.map(({ from }) => from), ...crashes, Number(reset)]) {
			expect(at).toBeGreaterThan(0);
			expect(at).toBeLessThan(200);
		}
	}
});
