import { API_EVENTS, type ListedWebhook } from '../transport/webhooksApi';

/**
 * What the trigger remembers of the webhook that it registered itself. Only such a webhook is ever changed or deleted:
 * a row that somebody added in SparkLoop's dashboard has the same URL when it is for the events that the API does not
 * know, and may have ticks that the API does not show.
 */
export interface OwnWebhook {
	url: string;
	/** Undefined while it is not known whether SparkLoop registered it: the answer may get lost. */
	uuid?: string;
	/** While `uuid` is undefined: those that SparkLoop had before. */
	others?: string[];
}

/** What to do so that SparkLoop sends what is wanted. `events`: types. */
export type Step =
	| { kind: 'nothing' }
	| { kind: 'create'; events: string[] }
	| { kind: 'change'; uuid: string; events: string[] }
	| { kind: 'remove'; uuid: string };

/**
 * Decides what brings SparkLoop from what it lists to what is wanted: every chosen event that its API knows is sent to
 * our URL by one webhook. What a webhook of somebody else's already sends there is left to it.
 *
 * @param listed all webhooks of the account
 * @param remembered undefined when the trigger has registered none
 * @param url where the events should go
 * @param chosen the events chosen in the trigger, those that the API does not know among them
 */
export function nextStep(
	listed: readonly ListedWebhook[],
	remembered: OwnWebhook | undefined,
	url: string,
	chosen: readonly string[],
): Step {
	const mine = ownAmong(listed, remembered);
	const elsewhere = new Set(
		listed.filter((one) => one !== mine && sameUrl(one.url, url)).flatMap(({ events }) => events),
	);
	const events = API_EVENTS.filter((type) => chosen.includes(type) && !elsewhere.has(type));
	if (!mine) return events.length > 0 ? { kind: 'create', events } : { kind: 'nothing' };
	const { uuid } = mine;
	if (events.length === 0) return { kind: 'remove', uuid };
	return sameUrl(mine.url, url) && sameEvents(mine.events, events)
		? { kind: 'nothing' }
		: { kind: 'change', uuid, events };
}

/** The webhook that the trigger registered itself; undefined when SparkLoop does not list it. */
export function ownAmong(
	listed: readonly ListedWebhook[],
	remembered: OwnWebhook | undefined,
): ListedWebhook | undefined {
	if (!remembered) return undefined;
	const { uuid, url, others } = remembered;
	return listed.find((one) =>
		uuid === undefined
			? sameUrl(one.url, url) && others !== undefined && !others.includes(one.uuid)
			: one.uuid === uuid,
	);
}

/** Whether two addresses are one to a server: SparkLoop may spell ours in another way. */
export function sameUrl(one: string, other: string): boolean {
	return normal(one) === normal(other);
}

const normal = (url: string): string =>
	(URL.canParse(url) ? new URL(url).href : url).replace(/\/+$/, '');

const sameEvents = (some: readonly string[], others: readonly string[]): boolean =>
	some.length === others.length && some.every((type) => others.includes(type));
