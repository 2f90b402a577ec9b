/** How much an ESP lets one key ask, and how much of it one contact takes. */
export interface RateLimit {
	requests: number;
	/** Milliseconds. */
	per: number;
	/** How many requests the writing of one contact takes, the reading included. */
	perContact: number;
}

/** What of the limit is left to everything else that uses the key. */
const LEFT_OVER = 0.1;
/** About what n8n takes for one contact, in milliseconds; a lease that rests longer than it works is idle. */
const WORK = 300;
/** Longer pauses would keep two events of one person waiting for each other too long. Milliseconds. */
const LONGEST_PAUSE = 3_000;
const MOST_SHARES = 64;

/** How many leases share the contacts, and for how many milliseconds each rests after it was given back. */
export interface Pace {
	shares: number;
	pause: number;
}

/**
 * The fastest pace that stays below a limit whatever happens. In any time as long as the limit's, a lease that rests
 * for `pause` is taken at most `per / pause + 1` times; so all of them together ask no more than allowed.
 *
 * @throws when the limit allows not even one contact at a time
 */
export function paceOf({ requests, per, perContact }: RateLimit): Pace {
	const contacts = (requests * (1 - LEFT_OVER)) / perContact;
	const paces = Array.from({ length: MOST_SHARES }, (_, index): Pace => {
		const shares = index + 1;
		const timesEach = Math.floor(contacts / shares);
		if (timesEach < 1) return { shares, pause: Infinity };
		// What rests for longer than the limit's time falls into it once.
		return { shares, pause: timesEach < 2 ? per + 1 : Math.ceil(per / (timesEach - 1)) };
	}).filter(({ pause }) => pause <= Math.max(LONGEST_PAUSE, per));
	const rate = ({ shares, pause }: Pace): number => shares / (pause + WORK);
	const quick = paces.filter(({ pause }) => pause <= LONGEST_PAUSE);
	const [fastest] = [...(quick.length > 0 ? quick : paces)].sort((a, b) => rate(b) - rate(a));
	if (!fastest) throw new Error(`No pace stays below ${requests} requests in ${per} ms`);
	return fastest;
}
