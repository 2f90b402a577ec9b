import fastify, { type FastifyInstance } from 'fastify';

import { Calls } from './calls.mts';
import { type Clock, systemClock } from './clock.mts';
import { control } from './control.mts';
import { Deliveries, type DeliveryOptions, type WebhookRow } from './deliveries.mts';
import { Esp, espRoutes } from './esp.mts';
import type { Faults } from './faults.mts';
import { InboundFaults } from './inboundFaults.mts';
import { incomingWebhook } from './incomingWebhook.mts';
import { Live } from './live.mts';
import { Mailbox } from './mailbox.mts';
import { OutboundFaults } from './outboundFaults.mts';
import { pageFiles } from './pageFiles.mts';
import { PartnerPrograms } from './partnerPrograms.mts';
import type { PayloadRevision } from './payloads.mts';
import { Program, type RewardRule } from './program.mts';
import { createRandom, HEX, type Random } from './random.mts';
import { DOCUMENTED_LIMIT, type RateLimit } from './rateLimit.mts';
import type { SubscribersInRest } from './restSubscriberLists.mts';
import { restV2 } from './restV2.mts';
import { Site, siteRoutes } from './site.mts';
import { stateOf } from './state.mts';
import { WebhookRows } from './webhookRows.mts';

// A CSV of a large newsletter.
const LARGEST_BODY = 64 * 1024 * 1024;
// An e-mail address of 254 characters, each of them encoded.
const LONGEST_PARAMETER = 3 * 254;

/** The four secrets of a sandbox. Those not given are drawn from the seed. */
export interface Secrets {
	/** The last part of the Incoming Webhook URL. */
	incomingWebhook: string;
	/** What REST v2 wants in `X-Api-Key`. */
	apiKey: string;
	/** What every delivery carries in `SparkLoop-Token`. */
	webhookToken: string;
	/** What the stand-in ESP wants in `Authorization: Bearer …`. */
	espKey: string;
}

export interface SandboxOptions {
	/** HTTP port on 127.0.0.1; 0 (default) takes any free one. */
	port?: number;
	/** SMTP port on 127.0.0.1; 0 (default) takes any free one. */
	smtpPort?: number;
	/** Same seed and same calls: same ids, codes, coupons and secrets. Default 1. */
	seed?: string | number;
	/** Default: the time of the machine. */
	clock?: Clock;
	secrets?: Partial<Secrets>;
	campaign?: { id?: string; name?: string };
	/** Default: one reward at 3 referrals and one every 5, both with a coupon. */
	rewards?: RewardRule[];
	/** Which revision of the payloads is sent. Default `complete`: the union of all. */
	revision?: PayloadRevision;
	/** Where referral links lead. Default: the sandbox's own `/site`. */
	siteUrl?: string;
	/** Where `/site` posts `{event: 'signup', email, name}`. Default: nowhere, and it says so. */
	signUpTarget?: string;
	webhooks?: WebhookRow[];
	/** REST v2: default 120 calls per rolling 60 s and key; `false` switches it off. */
	rateLimit?: RateLimit | false;
	/** Whom `GET /subscribers` holds. Default `all`. */
	subscribersInRest?: SubscribersInRest;
	delivery?: DeliveryOptions;
	/** How many calls the log keeps. Default 5,000. */
	callLogLimit?: number;
	/** Receives one line per thing worth knowing, without secrets. Default: nothing is logged. */
	log?: (line: string) => void;
}

/** A running stand-in for SparkLoop, the newsletter's site, its ESP and its readers' mailboxes. */
export interface Sandbox {
	/** `http://127.0.0.1:PORT`, without a slash at the end; the page is there. */
	readonly url: string;
	/** Contains its secret. */
	readonly incomingWebhookUrl: string;
	/** Base of REST v2, ends in `/v2`. */
	readonly apiUrl: string;
	readonly apiKey: string;
	readonly webhookToken: string;
	/** Base of the stand-in ESP, ends in `/esp`: `PUT {espUrl}/contacts/{email}`. */
	readonly espUrl: string;
	readonly espKey: string;
	readonly smtp: { host: string; port: number };
	readonly program: Program;
	/** SparkLoop's partner network; its events are sent by the control side alone. */
	readonly partnerPrograms: PartnerPrograms;
	readonly deliveries: Deliveries;
	readonly mailbox: Mailbox;
	readonly esp: Esp;
	readonly site: Site;
	/** What was asked of the Incoming Webhook, REST v2 and the ESP, and what was answered. */
	readonly calls: Calls;
	readonly faults: Faults;
	/**
	 * Replaces the rows of the webhooks page, those registered through REST v2 included; one whose URL stays keeps its
	 * uuid. Waiting deliveries keep their URL.
	 */
	setWebhooks(rows: WebhookRow[]): void;
	/** Changes where links lead, which re-syncs every subscriber, as SparkLoop does. */
	setSiteUrl(url: string): void;
	/** Where `/site` forwards sign-ups; undefined for nowhere. */
	setSignUpTarget(url: string | undefined): void;
	/** Stops listening and delivering; what was waiting is forgotten. */
	close(): Promise<void>;
}

