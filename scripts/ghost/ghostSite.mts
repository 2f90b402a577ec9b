import { createHmac } from 'node:crypto';

import type { Mail, Mailbox } from '../../sandbox/mailbox.mts';

export interface GhostOwner {
	name: string;
	email: string;
	/** At least 10 characters, and nothing common: Ghost insists. */
	password: string;
	/** The publication's title. */
	title: string;
}

/** A custom integration, as the owner makes one under Settings > Integrations. */
export interface Integration {
	id: string;
	/** The Admin API key, `id:secret`. */
	adminApiKey: string;
}

export type MemberEvent = 'member.added' | 'member.edited' | 'member.deleted';

export interface GhostWebhook {
	event: MemberEvent;
	targetUrl: string;
	/** What Ghost signs its requests with. */
	secret: string;
}

/** Where Ghost's mails arrive. */
export type Mails = Pick<Mailbox, 'mails' | 'nextMail'>;

export interface CustomField {
	namespace: 'custom';
	/** What values are stored under; Ghost makes it of the name, such as `rh_reflink` of `RH_REFLINK`. */
	key: string;
	name: string;
	type: string;
	status: 'active' | 'archived';
}

export interface GhostMemberRecord {
	id: string;
	uuid: string;
	email: string;
	name: string | null;
	newsletters: Array<{ id: string; name: string }>;
	labels: Array<{ name: string }>;
	/** Only the fields that have a value. */
	metafields?: { custom?: Record<string, unknown> };
	[other: string]: unknown;
}

const ADMIN = '/ghost/api/admin';
/** Ghost refuses tokens that are valid for longer. */
const TOKEN_SECONDS = 300;
/** Ghost answers before its mail has gone out. */
const MAIL_WITHIN_MS = 20_000;

interface ErrorBody {
	errors?: Array<{ message: string; context?: string | null; type?: string }>;
}

/** Ghost answered a request with an error. */
export class GhostApiError extends Error {
	override name = 'GhostApiError';

	readonly status: number;

	/** Ghost's name of it, such as `NotFoundError`. */
	readonly type?: string;

	constructor(method: string, path: string, status: number, body: string) {
		const [error] = errorsIn(body);
		const said = error ? [error.message, error.context].filter(Boolean).join(' ') : body;
		super(`Ghost answered ${method} ${path} with ${status}: ${said.slice(0, 500)}`);
		this.status = status;
		this.type = error?.type;
	}
}

function errorsIn(body: string): NonNullable<ErrorBody['errors']> {
	try {
		return (JSON.parse(body) as ErrorBody).errors ?? [];
	} catch {
		return [];
	}
}

/** One who speaks with Ghost: keeps the cookies it is given, as a browser does. */
class Visitor {
	readonly origin: string;

	private readonly cookies = new Map<string, string>();

	constructor(origin: string) {
		this.origin = origin;
	}

