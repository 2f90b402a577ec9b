import { setTimeout as sleep } from 'node:timers/promises';

import { quantile, tenAtOnce, type Call } from '../measuring/load.mts';
import type { Ground } from './grounds.mts';
import {
	cpuOf,
	machineCpu,
	watchMemory,
	type Figures,
	type Part,
} from '../measuring/processes.mts';

export interface Measurement {
	ground: string;
	what: string;
	events: number;
	/** How many were answered with anything but 200. */
	refused: number;
	eventsPerSecond: number;
	/** CPU milliseconds for one event. */
	cpu: Figures;
	/** Megabytes, at most: of n8n's parts the largest process, of PostgreSQL all together. */
	memory: Figures;
	/** Milliseconds until the answer, where there was one to wait for. */
	p50?: number;
	p95?: number;
	/** For how many milliseconds a contact's lease is held, and which part of the events had to wait for it. */
	lease?: { held: number; waited: number };
	/** What the database has grown by, for one event. */
	bytes: number;
	/** Part of the machine's CPU that went to somebody else meanwhile, from 0 to 1. */
	others: number;
}

/** n8n saves an execution a moment after the answer. */
const AFTER_MS = 1_000;

interface Outcome {
	events: number;
	refused?: number;
	seconds: number;
	milliseconds?: number[];
}

/** Measures what happens to a ground while something is done. */
export async function measure(
	ground: Ground,
	what: string,
	work: () => Promise<Outcome>,
): Promise<Measurement> {
	const bytesBefore = await ground.databaseBytes();
	const peaks = watchMemory(ground.roots);
	const before = { own: process.cpuUsage(), parts: cpuOf(ground.roots), machine: machineCpu() };
	const { events, refused = 0, seconds, milliseconds } = await work();
	await sleep(AFTER_MS);
	const own = process.cpuUsage(before.own);
	const after = cpuOf(ground.roots);
	const machine = machineCpu();
	const memory = peaks();
	const used = Object.fromEntries(
		Object.entries(after).map(([part, ms]) => [part, ms - (before.parts[part as Part] ?? 0)]),
	);
	const ours =
		Object.values(used).reduce((sum, ms) => sum + ms, 0) + (own.user + own.system) / 1000;
	const busy = machine.busy - before.machine.busy;
	return {
		ground: ground.title,
		what,
		events,
		refused,
		eventsPerSecond: events / seconds,
		cpu: Object.fromEntries(Object.entries(used).map(([part, ms]) => [part, ms / events])),
		memory,
		...(milliseconds && { p50: quantile(milliseconds, 0.5), p95: quantile(milliseconds, 0.95) }),
		bytes: ((await ground.databaseBytes()) - bytesBefore) / events,
		others: Math.max(0, busy - ours) / (machine.all - before.machine.all),
	};
}

/** Measures calls, after some that are not counted. */
export async function measureCalls(
	ground: Ground,
	what: string,
	{ warmUp, calls }: { warmUp: readonly Call[]; calls: readonly Call[] },
): Promise<Measurement> {
	await tenAtOnce(warmUp);
	return await measure(ground, what, async () => ({
		events: calls.length,
		...(await tenAtOnce(calls)),
	}));
}
