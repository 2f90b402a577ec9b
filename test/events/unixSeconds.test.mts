import fc from 'fast-check';

import { unixSeconds } from '../../nodes/SparkLoop/events/unixSeconds';

const AT = 1564400550;

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

	it.each([
		['yesterday'],
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
