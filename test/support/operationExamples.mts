import type { IDataObject } from 'n8n-workflow';

import type { Sandbox } from '../../sandbox/server.mts';
import { node, request, type Credentials } from './engine.mts';
import { COMPLETE_SAMPLES, sample } from './samples.mts';
import { ask, credentialsOf, errorOf, jsonOf, sandboxFor } from './sparkLoopApi.mts';

const ADVOCATE = 'advocate@x.org';
const FRIEND = 'friend@x.org';
const BARE = 'bare@x.org';
const GUARD = { extraFields: { field: [{ source: 'guard', name: 'RH_GUARD' }] } };

const byEmail = (value = '={{ $json.email }}') => ({ __rl: true, mode: 'email', value });
const byId = (value: string) => ({ __rl: true, mode: 'id', value });

/** What each operation does in the examples: for the items given, with the parameters given. */
type Example = (sandbox: Sandbox) => Array<{ items?: object[]; parameters: object }>;

const ALL = { returnAll: true, filters: {}, listOptions: {} };
const PEOPLE = [ADVOCATE, FRIEND, BARE].map((email) => ({ email }));

const throughWebhook = (parameters: object, items: object[]) => [
	{
		items,
		parameters: { sendThrough: 'incomingWebhook', email: '={{ $json.email }}', ...parameters },
	},
];

const campaignOf = (sandbox: Sandbox) => byId(sandbox.program.campaign.id);

/**
 * Every operation as a user may run it, with its parameters as they are when the node is new: once with all that can be
 * told of a person, once with nothing but the address. Keys are `<resource>/<operation>`.
 */
export const OPERATION_EXAMPLES: Readonly<Record<string, Example>> = {
	'campaign/addSubscriber': (sandbox) => [
		{
			// The first is a member already.
			items: [{ email: ADVOCATE }, { email: 'outside@x.org' }],
			parameters: { campaign: campaignOf(sandbox), subscriber: byEmail() },
		},
	],
	'campaign/getAll': () => [{ parameters: { returnAll: true } }],
	'campaign/getManyReferrals': (sandbox) => [
		{
			parameters: {
				campaign: campaignOf(sandbox),
				subscriber: byEmail(ADVOCATE),
				returnAll: true,
			},
		},
	],
	'campaign/getManySubscribers': (sandbox) => [
		{ parameters: { campaign: campaignOf(sandbox), ...ALL } },
	],
	'campaign/removeSubscriber': (sandbox) => [
		{
			parameters: {
				campaign: campaignOf(sandbox),
				membershipId: sandbox.program.find(ADVOCATE)!.membership!.id,
			},
		},
	],
	'contact/compare': () => [],
	'event/create': (sandbox) => [
		{
			parameters: {
				subscriber: byEmail(ADVOCATE),
				campaign: campaignOf(sandbox),
				value: 23.9,
				additionalFields: {},
			},
		},
	],
	'import/createCsv': () => [
		{ items: PEOPLE, parameters: { emailField: 'email', additionalColumns: {} } },
		{ items: [{ email: 'nobody' }], parameters: { emailField: 'email', additionalColumns: {} } },
	],
	'import/throughApi': () => [
		{
			items: [{ email: ADVOCATE }, { email: 'new@x.org' }],
			parameters: { email: '={{ $json.email }}', additionalFields: {} },
		},
	],
	'partnerProgram/getAll': () => [{ parameters: { returnAll: true } }],
	'partnerProgram/getManyReferrals': (sandbox) => [
		{
			parameters: {
				partnerProgram: byId(sandbox.partnerPrograms.newestFirst[0].uuid),
				returnAll: true,
			},
		},
	],
	'subscriber/delete': () => [{ parameters: { subscriber: byEmail(BARE) } }],
	'subscriber/get': () => [{ items: PEOPLE, parameters: { subscriber: byEmail() } }],
	'subscriber/getAll': () => [{ parameters: ALL }],
	'subscriber/reject': () => [{ parameters: { subscriber: byEmail(FRIEND) } }],
	'subscriber/sendAsIs': () => [
		{
			items: [
				sample('toSparkLoop/subscribe'),
				{ type: 'update', subscriber: { email: 'd@x.org', previous_email: BARE, updated_at: 1 } },
				{ type: 'unsubscribe', subscriber: { email: FRIEND } },
			],
			parameters: { sendThrough: 'incomingWebhook', event: '={{ $json }}' },
		},
	],
	'subscriber/subscribe': () => [
		...throughWebhook({ additionalFields: {} }, [{ email: 'a@x.org' }]),
		...throughWebhook(
			{
				additionalFields: {
					id: '1',
					firstName: 'Ann',
					name: 'Ann Smith',
					createdAt: '2026-01-02T03:04:05Z',
				},
			},
			[{ email: 'b@x.org' }],
		),
	],
	'subscriber/unsubscribe': () => throughWebhook({}, [{ email: BARE }]),
	'subscriber/update': () => [
		...throughWebhook({ previousEmail: FRIEND, additionalFields: {} }, [{ email: 'c@x.org' }]),
		...throughWebhook(
			{
				previousEmail: BARE,
				additionalFields: {
					firstName: 'Ann',
					name: 'Ann Smith',
					updatedAt: '2026-01-02T03:04:05Z',
				},
			},
			[{ email: 'd@x.org' }],
		),
	],
	'subscriber/upsert': () => [
		{ items: PEOPLE, parameters: { email: '={{ $json.email }}', additionalFields: {} } },
	],
};

