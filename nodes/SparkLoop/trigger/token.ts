import { createHash, timingSafeEqual } from 'node:crypto';

import { WEBHOOKS_PAGE } from '../transport/webhooksApi';

/** The header in which SparkLoop sends the account's token (docs.sparkloop.app/webhooks), as Node.js spells it. */
export const TOKEN_HEADER = 'sparkloop-token';

/**
 * Whether a request carries the right token. Takes the same time wherever they differ, and whatever their lengths:
 * digests are compared. A header that was sent twice arrives joined by a comma, and does not match.
 *
 * @param sent the header as Node.js gives it
 * @param expected the credential's token; a blank one matches nothing
 */
export function tokenMatches(sent: unknown, expected: unknown): boolean {
	if (typeof sent !== 'string' || typeof expected !== 'string' || expected.trim() === '')
		return false;
	return timingSafeEqual(digest(sent), digest(expected.trim()));
}

const COPY_IT = `copy it from SparkLoop's page '${WEBHOOKS_PAGE}'`;

/** What keeps a text from being a token, or undefined. A header carries neither blanks nor line breaks. */
export function tokenProblem(token: unknown): string | undefined {
	if (typeof token !== 'string' || token.trim() === '')
		return `'SparkLoop Token' is empty: ${COPY_IT}`;
	if (/[^\x21-\x7e]/.test(token.trim())) {
		return `'SparkLoop Token' contains blanks or characters that no header can carry: ${COPY_IT}`;
	}
	if (token.includes('://')) return `'SparkLoop Token' is an address, not a token: ${COPY_IT}`;
	return undefined;
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
