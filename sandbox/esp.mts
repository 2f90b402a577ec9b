import type { FastifyInstance } from 'fastify';

import { type Clock, iso } from './clock.mts';
import { answerErrors, HttpError, REST_STATUSES } from './httpErrors.mts';
import { type InboundContext, watchRoutes } from './inboundRoutes.mts';
import { objectFrom, optionalText } from './input.mts';
import { emailKey, isEmail } from './subscriber.mts';

export type ContactStatus = 'active' | 'unsubscribed';

const STATUSES: readonly ContactStatus[] = ['active', 'unsubscribed'];

/** A person in the ESP. */
export interface Contact {
	/** Counts from 1, in the order in which the contacts came. */
	readonly id: number;
	email: string;
	name: string | null;
	status: ContactStatus;
	fields: Record<string, unknown>;
	/** How often the contact was written, the first time included. */
	writes: number;
	createdAt: string;
	updatedAt: string;
}

const MOST_PER_PAGE = 500;

/** A stand-in for any newsletter tool that keeps contacts with fields. */
export class Esp {
	readonly #contacts = new Map<string, Contact>();
	/** The same, in the order in which they came. */
	readonly #inOrder: Contact[] = [];
	readonly #clock: Clock;
	readonly #changed: () => void;

	constructor(clock: Clock, changed: () => void) {
		this.#clock = clock;
		this.#changed = changed;
	}

	get contacts(): readonly Contact[] {
		return this.#inOrder;
	}

	find(email: string): Contact | undefined {
		return this.#contacts.get(emailKey(email));
	}

	/**
	 * Creates the contact or adds to it; a field that is not given stays as it is.
	 *
	 * @param change an address that another contact has is refused by an `HttpError` 409
	 */
	upsert(
		email: string,
		fields: Record<string, unknown>,
		change: { email?: string; name?: string | null; status?: ContactStatus } = {},
	): Contact {
		const now = iso(this.#clock.now());
		const contact = this.find(email) ?? this.#create(email, now);
		const address = change.email ?? contact.email;
		const owner = this.find(address);
		if (owner && owner !== contact) throw new HttpError(409, 'Another contact has this address');
		this.#contacts.delete(emailKey(contact.email));
		this.#contacts.set(emailKey(address), contact);
		Object.assign(contact, {
			email: address,
			name: change.name === undefined ? contact.name : change.name,
			status: change.status ?? contact.status,
			fields: { ...contact.fields, ...fields },
			writes: contact.writes + 1,
			updatedAt: now,
		});
		this.#changed();
		return contact;
	}

	/** Contacts with a higher id than `after`, the lowest first. */
	page(after: number, limit: number): Contact[] {
		return this.#inOrder.slice(after, after + limit);
	}

	#create(email: string, createdAt: string): Contact {
		const contact: Contact = {
			id: this.#inOrder.length + 1,
			email: email.trim(),
			name: null,
			status: 'active',
			fields: {},
			writes: 0,
			createdAt,
			updatedAt: createdAt,
		};
		this.#inOrder.push(contact);
		return contact;
	}
}

/** `/esp/contacts`, with the key as a Bearer token. Errors are `{"error": "…"}`. */
export async function espRoutes(
	scope: FastifyInstance,
	context: InboundContext & { esp: Esp; key: string },
): Promise<void> {
	const { esp, key } = context;
	watchRoutes(scope, 'esp', context);
	answerErrors(scope, REST_STATUSES);
	scope.addHook('onRequest', async (request) => {
		if (request.headers.authorization !== `Bearer ${key}`) {
			throw new HttpError(401, 'The header Authorization: Bearer KEY is missing or wrong');
		}
	});

	type ByEmail = { Params: { email: string } };

	scope.get<{ Querystring: { after?: string; limit?: string } }>(
		'/esp/contacts',
		async ({ query }) => {
			const after = countFrom(query.after ?? '0', 'after');
			const limit = countFrom(query.limit ?? String(MOST_PER_PAGE), 'limit');
			const contacts = esp.page(after, Math.min(limit, MOST_PER_PAGE));
			const last = contacts.at(-1)?.id ?? after;
			const total = esp.contacts.length;
			return { contacts, total, next: last < total && contacts.length > 0 ? last : null };
		},
	);

	scope.get<ByEmail>('/esp/contacts/:email', async ({ params }) => {
		const contact = esp.find(params.email);
		if (!contact) throw new HttpError(404, 'No contact has this e-mail address');
		return { contact };
	});

	scope.put<ByEmail>('/esp/contacts/:email', async ({ params, body }) => {
		if (!isEmail(params.email)) throw new HttpError(400, 'This is not an e-mail address');
		const given = objectFrom(body);
		const email = optionalText(given, 'newEmail');
		if (email !== undefined && !isEmail(email)) {
			throw new HttpError(400, 'This is not an e-mail address');
		}
		const status = optionalText(given, 'status');
		if (status !== undefined && !isStatus(status)) {
			throw new HttpError(400, `status must be one of ${STATUSES.join(', ')}`);
		}
		const fields = objectFrom(given.fields, 'fields');
		const name = optionalText(given, 'name');
		return { contact: esp.upsert(params.email, fields, { email, name, status }) };
	});
}

const isStatus = (text: string): text is ContactStatus =>
	STATUSES.some((status) => status === text);

function countFrom(text: string, name: string): number {
	if (!/^\d{1,9}$/.test(text)) throw new HttpError(400, `${name} must be a number from 0`);
	return Number(text);
}
