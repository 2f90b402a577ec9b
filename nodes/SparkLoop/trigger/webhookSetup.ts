import { NodeOperationError, type IHookFunctions } from 'n8n-workflow';

import { labelOf } from '../events/eventTypes';
import { endpoint } from '../transport/endpoint';
import {
	BY_HAND,
	NEEDS_HTTPS,
	webhooksApi,
	WEBHOOKS_PAGE,
	type ListedWebhook,
	type WebhooksApi,
} from '../transport/webhooksApi';
import { nextStep, ownAmong, sameUrl, type OwnWebhook } from './registration';
import { readSettings, settingsProblem, type TriggerSettings } from './settings';

/**
 * What the trigger keeps in n8n's static data. While somebody listens for a test event, n8n registers the Test URL
 * beside the Production URL of a published workflow, so each has a place of its own.
 */
interface Memory {
	webhook?: OwnWebhook;
	testWebhook?: OwnWebhook;
}

/**
 * Whether SparkLoop sends the chosen events to us. What is registered wrongly is put right here: n8n's `create` follows
 * only when there is nothing to put right.
 *
 * @throws NodeOperationError when the settings cannot work, or SparkLoop cannot be asked or does not agree
 */
export async function isSetUp(this: IHookFunctions): Promise<boolean> {
	const settings = readSettings((name, fallback) =>
		this.getNodeParameter(name, fallback as object),
	);
	if (settings.webhookSetup === 'automatic' && isTest.call(this)) {
		// Before anything can fail: n8n cleans up after a failure, and must not take the production webhook for this one.
		const memory = memoryOf.call(this);
		memory.testWebhook = { ...memory.testWebhook, url: webhookUrl.call(this) };
	}
	const problem = settingsProblem(settings);
	if (problem) {
		// n8n shows nothing but the message when a workflow cannot be published.
		throw new NodeOperationError(this.getNode(), `${problem.message}. ${problem.todo}`);
	}
	if (settings.webhookSetup === 'manual') return true;
	try {
		return await bringAbout.call(this, settings, 'repair');
	} catch (error) {
		if (!survivesRestart.call(this)) {
			throw new NodeOperationError(this.getNode(), error as Error);
		}
		this.logger.warn(
			`SparkLoop was not asked whether it still has the webhook: ${(error as Error).message}`,
		);
		return true;
	}
}

/** Registers the webhook at SparkLoop. Called when `isSetUp` said that it is not there. @throws NodeOperationError */
export async function setUp(this: IHookFunctions): Promise<boolean> {
	const settings = readSettings((name, fallback) =>
		this.getNodeParameter(name, fallback as object),
	);
	return settings.webhookSetup === 'manual' || (await bringAbout.call(this, settings, 'register'));
}

/**
 * Deletes the webhook that the trigger registered, and no other.
 *
 * @throws NodeOperationError when it cannot be deleted. n8n takes the workflow out of service all the same, shows the
 * message, and we go on where we stopped when it is published again.
 */
export async function takeDown(this: IHookFunctions): Promise<boolean> {
	if (this.getNodeParameter('webhookSetup', 'manual') === 'manual') return true;
	const memory = memoryOf.call(this);
	const test = memory.testWebhook?.url === webhookUrl.call(this);
	const place = test ? 'testWebhook' : 'webhook';
	const remembered = memory[place];
	if (!remembered) return true;
	try {
		if (remembered.uuid !== undefined || remembered.others !== undefined) {
			const api = await webhooksApi.call(this);
			const uuid = remembered.uuid ?? ownAmong(await api.list(), remembered)?.uuid;
			if (uuid !== undefined) await api.remove(uuid);
		}
	} catch (error) {
		const message = `The webhook may still be in SparkLoop: delete it under ${WEBHOOKS_PAGE} if this workflow stays unpublished. ${(error as Error).message}`;
		if (!test) throw new NodeOperationError(this.getNode(), message);
		// n8n has no ear for a failure after a test event, and the next test takes the webhook up again.
		this.logger.warn(message);
		return false;
	}
	delete memory[place];
	return true;
}

/**
 * Does what is to be done so that SparkLoop sends the chosen events here.
 *
 * @param may `repair` does all but register a new webhook
 * @returns false when a new webhook has to be registered
 */
async function bringAbout(
	this: IHookFunctions,
	settings: TriggerSettings,
	may: 'repair' | 'register',
): Promise<boolean> {
	const url = webhookUrl.call(this);
	if ('reason' in endpoint(url)) {
		throw new NodeOperationError(
			this.getNode(),
			`n8n's webhook URLs start with http://, and SparkLoop calls https:// only. ${NEEDS_HTTPS}`,
		);
	}
	const memory = memoryOf.call(this);
	const place = isTest.call(this) ? 'testWebhook' : 'webhook';
	const api = await webhooksApi.call(this);
	const listed = await listWith(api, memory[place]?.uuid);
	const step = nextStep(listed, memory[place], url, settings.events);

	switch (step.kind) {
		case 'nothing': {
			const mine = ownAmong(listed, memory[place]);
			if (mine) memory[place] = { url, uuid: mine.uuid };
			return true;
		}
		case 'create': {
			if (may === 'repair') return false;
			memory[place] = { url, others: listed.map(({ uuid }) => uuid) };
			const created = await api.create(url, step.events);
			memory[place] = { url, uuid: created.uuid };
			assertSends.call(this, created, step.events);
			return true;
		}
		case 'change': {
			const changed = await api.change(step.uuid, url, step.events);
			if (!changed) {
				delete memory[place];
				return await bringAbout.call(this, settings, may);
			}
			memory[place] = { url, uuid: step.uuid };
			assertSends.call(this, changed, step.events);
			return true;
		}
		case 'remove': {
			await api.remove(step.uuid);
			delete memory[place];
			return true;
		}
	}
}

/** The account's webhooks; ours also when it is so old that the list leaves it out. */
async function listWith(api: WebhooksApi, uuid: string | undefined): Promise<ListedWebhook[]> {
	const listed = await api.list();
	if (uuid === undefined || listed.some((one) => one.uuid === uuid)) return listed;
	const mine = await api.get(uuid);
	return mine ? [...listed, mine] : listed;
}

/** @throws NodeOperationError naming the events that SparkLoop did not switch on */
function assertSends(this: IHookFunctions, { events }: ListedWebhook, asked: string[]): void {
	const missing = asked.filter((type) => !events.includes(type));
	if (missing.length === 0) return;
	throw new NodeOperationError(
		this.getNode(),
		`SparkLoop did not register ${missing.map(labelOf).join(', ')}. Take ${missing.length > 1 ? 'them' : 'it'} out of 'Events'. ${BY_HAND}`,
	);
}

/**
 * Whether a failure may be passed over: n8n restarts, nobody changed anything, and SparkLoop had our webhook when the
 * workflow was published. An API that is down for a moment must not keep events out that SparkLoop does send.
 */
function survivesRestart(this: IHookFunctions): boolean {
	const { uuid, url } = memoryOf.call(this).webhook ?? {};
	return (
		['init', 'leadershipChange'].includes(this.getActivationMode()) &&
		uuid !== undefined &&
		sameUrl(url ?? '', webhookUrl.call(this))
	);
}

function isTest(this: IHookFunctions): boolean {
	return this.getActivationMode() === 'manual';
}

function webhookUrl(this: IHookFunctions): string {
	return this.getNodeWebhookUrl('default') ?? '';
}

function memoryOf(this: IHookFunctions): Memory {
	return this.getWorkflowStaticData('node');
}
