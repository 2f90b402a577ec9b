/** From here on a number is milliseconds: as seconds it would be the year 5138, as milliseconds it is 1973. */
const FIRST_MILLISECONDS = 1e11;

const ISO =
	/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/**
 * A point in time as the Incoming Webhook wants it: whole unix seconds (custom integration article, `created_at`).
 *
 * @param value a date of n8n's (Luxon) or of JavaScript's, ISO 8601 text, or unix seconds or milliseconds as number or
 * text
 * @param zone IANA name of the zone that ISO text without an offset is meant in
 * @returns undefined when the value cannot be read as a date between the years 1 and 9999
 */
export function unixSeconds(value: unknown, zone: string): number | undefined {
	const milliseconds = toMilliseconds(value, zone);
	if (milliseconds === undefined || !Number.isFinite(milliseconds)) return undefined;
	return hasFourDigitYear(milliseconds) ? Math.floor(milliseconds / 1000) : undefined;
}

const YEAR_1 = Date.parse('0001-01-01T00:00:00Z');
const YEAR_10000 = Date.parse('+010000-01-01T00:00:00Z');

/** Whether a time lies in the years 1 to 9999 of UTC. */
export const hasFourDigitYear = (milliseconds: number): boolean =>
	milliseconds >= YEAR_1 && milliseconds < YEAR_10000;

function toMilliseconds(value: unknown, zone: string): number | undefined {
	if (typeof value === 'number') return value < FIRST_MILLISECONDS ? value * 1000 : value;
	if (value instanceof Date) return value.getTime();
	if (isLuxon(value)) return value.toMillis();
	if (typeof value !== 'string') return undefined;
	const text = value.trim();
	// Eight digits are a date such as 20260131, four a year: neither is meant as seconds after 1970.
	if (/^\d{9,16}(\.\d+)?$/.test(text)) return toMilliseconds(Number(text), zone);
	return isoMilliseconds(text, zone);
}

const isLuxon = (value: unknown): value is { toMillis(): number } =>
	typeof value === 'object' &&
	value !== null &&
	'toMillis' in value &&
	typeof value.toMillis === 'function';

function isoMilliseconds(text: string, zone: string): number | undefined {
	if (!ISO.test(text)) return undefined;
	// Each part has its place: taking them from there is quicker than having the pattern cut them out.
	const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
	const month = twoDigits(text, 5);
	const day = twoDigits(text, 8);
	const isTimed = text.length > 10;
	const hour = isTimed ? twoDigits(text, 11) : 0;
	const minute = isTimed ? twoDigits(text, 14) : 0;
	const second = text.charAt(16) === ':' ? twoDigits(text, 17) : 0;
	// Date.UTC reads the year 99 as 1999, and rolls a 31 February over instead of refusing it.
	if (year < 100 || hour > 23 || minute > 59 || second > 59) return undefined;
	if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined;
	const wall = Date.UTC(year, month - 1, day, hour, minute, second);
	if (/z$/i.test(text)) return wall;
	const offset = isTimed ? /[+-][\d:]+$/.exec(text)?.[0] : undefined;
	if (!offset) return wall - zoneOffset(wall, zone);
	const [hours, minutes] = [Number(offset.slice(1, 3)), Number(offset.slice(3).replace(':', ''))];
	if (hours > 18 || minutes > 59) return undefined;
	return wall - (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

const LONG_MONTHS = [1, 3, 5, 7, 8, 10, 12];

function daysIn(year: number, month: number): number {
	if (month !== 2) return LONG_MONTHS.includes(month) ? 31 : 30;
	return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

const twoDigits = (text: string, at: number): number =>
	(text.charCodeAt(at) - 48) * 10 + (text.charCodeAt(at + 1) - 48);

/** Milliseconds by which the zone's clocks are ahead of UTC when they show the given wall time. */
function zoneOffset(wall: number, zone: string): number {
	if (zone === 'UTC') return 0;
	const format = new Intl.DateTimeFormat('en-US', {
		timeZone: zone,
		hourCycle: 'h23',
		year: 'numeric',
		month: 'numeric',
		day: 'numeric',
		hour: 'numeric',
		minute: 'numeric',
		second: 'numeric',
	});
	const ahead = (instant: number) => {
		const parts = Object.fromEntries(
			format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]),
		);
		const shown = Date.UTC(
			parts.year,
			parts.month - 1,
			parts.day,
			parts.hour,
			parts.minute,
			parts.second,
		);
		return shown - Math.floor(instant / 1000) * 1000;
	};
	// The first guess may fall on the other side of a change of the clocks; the second does not.
	return ahead(wall - ahead(wall));
}
