import { randomUUID } from 'node:crypto';

import type { Call } from '../scripts/measuring/load.mts';
import { builtEvents } from './built.mts';
import { publish, type BenchGround } from './ground.mts';
import { node, webhook, workflow, type BenchNode } from './graphs.mts';

/** A workflow that takes events, and what a request to it needs. */
export interface Receiver {
	/** A request that is accepted. */
	good(body: unknown): Call;
	/** One with a secret, but the wrong one. */
	forged(body: unknown): Call;
	/** One without a secret. */
	bare(body: unknown): Call;
}

const EVENTS = ['sync_subscriber', 'new_referral', 'reward_unlocked'];

/** Our trigger, checking the token and mapping every field there is. */
export async function ourTrigger(ground: BenchGround): Promise<Receiver> {
	const { credentials, sandbox } = ground;
	const webhookId = randomUUID();
	const path = `/webhook/${webhookId}/webhook`;
	const trigger = node(
		'SparkLoop Trigger',
		'n8n-nodes-sparkloop.sparkLoopTrigger',
		1.1,
		{
			events: EVENTS,
			options: {
				extraFields: {
					field: builtEvents().EXTRA_FIELDS.map((source) => ({
						source,
						name: `RH_${source.toUpperCase()}`,
					})),
				},
			},
		},
		{ credential: credentials.token, webhookId },
	);
	await publish(ground, workflow('Bench: trigger', [trigger]), path);
	return receiver(ground, path, { name: 'SparkLoop-Token', value: sandbox.webhookToken });
}

/** n8n's Webhook node with header authentication, and nothing behind it. */
export async function webhookAlone(ground: BenchGround): Promise<Receiver> {
	const { fromEsp } = ground.credentials;
	const { node: entrance, path } = webhook(fromEsp);
	await publish(ground, workflow('Bench: webhook', [entrance]), path);
	return receiver(ground, path, fromEsp.header);
}

/**
 * What somebody would build without our trigger: the Webhook node, a Switch by the event's type, and Edit Fields that make
 * the same item for each, all but the event's key, the guard and the order, which take more than expressions.
 */
export async function threeNodes(ground: BenchGround): Promise<Receiver> {
	const { fromEsp } = ground.credentials;
	const { node: entrance, path } = webhook(fromEsp);
	const choose = node('Which event', 'n8n-nodes-base.switch', 3.4, {
		rules: {
			values: EVENTS.map((type) => ({
				outputKey: type,
				renameOutput: true,
				conditions: {
					options: { caseSensitive: true, typeValidation: 'strict', version: 2 },
					combinator: 'and',
					conditions: [
						{
							id: randomUUID(),
							leftValue: '={{ $json.body.type }}',
							rightValue: type,
							operator: { type: 'string', operation: 'equals' },
						},
					],
				},
			})),
		},
		options: {},
	});
	const edits = EVENTS.map((type) => editFields(type));
	await publish(
		ground,
		workflow('Bench: three nodes', [entrance, choose, ...edits], {
			Webhook: [['Which event']],
			'Which event': edits.map(({ name }) => [name]),
		}),
		path,
	);
	return receiver(ground, path, fromEsp.header);
}

function editFields(type: string): BenchNode {
	const role = type === 'new_referral' ? 'referrer' : 'subscriber';
	const person = `$json.body.${role}`;
	const isWin = type === 'reward_unlocked';
	const texts: Record<string, string> = {
		event: '={{ $json.body.type }}',
		role,
		email: `={{ ${person}.email }}`,
		campaignId: '={{ $json.body.campaign_id }}',
		receivedAt: '={{ $now.toISO() }}',
		'fields.RH_SUBID': `={{ ${person}.id }}`,
		'fields.RH_CODE': `={{ ${person}.referral_code }}`,
		'fields.RH_REFLINK': `={{ ${person}.referral_link }}`,
		'fields.RH_ISREF': `={{ ${person}.referral_status === 'rejected' ? 'REJECTED' : ${person}.referred ? 'YES' : 'NO' }}`,
		'fields.RH_LASTREWARD': isWin
			? `={{ ${person}.last_reward ?? $json.body.reward.id }}`
			: `={{ ${person}.last_reward }}`,
		...(isWin && {
			'fields.RH_COUPON': '={{ $json.body.coupon_code }}',
			'fields.RH_REWARD_NAME': '={{ $json.body.reward.name.trim() }}',
		}),
		'fields.RH_FIRST_NAME': `={{ ${person}.first_name?.trim() }}`,
		'fields.RH_NAME': `={{ ${person}.name?.trim() }}`,
		'fields.RH_REFERRAL_STATUS': `={{ ${person}.referral_status }}`,
	};
	const assignment = (kind: string) => {
		return ([name, value]: [string, string]) => ({ id: randomUUID(), name, value, type: kind });
	};
	return node(`Fields of ${type}`, 'n8n-nodes-base.set', 3.4, {
		assignments: {
			assignments: [
				...Object.entries(texts).map(assignment('string')),
				...[
					['fields.RH_TOTREF', `={{ ${person}.tot_referrals }}`] as [string, string],
					['fields.RH_NEXT_REWARD', `={{ ${person}.next_reward }}`] as [string, string],
				].map(assignment('number')),
				assignment('object')(['payload', '={{ $json.body }}']),
			],
		},
		options: {},
	});
}

function receiver(
	{ n8n }: BenchGround,
	path: string,
	{ name, value }: { name: string; value: string },
): Receiver {
	const call = (body: unknown, headers: Record<string, string>): Call => ({
		url: n8n.url + path,
		headers,
		body,
	});
	return {
		good: (body) => call(body, { [name]: value }),
		forged: (body) => call(body, { [name]: `${value.slice(0, -1)}!` }),
		bare: (body) => call(body, {}),
	};
}