/**
 * Starts a sandbox. Everything listens on 127.0.0.1 only.
 * Throws when a port is in use, saying which.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
	const { seed = 1, clock = systemClock, log = () => {} } = options;
	const secrets = { ...drawSecrets(createRandom(seed, 'secrets')), ...options.secrets };
	const changed = () => live.changed();

	const outbound = new OutboundFaults(createRandom(seed, 'outbound faults'));
	const inbound = new InboundFaults(createRandom(seed, 'inbound faults'));
	const deliveries = new Deliveries({
		token: secrets.webhookToken,
		clock,
		faults: outbound,
		options: options.delivery,
		changed,
	});
	const webhookRows = new WebhookRows(deliveries, createRandom(seed, 'webhooks'));
	const program = new Program({
		random: createRandom(seed, 'program'),
		clock,
		siteUrl: options.siteUrl ?? '',
		campaign: options.campaign,
		rewards: options.rewards,
		revision: options.revision,
		emit: (event) => {
			log(`event ${event.type}`);
			deliveries.publish(event);
		},
	});
	const partnerPrograms = new PartnerPrograms(createRandom(seed, 'partner programs'), clock);
	const site = new Site({
		isCode: (code) => program.findByCode(code) !== undefined,
		changed,
		target: options.signUpTarget,
	});
	const esp = new Esp(clock, changed);
	const calls = new Calls(clock, changed, options.callLogLimit);
	const mailbox = new Mailbox(clock, changed);
	const context = { calls, faults: inbound, clock };

	const server = fastify({
		forceCloseConnections: true,
		bodyLimit: LARGEST_BODY,
		routerOptions: { maxParamLength: LONGEST_PARAMETER },
	});
	bearEmptyJson(server);
	server.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Not found' }));
	await server.register(incomingWebhook, {
		...context,
		secret: secrets.incomingWebhook,
		program,
		site,
	});
	await server.register(restV2, {
		...context,
		prefix: '/v2',
		apiKey: secrets.apiKey,
		program,
		partnerPrograms,
		site,
		webhookRows,
		rateLimit: options.rateLimit ?? DOCUMENTED_LIMIT,
		subscribersInRest: options.subscribersInRest ?? 'all',
	});
	await server.register(espRoutes, { ...context, esp, key: secrets.espKey });
	await server.register(siteRoutes, { site });
	await server.register(pageFiles);

	const smtpPort = await mailbox.listen(options.smtpPort ?? 0).catch(explainPort);
	let url = '';
	const sandbox: Sandbox = {
		get url() {
			return url;
		},
		get incomingWebhookUrl() {
			return `${url}/incoming/${secrets.incomingWebhook}`;
		},
		get apiUrl() {
			return `${url}/v2`;
		},
		apiKey: secrets.apiKey,
		webhookToken: secrets.webhookToken,
		get espUrl() {
			return `${url}/esp`;
		},
		espKey: secrets.espKey,
		smtp: { host: '127.0.0.1', port: smtpPort },
		program,
		partnerPrograms,
		deliveries,
		mailbox,
		esp,
		site,
		calls,
		faults: {
			inbound,
			outbound,
			clear: () => {
				inbound.clear();
				outbound.clear();
			},
		},
		setWebhooks: (rows) => webhookRows.replace(rows),
		setSiteUrl: (siteUrl) => program.setSiteUrl(siteUrl),
		setSignUpTarget: (target) => {
			site.signUpTarget = target;
			changed();
		},
		close: async () => {
			deliveries.close();
			live.close();
			await Promise.all([server.close(), mailbox.close()]);
		},
	};
	const live = new Live(clock, () => stateOf(sandbox));
	await server.register(control, { sandbox, live });

	try {
		url = await server.listen({ port: options.port ?? 0, host: '127.0.0.1' });
	} catch (error) {
		await mailbox.close();
		explainPort(error);
	}
	if (options.siteUrl === undefined) program.setSiteUrl(`${url}/site`);
	webhookRows.replace(options.webhooks ?? []);
	return sandbox;
}

// Clients send a content type with nothing behind it, and servers in the wild accept that.
function bearEmptyJson(server: FastifyInstance): void {
	const parse = server.getDefaultJsonParser('error', 'error');
	server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
		if (body === '') done(null, {});
		else parse(request, String(body), done);
	});
}

function drawSecrets(random: Random): Secrets {
	return {
		incomingWebhook: random.text(HEX, 32),
		apiKey: random.text(HEX, 32),
		webhookToken: random.text(HEX, 32),
		espKey: random.text(HEX, 32),
	};
}

function explainPort(error: unknown): never {
	const { code, port } = Object(error) as { code?: string; port?: number };
	if (code === 'EADDRINUSE') {
		throw new Error(`Port ${port} is in use. Choose another, or 0 for any free one.`);
	}
	throw error;
}
