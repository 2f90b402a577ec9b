import { hasFourDigitYear, unixSeconds } from './unixSeconds';

/** Seconds. */
const DAY = 86_400;
const MINUTES_A_DAY = 1440;

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
	const inUtc = (value: unknown): number | undefined => {
		const seconds = unixSeconds(value, 'UTC');
		return seconds === undefined ? undefined : Math.floor(seconds / 60);
	};
	const ahead = aheadOfUtc(zone);
	if (zone === 'UTC') return inUtc;
	return (value) => {
		if (typeof value === 'string' && WITHOUT_OFFSET.test(value)) return inUtc(value);
		const seconds = unixSeconds(value, 'UTC');
		if (seconds === undefined) return undefined;
		const shown = seconds + ahead(seconds);
		// What is the year 9999 in UTC may be the year 10000 elsewhere.
		return hasFourDigitYear(shown * 1000) ? Math.floor(shown / 60) : undefined;
	};
}

/**
 * Makes a function that writes a registration date as SparkLoop's import wants it (help.sparkloop.app, article 5871255):
 * `DD/MM/YYYY`, or `DD/MM/YYYY HH:MM`.
 *
 * @returns takes minutes since 1970, on the clock whose time is to be shown; gives the index after the last byte
 */
export function dateWriter(
	withTime: boolean,
): (file: Buffer, at: number, minutes: number) => number {
	// People mostly come in the order in which they signed up, so that a day seldom differs from the one before.
	const date = Buffer.alloc(DATE_BYTES);
	let dateOf = Number.NaN;
	return (file, at, minutes) => {
		const day = Math.floor(minutes / MINUTES_A_DAY);
		if (day !== dateOf) {
			date.write(dayMonthYear(day), 'latin1');
			dateOf = day;
		}
		file.set(date, at);
		if (!withTime) return at + DATE_BYTES;
		const minute = minutes - day * MINUTES_A_DAY;
		file[at + 10] = BLANK;
		writeTwoDigits(file, at + 11, Math.floor(minute / 60));
		file[at + 13] = COLON;
		writeTwoDigits(file, at + 14, minute % 60);
		return at + DATE_AND_TIME_BYTES;
	};
}

/** @param day days since 1970 */
function dayMonthYear(day: number): string {
	const [year, month, date] = new Date(day * DAY * 1000).toISOString().slice(0, 10).split('-');
	return `${date}/${month}/${year}`;
}

const ZERO = 0x30;
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
