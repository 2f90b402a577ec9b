import { contactFields, type FieldSettings, type FieldValue } from './contactFields';
import type { Role } from './eventTypes';
import { ownObject, ownText } from './json';
import type { SparkLoopEvent } from './parseEvent';

/** What one event means for one contact in the ESP. */
export interface ContactUpdate {
	role: Role;
	email: string;
	fields: Record<string, FieldValue>;
}

/**
 * The contacts that an event updates, the most affected first: `new_referral` gives the referrer, whose counters
 * changed, and the new subscriber. A person without an email address gives none, an undocumented type neither.
 *
 * @param key the event's key (`eventKey`)
 */
export function contactUpdates(
	event: SparkLoopEvent,
	settings: FieldSettings,
	key: string,
): ContactUpdate[] {
	return (event.known?.people ?? []).flatMap((role) => {
		const email = ownText(ownObject(event.payload, role), 'email');
		return email ? [{ role, email, fields: contactFields(event, role, settings, key) }] : [];
	});
}
