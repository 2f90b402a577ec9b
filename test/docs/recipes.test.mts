import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';

import type { Sandbox } from '../../sandbox/server.mts';
import { chain, node, outputs, request, run } from '../support/engine.mts';
import { sample } from '../support/samples.mts';
import {
	apiNode,
	ask,
	credentialsOf,
	errorOf,
	jsonOf,
	sandboxFor,
} from '../support/sparkLoopApi.mts';

const PAGE = readFileSync(path.join(import.meta.dirname, '../../docs/recipes.md'), 'utf8');

/** What a recipe writes into a parameter. @throws when the page does not have it to the letter */
function written(expression: string): string {
	if (!PAGE.includes(`\`${expression}\``)) throw new Error(`No recipe has ${expression}`);
	return `=${expression}`;
}

/** The items that a trigger makes of an event. */
async function itemsOf(event: object, parameters: object): Promise<IDataObject[]> {
	const trigger = node('Trigger', 'n8n-nodes-sparkloop.sparkLoopTrigger', {
		authentication: 'none',
		events: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		options: {},
		...parameters,
	});
	const { output = [] } = await request(trigger, { body: event });
	return output.flat().map(({ json }) => json);
}

const itemsIn = (items: object[]): INodeExecutionData[] =>
	items.map((json) => ({ json: json as IDataObject }));

/** What n8n makes of an expression of the page, for each item. */
async function valuesOf(expression: string, items: object[], name = 'Before'): Promise<unknown[]> {
	const set = node(
		'Set',
		'n8n-nodes-base.set',
		{ mode: 'raw', jsonOutput: `={{ { value: ${inner(expression)} } }}`, options: {} },
		{ typeVersion: 3.4 },
	);
	const start = node(name, 'n8n-nodes-base.noOp', {});
	const graph = { nodes: [start, set], connections: chain(name, 'Set') };
	const result = await run(graph, name, itemsIn(items));
	if (result.data.resultData.error) throw result.data.resultData.error;
	return outputs(result, 'Set')[0].map(({ json }) => json.value);
}

/** A template as one JavaScript expression. */
const inner = (template: string): string => {
	written(template);
	const parts = template.split(/\{\{|\}\}/).map((part) => part.trim());
	return template.startsWith('{{') && template.endsWith('}}') && parts.length === 3
		? parts[1]
		: '`' + template.replace(/\{\{ /g, '${').replace(/ \}\}/g, '}') + '`';
};

const won = async (parameters: object = {}) =>
	await itemsOf(sample('fromSparkLoop/reward_unlocked.docs'), parameters);
const referral = async (parameters: object = {}) =>
	await itemsOf(sample('fromSparkLoop/new_referral.article'), parameters);

describe('mail the winner', () => {
	const TEXT =
		"{{ $json.payload.coupon_code ? 'Your code: ' + $json.payload.coupon_code : 'Your reward is on its way.' }}";

	it('says what was won, to whom, with the coupon', async () => {
		const items = await won({ events: ['reward_unlocked'] });
		expect(await valuesOf('{{ $json.email }}', items)).toEqual(['john.doe@email.com']);
		expect(await valuesOf('You have won: {{ $json.payload.reward.name }}', items)).toEqual([
			'You have won: 2018 Private Report: State of the Ecommerce',
		]);
		expect(await valuesOf(TEXT, items)).toEqual(['Your code: 9wusha0']);
	});

	it('does without one', async () => {
		const items = await itemsOf(sample('fromSparkLoop/reward_unlocked.article'), {});
		expect(await valuesOf(TEXT, items)).toEqual(['Your reward is on its way.']);
	});
});

it('the win key is another one for each win, and stays when an event comes twice', async () => {
	const options = { extraFields: { field: [{ source: 'win_key', name: 'RH_WINKEY' }] } };
	const event = sample('fromSparkLoop/reward_unlocked.docs');
	const keyOf = async (referrals: number) => {
		const [{ fields }] = await itemsOf({ ...event, referrals }, { options });
		return (fields as IDataObject).RH_WINKEY;
	};
	expect(await keyOf(4)).toEqual(expect.any(String));
	expect(await keyOf(4)).toBe(await keyOf(4));
	expect(await keyOf(8)).not.toBe(await keyOf(4));
	expect(PAGE).toContain('*Value* *Win Key*, *Name in Your ESP* `RH_WINKEY`');
});

it('once per event lets one item of a referral through, and every other event', async () => {
	const condition = "{{ $json.role !== 'subscriber' || $json.event !== 'new_referral' }}";
	const text =
		'{{ $json.payload.referrer.name }} brought {{ $json.payload.subscriber.name }}, and has {{ $json.payload.referrer.tot_referrals }} now';
	const items = await referral();
	expect(await valuesOf(condition, items)).toEqual([true, false]);
	expect(await valuesOf(condition, await won())).toEqual([true]);
	expect((await valuesOf(text, items))[0]).toBe('John Smith brought John Doe, and has 4 now');
});

it('one campaign only is told by its ID, as an item has it', async () => {
	const [{ campaignId }] = await referral();
	expect(await referral({ options: { campaignId } })).toHaveLength(2);
	expect(await referral({ options: { campaignId: 'MF0' } })).toEqual([]);
});

it('names of your own are found by Compare as the workflows ask it to', async () => {
	const names = { RH_TOTREF: 'count', RH_COUPON: '' };
	const items = await won({ fieldNames: 'custom', fieldNameTable: { names } });
	expect(items[0].fields).toMatchObject({ count: 4, RH_LASTREWARD: 'reward_cdebf4f013' });
	expect(items[0].fields).not.toHaveProperty('RH_COUPON');
	const known = "{{ $json.fields[$('One contact at a time').first().json.order.referralsField] }}";
	expect(await valuesOf(known, items, 'One contact at a time')).toEqual([4]);
});

