import fc from 'fast-check';

import { RecentTimes } from '../../nodes/SparkLoop/transport/recentTimes';

/** Some time passes, and then something is done. */
const steps = fc.array(
	fc.record({
		passes: fc.integer({ min: 0, max: 50 }),
		does: fc.constantFrom('add', 'add', 'add', 'forget'),
		window: fc.integer({ min: 0, max: 200 }),
	}),
	{ maxLength: 200 },
);

it('counts what a plain list of the same times counts, whenever old ones are forgotten', () => {
	fc.assert(
		fc.property(steps, fc.integer({ min: 0, max: 300 }), (plan, back) => {
			const times = new RecentTimes();
			let plain: number[] = [];
			let now = 0;
			for (const { passes, does, window } of plan) {
				now += passes;
				if (does === 'add') {
					times.add(now);
					plain.push(now);
				} else {
					times.forgetOld(now, window);
					plain = plain.filter((time) => time + window > now);
				}
				const since = plain.filter((time) => time > now - back);
				expect([times.count, times.oldest]).toEqual([plain.length, plain[0]]);
				expect(times.countSince(now - back)).toBe(since.length);
				expect(times.oldestSince(now - back)).toBe(since[0]);
			}
		}),
		{ numRuns: 500 },
	);
});

it('takes no longer for each of many times than for each of few', () => {
	const perTime = (count: number) => {
		const times = new RecentTimes();
		const began = performance.now();
		for (let now = 0; now < count * 2; now += 1) {
			times.add(now);
			times.forgetOld(now, count);
			times.countSince(now - count / 2);
		}
		return (performance.now() - began) / count;
	};
	perTime(1_000);
	const few = perTime(2_000);
	// Moving all others for each one that is forgotten takes a hundred times as long.
	expect(perTime(20_000)).toBeLessThan(Math.max(few, 0.001) * 20);
});
