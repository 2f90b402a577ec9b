import {
	NodeHelpers,
	webhookDescriptionIsNativelyResolvable,
	type IHookFunctions,
	type INodeProperties,
} from 'n8n-workflow';

import {
	EXTRA_FIELDS,
	FIELD_NAME_PRESETS,
	FIELDS,
} from '../../nodes/SparkLoop/events/contactFields';
import { EVENT_TYPES } from '../../nodes/SparkLoop/events/eventTypes';
import { SparkLoopTrigger } from '../../nodes/SparkLoop/SparkLoopTrigger.node';
import { readSettings, settingsProblem } from '../../nodes/SparkLoop/trigger/settings';
import { API_EVENTS } from '../../nodes/SparkLoop/transport/webhooksApi';
import { tokenMatches, tokenProblem } from '../../nodes/SparkLoop/trigger/token';
import { drawnOutputs, node, request } from '../support/engine.mts';
import { sample } from '../support/samples.mts';

const { description, methods, webhookMethods } = new SparkLoopTrigger();

const trigger = (parameters: object) =>
	node('SparkLoop Trigger', 'n8n-nodes-sparkloop.sparkLoopTrigger', parameters, {
		credentials: { sparkLoopWebhookTokenApi: { id: '1', name: 'Token' } },
	});

const reading =
	(parameters: Record<string, unknown>) =>
	(name: string, fallback?: unknown): unknown =>
		parameters[name] ?? fallback;

const property = (name: string): INodeProperties =>
	description.properties.find((one) => one.name === name)!;
const choices = ({ options = [] }: INodeProperties): unknown[] =>
	options.map((option) => ('value' in option ? option.value : option.name));

describe('a trigger that nobody has set up', () => {
	const TOKEN = { sparkLoopWebhookTokenApi: { webhookToken: 'tok_4711' } };
	const receive = async (body: object, headers: object = { 'sparkloop-token': 'tok_4711' }) =>
		await request(trigger({}), { headers: { ...headers }, body }, TOKEN);

	it('wants the token', async () => {
		const body = sample('fromSparkLoop/sync_subscriber.article');
		expect((await receive(body, {})).status).toBe(401);
	});

	it.each([
		['sync_subscriber.article', 1],
		['new_referral.docs', 2],
		['reward_unlocked.docs', 1],
	])('gives one item for each contact of %s, by its only output', async (name, count) => {
		const { output } = await receive(sample(`fromSparkLoop/${name}`));
		expect(output?.map((items) => items.length)).toEqual([count]);
		expect(output?.[0][0].json).toMatchObject({
			fields: { RH_ISREF: expect.stringMatching(/^(YES|NO)$/) as string },
		});
	});

	it.each(['reward_redeemed', 'new_offer_lead', 'brand_new'])('ignores %s', async (type) => {
		expect(await receive({ type })).toEqual({ status: 200, output: undefined });
	});

	it('has an item say that its event names no campaign', async () => {
		const { output } = await receive({ type: 'sync_subscriber', subscriber: { email: 'a@b.co' } });
		expect(output?.[0][0].json).toMatchObject({ campaignId: null });
	});

	it('lets SparkLoop know when the workflow has finished, with a blank body', () => {
		// As the editor gets it.
		expect(JSON.parse(JSON.stringify(description.webhooks))).toEqual([
			{
				name: 'default',
				httpMethod: 'POST',
				path: 'webhook',
				responseMode: '={{$parameter["respond"]}}',
				responseData: 'noData',
			},
		]);
		expect(property('respond').default).toBe('lastNode');
		expect(choices(property('respond')).sort()).toEqual(['lastNode', 'onReceived']);
	});

	it('has a version above 1, for which n8n needs no expression to read a body', () => {
		expect(Math.max(...[description.version].flat())).toBeGreaterThan(1);
	});

	it('needs no expression of n8n to know when to answer', () => {
		expect(webhookDescriptionIsNativelyResolvable(description.webhooks![0])).toBe(true);
	});

	it('is the same to the editor and to the node', () => {
		const defaults = Object.fromEntries(
			description.properties.map(({ name, default: value }) => [name, value]),
		);
		const { events: _, ...usual } = readSettings(reading({}));
		const { events, ...shown } = readSettings(reading(defaults));
		expect(shown).toEqual(usual);
		expect(events).toEqual(['sync_subscriber', 'new_referral', 'reward_unlocked']);
	});
});

