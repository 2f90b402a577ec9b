import {
	NodeOperationError,
	type IDataObject,
	type IHookFunctions,
	type IHttpRequestMethods,
} from 'n8n-workflow';

import { withoutEmails } from '../events/email';
import { isJsonObject, own, ownText, type Json } from '../events/json';
import { reasonOf } from './attempt';
import type { Answer, NoAnswer } from './delivery';
import { isSecret } from './secret';
import { endpoint } from './endpoint';
import type { Pacer } from './pacer';
import { REST_V2, restV2, segment } from './restV2';

/** Milliseconds for one request. */
const TIMEOUT = 10_000;

/** How often a request is made at most while the answer is 429; n8n itself tries a publication again, too. */
const ATTEMPTS = 3;

/** Milliseconds. What asks for a longer pause is given up: somebody waits for the workflow to be published. */
const LONGEST_PAUSE = 10_000;

const LONGEST_REASON = 200;

/**
 * The event types that `/webhooks` has a flag for (docs.sparkloop.app/api-v2/endpoints/webhooks). All others, the most
 * important `sync_subscriber` among them, can be ticked in SparkLoop's dashboard only.
 */
export const API_EVENTS: readonly string[] = [
	'new_partner_referral',
	'new_referral',
	'reward_redeemed',
	'reward_unlocked',
];

/** Where the webhooks page lies in SparkLoop's dashboard (docs.sparkloop.app/webhooks). */
export const WEBHOOKS_PAGE = 'Account settings → Integrations → Webhooks';

/** How to register nothing through the API, for messages. */
export const BY_HAND = `Or set 'Webhook Setup' to 'Manual' and add the Production URL in SparkLoop under ${WEBHOOKS_PAGE}.`;

/** What makes n8n's webhook URLs start with https://, for messages. */
export const NEEDS_HTTPS =
	"Give n8n its https address in the environment variable N8N_WEBHOOK_URL (older versions: WEBHOOK_URL; behind a proxy: the proxy's address), or set N8N_PROTOCOL where n8n itself serves https, and restart it.";

/** A webhook as SparkLoop lists it. */
export interface ListedWebhook {
	uuid: string;
	/** Blank when SparkLoop names none. */
	url: string;
	/** Those of `API_EVENTS` that it sends. */
	events: string[];
}

export interface WebhooksApi {
	/** The account's webhooks, the newest first. No paging is documented. */
	list(): Promise<ListedWebhook[]>;
	/** Undefined when SparkLoop does not know the uuid. */
	get(uuid: string): Promise<ListedWebhook | undefined>;
	/** Registers a webhook for these of `API_EVENTS`. */
	create(url: string, events: readonly string[]): Promise<ListedWebhook>;
	/** Makes a webhook send exactly these of `API_EVENTS`. Undefined when SparkLoop does not know the uuid. */
	change(uuid: string, url: string, events: readonly string[]): Promise<ListedWebhook | undefined>;
	/** Succeeds as well when there is no such webhook any more. */
	remove(uuid: string): Promise<void>;
}

/**
 * `/webhooks` of SparkLoop's REST API v2. All methods throw a NodeOperationError whose message says what to do as well,
 * because n8n shows nothing but the message when a workflow cannot be published.
 *
 * @param pacer left out, the one of this process for the key
 * @throws NodeOperationError when the credential's address may not be used
 */
