import fc from 'fast-check';

import type { Subscriber } from '../../sandbox/program.mts';
import { createProgram } from './support/program.mts';

// Few people and many moves, so that they meet: sign-ups of known addresses, links of anybody.
const EMAILS = Array.from({ length: 14 }, (_, index) => `p${index}@x.org`);
const email = fc.constantFrom(...EMAILS);
const move = fc.oneof(
	{ weight: 8, arbitrary: fc.record({ what: fc.constant('subscribe'), email, other: email }) },
	{ weight: 1, arbitrary: fc.record({ what: fc.constant('rename'), email, other: email }) },
	{ weight: 1, arbitrary: fc.record({ what: fc.constant('unsubscribe'), email, other: email }) },
	{ weight: 1, arbitrary: fc.record({ what: fc.constant('delete'), email, other: email }) },
);
type Move = { what: string; email: string; other: string };

function play(moves: Move[], seed = 1) {
	const played = createProgram({
		seed,
		rewards: [
			{ name: 'Once', referrals: 3, coupon: true },
			{ name: 'Again', referrals: 5, recurring: true, coupon: true },
		],
	});
	const { program } = played;
	const everybody = new Set<Subscriber>();
	for (const { what, email: who, other } of moves) {
		try {
			if (what === 'subscribe') {
				const referrerCode = program.find(other)?.referralCode;
				everybody.add(program.subscribe({ email: who, referrerCode }).subscriber);
			} else if (what === 'rename') {
				program.update(who, { email: other });
			} else if (what === 'delete') {
				program.delete(who);
			} else {
				program.unsubscribe(who);
			}
		} catch (error) {
			expect((error as Error).name).toBe('ProgramError');
		}
	}
	return { ...played, everybody: [...everybody] };
}

const moves = fc.array(move, { maxLength: 120 });
// One advocate whom everybody names, so that totals grow.
const manyReferrals = fc.integer({ min: 0, max: 60 });

describe('whatever people do', () => {
	it('a total is the number of distinct friends who are attributed', () => {
		fc.assert(
			fc.property(moves, (list) => {
				const { everybody } = play(list);
				for (const subscriber of everybody) {
					const friends = everybody.filter((one) => one.referrerId === subscriber.id);
					expect(subscriber.totReferrals).toBe(friends.length);
					expect(friends).not.toContain(subscriber);
				}
			}),
		);
	});

	it('nobody is counted whose address was ever seen before', () => {
		fc.assert(
			fc.property(moves, (list) => {
				const { events } = play(list);
				const seen = new Set<string>();
				const counted = new Set<string>();
				for (const { type, subscriber } of events) {
					const address = String(subscriber?.email);
					if (type === 'new_referral') {
						expect(counted.has(address)).toBe(false);
						counted.add(address);
					} else if (type === 'sync_subscriber' && !seen.has(address)) {
						seen.add(address);
					}
				}
				expect([...counted].every((address) => seen.has(address))).toBe(true);
			}),
		);
	});

	it('ids, codes and coupons are unique, and every address has one owner', () => {
		fc.assert(
			fc.property(moves, (list) => {
				const { program, everybody } = play(list);
				const coupons = everybody.flatMap(({ wins }) => wins.map(({ coupon }) => coupon));
				const drawn = [
					...everybody.map(({ id }) => id),
					...everybody.map(({ referralCode }) => referralCode),
					...coupons,
				];
				expect(new Set(drawn).size).toBe(drawn.length);
				for (const person of program.subscribers) {
					expect(program.find(person.email)).toBe(person);
					expect(program.findByCode(person.referralCode)).toBe(person);
				}
			}),
		);
	});

	it('those who are there are those who came and were not deleted, the newest first', () => {
		fc.assert(
			fc.property(moves, (list) => {
				const { program, everybody } = play(list);
				const there = everybody.filter(({ id }) => program.find(id));
				expect(program.subscribers).toEqual(there);
				expect(program.newestFirst).toEqual([...there].reverse());
			}),
		);
	});

	it('the same seed and the same moves give the same events, another seed gives others', () => {
		fc.assert(
			fc.property(moves, fc.integer(), (list, seed) => {
				const { events } = play(list, seed);
				expect(play(list, seed).events).toEqual(events);
				if (events.length > 0) expect(play(list, seed + 1).events).not.toEqual(events);
			}),
			{ numRuns: 40 },
		);
	});

	it('n referrals win the one-off reward once and the recurring one floor(n / 5) times', () => {
		fc.assert(
			fc.property(manyReferrals, (count) => {
				const { program, events } = createProgram();
				const { subscriber } = program.subscribe({ email: 'advocate@x.org' });
				for (let friend = 0; friend < count; friend += 1) {
					const referrerCode = subscriber.referralCode;
					program.subscribe({ email: `f${friend}@x.org`, referrerCode });
				}
				const wins = (recurring: boolean) =>
					events.filter(
						({ type, reward }) => type === 'reward_unlocked' && reward?.recurring === recurring,
					).length;
				expect(wins(true)).toBe(Math.floor(count / 5));
				expect(wins(false)).toBe(count >= 3 ? 1 : 0);
				expect(subscriber.wins).toHaveLength(wins(true) + wins(false));
			}),
		);
	});
});
