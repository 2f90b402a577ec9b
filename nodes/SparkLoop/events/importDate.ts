import { unixSeconds } from './unixSeconds';

const DAY = 86_400;

/** ISO text that says what a clock showed, but not where. */
const WITHOUT_OFFSET = /^\s*\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}[^Z+-]*)?\s*$/i;

/** What stands at the end of `1/31/2026, GMT+01:00`; without digits where it is GMT itself. */
const OFFSET = /([+-])(\d{2}):(\d{2})(?::(\d{2}))?$/;

/** Bytes of `DD/MM/YYYY`, and of `DD/MM/YYYY HH:MM`. */
export const DATE_BYTES = 10;
export const DATE_AND_TIME_BYTES = 16;

/**
 * Makes a function that says what the clocks of a zone showed at a point in time.
 *
 * @param zone IANA name
 * @returns takes what `unixSeconds` takes, and gives minutes since 1970 on the zone's clocks; undefined when the value
 * cannot be read as a date of the years 1 to 9999. Text without an offset stays as it stands, whatever the zone.
 * @throws RangeError when there is no such zone
 */
export function clockReader(zone: string): (value: unknown) => number | undefined {
	const ahead = aheadOfUtc(zone);
	return (value) => {
		const stands = typeof value === 'string' && WITHOUT_OFFSET.test(value);
		const seconds = unixSeconds(value, 'UTC');
		if (seconds === undefined) return undefined;
		const shown = stands ? seconds : seconds + ahead(seconds);
		// What is the year 9999 in UTC may be the year 10000 elsewhere.
		const year = new Date(shown * 1000).getUTCFullYear();
		return year >= 1 && year <= 9999 ? Math.floor(shown / 60) : undefined;
	};
}

/**
 * Writes a registration date as SparkLoop's import wants it (help.sparkloop.app, article 5871255): `DD/MM/YYYY`, or
 * `DD/MM/YYYY HH:MM`.
 *
 * @param minutes since 1970, on the clock whose time is to be shown
 * @returns index after the last byte
 */
export function writeDate(file: Buffer, at: number, minutes: number, withTime: boolean): number {
	const date = new Date(minutes * 60_000);
	const year = date.getUTCFullYear();
	writeTwoDigits(file, at, date.getUTCDate());
	file[at + 2] = SLASH;
	writeTwoDigits(file, at + 3, date.getUTCMonth() + 1);
	file[at + 5] = SLASH;
	writeTwoDigits(file, at + 6, Math.floor(year / 100));
	writeTwoDigits(file, at + 8, year % 100);
	if (!withTime) return at + DATE_BYTES;
	file[at + 10] = BLANK;
	writeTwoDigits(file, at + 11, date.getUTCHours());
	file[at + 13] = COLON;
	writeTwoDigits(file, at + 14, date.getUTCMinutes());
	return at + DATE_AND_TIME_BYTES;
}

const ZERO = 0x30;
const SLASH = 0x2f;
const COLON = 0x3a;
const BLANK = 0x20;

function writeTwoDigits(file: Buffer, at: number, number: number): void {
	file[at] = ZERO + Math.floor(number / 10);
	file[at + 1] = ZERO + (number % 10);
}

/**
 * By how many seconds the zone's clocks are ahead of UTC. Asking Intl takes longer than all the rest of a row, so the
 * answer is kept for each day on which the clocks are not changed.
 */
function aheadOfUtc(zone: string): (seconds: number) => number {
	const ask = askIntl(zone);
	if (zone === 'UTC') return () => 0;
	const days = new Map<number, number | null>();
	return (seconds) => {
		const day = Math.floor(seconds / DAY);
		let ahead = days.get(day);
		if (ahead === undefined) {
			const first = ask(day * DAY);
			ahead = first === ask((day + 1) * DAY) ? first : null;
			days.set(day, ahead);
		}
		return ahead ?? ask(seconds);
	};
}

function askIntl(zone: string): (seconds: number) => number {
	const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
	return (seconds) => {
		const [, sign, ...parts] = OFFSET.exec(format.format(seconds * 1000)) ?? [];
		const [hours, minutes, rest] = parts.map((part) => Number(part ?? 0));
		return sign ? (sign === '-' ? -1 : 1) * (hours * 3600 + minutes * 60 + rest) : 0;
	};
}