export async function webhooksApi(this: IHookFunctions, pacer?: Pacer): Promise<WebhooksApi> {
	const fail = (message: string): never => {
		throw new NodeOperationError(this.getNode(), message);
	};
	const { baseUrl, apiKey } = await this.getCredentials(REST_V2);
	const checked = endpoint(baseUrl);
	if ('reason' in checked) {
		fail(`'Base URL' ${checked.reason}. Open the credential 'SparkLoop API' and correct it.`);
	}
	const secret = String(apiKey).trim();
	const signal = new AbortController().signal;
	const paced = await restV2.call(this, { timeout: TIMEOUT, signal, pacer });

	const ask = async (
		method: IHttpRequestMethods,
		path: string,
		body?: IDataObject,
	): Promise<Answer | NoAnswer> => {
		for (let attempts = 1; ; attempts += 1) {
			const answer = await paced(method, `/webhooks${path}`, { body });
			if (!('status' in answer) || answer.status !== 429 || attempts === ATTEMPTS) return answer;
			if ((answer.pause ?? 0) > LONGEST_PAUSE) return answer;
		}
	};

	/** @returns the parsed body of a 2xx, or undefined for one of `accepted` */
	const call = async (
		method: IHttpRequestMethods,
		path: string,
		{ body, accepted = [] }: { body?: IDataObject; accepted?: number[] } = {},
	): Promise<Json | undefined> => {
		const answer = await ask(method, path, body);
		if ('noAnswer' in answer) return fail(explain(answer));
		if (accepted.includes(answer.status)) return undefined;
		if (answer.status < 200 || answer.status > 299) {
			const reason = reasonOf(answer);
			const safe = isSecret(secret) ? reason.replaceAll(secret, '…') : reason;
			return fail(
				explain({
					status: answer.status,
					reason: withoutEmails(safe).slice(0, LONGEST_REASON).trim(),
				}),
			);
		}
		return parsed(answer.text);
	};

	const readOne = (answer: Json | undefined): ListedWebhook =>
		readWebhook(isJsonObject(answer) ? own(answer, 'webhook') : undefined) ??
		fail(
			`SparkLoop's answer names no webhook, so it is not known whether one was registered. Look under ${WEBHOOKS_PAGE}. ${BY_HAND}`,
		);

	return {
		async list() {
			const rows = readWebhooks(await call('GET', ''));
			return rows ?? fail(`SparkLoop's answer holds no list of webhooks. ${BY_HAND}`);
		},
		async get(uuid) {
			const answer = await call('GET', `/${segment(uuid)}`, { accepted: [404] });
			return answer === undefined ? undefined : readOne(answer);
		},
		async create(url, events) {
			return readOne(await call('POST', '', { body: { url, ...flags(events) } }));
		},
		async change(uuid, url, events) {
			const body = { url, ...flags(events) };
			const answer = await call('PUT', `/${segment(uuid)}`, { body, accepted: [404] });
			return answer === undefined ? undefined : readOne(answer);
		},
		async remove(uuid) {
			await call('DELETE', `/${segment(uuid)}`, { accepted: [404, 410] });
		},
	};
}

/** What went wrong, and what to do. */
function explain(failure: NoAnswer | { status: number; reason: string }): string {
	if ('noAnswer' in failure) {
		return `SparkLoop's API could not be reached: ${failure.noAnswer}. Check 'Base URL' in the credential 'SparkLoop API' and whether this n8n may call it, then try again. ${BY_HAND}`;
	}
	const { status, reason } = failure;
	const said = `status ${status}${reason ? `: ${reason}` : ''}`;
	if (status === 401 || status === 403) {
		return `SparkLoop's API did not accept the key (${said}). Correct 'API Key' in the credential 'SparkLoop API'.`;
	}
	if (status === 429) {
		return `SparkLoop's API takes no more requests for now (${said}). Try again in a minute.`;
	}
	if (status >= 500) {
		return `SparkLoop's API failed (${said}). Try again later. ${BY_HAND}`;
	}
	// "Url must start with https://" (docs.sparkloop.app/api-v2/endpoints/webhooks).
	return `SparkLoop's API refused the webhook (${said}). ${/https/i.test(reason) ? NEEDS_HTTPS : BY_HAND}`;
}

/** @returns the webhooks of a list, without those that have no uuid; undefined when it is no list */
export function readWebhooks(answer: unknown): ListedWebhook[] | undefined {
	const rows = isJsonObject(answer) ? own(answer, 'webhooks') : undefined;
	return Array.isArray(rows) ? rows.flatMap((row) => readWebhook(row) ?? []) : undefined;
}

/**
 * Reads one webhook. The docs give the type of two flags as "String", so a text counts as well.
 *
 * @returns undefined when it has no uuid
 */
export function readWebhook(row: unknown): ListedWebhook | undefined {
	if (!isJsonObject(row)) return undefined;
	const uuid = ownText(row, 'uuid');
	if (uuid === undefined) return undefined;
	const events = own(row, 'events') ?? null;
	return {
		uuid,
		url: ownText(row, 'url') ?? '',
		events: isJsonObject(events)
			? API_EVENTS.filter((type) => /^true$/i.test(String(own(events, type))))
			: [],
	};
}

/** All flags, so that what was chosen before is taken back. */
const flags = (events: readonly string[]): Record<string, boolean> =>
	Object.fromEntries(API_EVENTS.map((type) => [type, events.includes(type)]));

/** Null for what is no JSON. */
function parsed(text: string): Json {
	try {
		return JSON.parse(text) as Json;
	} catch {
		return null;
	}
}
