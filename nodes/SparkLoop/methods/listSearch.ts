import {
	NodeOperationError,
	type IDataObject,
	type ILoadOptionsFunctions,
	type INodeListSearchItems,
	type INodeListSearchResult,
} from 'n8n-workflow';

import { isEmail } from '../events/email';
import { isJsonObject } from '../events/json';
import { isStatus } from '../transport/attempt';
import { LARGEST_PAGE, restV2, segment } from '../transport/restV2';

/** Milliseconds. Somebody is looking at the list. */
const TIMEOUT = 15_000;

/** A page without a match is an empty list to the editor, which then asks for no other. */
const PAGES_AT_ONCE = 5;

/** The account's campaigns whose name contains the text. */
export async function searchCampaigns(
	this: ILoadOptionsFunctions,
	filter?: string,
): Promise<INodeListSearchResult> {
	const { campaigns } = await get.call(this, '/campaigns');
	return { results: matching(entriesOf(campaigns).map(byName), filter) };
}

/** The account's partner programs whose publication's name contains the text, page by page. */
export async function searchPartnerPrograms(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	return await searchPages.call(this, '/partner_programs', filter, paginationToken, (body) =>
		entriesOf(body.partner_programs).map(({ publication, uuid }) =>
			byName({ uuid, name: isJsonObject(publication) ? publication.name : undefined }),
		),
	);
}

/**
 * Subscribers, the newest first, page by page; of each page those whose address or name contains the text. SparkLoop
 * offers no search, but a whole address is asked for directly.
 */
export async function searchSubscribers(
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
): Promise<INodeListSearchResult> {
	const email = filter?.trim() ?? '';
	if (isEmail(email)) {
		const { subscriber } = await get.call(this, `/subscribers/${segment(email)}`, {}, true);
		return { results: isJsonObject(subscriber) ? [person(subscriber as IDataObject)] : [] };
	}
	return await searchPages.call(this, '/subscribers', filter, paginationToken, (body) =>
		entriesOf(body.subscribers).map(person),
	);
}

/** Reads pages until one holds a match. */
async function searchPages(
	this: ILoadOptionsFunctions,
	path: string,
	filter: string | undefined,
	paginationToken: string | undefined,
	read: (body: IDataObject) => INodeListSearchItems[],
): Promise<INodeListSearchResult> {
	let token: string | undefined = paginationToken ?? '1';
	let results: INodeListSearchItems[] = [];
	for (let count = 0; token && results.length === 0 && count < PAGES_AT_ONCE; count += 1) {
		const page = Number(token);
		const body: IDataObject = await get.call(this, path, { page, per_page: LARGEST_PAGE });
		results = matching(read(body), filter);
		token = nextPage(body, page);
	}
	return { results, paginationToken: token };
}

const byName = ({ uuid, name }: IDataObject): INodeListSearchItems => ({
	name: String(name ?? uuid),
	value: String(uuid),
});

const person = ({ uuid, email, name }: IDataObject): INodeListSearchItems => ({
	name: name ? `${String(email)} (${String(name).trim()})` : String(email),
	value: String(uuid),
});

const entriesOf = (list: unknown): IDataObject[] =>
	Array.isArray(list) ? (list.filter(isJsonObject) as IDataObject[]) : [];

function matching(items: INodeListSearchItems[], filter = ''): INodeListSearchItems[] {
	const wanted = filter.trim().toLowerCase();
	return items.filter(({ name }) => name.toLowerCase().includes(wanted));
}

function nextPage({ meta }: IDataObject, page: number): string | undefined {
	const total = isJsonObject(meta) ? Number(meta.total_pages) : 0;
	return page < total ? String(page + 1) : undefined;
}

async function get(
	this: ILoadOptionsFunctions,
	path: string,
	qs: IDataObject = {},
	mayBeAbsent = false,
): Promise<IDataObject> {
	const call = await restV2.call(this, {
		timeout: TIMEOUT,
		signal: AbortSignal.timeout(TIMEOUT),
	});
	const answer = await call('GET', path, { qs });
	if ('noAnswer' in answer) {
		throw new NodeOperationError(
			this.getNode(),
			`SparkLoop could not be reached: ${answer.noAnswer}`,
			{
				description:
					"Try again. If it stays like this, check 'Base URL' in the credential, and the network.",
			},
		);
	}
	if (isStatus(answer, 404) && mayBeAbsent) return {};
	if (answer.status >= 300) {
		throw new NodeOperationError(
			this.getNode(),
			`SparkLoop answered with status ${answer.status}`,
			{
				description:
					answer.status === 401 || answer.status === 403
						? "Check 'API Key' in the credential."
						: "Try again later, or choose 'By ID'.",
			},
		);
	}
	return isJsonObject(answer.body) ? (answer.body as IDataObject) : {};
}
