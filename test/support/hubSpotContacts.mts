import type { Reply } from './peer.mts';
import type { Answer, Heard } from './vendors.mts';

/** Where HubSpot's API is. */
export const HUBSPOT = 'api.hubapi.com';

/** Property → its value: HubSpot's values are texts, those of numbers and dates too; null where there is none. */
export type Properties = Record<string, string | null>;

/** What a search asks for (PublicObjectSearchRequest of @hubspot/api-client). */
export interface Search {
	filterGroups?: Array<{ filters: Filter[] }>;
	sorts?: Array<{ propertyName: string; direction: 'ASCENDING' | 'DESCENDING' }>;
	properties?: string[];
	limit?: number;
	after?: string;
}

interface Filter {
	propertyName: string;
	operator: string;
	value?: string | number;
}

const SEARCH = 'POST /crm/v3/objects/contacts/search';
const LARGEST_PAGE = 200;
const LONGEST_BODY = 3_000;
const SEARCHES_A_SECOND = 5;
const CREATED_AT = '2019-10-30T03:30:17.883Z';
const CHANGED_AT = '2019-12-07T16:50:06.678Z';
const ALWAYS = ['createdate', 'hs_object_id', 'lastmodifieddate'];
const WHEN_NONE_ARE_NAMED = ['email', 'firstname', 'lastname'];

const refusal = (status: number, message: string, more: object): Reply => ({
	status,
	body: {
		status: 'error',
		message,
		correlationId: 'aeb5f871-7f07-4993-9211-075dc63e7cbf',
		...more,
	},
});

/** Of a token that HubSpot does not know (HubSpot/hubspot-api-nodejs, issue 432). */
const UNKNOWN_TOKEN = refusal(
	401,
	'Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview',
	{ category: 'INVALID_AUTHENTICATION' },
);

/** Of a private app that may not read contacts (HubSpot/hubspot-api-nodejs, issue 268). */
export const MISSING_SCOPES = refusal(
	403,
	"This app hasn't been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.",
	{
		errors: [
			{
				message: 'One or more of the following scopes are required.',
				context: { requiredScopes: ['crm.objects.contacts.read'] },
			},
		],
		links: { scopes: 'https://developers.hubspot.com/scopes' },
		category: 'MISSING_SCOPES',
	},
);

/** Of more searches in a second than an account may make (developers.hubspot.com, usage guidelines). */
export const TOO_MANY = refusal(429, 'You have reached your secondly limit.', {
	errorType: 'RATE_LIMIT',
	policyName: 'SECONDLY',
});

/** HubSpot publishes when it refuses a search, but not in which words: these are ours. */
const invalid = (message: string): Reply => refusal(400, message, { category: 'VALIDATION_ERROR' });

/**
 * The contacts of a HubSpot account, and the search of its CRM API v3 for a private app (developers.hubspot.com, *Search
 * the CRM* with its limits): at most 200 results a page and 10,000 a query, however many pages they make; five searches a
 * second for the whole account; a search goes by an index, which learns of a change a few moments later. The first address
 * is in lower case and the only one that `email` is; those of merged contacts are in `hs_additional_emails`.
 */
export class HubSpotContacts {
	/** Of the private app; one that it had before is refused. */
	token = 'pat-eu1-key';
	/** Asked before each answer; what it gives is answered instead. */
	instead?: (search: Search) => Reply | undefined;

	/** The statuses of all answers, in order. */
	readonly statuses: number[] = [];

	readonly #mostResults: number;
	#contacts = new Map<number, Properties>();
	/** What searches find, while it lags behind. */
	#index?: Map<number, Properties>;
	/** Others follow where it has one digit more: ids are compared as numbers. */
	#nextId = 995;
	#searchedAt: number[] = [];

	/** @param mostResults that a query can have, to have fewer contacts where that is tried */
	constructor({ mostResults = 10_000 } = {}) {
		this.#mostResults = mostResults;
	}