/** Somebody who brought two friends, and two more people; of a friend all is known, of most no more than the address. */
function populate({ program, partnerPrograms }: Sandbox): void {
	const { referralCode } = program.subscribe({ email: ADVOCATE, name: 'Ann' }).subscriber;
	program.subscribe({ email: 'second@x.org', referrerCode: referralCode });
	program.subscribe({
		email: FRIEND,
		name: 'Ben',
		referrerCode: referralCode,
		details: {
			origin: 'import',
			ip_address: '1.2.3.4',
			user_agent: 'Browser',
			country_code: 'US',
			utm_source: 'source',
			utm_campaign: 'campaign',
		},
	});
	program.subscribe({ email: BARE });
	program.removeFromCampaign(program.subscribe({ email: 'outside@x.org' }).subscriber.id);
	for (const status of ['pending', 'confirmed', 'rejected'] as const) {
		partnerPrograms.addReferral({ email: `${status}@x.org`, status });
	}
	partnerPrograms.addReferral({ email: 'us@x.org', countryCode: 'US' });
}

/**
 * Runs an operation on n8n's own engine against a sandbox.
 *
 * @returns what came out by its first output
 * @throws when the operation has no example, or its example failed or gave nothing
 */
export async function outputOfExamples(
	resource: string,
	operation: string,
): Promise<IDataObject[]> {
	const example = OPERATION_EXAMPLES[`${resource}/${operation}`];
	if (!example) throw new Error(`${resource}/${operation} has no example`);
	if (resource === 'contact') return await comparedItems();
	const sandbox = await sandboxFor();
	try {
		populate(sandbox);
		const output: IDataObject[] = [];
		for (const { items, parameters } of example(sandbox)) {
			const all = { resource, operation, ...parameters };
			output.push(...(await succeeded(sandbox, all, items)));
		}
		return output;
	} finally {
		await sandbox.close();
	}
}

async function succeeded(
	sandbox: Sandbox,
	parameters: object,
	items?: object[],
	credentials: Credentials = {
		...credentialsOf(sandbox),
		sparkLoopIncomingWebhookApi: { webhookSecretUrl: sandbox.incomingWebhookUrl },
	},
): Promise<IDataObject[]> {
	const ways = { sparkLoopIncomingWebhookApi: { id: '2', name: 'Incoming Webhook' } };
	const extra = { credentials: { sparkLoopApi: { id: '1', name: 'API' }, ...ways } };
	const result = await ask(sandbox, parameters, items, extra, credentials);
	const error = errorOf(result);
	if (error) throw error;
	const output = jsonOf(result);
	if (output.length === 0) throw new Error(`${JSON.stringify(parameters)} gave nothing`);
	return output;
}

/** What the trigger, new and with a field for the guard, makes of all that SparkLoop documents completely. */
async function triggerItems(): Promise<IDataObject[]> {
	const trigger = node('Trigger', 'n8n-nodes-sparkloop.sparkLoopTrigger', {
		authentication: 'none',
		events: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		options: GUARD,
	});
	const answers = await Promise.all(
		COMPLETE_SAMPLES.map(async (name) => await request(trigger, { body: sample(name) })),
	);
	return answers.flatMap(({ output = [] }) => output.flat()).map(({ json }) => json);
}

async function comparedItems(): Promise<IDataObject[]> {
	const sandbox = await sandboxFor();
	try {
		const parameters = { resource: 'contact', operation: 'compare', event: '={{ $json }}' };
		return await succeeded(sandbox, parameters, await triggerItems());
	} finally {
		await sandbox.close();
	}
}
