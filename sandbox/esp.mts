import type { FastifyInstance } from 'fastify';

import { type Clock, iso } from './clock.mts';
import { answerErrors, HttpError, REST_STATUSES } from './httpErrors.mts';
import { type InboundContext, watchRoutes } from './inboundRoutes.mts';
import { objectFrom } from './input.mts';
import { emailKey, isEmail } from './subscriber.mts';

/** A person in the ESP. */
export interface Contact {
	email: string;
	fields: Record<string, unknown>;
	/** How often the contact was written, the first time included. */
	writes: number;
	createdAt: string;
	updatedAt: string;
}

/** A stand-in for any newsletter tool that keeps contacts with fields. */
export class Esp {
	readonly #contacts = new Map<string, Contact>();
	readonly #clock: Clock;
	readonly #changed: () => void;

	constructor(clock: Clock, changed: () => void) {
		this.#clock = clock;
		this.#changed = changed;
	}

	get contacts(): Contact[] {
		return [...this.#contacts.values()];
	}

	find(email: string): Contact | undefined {
		return this.#contacts.get(emailKey(email));
	}

	/** Creates the contact or adds to its fields; a field that is not given stays as it is. */
	upsert(email: string, fields: Record<string, unknown>): Contact {
		const known = this.find(email);
		const now = iso(this.#clock.now());
		const contact = {
			email: known?.email ?? email.trim(),
			fields: { ...known?.fields, ...fields },
			writes: (known?.writes ?? 0) + 1,
			createdAt: known?.createdAt ?? now,
			updatedAt: now,
		};
		this.#contacts.set(emailKey(email), contact);
		this.#changed();
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

	scope.get('/esp/contacts', async () => ({ contacts: esp.contacts }));

	scope.get<ByEmail>('/esp/contacts/:email', async ({ params }) => {
		const contact = esp.find(params.email);
		if (!contact) throw new HttpError(404, 'No contact has this e-mail address');
		return { contact };
	});

	scope.put<ByEmail>('/esp/contacts/:email', async ({ params, body }) => {
		if (!isEmail(params.email)) throw new HttpError(400, 'This is not an e-mail address');
		const fields = objectFrom(objectFrom(body).fields, 'fields');
		return { contact: esp.upsert(params.email, fields) };
	});
}
