import { own, ownObject, type Json, type JsonObject } from './json';
import type { SparkLoopEvent } from './parseEvent';
import type { Role } from './eventTypes';

/** The fields that SparkLoop recommends to create in the ESP (help.sparkloop.app, custom integration article). */
export const FIELDS = [
	'RH_SUBID',
	'RH_CODE',
	'RH_REFLINK',
	'RH_ISREF',
	'RH_TOTREF',
	'RH_COUPON',
	'RH_LASTREWARD',
] as const;
export type Field = (typeof FIELDS)[number];

/** What an event can tell beyond the recommended fields. */
export const EXTRA_FIELDS = [
	'first_name',
	'name',
	'next_reward',
	'referral_status',
	'reward_name',
	'win_key',
	'guard',
] as const;
export type ExtraField = (typeof EXTRA_FIELDS)[number];

/** What a win changes, and so what tells an older win from a newer one. */
const REWARD_FIELDS: ReadonlyArray<Field | ExtraField> = [
	'RH_COUPON',
	'RH_LASTREWARD',
	'reward_name',
	'win_key',
	'guard',
];

/** How the ESP spells the fields. */
export type FieldNames = Readonly<Record<Field, string>>;

const spell = (change: (field: Field) => string): FieldNames =>
	Object.fromEntries(FIELDS.map((field) => [field, change(field)])) as Record<Field, string>;

/**
 * Spellings by ESP, from SparkLoop's help centre: upper case for most, lower case for Kit, beehiiv and Ghost. Mailchimp
 * allows merge tags of ten characters, so SparkLoop's own integration calls the longest one RH_LASTREW there.
 */
export const FIELD_NAME_PRESETS = {
	upperCase: spell((field) => field),
	lowerCase: spell((field) => field.toLowerCase()),
	mailchimp: spell((field) => field.slice(0, 10)),
} as const;

export interface FieldSettings {
	names: FieldNames;
	/** `sparkLoop`: YES, NO and REJECTED, as SparkLoop's native integrations store them; `raw`: booleans. */
	values: 'sparkLoop' | 'raw';
	extra: ReadonlyArray<{ source: ExtraField; name: string }>;
}

export type FieldValue = string | number | boolean;

/**
 * The fields of one contact, as far as the event knows them: a key that is absent or null in the payload is not
 * written, so that it never blanks what the ESP has.
 *
 * @param key the event's key, which a win is told by when the same reward is won again
 * @param guard which win the event is about (`guardOf`), or null
 * @returns field name in the ESP → value
 */
export function contactFields(
	event: SparkLoopEvent,
	role: Role,
	settings: FieldSettings,
	key: string,
	guard: string | null,
): Record<string, FieldValue> {
	const person = ownObject(event.payload, role);
	const won = event.type === 'reward_unlocked' ? event.payload : {};
	const reward = ownObject(won, 'reward');

	const known: Record<Field, FieldValue | undefined> = {
		RH_SUBID: scalar(own(person, 'id')),
		RH_CODE: scalar(own(person, 'referral_code')),
		RH_REFLINK: scalar(own(person, 'referral_link')),
		RH_ISREF: referred(person, settings.values),
		RH_TOTREF: scalar(own(person, 'tot_referrals')),
		RH_COUPON: scalar(own(won, 'coupon_code')),
		RH_LASTREWARD: scalar(own(person, 'last_reward')) ?? scalar(own(reward, 'id')),
	};
	const more: Record<ExtraField, FieldValue | undefined> = {
		first_name: trimmed(own(person, 'first_name')),
		name: trimmed(own(person, 'name')),
		next_reward: scalar(own(person, 'next_reward')),
		referral_status: scalar(own(person, 'referral_status')),
		reward_name: trimmed(own(reward, 'name')),
		win_key: event.type === 'reward_unlocked' ? key : undefined,
		guard: guard ?? undefined,
	};

	const fields: Record<string, FieldValue> = {};
	const write = (name: string, value: FieldValue | undefined) => {
		if (name === '' || value === undefined) return;
		// Assigned, it would change what the object is instead of what it holds.
		if (name === '__proto__') Object.defineProperty(fields, name, { ...OWN, value });
		else fields[name] = value;
	};
	for (const field of FIELDS) write(settings.names[field], known[field]);
	for (const { source, name } of settings.extra) write(name, more[source]);
	return fields;
}

const OWN = { configurable: true, enumerable: true, writable: true };

/** The names of the fields that a win changes, as the ESP spells them. */
export const rewardFieldNames = ({ names, extra }: FieldSettings): string[] =>
	[
		...WON_FIELDS.map((field) => names[field]),
		...extra.filter(({ source }) => REWARD_FIELDS.includes(source)).map(({ name }) => name),
	].filter((name) => name !== '');

const WON_FIELDS = FIELDS.filter((field) => REWARD_FIELDS.includes(field));

/** Objects and arrays fit into no field of an ESP. */
const scalar = (value: Json | undefined): FieldValue | undefined =>
	typeof value === 'object' || value === '' ? undefined : value;

/** SparkLoop's own samples carry names with trailing spaces. */
const trimmed = (value: Json | undefined): FieldValue | undefined =>
	scalar(typeof value === 'string' ? value.trim() : value);

function referred(person: JsonObject, values: FieldSettings['values']): FieldValue | undefined {
	const value = own(person, 'referred');
	if (values === 'raw') return typeof value === 'boolean' ? value : undefined;
	if (own(person, 'referral_status') === 'rejected') return 'REJECTED';
	return typeof value === 'boolean' ? (value ? 'YES' : 'NO') : undefined;
}
