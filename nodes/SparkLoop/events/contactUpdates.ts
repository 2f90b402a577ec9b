import {
	contactFields,
	rewardFieldNames,
	type FieldSettings,
	type FieldValue,
} from './contactFields';
import type { Role } from './eventTypes';
import { own, ownObject, ownText, type Json } from './json';
import { guardOf, type Order } from './newness';
import type { SparkLoopEvent } from './parseEvent';

/** What one event means for one contact in the ESP. */
export interface ContactUpdate {
	role: Role;
	email: string;
	fields: Record<string, FieldValue>;
	/** Whether it is newer than what the contact has is told by this. */
	order: Order;
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
	const updates: ContactUpdate[] = [];
	for (const role of event.known?.people ?? []) {
		const person = ownObject(event.payload, role);
		const email = ownText(person, 'email');
		if (!email) continue;
		const won = event.type === 'reward_unlocked';
		const referrals =
			count(own(person, 'tot_referrals')) ?? (won ? count(own(event.payload, 'referrals')) : null);
		const guard = won ? guardOf(referrals, key) : null;
		const fields = contactFields(event, role, settings, key, guard);
		const order = {
			referrals,
			referralsField: settings.names.RH_TOTREF || null,
			guard,
			guardField: settings.extra.find(({ source }) => source === 'guard')?.name ?? null,
			rewardFields: rewardFieldNames(settings).filter((name) => name in fields),
		};
		updates.push({ role, email, fields, order });
	}
	return updates;
}

const count = (value: Json | undefined): number | null =>
	typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
