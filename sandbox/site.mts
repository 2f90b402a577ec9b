import type { FastifyInstance } from 'fastify';

import { HttpError } from './httpErrors.mts';
import { optionalText, requiredText } from './input.mts';
import { emailKey, isEmail } from './subscriber.mts';
import { reasonOf } from './sender.mts';
import { sitePage } from './sitePage.mts';

export interface SiteSignUp {
	email: string;
	name?: string;
	/** The code of the link that was clicked. */
	code?: string;
}

/**
 * The newsletter's own site with SparkLoop's script on it: it knows by which link somebody came,
 * which is how a sign-up that reaches SparkLoop through the Incoming Webhook gets its referrer.
 */
export class Site {
	/** A URL that gets `{event: 'signup', email, name}`; undefined when none is set up. */
	signUpTarget: string | undefined;
	readonly #visits = new Map<string, string>();
	readonly #isCode: (code: string) => boolean;
	readonly #changed: () => void;

	constructor(setup: { isCode: (code: string) => boolean; changed: () => void; target?: string }) {
		this.#isCode = setup.isCode;
		this.#changed = setup.changed;
		this.signUpTarget = setup.target;
	}

	/** Somebody clicked a link; only their first one counts, and only if the code is somebody's. */
	recordVisit(email: string, code: string): void {
		if (!this.#isCode(code) || this.#visits.has(emailKey(email))) return;
		this.#visits.set(emailKey(email), code);
		this.#changed();
	}

	/** The code by which this person came, if any. */
	codeFor(email: string): string | undefined {
		return this.#visits.get(emailKey(email));
	}

	/** Somebody filled in the form: notes the visit, and tells the newsletter's ESP. */
	async signUp({ email, name, code }: SiteSignUp): Promise<void> {
		if (!isEmail(email)) throw new HttpError(400, 'This is not an e-mail address.');
		if (code) this.recordVisit(email, code);
		if (!this.signUpTarget) {
			throw new HttpError(
				503,
				'No sign-up target is set up: nobody was told of this sign-up. Give the sandbox the URL ' +
					'of your sign-up workflow (--sign-up-target, or the settings on its page).',
			);
		}
		const status = await forward(this.signUpTarget, { event: 'signup', email, name: name ?? '' });
		if (status < 200 || status > 299) {
			throw new HttpError(502, `The sign-up target answered with status ${status}.`);
		}
	}
}

async function forward(url: string, body: object): Promise<number> {
	try {
		const response = await fetch(url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
			signal: AbortSignal.timeout(30_000),
		});
		await response.arrayBuffer();
		return response.status;
	} catch (error) {
		throw new HttpError(502, `The sign-up target: ${reasonOf(error)}.`);
	}
}

/** `GET /site` shows the form, `POST /site` takes it. A cookie remembers the first link clicked. */
export async function siteRoutes(scope: FastifyInstance, { site }: { site: Site }): Promise<void> {
	scope.addContentTypeParser(
		'application/x-www-form-urlencoded',
		{ parseAs: 'string' },
		(_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
	);

	scope.get<{ Querystring: Record<string, string> }>('/site', async (request, reply) => {
		const code = cookieCode(request.headers.cookie) ?? request.query.rh_ref ?? '';
		if (/^[\w-]+$/.test(code)) reply.header('set-cookie', `rh_ref=${code}; Path=/site; HttpOnly`);
		return reply.type('text/html').send(sitePage({ code }));
	});

	scope.post<{ Body: Record<string, unknown> }>('/site', async (request, reply) => {
		const fields = request.body ?? {};
		const code = cookieCode(request.headers.cookie) ?? optionalText(fields, 'rh_ref') ?? '';
		const name = optionalText(fields, 'name');
		try {
			await site.signUp({ email: requiredText(fields, 'email'), name, code });
			return await reply.type('text/html').send(sitePage({ code, done: true }));
		} catch (error) {
			if (!(error instanceof HttpError)) throw error;
			const page = sitePage({ code, error: error.message });
			return await reply.code(error.status).type('text/html').send(page);
		}
	});
}

function cookieCode(cookie: string | undefined): string | undefined {
	return /(?:^|;\s*)rh_ref=([\w-]+)/.exec(cookie ?? '')?.[1];
}
