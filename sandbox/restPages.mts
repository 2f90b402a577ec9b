import { HttpError } from './httpErrors.mts';
import { type Fields, optionalText } from './input.mts';

// api-v2 docs: "per_page default 50, at most 200".
const DEFAULT_PER_PAGE = 50;
const MOST_PER_PAGE = 200;

/**
 * One page of a list in the form of the api-v2 docs: the answers under `name`, and a `meta` with
 * `per_page`, `page`, `total_pages` and the length of the list as `total_NAME`. A page after the last
 * is empty. Throws a 400 for a `page` or `per_page` that is no number from 1.
 */
export function pageOf<T>(
	name: 'subscribers' | 'partner_programs' | 'referrals',
	list: readonly T[],
	query: Fields,
	answer: (one: T) => object,
) {
	const page = countFrom(query, 'page', 1);
	const perPage = Math.min(countFrom(query, 'per_page', DEFAULT_PER_PAGE), MOST_PER_PAGE);
	return {
		[name]: list.slice((page - 1) * perPage, page * perPage).map(answer),
		meta: {
			per_page: perPage,
			page,
			total_pages: Math.ceil(list.length / perPage),
			[`total_${name}`]: list.length,
		},
	};
}

function countFrom(query: Fields, name: string, otherwise: number): number {
	const text = optionalText(query, name);
	if (text === undefined) return otherwise;
	if (!/^[1-9]\d{0,8}$/.test(text)) throw new HttpError(400, `${name} must be a number from 1`);
	return Number(text);
}