describe('the choices in the editor', () => {
	it('are those that the node understands', () => {
		expect(choices(property('events')).sort()).toEqual(
			[...EVENT_TYPES.map(({ type }) => type), 'other'].sort(),
		);
		expect(choices(property('fieldNames')).sort()).toEqual(
			[...Object.keys(FIELD_NAME_PRESETS), 'custom'].sort(),
		);
		expect(choices(property('fieldValues')).sort()).toEqual(['raw', 'sparkLoop']);
		expect(choices(property('items')).sort()).toEqual(['contacts', 'event']);
		expect(choices(property('outputs')).sort()).toEqual(['perEvent', 'single']);
		expect(choices(property('webhookSetup')).sort()).toEqual(['automatic', 'manual']);
		expect(choices(property('authentication')).sort()).toEqual(['none', 'sparkLoopToken']);
		const text = JSON.stringify(property('options'));
		for (const field of EXTRA_FIELDS) expect(text).toContain(`"value":"${field}"`);
	});

	it('show only what has an effect', () => {
		const shown = (values: object) =>
			description.properties
				.filter((one) => NodeHelpers.displayParameter({ ...values }, one, null, description))
				.map(({ name }) => name);
		const asReceived = { authentication: 'none', items: 'event', fieldNames: 'custom' };
		expect(shown(asReceived)).toContain('noAuthenticationNotice');
		for (const name of ['fieldNames', 'fieldNameTable', 'fieldValues']) {
			expect(shown(asReceived)).not.toContain(name);
		}
		const contacts = { authentication: 'sparkLoopToken', items: 'contacts', fieldNames: 'custom' };
		expect(shown(contacts)).not.toContain('noAuthenticationNotice');
		for (const name of ['fieldNames', 'fieldNameTable', 'fieldValues']) {
			expect(shown(contacts)).toContain(name);
		}
		expect(shown({ ...contacts, fieldNames: 'lowerCase' })).not.toContain('fieldNameTable');
	});

	it('tell of the way by hand where it is the way', () => {
		const shown = (values: object) =>
			description.properties
				.filter((one) => NodeHelpers.displayParameter({ ...values }, one, null, description))
				.map(({ name }) => name);
		const automatic = { webhookSetup: 'automatic', authentication: 'none' };
		expect(shown({ webhookSetup: 'manual', events: ['other'] })).toContain('setupNotice');
		expect(shown({ webhookSetup: 'manual', events: ['other'] })).not.toContain('byHandNotice');
		for (const event of [
			'sync_subscriber',
			'new_partner_pending_referral',
			'new_offer_lead',
			'other',
		]) {
			const names = shown({ ...automatic, events: ['new_referral', event] });
			expect(names).toContain('byHandNotice');
			expect(names).not.toContain('setupNotice');
		}
		expect(shown({ ...automatic, events: API_EVENTS })).not.toContain('byHandNotice');
		for (const { label } of EVENT_TYPES.filter((one) => API_EVENTS.includes(one.type))) {
			expect(property('byHandNotice').displayName).toContain(`'${label}'`);
		}
	});

	it('ask for a credential only where it is wanted', () => {
		expect(description.credentials).toMatchObject([
			{
				name: 'sparkLoopWebhookTokenApi',
				required: true,
				displayOptions: { show: { authentication: ['sparkLoopToken'] } },
			},
			{
				name: 'sparkLoopApi',
				required: true,
				displayOptions: { show: { webhookSetup: ['automatic'] } },
			},
		]);
	});

	it('start a table of names with the usual ones', () => {
		const [{ values }] = property('fieldNameTable').options as Array<{ values: INodeProperties[] }>;
		expect(values.map((value) => [value.name, value.default])).toEqual(
			[...FIELDS].sort().map((field) => [field, field]),
		);
	});
});

describe('the outputs that the editor draws', () => {
	it('are one, unless one for each event was chosen', () => {
		expect(drawnOutputs(trigger({}))).toEqual(['main']);
	});

	it('bear the names of the chosen events, in the order chosen', () => {
		const events = ['reward_unlocked', 'other', 'sync_subscriber'];
		expect(drawnOutputs(trigger({ outputs: 'perEvent', events }))).toEqual([
			'Reward',
			'Other',
			'Subscriber',
		]);
	});
});

