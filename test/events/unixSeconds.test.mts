import fc from 'fast-check';

import { unixSeconds } from '../../nodes/SparkLoop/events/unixSeconds';

const AT = 1564400550;

/** A minute before and after clocks were changed. */
const CHANGES_OF_CLOCKS = (
	[
		[Date.UTC(2026, 2, 29, 1), 'Europe/Berlin'],
		[Date.UTC(2026, 9, 25, 1), 'Europe/Berlin'],
		[Date.UTC(2026, 2, 8, 7), 'America/New_York'],
		[Date.UTC(2026, 10, 1, 6), 'America/New_York'],
	] as const
).flatMap(([at, zone]) =>
	[-3 * 3600, -2 * 3600, -60, 60, 2 * 3600, 3 * 3600].map((by) => [at / 1000 + by, zone] as const),
);

describe('a date', () => {
	it.each([
		[AT],
		[AT * 1000],
		[AT * 1000 + 999],
		[String(AT)],
		[`${AT}000`],
		[new Date(AT * 1000)],
		[{ toMillis: () => AT * 1000 }],
		['2019-07-29T11:42:30Z'],
		['2019-07-29T11:42:30.999Z'],
		['2019-07-29T13:42:30+02:00'],
		['2019-07-29T13:42:30+0200'],
		['2019-07-29 11:42:30Z'],
		['2019-07-29T07:12:30.000-04:30'],
		[' 2019-07-29T11:42:30Z '],
		[`${AT}.9`],
		['2019-07-29T11:42:30,5Z'],
		['2019-07-29t11:42:30z'],
		['2019-07-29T13:42:30 +02:00'],
		['2019-07-29 13:42:30.5+02'],
		['2019-07-29T17:27:30+05:45'],
		['2019-07-30T05:42:30+18:00'],
		['2019-07-29T10:43:30-00:59'],
	])('%j is understood', (value) => {
		expect(unixSeconds(value, 'Asia/Tokyo')).toBe(AT);
	});

	it('without an offset is meant in the zone, summer and winter', () => {
		expect(unixSeconds('2019-07-29T13:42:30', 'Europe/Berlin')).toBe(AT);
		expect(unixSeconds('2026-01-15T12:00', 'Europe/Berlin')).toBe(Date.UTC(2026, 0, 15, 11) / 1000);
		expect(unixSeconds('2026-03-29T03:30:00', 'Europe/Berlin')).toBe(
			Date.UTC(2026, 2, 29, 1, 30) / 1000,
		);
		expect(unixSeconds('2026-01-15', 'America/New_York')).toBe(Date.UTC(2026, 0, 15, 5) / 1000);
	});

	it('is in the zone whatever its clocks do, wherever they show that time once', () => {
		const zones = ['Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'];
		fc.assert(
			fc.property(
				fc.integer({ min: Date.UTC(1980, 0) / 1000, max: Date.UTC(2037, 0) / 1000 }),
				fc.constantFrom(...zones),
				fc.constantFrom('T', ' '),
				(seconds, zone, between) => {
					const shown = (at: number) =>
						new Intl.DateTimeFormat('sv-SE', {
							timeZone: zone,
							dateStyle: 'short',
							timeStyle: 'medium',
						}).format(at * 1000);
					fc.pre(![-3600, -1800, 1800, 3600].some((by) => shown(seconds + by) === shown(seconds)));
					expect(unixSeconds(shown(seconds).replace(' ', between), zone)).toBe(seconds);
				},
			),
			{ numRuns: 500, examples: CHANGES_OF_CLOCKS.map(([at, zone]) => [at, zone, 'T']) },
		);
	});

	it('before 1970 is the second that had begun', () => {
		expect(unixSeconds(new Date(-1), 'UTC')).toBe(-1);
	});

	it.each([
		['100000000', 1e8],
		[86_400, 86_400],
		[0, 0],
		[-1, -1],
		[99_999_999_999, 99_999_999_999],
		[1e11, 1e8],
		[new Date(-62_135_596_800_000), -62_135_596_800],
		[new Date(-62_135_596_800_001), undefined],
		[new Date(253_402_300_799_999), 253_402_300_799],
		[new Date(253_402_300_800_000), undefined],
	])('%j, at the edge of what is meant, is %j', (value, seconds) => {
		expect(unixSeconds(value, 'UTC')).toBe(seconds);
	});

	it.each([
		['yesterday'],
		['2019'],
		['20190729'],
		['2019-07-29T11:42:30+19:00'],
		['2019-07-29T11:42:30+05:60'],
		[{ toMillis: 5 }],
		['2019-13-01'],
		['2019-02-30'],
		['2019-07-29T25:00:00Z'],
		['29/07/2019'],
		['12345678901234567890'],
		[Number.NaN],
		[Number.POSITIVE_INFINITY],
		[1e18],
		[new Date(Number.NaN)],
		[true],
		[{}],
		[[]],
		[null],
	])('%j is refused', (value) => {
		expect(unixSeconds(value, 'UTC')).toBeUndefined();
	});

	it('is the same in every form', () => {
		fc.assert(
			fc.property(
				fc.date({ min: new Date('1974-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
				fc.constantFrom('UTC', 'Asia/Kolkata', 'America/St_Johns', 'Australia/Lord_Howe'),
				(date, zone) => {
					const seconds = Math.floor(date.getTime() / 1000);
					for (const form of [date, date.getTime(), seconds, date.toISOString(), String(seconds)]) {
						expect(unixSeconds(form, zone)).toBe(seconds);
					}
				},
			),
		);
	});

	it('never throws and is a whole number or nothing, whatever is entered', () => {
		fc.assert(
			fc.property(fc.anything(), (value) => {
				const seconds = unixSeconds(value, 'Europe/Berlin');
				expect(seconds === undefined || Number.isInteger(seconds)).toBe(true);
			}),
			{ numRuns: 5_000 },
		);
	});
});