	/** Adds a contact. @returns its id */
	add({ email = null, ...properties }: Properties): string {
		const id = this.#nextId;
		this.#nextId += 1;
		this.#contacts.set(id, {
			createdate: CREATED_AT,
			lastmodifieddate: CHANGED_AT,
			...properties,
			hs_object_id: String(id),
			email: email?.toLowerCase() ?? null,
		});
		return String(id);
	}

	/** Changes properties of a contact. */
	change(id: string, properties: Properties): void {
		const contact = this.#contacts.get(Number(id));
		if (!contact) throw new Error(`HubSpot has no contact ${id}`);
		this.#contacts.set(Number(id), { ...contact, ...properties });
	}

	/** From now on searches do not learn of changes, until `catchUp` is called. */
	lag(): void {
		this.#index = new Map(this.#contacts);
	}

	/** Lets searches learn of all changes. */
	catchUp(): void {
		this.#index = undefined;
	}

	/** What the account's host answers. */
	readonly answer: Answer = (heard: Heard): Reply => {
		const reply = this.#replyTo(heard);
		this.statuses.push(reply.status);
		return reply;
	};

	#replyTo({ method, path, headers, body }: Heard): Reply {
		if (`${method} ${path}` !== SEARCH) throw new Error(`${method} ${path} is not played`);
		if (headers.authorization !== `Bearer ${this.token}`) return UNKNOWN_TOKEN;
		const search = body as Search;
		return this.instead?.(search) ?? this.#refusalOf(search) ?? this.#find(search);
	}

	#refusalOf(search: Search): Reply | undefined {
		const now = Date.now();
		this.#searchedAt = this.#searchedAt.filter((at) => now - at < 1_000);
		if (this.#searchedAt.length >= SEARCHES_A_SECOND) return TOO_MANY;
		this.#searchedAt.push(now);
		const { limit = 10, after = '0' } = search;
		if (limit > LARGEST_PAGE) return invalid(`limit is ${limit}, and at most ${LARGEST_PAGE}`);
		if (Number(after) + limit > this.#mostResults) {
			return invalid(`A query has at most ${this.#mostResults} results`);
		}
		if (JSON.stringify(search).length > LONGEST_BODY) {
			return invalid(`A query has at most ${LONGEST_BODY} characters`);
		}
		return undefined;
	}

	#find({ filterGroups = [], sorts = [], properties, limit = 10, after = '0' }: Search): Reply {
		const all = [...(this.#index ?? this.#contacts).values()];
		const found = all
			.filter(
				(contact) =>
					filterGroups.length === 0 ||
					filterGroups.some(({ filters }) => filters.every((filter) => meets(contact, filter))),
			)
			.sort(inOrderOf(sorts));
		const to = Number(after) + limit;
		return {
			status: 200,
			body: {
				total: found.length,
				results: found.slice(Number(after), to).map((contact) => toResult(contact, properties)),
				...(to < found.length ? { paging: { next: { after: String(to) } } } : {}),
			},
		};
	}
}

/** Whether a contact has what a filter asks for; the filters of a group are all met. */
function meets(contact: Properties, { propertyName, operator, value }: Filter): boolean {
	const has = contact[propertyName] ?? '';
	if (operator === 'HAS_PROPERTY') return has !== '';
	if (operator === 'GT' && propertyName === 'hs_object_id') return Number(has) > Number(value);
	throw new Error(`No filter is played for ${propertyName} ${operator}`);
}

/** The oldest first, unless a search says otherwise. */
function inOrderOf([sort]: NonNullable<Search['sorts']>) {
	const { propertyName, direction } = sort ?? {
		propertyName: 'hs_object_id',
		direction: 'ASCENDING',
	};
	if (propertyName !== 'hs_object_id') throw new Error(`No order by ${propertyName} is played`);
	const sign = direction === 'ASCENDING' ? 1 : -1;
	return (a: Properties, b: Properties) => sign * (Number(a.hs_object_id) - Number(b.hs_object_id));
}

/** A contact as it is answered (SimplePublicObject): a property that is asked for and blank is null. */
const toResult = (contact: Properties, properties = WHEN_NONE_ARE_NAMED) => ({
	id: contact.hs_object_id,
	properties: Object.fromEntries(
		[...properties, ...ALWAYS].map((name) => [name, contact[name] ?? null]),
	),
	createdAt: contact.createdate,
	updatedAt: contact.lastmodifieddate,
	archived: false,
});
