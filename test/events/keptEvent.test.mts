import fc from 'fast-check';

import { keptDetails, keptEvent } from '../../nodes/SparkLoop/events/keptEvent';
import { subscriberEvent } from '../../nodes/SparkLoop/events/subscriberEvent';
import { email } from '../support/arbitraries.mts';
import { sample } from '../support/samples.mts';

describe('an event that was kept', () => {
	it.each(['subscribe', 'update', 'unsubscribe'])('is %s exactly as it was', (type) => {
		const event = sample(`toSparkLoop/${type}`);
		expect(keptEvent(event)).toEqual({ event });
		expect(keptEvent(JSON.stringify(event))).toEqual({ event });
	});

	it('is whatever this package would have sent', () => {
		const text = fc.option(fc.string({ minLength: 1 }), { nil: undefined });
		fc.assert(
			fc.property(
				fc.constantFrom('subscribe' as const, 'update' as const, 'unsubscribe' as const),
				email,
				email,
				text,
				text,
				fc.option(fc.integer({ min: 1, max: 4_000_000_000 }), { nil: undefined }),
				(type, address, previousEmail, name, id, at) => {
					const built = subscriberEvent(
						type,
						{ email: address, previousEmail, name, id, at },
						'UTC',
					);
					if ('problems' in built) return;
					expect(keptEvent(JSON.parse(JSON.stringify(built.event)))).toEqual(built);
				},
			),
		);
	});

	it.each([
		[undefined, 'is not a JSON object'],
		['{', 'is not a JSON object'],
		['[]', 'is not a JSON object'],
		[{}, "has no 'type' that is one of subscribe, update, unsubscribe"],
		[{ type: 'sync_subscriber' }, "has no 'type' that is one of subscribe, update, unsubscribe"],
		[{ type: 'subscribe' }, "has no 'subscriber'"],
	])('is not %j', (value, reason) => {
		expect(keptEvent(value)).toEqual({ reason });
	});

	it('is checked like any other', () => {
		const kept = keptEvent({ type: 'update', subscriber: { email: 'x' } });
		expect('problems' in kept && kept.problems.map(({ key }) => key)).toEqual([
			'email',
			'previous_email',
		]);
	});

	it('has no details but those that the API knows, so that it cannot name another person', () => {
		const details = {
			referrer_code: 'f9464199',
			ip_address: '192.0.2.1',
			user_agent: 'Browser/1.0',
			utm_source: 'web',
			utm_campaign: 'spring',
			country_code: 'US',
		};
		expect(keptDetails({ details })).toEqual(details);
		const more = { email: 'other@b.co', status: 'confirmed', user_agent: 5 };
		expect(keptDetails({ details: { ...details, ...more } })).toEqual({
			...details,
			user_agent: undefined,
		});
		expect(keptDetails({ details: more })).toEqual({});
	});

	it('never throws', () => {
		fc.assert(
			fc.property(fc.anything(), (value) => {
				expect(Object.keys(keptEvent(value))).toHaveLength(1);
				expect(keptDetails(value)).toEqual(expect.any(Object));
			}),
			{ numRuns: 2_000 },
		);
	});
});
