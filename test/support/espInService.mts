import { setTimeout as sleep } from 'node:timers/promises';

import { keptEvent } from '../../nodes/SparkLoop/events/keptEvent';
import type { Execution } from '../../scripts/n8n/api.mts';
import { importWorkflow, type ImportedWorkflow } from '../../scripts/story/importing.mts';
import type { Ground } from '../../scripts/story/stage.mts';
import { deliver } from './deliver.mts';

const ENTRANCE = 'When SparkLoop sends an event';
const OUTBOX = 'SparkLoop outbox';
const WITHIN_MS = 20_000;

/** An ESP is asked for changes when a test runs the schedule by hand, and not in between as well. */
const NOT_BY_ITSELF = {
	'Every two minutes': { rule: { interval: [{ field: 'months', monthsInterval: 12 }] } },
};

/** A file of `workflows/esp/`, and what a user chooses and fills in. */
export interface EspFile {
	/** Without folder and ending. */
	file: string;
	settings?: Readonly<Record<string, string | number>>;
	/** What is chosen on a node, by its name. */
	parameters?: Readonly<Record<string, object>>;
	/** By the node's name, else by the type that it asks for (`nodeCredentialType`, `genericAuthType`), or its own short type. */
	credentials: Readonly<Record<string, { type: string; data: Record<string, unknown> }>>;
}

/** An ESP's workflow, published on a real n8n. */
export class EspInService {
	private readonly ground: Ground;
	private readonly workflow: ImportedWorkflow;

	private constructor(ground: Ground, workflow: ImportedWorkflow) {
		this.ground = ground;
		this.workflow = workflow;
	}

	/** Imports the file, which runs its set-up, and publishes it. The outbox has to be there already (`bringOutbox`). */
	static async start(ground: Ground, esp: EspFile): Promise<EspInService> {
		const { api } = ground.n8n;
		const ofTheEsp = Object.fromEntries(
			await Promise.all(
				Object.entries(esp.credentials).map(async ([key, { type, data }]) => {
					const id = await api.importCredential({ name: `${esp.file}: ${key}`, type, data });
					return [key, { id, type }] as const;
				}),
			),
		);
		const workflow = await importWorkflow(
			api,
			ground.credentials,
			`esp/${esp.file}.json`,
			// Nothing here asks so much that it had to wait; what paces it has tests of its own.
			{ leaseRests: 0, ...esp.settings },
			{ ofTheEsp, parameters: { ...NOT_BY_ITSELF, ...esp.parameters } },
		);
		await api.publish(workflow.id);
		await api.waitForWebhook(workflow.path(ENTRANCE));
		return new EspInService(ground, workflow);
	}

	/** Delivers an event as SparkLoop does. @returns the status of the answer */
	async deliver(event: object): Promise<number> {
		return await deliver(this.ground, this.workflow.path(ENTRANCE), event);
	}

	/** The address of a webhook of its own. */
	urlOf(entrance: string): string {
		return this.ground.n8n.url + this.workflow.path(entrance);
	}

	/** Runs it by hand from a trigger, such as 'Set up (run once)' or a schedule. */
	async run(trigger: string): Promise<Execution> {
		const { api } = this.ground.n8n;
		return await api.waitForExecution(await api.runWorkflow(this.workflow.id, trigger));
	}

	/**
	 * What was put into the outbox, in the order of writing, while `act` ran and the executions that it started.
	 *
	 * @param executions how many of this workflow `act` starts
	 */
	async told(act: () => Promise<unknown>, executions = 1): Promise<object[]> {
		const from = (await this.outbox()).length;
		const before = (await this.executions()).length;
		await act();
		const deadline = Date.now() + WITHIN_MS;
		for (;;) {
			const all = await this.executions();
			const ended = all.every(({ status }) => !['new', 'running', 'waiting'].includes(status));
			if (ended && all.length >= before + executions) break;
			if (Date.now() > deadline) throw new Error(`No ${executions} executions ended in time`);
			await sleep(50);
		}
		const told = (await this.outbox()).slice(from);
		// What the outbox hands to the SparkLoop node must be something that it takes.
		for (const event of told) expect(keptEvent(event)).toHaveProperty('event');
		return told;
	}

	/** Why the last execution that failed did. */
	async lastError(): Promise<string | undefined> {
		const { api } = this.ground.n8n;
		const [failed] = await api.listExecutions({ workflowId: this.workflow.id, status: ['error'] });
		return (await api.getExecution(failed.id)).data.resultData.error?.message;
	}

	/** Retries the last execution that failed, as a user does in the list of executions. */
	async retryLast(): Promise<void> {
		const { api } = this.ground.n8n;
		const [failed] = await api.listExecutions({ workflowId: this.workflow.id, status: ['error'] });
		await api.retryExecution(failed.id);
	}

	/** Takes it out of service, which removes what it registered with the ESP. */
	async stop(): Promise<void> {
		await this.ground.n8n.api.unpublish(this.workflow.id);
	}

	private async executions() {
		return await this.ground.n8n.api.listExecutions({ workflowId: this.workflow.id });
	}

	private async outbox(): Promise<object[]> {
		const { dataTables } = this.ground.n8n.api;
		const [{ id }] = await dataTables.list(OUTBOX);
		return (await dataTables.rows(id)).map(({ event }) => JSON.parse(String(event)) as object);
	}
}

/** Makes the outbox's table. It is not published: what it would send is looked at there. */
export async function bringOutbox(ground: Ground): Promise<void> {
	await importWorkflow(ground.n8n.api, ground.credentials, 'outbox.json');
}

/** Events as SparkLoop sends them, about one person each unless said otherwise. */
export const fromSparkLoop = {
	sync: (email: string, referrals = 0): object => ({
		type: 'sync_subscriber',
		campaign_id: 'MF6319db9890',
		subscriber: {
			id: 'sub_hjdgc74u',
			email,
			referral_code: 'ada90f39',
			referral_link: 'https://mywebsite.com?rh_ref=ada90f39',
			referred: true,
			tot_referrals: referrals,
			last_reward: null,
		},
	}),
	/** `friend` joined through `email`. */
	referral: (email: string, friend: string, referrals: number): object => ({
		type: 'new_referral',
		campaign_id: 'MF6319db9890',
		subscriber: {
			id: 'sub_friend',
			email: friend,
			referral_code: 'f00f00f0',
			referral_link: 'https://mywebsite.com?rh_ref=f00f00f0',
			referred: true,
			tot_referrals: 0,
			last_reward: null,
		},
		referrer: {
			id: 'sub_hjdgc74u',
			email,
			referral_code: 'ada90f39',
			referral_link: 'https://mywebsite.com?rh_ref=ada90f39',
			referred: true,
			tot_referrals: referrals,
			last_reward: null,
		},
	}),
	reward: (email: string, referrals: number, reward = 'reward_38sf38hd'): object => ({
		type: 'reward_unlocked',
		campaign_id: 'MF6319db9890',
		coupon_code: 'C0UP0N',
		reward: { id: reward, name: 'A mug' },
		subscriber: {
			id: 'sub_hjdgc74u',
			email,
			referral_code: 'ada90f39',
			referral_link: 'https://mywebsite.com?rh_ref=ada90f39',
			referred: true,
			tot_referrals: referrals,
			last_reward: reward,
		},
	}),
};
