import type { INodeProperties, NodeHint } from 'n8n-workflow';

import { EVENT_TYPES } from '../events/eventTypes';
import { EXTRA_FIELDS_OPTION, ITEM_FIELDS } from './itemFields';
import { OTHER_EVENTS } from './settings';
import { BY_HAND_NOTICE, SETUP_FIELDS } from './setupFields';

const EVENT_OPTIONS = [
	{
		name: 'Any Other Event',
		value: OTHER_EVENTS,
		description: 'Every type that SparkLoop does not document; it passes through whole',
	},
	...EVENT_TYPES.map(({ type, label, description }) => ({ name: label, value: type, description })),
].sort((a, b) => a.name.localeCompare(b.name));

/** The canvas has room for about twelve characters beside an output. */
const OUTPUT_LABELS = {
	...Object.fromEntries(EVENT_TYPES.map(({ type, shortLabel }) => [type, shortLabel])),
	[OTHER_EVENTS]: 'Other',
};

/** The trigger's outputs: one, or one for each chosen event in the order chosen. */
export const OUTPUTS = `={{ $parameter["outputs"] === "perEvent" ? $parameter["events"].map((event) => ({ type: "main", displayName: ${JSON.stringify(OUTPUT_LABELS)}[event] })) : ["main"] }}`;

/** What the editor shows above the output, before and after a run, as long as it is so. */
export const HINTS: NodeHint[] = [
	{
		message:
			"'Authentication' is 'None': anyone who knows the URL of this trigger can write to your ESP.",
		type: 'warning',
		location: 'outputPane',
		whenToDisplay: 'always',
		displayCondition: '={{ $parameter["authentication"] === "none" }}',
	},
	{
		message:
			"'Respond' is 'Immediately': SparkLoop hears 200 before the workflow has run, so it does not send again what fails in it.",
		type: 'warning',
		location: 'outputPane',
		whenToDisplay: 'always',
		displayCondition: '={{ $parameter["respond"] === "onReceived" }}',
	},
];

export const PROPERTIES: INodeProperties[] = [
	...SETUP_FIELDS,
	{
		displayName: 'Events',
		name: 'events',
		type: 'multiOptions',
		options: EVENT_OPTIONS,
		default: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		required: true,
		description: 'Which events start the workflow. The others are answered with 200 and ignored.',
	},
	BY_HAND_NOTICE,
	...ITEM_FIELDS,
	{
		displayName: 'Outputs',
		name: 'outputs',
		type: 'options',
		options: [
			{ name: 'One', value: 'single', description: 'All items leave by one output' },
			{
				name: 'One per Event',
				value: 'perEvent',
				description: 'Each chosen event has an output of its own',
			},
		],
		default: 'single',
		description:
			'By which output an item leaves. Several stand in the order in which the events are chosen.',
	},
	{
		displayName: 'Respond',
		name: 'respond',
		type: 'options',
		options: [
			{
				name: 'When the Workflow Finishes',
				value: 'lastNode',
				description: 'SparkLoop sends the event again, for up to a month, when the workflow fails',
			},
			{
				name: 'Immediately',
				value: 'onReceived',
				description: 'SparkLoop does not learn whether the workflow succeeds',
			},
		],
		default: 'lastNode',
		description: 'When SparkLoop is told that the event arrived: status 200 with a blank body',
	},
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		description:
			'To take the events of one campaign only, and to write more than the seven RH_ fields',
		options: [
			{
				displayName: 'Campaign ID',
				name: 'campaignId',
				type: 'string',
				default: '',
				placeholder: 'e.g. MF6319db9890',
				description:
					'Take the events of this campaign only. Those of others, and those that name none, are answered with 200 and ignored. Blank, all are taken.',
			},
			EXTRA_FIELDS_OPTION,
		],
	},
];
