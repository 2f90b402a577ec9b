import type { IDataObject, INodeExecutionData } from 'n8n-workflow';

import { contactUpdates, type ContactUpdate } from '../events/contactUpdates';
import { eventKey } from '../events/eventKey';
import type { SparkLoopEvent } from '../events/parseEvent';
import { OTHER_EVENTS, type TriggerSettings } from './settings';

/** Under which choice an event falls. */
const choiceOf = (event: SparkLoopEvent): string => (event.known ? event.type : OTHER_EVENTS);

/** Whether the user chose this event and its campaign. An event that names no campaign belongs to none. */
export const isWanted = (event: SparkLoopEvent, { events, campaignId }: TriggerSettings): boolean =>
	events.includes(choiceOf(event)) && (campaignId === undefined || campaignId === event.campaignId);

/**
 * The trigger's output for an event: its items on the output of its type, or on the only one.
 *
 * @param receivedAt when it arrived
 */
export function outputOf(
	event: SparkLoopEvent,
	settings: TriggerSettings,
	receivedAt: Date,
): INodeExecutionData[][] {
	const items = itemsOf(event, settings, receivedAt).map((json) => ({ json }));
	if (settings.outputs === 'single') return [items];
	return settings.events.map((choice) => (choice === choiceOf(event) ? items : []));
}

function itemsOf(
	event: SparkLoopEvent,
	settings: TriggerSettings,
	receivedAt: Date,
): IDataObject[] {
	if (settings.items === 'event') return [event.payload as IDataObject];
	const key = eventKey(event);
	// An event without a contact passes through whole, in the same shape.
	const nobody = {
		role: null,
		email: null,
		fields: {},
		order: {
			referrals: null,
			referralsField: null,
			guard: null,
			guardField: null,
			rewardFields: [],
		},
	};
	const updates: Array<ContactUpdate | typeof nobody> = contactUpdates(event, settings.fields, key);
	return (updates.length > 0 ? updates : [nobody]).map((update) => ({
		event: event.type,
		...update,
		order: { ...update.order },
		campaignId: event.campaignId ?? null,
		eventKey: key,
		receivedAt: receivedAt.toISOString(),
		payload: event.payload as IDataObject,
	}));
}