	/** @throws {GhostApiError} for any status of 400 and above */
	async request(
		method: string,
		path: string,
		{ body, headers = {} }: { body?: unknown; headers?: Record<string, string> } = {},
	): Promise<Response> {
		const response = await fetch(new URL(path, this.origin), {
			method,
			redirect: 'manual',
			headers: {
				// Ghost takes a session's cookie from its own pages only.
				origin: this.origin,
				...(this.cookies.size > 0 && { cookie: [...this.cookies.values()].join('; ') }),
				...(body !== undefined && { 'content-type': 'application/json' }),
				...headers,
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		for (const line of response.headers.getSetCookie()) {
			const [pair] = line.split(';');
			this.cookies.set(pair.slice(0, pair.indexOf('=')), pair);
		}
		if (response.status >= 400) {
			throw new GhostApiError(method, path, response.status, await response.text());
		}
		return response;
	}
}

function adminToken(key: string): string {
	const [id, secret] = key.split(':');
	const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
	const now = Math.floor(Date.now() / 1000);
	const unsigned = [
		encode({ alg: 'HS256', typ: 'JWT', kid: id }),
		encode({ iat: now, exp: now + TOKEN_SECONDS, aud: '/admin/' }),
	].join('.');
	const mac = createHmac('sha256', Buffer.from(secret, 'hex')).update(unsigned);
	return `${unsigned}.${mac.digest('base64url')}`;
}

/** Ghost's Admin API: for an integration with its key, or for a member of the staff who is logged in. */
export class GhostAdmin {
	protected readonly visitor: Visitor;

	private readonly key?: string;

	/** @param key an integration's Admin API key, `id:secret` */
	constructor(origin: string, key?: string) {
		this.visitor = new Visitor(origin);
		this.key = key;
	}

	/**
	 * For whatever has no method here.
	 * @param path below the Admin API, such as `/members/`
	 * @returns the answer's body; undefined when there is none
	 * @throws {GhostApiError} for any status of 400 and above
	 */
	async call<T>(method: string, path: string, body?: unknown): Promise<T> {
		const response = await this.visitor.request(method, ADMIN + path, {
			body,
			headers: {
				'accept-version': 'v6.0',
				...(this.key && { authorization: `Ghost ${adminToken(this.key)}` }),
			},
		});
		const text = await response.text();
		// To a log-in it answers with a plain word.
		return (/^[[{]/.test(text) ? JSON.parse(text) : undefined) as T;
	}

	/** @returns the webhook's id */
	async addWebhook(
		integration: Pick<Integration, 'id'>,
		{ event, targetUrl, secret }: GhostWebhook,
	): Promise<string> {
		const { webhooks } = await this.call<{ webhooks: Array<{ id: string }> }>(
			'POST',
			'/webhooks/',
			{
				webhooks: [{ event, target_url: targetUrl, secret, integration_id: integration.id }],
			},
		);
		return webhooks[0].id;
	}

	/** A member with its custom fields. @throws {GhostApiError} 404 when there is none */
	async member(id: string): Promise<GhostMemberRecord> {
		return await this.one('GET', `/members/${id}/?include=metafields`);
	}

	/** The member who has an address now, with its custom fields; undefined when nobody has it. */
	async memberWithEmail(email: string): Promise<GhostMemberRecord | undefined> {
		const quoted = `'${email.replace(/['\\]/g, '\\$&')}'`;
		const query = new URLSearchParams({ filter: `email:${quoted}`, include: 'metafields' });
		const { members } = await this.call<{ members: GhostMemberRecord[] }>(
			'GET',
			`/members/?${query}`,
		);
		return members[0];
	}

	/** Makes a member without asking it, as an import does. */
	async addMember(
		member: Partial<GhostMemberRecord> & { email: string },
	): Promise<GhostMemberRecord> {
		return await this.one('POST', '/members/', { members: [member] });
	}

	/** Changes what is given of a member, its e-mail address too, without asking it. */
	async editMember(id: string, change: Partial<GhostMemberRecord>): Promise<GhostMemberRecord> {
		return await this.one('PUT', `/members/${id}/`, { members: [change] });
	}

	/**
	 * Fills custom fields of a member; those not given keep their values, and an empty one is null. Ghost
	 * sends `member.edited` for it, with nothing in `previous`, also when the value is the one that was there.
	 * @param values by key
	 * @throws {GhostApiError} 422 for an unknown key or a value that is no text; nothing is written then
	 */
	async setCustomFields(
		id: string,
		values: Record<string, string | null>,
	): Promise<GhostMemberRecord> {
		return await this.editMember(id, { metafields: { custom: values } });
	}

	async deleteMember(id: string): Promise<void> {
		await this.call('DELETE', `/members/${id}/`);
	}

	private async one(method: string, path: string, body?: unknown): Promise<GhostMemberRecord> {
		const { members } = await this.call<{ members: GhostMemberRecord[] }>(method, path, body);
		return members[0];
	}
}

/** A Ghost's owner, in its admin. */
export class GhostOwnerSession extends GhostAdmin {
	private constructor(origin: string) {
		super(origin);
	}

	/** Sets up a Ghost that has no owner yet, and logs in. */
	static async setUp(origin: string, owner: GhostOwner): Promise<GhostOwnerSession> {
		const { title, ...person } = owner;
		const setup = [{ ...person, blogTitle: title }];
		await new GhostAdmin(origin).call('POST', '/authentication/setup/', { setup });
		return await GhostOwnerSession.logIn(origin, owner);
	}

	/** @throws {GhostApiError} 422 when the password is wrong, 404 when the address is */
	static async logIn(
		origin: string,
		{ email, password }: Pick<GhostOwner, 'email' | 'password'>,
	): Promise<GhostOwnerSession> {
		const session = new GhostOwnerSession(origin);
		await session.call('POST', '/session/', { username: email, password });
		return session;
	}

	async addIntegration(name: string): Promise<Integration> {
		const { integrations } = await this.call<{
			integrations: Array<{ id: string; api_keys: Array<{ type: string; secret: string }> }>;
		}>('POST', '/integrations/?include=api_keys,webhooks', { integrations: [{ name }] });
		const [{ id, api_keys: keys }] = integrations;
		const key = keys.find(({ type }) => type === 'admin');
		if (!key) throw new Error(`Ghost made no Admin API key for the integration ${name}.`);
		return { id, adminApiKey: key.secret };
	}

	/** The staff access token on the owner's profile, `id:secret`: a key that may do what the owner may. */
	async staffAccessToken(): Promise<string> {
		const { users } = await this.call<{ users: Array<{ id: string }> }>('GET', '/users/me/');
		const { apiKey } = await this.call<{ apiKey: { id: string; secret: string } }>(
			'GET',
			`/users/${users[0].id}/token/`,
		);
		return `${apiKey.id}:${apiKey.secret}`;
	}

	/** Switches on the custom fields of members, which Ghost 6 has under Labs > Private features. */
	async enableCustomFields(): Promise<void> {
		const { settings } = await this.call<{ settings: Array<{ key: string; value: unknown }> }>(
			'GET',
			'/settings/?group=labs',
		);
		const labs = settings.find(({ key }) => key === 'labs')?.value;
		const before = typeof labs === 'string' ? (JSON.parse(labs) as object) : {};
		const value = JSON.stringify({ ...before, membersCustomFields: true });
		await this.call('PUT', '/settings/', { settings: [{ key: 'labs', value }] });
	}

	/** All custom fields there are. Ghost tells staff only: an integration gets 403. */
	async customFields(): Promise<CustomField[]> {
		const answer = await this.call<{ members_metafields: CustomField[] }>(
			'GET',
			'/members/metafields/custom/',
		);
		return answer.members_metafields;
	}

	/**
	 * Defines a custom field of members. Staff only: an integration gets 403.
	 * @param type `short_text` holds 255 characters
	 * @throws {GhostApiError} 404 before `enableCustomFields`, 422 when there is one of that name
	 */
	async addCustomField(name: string, type = 'short_text'): Promise<CustomField> {
		const { members_metafields: fields } = await this.call<{ members_metafields: CustomField[] }>(
			'POST',
			'/members/metafields/custom/',
			{ members_metafields: [{ name, type }] },
		);
		return fields[0];
	}
}

/** A person with a browser and a mailbox, who is or becomes a member. */
export class GhostReader {
	/** Where this person's mails go. */
	email: string;

	private readonly visitor: Visitor;

	private readonly mailbox: Mails;

	constructor(origin: string, mailbox: Mails, email: string) {
		this.visitor = new Visitor(origin);
		this.mailbox = mailbox;
		this.email = email;
	}

	/** Fills in the sign-up form. @returns the mail that asks to confirm; nobody is a member before */
	async requestSignUp({ name }: { name?: string } = {}): Promise<Mail> {
		return await this.requestMagicLink('signup', { name });
	}

	/** Signs up: asks, and follows the link in the mail. Stays signed in. */
	async signUp(details: { name?: string } = {}): Promise<void> {
		await this.follow(await this.requestSignUp(details));
	}

	/** Signs in by mail. */
	async signIn(): Promise<void> {
		await this.follow(await this.requestMagicLink('signin'));
	}

	/** Asks for another address on the account page. @returns the mail to the new one; nothing has changed */
	async requestEmailChange(email: string): Promise<Mail> {
		const identity = await (await this.visitor.request('GET', '/members/api/session/')).text();
		return await this.mailAfter(email, async () => {
			await this.visitor.request('POST', '/members/api/member/email/', {
				body: { email, identity },
			});
		});
	}

	/** Changes the address: asks, and follows the link in the mail to the new one. */
	async changeEmail(email: string): Promise<void> {
		await this.follow(await this.requestEmailChange(email));
		this.email = email;
	}

	/** Takes itself off all newsletters, on the account page. It stays a member. */
	async unsubscribe(): Promise<void> {
		await this.visitor.request('PUT', '/members/api/member/', { body: { newsletters: [] } });
	}

	/** What the account page knows; null when nobody is signed in. */
	async account(): Promise<{ email: string; newsletters: unknown[] } | null> {
		const response = await this.visitor.request('GET', '/members/api/member/');
		return response.status === 204
			? null
			: ((await response.json()) as { email: string; newsletters: unknown[] });
	}

	/** Follows the link of Ghost's that a mail is about. @throws when it is used up or too old */
	async follow(mail: Mail): Promise<void> {
		const link = mail.links.find((address) => /[?&]token=/.test(address));
		if (!link) throw new Error(`The mail "${mail.subject}" has no link to follow.`);
		const response = await this.visitor.request('GET', link);
		const to = response.headers.get('location') ?? '';
		// Ghost sends everybody on to a page, and says how it went in that page's address.
		if (!/[?&]success=true/.test(to)) {
			throw new Error(`Ghost did not take the link in the mail "${mail.subject}".`);
		}
	}

	private async requestMagicLink(
		emailType: 'signup' | 'signin',
		details: { name?: string } = {},
	): Promise<Mail> {
		const token = await this.visitor.request('GET', '/members/api/integrity-token/');
		const integrityToken = await token.text();
		return await this.mailAfter(this.email, async () => {
			await this.visitor.request('POST', '/members/api/send-magic-link/', {
				body: { email: this.email, emailType, integrityToken, ...details },
			});
		});
	}

	/** The mail to an address that comes by what is done. */
	private async mailAfter(to: string, act: () => Promise<void>): Promise<Mail> {
		const after = this.mailbox.mails.at(-1)?.id ?? 0;
		await act();
		return await this.mailbox.nextMail({ to, after, timeoutMs: MAIL_WITHIN_MS });
	}
}
