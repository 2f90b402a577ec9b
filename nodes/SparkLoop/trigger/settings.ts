import type { IDataObject } from 'n8n-workflow';

import {
	FIELD_NAME_PRESETS,
	FIELDS,
	type ExtraField,
	type FieldNames,
	type FieldSettings,
} from '../events/contactFields';
import { labelOf } from '../events/eventTypes';
import { API_EVENTS, WEBHOOKS_PAGE } from '../transport/webhooksApi';

/** The choice that stands for every event type SparkLoop does not document. */
export const OTHER_EVENTS = 'other';

/** What the user chose in the trigger. */
export interface TriggerSettings {
	/** Who adds the webhook in SparkLoop: the user, or the trigger through SparkLoop's API. */
	webhookSetup: 'manual' | 'automatic';
	/** Event types in the order chosen, which is the order of the outputs. May hold `OTHER_EVENTS`. */
	events: string[];
	/** Undefined when every campaign is wanted. */
	campaignId: string | undefined;
	/** Whether an event becomes one item per contact, or one item as received. */
	items: 'contacts' | 'event';
	outputs: 'single' | 'perEvent';
	fields: FieldSettings;
}

type ReadParameter = (name: string, fallback?: unknown) => unknown;

/** Reads the trigger's parameters. @param read n8n's `getNodeParameter`, bound */
export function readSettings(read: ReadParameter): TriggerSettings {
	const options = read('options', {}) as IDataObject;
	const extra = (options.extraFields as { field?: Array<{ source: ExtraField; name: string }> })
		?.field;
	return {
		webhookSetup: read('webhookSetup', 'manual') as TriggerSettings['webhookSetup'],
		events: read('events', []) as string[],
		campaignId: String(options.campaignId ?? '').trim() || undefined,
		items: read('items', 'contacts') as TriggerSettings['items'],
		outputs: read('outputs', 'single') as TriggerSettings['outputs'],
		fields: {
			names: fieldNames(read),
			values: read('fieldValues', 'sparkLoop') as FieldSettings['values'],
			extra: (extra ?? []).map(({ source, name }) => ({ source, name: name.trim() })),
		},
	};
}

function fieldNames(read: ReadParameter): FieldNames {
	const preset = read('fieldNames', 'upperCase') as keyof typeof FIELD_NAME_PRESETS | 'custom';
	if (preset !== 'custom') return FIELD_NAME_PRESETS[preset];
	const table = read('fieldNameTable.names', {}) as Partial<Record<string, string>>;
	return Object.fromEntries(
		FIELDS.map((field) => [field, (table[field] ?? field).trim()]),
	) as unknown as FieldNames;
}

/**
 * What makes the settings unusable, told when the workflow is published rather than when the first event arrives.
 *
 * @returns the message and what to do, or undefined
 */
export function settingsProblem(
	settings: TriggerSettings,
): { message: string; todo: string } | undefined {
	if (settings.events.length === 0) {
		return {
			message: "No event is chosen under 'Events'",
			todo: "Choose at least one event, such as 'Subscriber Created or Updated'.",
		};
	}
	if (
		settings.webhookSetup === 'automatic' &&
		!settings.events.some((event) => API_EVENTS.includes(event))
	) {
		return {
			message: "SparkLoop's API can register none of the chosen events",
			todo: `Set 'Webhook Setup' to 'Manual' and add the webhook in SparkLoop under ${WEBHOOKS_PAGE}, or choose one of ${API_EVENTS.map(labelOf).join(', ')} as well.`,
		};
	}
	const { names, extra } = settings.fields;
	if (extra.some(({ name }) => name === '')) {
		return {
			message: "A field under 'Extra Fields' has no name",
			todo: 'Give each extra field the name that it has in your ESP, or remove it.',
		};
	}
	const used = [...Object.values(names), ...extra.map(({ name }) => name)].filter(Boolean);
	const twice = used.find((name, index) => used.indexOf(name) !== index);
	return (
		(twice && {
			message: `The field name '${twice}' is used twice`,
			todo: "Give every field a name of its own, under 'Extra Fields' and, with 'Field Names' on 'Custom', under 'Field Name Table'.",
		}) ||
		undefined
	);
}
