import fc from 'fast-check';

import { createRateLimiter } from '../../sandbox/rateLimit.mts';
import { FakeClock } from './support/fakeClock.mts';

const WINDOW_MS = 100;
const calls = fc.array(
	fc.record({ wait: fc.integer({ min: 0, max: 60 }), key: fc.constantFrom('a', 'b') }),
	{ maxLength: 150 },
);

it('a call is allowed when fewer than `max` were allowed in the window before it', async () => {
	await fc.assert(
		fc.asyncProperty(fc.integer({ min: 1, max: 6 }), calls, async (max, list) => {
			const clock = new FakeClock();
			const allowed = createRateLimiter(clock, { max, windowMs: WINDOW_MS });
			const before: Array<{ key: string; at: number }> = [];
			for (const { wait, key } of list) {
				await clock.advance(wait);
				const at = clock.now();
				const recent = before.filter((one) => one.key === key && at - one.at < WINDOW_MS);

				expect(allowed(key)).toBe(recent.length < max);
				if (recent.length < max) before.push({ key, at });
			}
		}),
	);
});