it('an event that is not in the list leaves by Other, whole', async () => {
	const body = { type: 'partner_referral_rejected', anything: 1 };
	const [item] = await itemsOf(body, { events: ['other'] });
	expect(item).toMatchObject({ email: null, fields: {} });
	expect(await valuesOf('{{ $json.event }}', [item])).toEqual(['partner_referral_rejected']);
	expect(await valuesOf('{{ $json.payload }}', [item])).toEqual([body]);
});

describe('to SparkLoop', () => {
	let sandbox: Sandbox;
	beforeEach(async () => {
		sandbox = await sandboxFor();
	});
	afterEach(async () => await sandbox.close());

	it('who referred somebody counts, and a blank code does no harm', async () => {
		const { referralCode } = sandbox.program.subscribe({ email: 'ann@x.org' }).subscriber;
		const result = await ask(
			sandbox,
			{
				resource: 'subscriber',
				operation: 'subscribe',
				sendThrough: 'api',
				email: written('{{ $json.body.email }}'),
				additionalFields: { referrerCode: written('{{ $json.body.rh_ref }}') },
			},
			[{ body: { email: 'ben@x.org', rh_ref: referralCode } }, { body: { email: 'cat@x.org' } }],
		);
		expect(errorOf(result)).toBeUndefined();
		expect(sandbox.program.find('ann@x.org')?.totReferrals).toBe(1);
		expect(sandbox.program.find('cat@x.org')).toBeDefined();
	});

	it('a purchase is reported with its value, given as a number or as text', async () => {
		sandbox.program.subscribe({ email: 'ann@x.org' });
		const result = await ask(
			sandbox,
			{
				resource: 'event',
				operation: 'create',
				subscriber: { __rl: true, mode: 'email', value: written('{{ $json.body.email }}') },
				campaign: { __rl: true, mode: 'id', value: sandbox.program.campaign.id },
				value: written('{{ $json.body.total }}'),
				additionalFields: { description: written("{{ 'Order ' + $json.body.order }}") },
			},
			[
				{ body: { email: 'ann@x.org', total: 5, order: 1 } },
				{ body: { email: 'ann@x.org', total: '23.90', order: 2 } },
			],
		);
		expect(errorOf(result)).toBeUndefined();
		expect(sandbox.program.find('ann@x.org')?.customEvents).toMatchObject([
			{ value: 5, description: 'Order 1' },
			{ value: 23.9, description: 'Order 2' },
		]);
	});

	it('what failed is sent again, and what was refused is not', async () => {
		const both = { resource: 'subscriber', sendThrough: 'api' };
		const options = { maxAttempts: 1, longestPause: 0 };
		const first = apiNode(
			{
				...both,
				operation: 'update',
				email: '={{ $json.to }}',
				previousEmail: '={{ $json.from }}',
				additionalFields: {},
				options,
			},
			{ onError: 'continueErrorOutput' },
		);
		const again: INode = {
			...apiNode({
				...both,
				operation: 'sendAsIs',
				event: written('{{ $json.details.payload }}'),
				options,
			}),
			name: 'Again',
			id: 'Again',
		};
		const mayPass = node(
			'May pass',
			'n8n-nodes-base.if',
			{
				conditions: {
					options: { caseSensitive: true, leftValue: '', typeValidation: 'strict', version: 2 },
					combinator: 'and',
					conditions: [
						{
							id: '1',
							leftValue: written('{{ $json.details.retry }}'),
							rightValue: '',
							operator: { type: 'boolean', operation: 'true', singleValue: true },
						},
					],
				},
				options: {},
			},
			{ typeVersion: 2.2 },
		);
		const to = (name: string) => [{ node: name, type: 'main' as const, index: 0 }];
		const graph = {
			nodes: [node('Start', 'n8n-nodes-base.noOp', {}), first, mayPass, again],
			connections: {
				Start: { main: [to('SparkLoop')] },
				SparkLoop: { main: [[], to('May pass')] },
				'May pass': { main: [to('Again'), []] },
			},
		};
		sandbox.program.subscribe({ email: 'ann@x.org' });
		sandbox.faults.inbound.failNext(1, { status: 503 });
		const items = [
			{ from: 'ann@x.org', to: 'ann@y.org' },
			{ from: 'nobody@x.org', to: 'nobody@y.org' },
		];
		const result = await run(graph, 'Start', itemsIn(items), credentialsOf(sandbox));
		expect(result.data.resultData.error).toBeUndefined();
		expect(outputs(result, 'Again')[0].map(({ json }) => json)).toMatchObject([
			{ type: 'update', subscriber: { email: 'ann@y.org', previous_email: 'ann@x.org' } },
		]);
		expect(sandbox.program.find('ann@y.org')).toBeDefined();
		const [, refused] = outputs(result, 'May pass');
		expect(refused).toHaveLength(1);
		const [advice] = await valuesOf(
			'{{ $json.details.advice }}',
			refused.map(({ json }) => json),
		);
		expect(advice).toMatch(/does not seem to know the address/);
	});

	it('the CSV is made of the names of fields', async () => {
		const result = await ask(
			sandbox,
			{ resource: 'import', operation: 'createCsv', emailField: 'email', additionalColumns: {} },
			[{ email: 'ann@x.org' }, { email: 'nobody' }],
		);
		expect(jsonOf(result)).toMatchObject([{ rows: 1 }]);
		expect(jsonOf(result, 1)).toMatchObject([{ item: 1, reason: expect.any(String) }]);
	});
});
