import type {
	ICredentialType,
	INodeProperties,
	INodePropertyMode,
	INodePropertyOptions,
} from 'n8n-workflow';

import { SparkLoopApi } from '../../credentials/SparkLoopApi.credentials';
import { SparkLoopIncomingWebhookApi } from '../../credentials/SparkLoopIncomingWebhookApi.credentials';
import { SparkLoopWebhookTokenApi } from '../../credentials/SparkLoopWebhookTokenApi.credentials';
import { SparkLoop } from '../../nodes/SparkLoop/SparkLoop.node';
import { SparkLoopTrigger } from '../../nodes/SparkLoop/SparkLoopTrigger.node';

const CREDENTIALS: ICredentialType[] = [
	new SparkLoopApi(),
	new SparkLoopIncomingWebhookApi(),
	new SparkLoopWebhookTokenApi(),
];

/** n8n's own nodes describe neither: what can be chosen there says what it is. */
const SELF_EXPLAINING = ['resource', 'operation'];

/** What n8n's linter wants word for word. */
const FIXED = [
	'Max number of results to return',
	'Create a new record, or update the current one if it already exists (upsert)',
];

type Named = [path: string, property: INodeProperties];

/** A property and all those in it. */
function everyOne(property: INodeProperties, within: string): Named[] {
	const { show = {} } = property.displayOptions ?? {};
	const when = [show.resource, show.operation].flat().filter(Boolean).join(' ');
	const path = `${within}${when && ` ${when}`}: ${property.displayName}`;
	const inner = (property.options ?? []).flatMap((option) =>
		'values' in option ? option.values : 'type' in option ? [option as INodeProperties] : [],
	);
	return [[path, property], ...inner.flatMap((one) => everyOne(one, path))];
}

const ALL: Named[] = [
	...[new SparkLoop(), new SparkLoopTrigger()].map(({ description }) => description),
	...CREDENTIALS,
].flatMap(({ displayName, properties }) =>
	properties.flatMap((property) => everyOne(property, displayName)),
);

const NOTICES = ALL.filter(([, { type }]) => type === 'notice');
const PARAMETERS = ALL.filter(
	([, { type, name }]) => type !== 'notice' && !SELF_EXPLAINING.includes(name),
);
const CHOICES = ALL.filter(([, { name }]) => name !== 'resource').flatMap(
	([path, { options = [] }]) =>
		options
			.filter((option): option is INodePropertyOptions => 'value' in option)
			.map((option): [string, INodePropertyOptions] => [`${path}: ${option.name}`, option]),
);
const MODES = ALL.flatMap(([path, { modes = [] }]) =>
	modes.map((mode): [string, INodePropertyMode] => [`${path}: ${mode.displayName}`, mode]),
);

/** The words of a text, without what only holds it together. */
const words = (text: string): string[] =>
	text
		.toLowerCase()
		.replace(/<[^>]+>/g, '')
		.split(/[^\p{L}\p{N}_]+/u)
		.filter((word) => word.length > 2 && !['the', 'and', 'for', 'whether'].includes(word));

/** What n8n's style guide asks of a text that is more than a label. */
function expectStyle(text: string): void {
	expect(text).toBe(text.trim());
	// Sentence case.
	expect(text).toMatch(/^(\p{Lu}|<code>)/u);
	// A single sentence has no full stop, and each of several has one.
	const sentences = text.split(/\.(?= ['<\p{Lu}])/u);
	expect(text.endsWith('.')).toBe(sentences.length > 1);
	for (const tag of text.match(/<[^>]+>/g) ?? []) expect(tag).toMatch(/^<\/?(code|a|b|br)\b/);
}

it.each(PARAMETERS)('%s has a description that says more than its name', (_path, property) => {
	const { displayName, description = '', type } = property;
	expectStyle(description);
	const told = words(description).filter((word) => !words(displayName).includes(word));
	expect(FIXED.includes(description) || told.length >= 2).toBe(true);
	if (type === 'boolean') expect(description).toMatch(/^Whether /);
});

it.each(CHOICES)('%s says what it means', (_path, { name, description = '' }) => {
	expectStyle(description);
	expect(description).not.toBe(name);
});

it.each(MODES)('%s shows what to enter, and where it is found', (_path, { type, ...mode }) => {
	if (type === 'list') expect(mode.placeholder).toMatch(/^Select an? [a-z ]+\.\.\.$/);
	else expect(mode).toMatchObject({ placeholder: expect.stringMatching(/^e\.g\. \S/) as string });
	if (type !== 'list') expectStyle(mode.hint ?? '');
});

it.each(PARAMETERS.filter(([, { type }]) => type === 'string'))(
	'%s shows an example that looks like one',
	(_path, { placeholder, typeOptions }) => {
		if (placeholder === undefined || typeOptions?.password) return;
		expect(placeholder).toMatch(/^e\.g\. \S/);
	},
);

it.each(NOTICES)('%s says where to click in SparkLoop', (_path, { displayName }) => {
	const text = displayName.replace(/<[^>]+>/g, '');
	expect(text).toMatch(
		/SparkLoop, open ('Account settings → Integrations( → Webhooks)?'|the 'Integrations' page)/,
	);
	expect(text).toMatch(/\.$/);
});

it('what the trigger says about its webhook says where SparkLoop keeps it', () => {
	const { activationMessage, eventTriggerDescription, triggerPanel } = new SparkLoopTrigger()
		.description;
	const { executionsHelp, activationHint } = triggerPanel as {
		executionsHelp: Record<'active' | 'inactive', string>;
		activationHint: string;
	};
	for (const text of [
		activationMessage,
		eventTriggerDescription,
		activationHint,
		executionsHelp.active,
		executionsHelp.inactive,
	]) {
		expect(text).toContain('Account settings → Integrations → Webhooks');
	}
});

it('nothing that a person reads leads to an address that nobody documents', () => {
	const links = ALL.flatMap(([, { displayName, description = '' }]) =>
		[...`${displayName} ${description}`.matchAll(/href="([^"]+)"/g)].map(([, href]) => href),
	);
	// docs.sparkloop.app, API v2, Auth.
	expect(links).toEqual(['https://dash.sparkloop.app/settings/integrations']);
});
