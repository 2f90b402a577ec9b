import { setTimeout as sleep } from 'node:timers/promises';

import { createRandom } from '../../sandbox/random.mts';
import type { SandboxOptions } from '../../sandbox/server.mts';
import { drawPlan } from './faults.mts';
import { Newsletter, type Extent } from './newsletter.mts';
import {
	difference,
	expectedFields,
	heardBySparkLoop,
	hitByStaleSync,
	rewardsHandedOut,
	strangers,
	withAddresses,
	type Finding,
} from './oracle.mts';
import type { World } from './world.mts';

export interface ChaosOptions extends Extent {
	seed: number;
	/** How often a process of n8n is ended in the middle of its work. */
	crashes: number;
	/** How long a trouble lasts, at least. */
	seconds: number;
	/** Whether the campaign is reset on the way. */
	reset: boolean;
	/** Which workflows have to hold: those of this package, or what n8n's template library recommends. */
	pattern: 'ours' | 'template';
	/** Told what happens. */
	say: (line: string) => void;
}

export interface Verdict {
	seed: number;
	/** Events of SparkLoop's, and how often they were sent in all. */
	fromSparkLoop: number;
	deliveries: number;
	/** Reports of the ESP's, and how often they were sent in all. */
	toSparkLoop: number;
	reports: number;
	contacts: number;
	wins: number;
	lost: Finding[];
	doubled: Finding[];
	outOfOrder: Finding[];
	wrong: Finding[];
	/** Contacts that a late sync_subscriber had set back, and that the next one put right. */
	staleSyncs: number;
	/** Wins that are reported as unclear; and how many can be, after kills and a shop that did not answer. */
	unclear: number;
	mostUnclear: number;
	repeated: number;
	crashes: number;
	failures: number;
	alerts: number;
	seconds: number;
}

/** Rewards often enough that many are won, each with a coupon, by which it is told from all others. */
const REWARDS = [
	{ name: 'Report', referrals: 2, coupon: true },
	{ name: 'A month on us', referrals: 3, recurring: true, coupon: true },
];

/** How many events are delivered at the same time. */
const AT_ONCE = 10;

const WITHIN = 300_000;
const TICK = 4_000;

/** The sandbox of a run: it delivers ten events at once, and repeats from a second to ten later. */
export const sandboxOptions = (seed: number): SandboxOptions => ({
	seed,
	rewards: REWARDS,
	callLogLimit: 100_000,
	delivery: {
		concurrency: AT_ONCE,
		timeoutMs: 25_000,
		timeScale: 1_000,
		firstRetryMs: 1_000_000,
		longestRetryMs: 10_000_000,
		logLimit: 100_000,
	},
});

/**
 * Lets a newsletter live while everything breaks, repairs it, waits until nothing is under way any more, and compares
 * what is with what should be.
 *
 * @throws when it does not settle within five minutes after the repairs
 */
export async function chaos(world: World, options: ChaosOptions): Promise<Verdict> {
	const { seed, say } = options;
	const { sandbox } = world;
	const began = Date.now();
	const newsletter = new Newsletter(world, createRandom(seed, 'newsletter'), options);
	const size = newsletter.size;
	const plan = drawPlan(createRandom(seed, 'troubles'), size, options);
	sandbox.faults.outbound.randomly({
		duplicate: 0.1,
		reorder: 0.05,
		reorderTypes: ['new_referral', 'reward_unlocked'],
	});

	const schedules = runSchedules(world);
	let crashes = 0;
	let inTrouble = Promise.resolve();
	for (let done = 0; await newsletter.next(); done += 1) {
		for (const { trouble, from, seconds } of plan.troubles) {
			if (done !== from) continue;
			// One after the other, or one would hide the other.
			await inTrouble;
			say(`${String(done).padStart(5)}  ${trouble.name}, for ${seconds.toFixed(0)} s`);
			trouble.begin(world);
			inTrouble = sleep(seconds * 1000).then(() => trouble.end(world));
		}
		if (plan.crashes.includes(done)) {
			say(`${String(done).padStart(5)}  n8n is killed`);
			crashes += 1;
			// Not while it is still coming up from the last time.
			await schedules.quiet();
			// What goes on meanwhile is meant to.
			schedules.busy(world.engine.crash());
		}
		if (done === plan.reset) {
			// An event from before a reset cannot be told from one after it.
			await schedules.quiet();
			await inTrouble;
			await sandbox.deliveries.idle(WITHIN);
			say(`${String(done).padStart(5)}  the campaign is reset`);
			sandbox.program.resetCampaign();
		}
	}

	say(`${String(size).padStart(5)}  everything is repaired`);
	await schedules.quiet();
	await inTrouble;
	sandbox.faults.clear();
	await newsletter.settled();
	await sandbox.deliveries.idle(WITHIN);
	await drained(world);
	await sandbox.deliveries.idle(WITHIN);

	const stale = await healStaleSyncs(world);
	await schedules.end();
	await world.tick();
	return await verdict(world, newsletter, {
		seed,
		stale,
		crashes,
		seconds: Math.round((Date.now() - began) / 1000),
	});
}

