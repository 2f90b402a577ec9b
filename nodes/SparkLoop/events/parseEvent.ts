import { eventType, type EventType } from './eventTypes';
import { isJsonObject, nesting, own, ownObject, ownText, type Json, type JsonObject } from './json';

/** One event of SparkLoop, read but not interpreted. */
export interface SparkLoopEvent {
	type: string;
	/** Undefined for a type that SparkLoop does not document. */
	known: EventType | undefined;
	/** `campaign_id`, or `campaign.id` in partner events; undefined when the event names none. */
	campaignId: string | undefined;
	/** What SparkLoop sent, untouched. */
	payload: JsonObject;
}

export type Parsed = { event: SparkLoopEvent } | { reason: string };

/** Deeper than any payload of SparkLoop's, and far from where a recursion would end the process. */
const MAX_NESTING = 64;

const kindOf = (body: unknown): string => {
	if (body === undefined || body === '') return 'is empty';
	if (body === null) return 'is null';
	return Array.isArray(body) ? 'is an array' : `is a ${typeof body}`;
};

/**
 * Reads the body of a request from SparkLoop. Never throws.
 *
 * Only `type` may be relied on: every other key is optional and nullable, and unknown keys are kept
 * (docs.sparkloop.app/webhooks shows payloads that differ from the custom integration article's).
 *
 * @param body any parsed JSON
 * @returns the event, or one line that says why the body is none
 */
export function parseEvent(body: unknown): Parsed {
	if (!isJsonObject(body)) return { reason: `The body ${kindOf(body)}, not a JSON object` };
	const type = own(body, 'type');
	if (typeof type !== 'string' || type === '') {
		return { reason: "The body has no text under 'type'" };
	}
	if (nesting(body, MAX_NESTING) > MAX_NESTING) {
		return { reason: `The body is nested deeper than ${MAX_NESTING} levels` };
	}
	return {
		event: {
			type,
			known: eventType(type),
			campaignId: text(own(body, 'campaign_id')) ?? text(own(ownObject(body, 'campaign'), 'id')),
			payload: body,
		},
	};
}

const text = (value: Json | undefined): string | undefined => {
	if (typeof value === 'number') return String(value);
	return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
};

/**
 * What an event lacks to update its contacts, for the three types whose payload is specified completely.
 * The others pass through whole: refusing them would only make SparkLoop repeat them for a month.
 *
 * @returns for example `subscriber.email`, or undefined when nothing is missing
 */
export function missingEmail({ known, payload }: SparkLoopEvent): string | undefined {
	if (!known?.complete) return undefined;
	const role = known.people.find((person) => !ownText(ownObject(payload, person), 'email'));
	return role && `${role}.email`;
}
