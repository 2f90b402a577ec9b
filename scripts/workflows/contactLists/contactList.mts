import type { Canvas, Place } from '../canvas.mts';
import { codeText } from '../failures.mts';

/** A person of an ESP's list. What the ESP does not tell is ''. */
export interface Person {
	/** The ESP's id. */
	contact: string;
	email: string;
	name: string;
	/** When they signed up, as the ESP writes it. */
	createdAt: string;
	ipAddress: string;
	/** Referral code or email address of who brought them. */
	referrer: string;
	/** `pending`: has not confirmed yet. `gone`: unsubscribed, or cannot be reached. */
	state: 'active' | 'gone' | 'pending';
	/** RH_SUBID. */
	subscriberId: string;
	/** RH_REFLINK. */
	link: string;
}

/** How an ESP lists its contacts, page by page. */
export interface ContactList {
	/** The ESP in words, for notes; '' for any ESP over HTTP. */
	name: string;
	/** What the Settings node gets; `pageSize` among it. */
	settings: Readonly<Record<string, string | number>>;
	/**
	 * Adds the nodes that read one page, in a row from `place`. The last hands on exactly one item:
	 * `{ people: Person[], next: string, total: number }`; `next` is '' after the last page, `total` 0 when the ESP does
	 * not tell it, or not with this page. An answer that cannot be understood makes it fail.
	 *
	 * @param cursor where the page begins, '' for the first; an expression without its braces
	 * @returns the first node, the last one, and how many columns they take
	 */
	read(
		canvas: Canvas,
		place: Place,
		cursor: string,
	): { first: string; last: string; columns: number };
	/** What a user has to do for it, for a note on the canvas: a list in Markdown. */
	note: string;
}

/** The node that asks for a page. */
export const READ_PAGE = 'Read a page of contacts';

/** The node that hands on the page's people. */
export const PEOPLE = 'Find the people in it';

/** Settings of a node that asks an ESP: what is in the way is waited for, a little. */
export const ASKING_FOR_PAGE = {
	executeOnce: true,
	retryOnFail: true,
	maxTries: 3,
	waitBetweenTries: 5000,
};

/**
 * Adds the node that makes a page's people of an answer, and stops where it cannot.
 *
 * @param mapping JavaScript that declares `list`, `next`, `total` and `personOf`, which turns an entry into a `Person`
 * @param cursor where the page begins; an expression without its braces
 * @returns its name
 */
export const findPeople = (canvas: Canvas, place: Place, mapping: string, cursor: string): string =>
	canvas.node(PEOPLE, 'code', place, {
		jsCode: mapping + codeText('peopleOfPage.js.txt').replace('CURSOR', () => cursor),
	});