/** Does what n8n's schedules would do, in compressed time, and leaves n8n alone while it is down. */
function runSchedules(world: World) {
	let ended = false;
	let down: Promise<unknown> = Promise.resolve();
	const loop = (async () => {
		while (!ended) {
			await down;
			// It may be killed in the middle of this.
			await world.tick().catch(() => {});
			await sleep(TICK);
		}
	})();
	return {
		/** n8n is not there until this is over. */
		busy: (crash: Promise<void>) => {
			down = Promise.all([down, crash]);
		},
		quiet: async () => {
			await down;
		},
		end: async () => {
			ended = true;
			await down;
			await loop;
		},
	};
}

/** Waits until the outbox is empty, and nothing is claimed in the ledger any more. */
async function drained(world: World): Promise<void> {
	const deadline = Date.now() + WITHIN;
	for (;;) {
		const waiting = (await world.outboxRows()).filter(({ state }) => state !== 'parked');
		const open = (await world.ledgerRows()).filter(({ state }) =>
			['claimed', 'open'].includes(String(state)),
		);
		if (waiting.length === 0 && open.length === 0) return;
		if (Date.now() > deadline) {
			throw new Error(`${waiting.length} events and ${open.length} rewards wait still`);
		}
		await sleep(1_000);
	}
}

const contactsOf = ({ sandbox }: World): Finding[] =>
	sandbox.program.subscribers.flatMap((subscriber) => {
		const expected = expectedFields(sandbox.program.describe(subscriber), subscriber);
		const what = difference(sandbox.esp.find(subscriber.email)?.fields, expected);
		return what ? [{ who: subscriber.id, what }] : [];
	});

/** Lets SparkLoop sync those once more whom a late sync had set back. @returns how many those were */
async function healStaleSyncs(world: World): Promise<number> {
	const { sandbox, paths, engine } = world;
	const contactsUrl = engine.webhookUrl + paths.contacts;
	const hit = hitByStaleSync(sandbox.deliveries.log.filter(({ url }) => url === contactsUrl));
	const stale = contactsOf(world).filter(({ who }) => hit.has(who));
	for (const { who } of stale) sandbox.program.update(who, {});
	await sandbox.deliveries.idle(WITHIN);
	return stale.length;
}

/** Coupon → what SparkLoop heard the last times it told of the win. */
function answersToWins({ sandbox, engine, paths }: World): Map<string, string[]> {
	const toRewards = sandbox.deliveries.log.filter(
		({ url }) => url === engine.webhookUrl + paths.rewards,
	);
	const byCoupon = Map.groupBy(toRewards, ({ event }) => String(event.coupon_code));
	return new Map(
		Array.from(byCoupon, ([coupon, attempts]) => [
			coupon,
			attempts
				.slice(-5)
				.map(
					({ status, startedAt, durationMs }) =>
						`${status ?? 'no answer'} (${startedAt}, ${durationMs} ms)`,
				),
		]),
	);
}

async function verdict(
	world: World,
	newsletter: Newsletter,
	counts: { seed: number; stale: number; crashes: number; seconds: number },
): Promise<Verdict> {
	const { sandbox, outside } = world;
	const { subscribers } = sandbox.program;
	const calls = sandbox.calls.log.filter(
		({ kind, status }) => kind === 'incomingWebhook' && status === 200,
	);
	const heard = heardBySparkLoop(newsletter.readers, calls);
	const ledger = new Map(
		(await world.ledgerRows()).map(({ coupon, state }) => [String(coupon), String(state)]),
	);
	const rewards = rewardsHandedOut(subscribers, outside.handedOut, ledger, answersToWins(world));
	const status = newsletter.readers.flatMap(({ email, subscribed }): Finding[] => {
		const expected = subscribed ? 'confirmed' : 'unsubscribed';
		const actual = sandbox.program.find(email)?.status ?? 'unknown';
		return actual === expected
			? []
			: [{ who: email, what: `is ${actual} in SparkLoop, not ${expected}` }];
	});
	const { log } = sandbox.deliveries;
	const failures = await world.failureRows();
	return {
		seed: counts.seed,
		fromSparkLoop: new Set(log.map(({ eventNumber }) => eventNumber)).size,
		deliveries: log.length,
		toSparkLoop: newsletter.readers.reduce((sum, { told }) => sum + told.length, 0),
		reports: newsletter.attempts,
		contacts: subscribers.length,
		wins: subscribers.reduce((sum, { wins }) => sum + wins.length, 0),
		lost: [...heard.lost, ...rewards.lost],
		doubled: rewards.doubled,
		outOfOrder: heard.outOfOrder,
		wrong: [
			...contactsOf(world),
			...status,
			...strangers(subscribers, newsletter.addresses),
			...rewards.strange,
			...withAddresses('a failure', failures),
			...withAddresses('an alert', [...(await world.alertRows()), ...outside.alerts]),
		],
		staleSyncs: counts.stale,
		unclear: rewards.unclear,
		mostUnclear: outside.unanswered + counts.crashes * AT_ONCE,
		repeated: heard.repeated,
		crashes: counts.crashes,
		failures: failures.length,
		alerts: outside.alerts.length,
		seconds: counts.seconds,
	};
}