describe('settings that cannot work', () => {
	const events = ['sync_subscriber'];
	const extra = (...names: string[]) => ({
		extraFields: { field: names.map((name) => ({ source: 'name', name })) },
	});
	const problem = (parameters: Record<string, unknown>) =>
		settingsProblem(readSettings(reading({ events, ...parameters })));

	it.each([
		[{ events: [] }, "No event is chosen under 'Events'"],
		[{ options: extra(' ') }, "A field under 'Extra Fields' has no name"],
		[{ options: extra('RH_CODE') }, "The field name 'RH_CODE' is used twice"],
		[{ options: extra('NAME', ' NAME ') }, "The field name 'NAME' is used twice"],
		[
			{ fieldNames: 'custom', 'fieldNameTable.names': { RH_CODE: 'x', RH_SUBID: ' x ' } },
			"The field name 'x' is used twice",
		],
		[
			{ fieldNames: 'custom', 'fieldNameTable.names': { RH_CODE: 'RH_SUBID' } },
			"The field name 'RH_SUBID' is used twice",
		],
		[
			{
				fieldNames: 'custom',
				'fieldNameTable.names': { RH_CODE: '', RH_SUBID: '', RH_ISREF: 'x', RH_COUPON: 'x' },
			},
			"The field name 'x' is used twice",
		],
	])('%j: %s, and what to do', (parameters, message) => {
		expect(problem(parameters)).toEqual({ message, todo: expect.stringMatching(/\.$/) as string });
	});

	it.each([
		[{}],
		[{ options: extra('FIRST', 'SECOND') }],
		[{ fieldNames: 'custom', 'fieldNameTable.names': { RH_CODE: '', RH_SUBID: ' ' } }],
	])('are not %j', (parameters) => {
		expect(problem(parameters)).toBeUndefined();
	});

	it('stop the workflow from being published, and say what to do', async () => {
		const hook = (parameters: Record<string, unknown>) =>
			({
				getNodeParameter: reading(parameters),
				getNode: () => trigger({}),
			}) as never as IHookFunctions;
		await expect(
			webhookMethods.default.checkExists.call(hook({ events: [] })),
		).rejects.toMatchObject({
			message:
				"No event is chosen under 'Events'. Choose at least one event, such as 'Subscriber Created or Updated'.",
		});
		expect(await webhookMethods.default.checkExists.call(hook({ events }))).toBe(true);
	});
});

describe('the token', () => {
	it.each([
		['tok_1', 'tok_1', true],
		['tok_1', ' tok_1\n', true],
		['tok_1 ', 'tok_1', false],
		['tok_2', 'tok_1', false],
		['tok_1', 'tok_11', false],
		['', '', false],
		[' ', ' ', false],
		[['tok_1'], 'tok_1', false],
		[undefined, undefined, false],
		['undefined', undefined, false],
	])('%j sent, where %j is expected, matches: %s', (sent, expected, matches) => {
		expect(tokenMatches(sent, expected)).toBe(matches);
	});

	it.each(['tok_1', ' tok_1\n', 'a!~/+='])('could be %j', async (webhookToken) => {
		expect(tokenProblem(webhookToken)).toBeUndefined();
		expect(await tested({ webhookToken })).toMatchObject({ status: 'OK' });
	});

	it.each([
		[
			undefined,
			"is empty: copy it from SparkLoop's page 'Account settings → Integrations → Webhooks'",
		],
		[5, 'is empty'],
		['  ', 'is empty'],
		['two words', 'contains blanks'],
		['https://hooks.example/s3cr3t', 'is an address, not a token'],
		['two\nlines', 'contains blanks'],
		['tök', 'contains blanks or characters that no header can carry'],
		['tok\u007f', 'contains blanks or characters that no header can carry'],
	])('could not be %j, because it %s', async (webhookToken, reason) => {
		const message = expect.stringContaining(reason) as string;
		expect(tokenProblem(webhookToken)).toEqual(message);
		expect(await tested({ webhookToken })).toEqual({ status: 'Error', message });
	});

	const tested = async (data: object) => {
		const [{ testedBy }] = description.credentials!;
		const test = methods.credentialTest[testedBy as keyof typeof methods.credentialTest];
		return await test.call(
			{} as never,
			{ id: '1', name: '', type: '', data: { ...data } } as never,
		);
	};
});
