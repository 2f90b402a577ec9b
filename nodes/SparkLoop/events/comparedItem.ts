import { isBlank } from './blank';
import type { FieldValue } from './contactFields';
import { isJsonObject, own, ownObject, type Json, type JsonObject } from './json';
import { newFields, type Order } from './newness';

export type Compared = { item: JsonObject } | { reason: string; todo: string };

/**
 * Compares an item of the trigger with what the contact in the ESP has.
 *
 * @param event the item, or its JSON text
 * @param knownReferrals the contact's count as the ESP gives it: a number, a text of one, or nothing
 * @param knownGuard the contact's guard, or nothing
 * @returns the item with the fields that are new, and `stale`: whether there are none
 */
export function comparedItem(
	event: unknown,
	knownReferrals: unknown,
	knownGuard: unknown,
): Compared {
	const item = jsonOf(event);
	if (!isJsonObject(item) || !isJsonObject(own(item, 'fields')) || !isOrder(own(item, 'order'))) {
		return {
			reason: "'Event' is no item of the SparkLoop Trigger",
			todo: "Give an item as it left the trigger, with 'fields' and 'order'. The trigger's 'Items' has to be 'One per Contact to Update'.",
		};
	}
	const referrals = countOf(knownReferrals);
	if (referrals === undefined) {
		return {
			reason: "'Known Referrals' is no whole number",
			todo: 'Give what the contact has in the field RH_TOTREF, or leave it blank when it has nothing.',
		};
	}
	const fields = newFields(
		{
			event: String(own(item, 'event') ?? ''),
			role: String(own(item, 'role') ?? ''),
			fields: ownObject(item, 'fields') as Record<string, FieldValue>,
			order: own(item, 'order') as unknown as Order,
		},
		{ referrals, guard: textOf(knownGuard) },
	);
	return { item: { ...item, fields, stale: Object.keys(fields).length === 0 } };
}

function jsonOf(value: unknown): Json | undefined {
	if (typeof value !== 'string') return value as Json | undefined;
	try {
		return JSON.parse(value) as Json;
	} catch {
		return undefined;
	}
}

function isOrder(value: Json | undefined): boolean {
	if (!isJsonObject(value)) return false;
	const [referrals, guard, guardField, names] = [
		'referrals',
		'guard',
		'guardField',
		'rewardFields',
	].map((key) => own(value, key));
	return (
		(referrals === null || typeof referrals === 'number') &&
		[guard, guardField].every((text) => text === null || typeof text === 'string') &&
		Array.isArray(names)
	);
}

/** ESPs give a number as such or as text, some with decimals; undefined when it is neither nor blank. */
function countOf(value: unknown): number | null | undefined {
	if (isBlank(value)) return null;
	const number =
		typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
	return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

const textOf = (value: unknown): string | null =>
	typeof value === 'string' && !isBlank(value) ? value.trim() : null;
