import type { IDataObject } from 'n8n-workflow';

import { isJsonObject, own } from '../events/json';
import type { Answer } from '../transport/delivery';

/**
 * The list in an answer.
 *
 * @param key where the list is; where SparkLoop publishes none, the only list in the answer is meant
 * @returns undefined when there is no such list, or one of something else than objects
 */
export function listIn({ body }: Answer, key: string | undefined): IDataObject[] | undefined {
	if (!isJsonObject(body)) return undefined;
	const lists = (key === undefined ? Object.values(body) : [own(body, key)]).filter(Array.isArray);
	const [list] = lists;
	return lists.length === 1 && list.every(isJsonObject) ? (list as IDataObject[]) : undefined;
}

/** How many pages there are: `meta.total_pages` (docs.sparkloop.app/api-v2), or infinitely many where nobody knows. */
export function pagesIn({ body }: Answer): number {
	const meta = isJsonObject(body) ? own(body, 'meta') : undefined;
	const total = isJsonObject(meta) ? own(meta, 'total_pages') : undefined;
	return typeof total === 'number' ? total : Infinity;
}
