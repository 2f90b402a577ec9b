import {
	atPace,
	quantile,
	tenAtOnce,
	type Answers,
	type Call,
} from '../../scripts/measuring/load.mts';
import { cpuWhile } from '../cpu.mts';
import { OneContactEvents } from '../events.mts';
import { alone, compared, median, type Figure } from '../figure.mts';
import type { Bench } from '../part.mts';
import { ourTrigger, webhookAlone, type Receiver } from '../receivers.mts';
import { inTurns } from '../turns.mts';

/** How many good requests a second come beside the flood: more than a newsletter of a million readers sees in a day. */
const GOOD_PER_SECOND = 1;
const FLOOD = 10;

/** Forged requests, and what good ones notice of them. */
export async function refuse(bench: Bench): Promise<Figure[]> {
	const ground = await bench.ground();
	const sides = { trigger: await ourTrigger(ground), webhook: await webhookAlone(ground) };
	const events = new OneContactEvents();
	const figures: Figure[] = [];
	for (const [kind, name, count] of [
		['forged', 'refuse a forged token', bench.quick ? 20 : 120],
		['bare', 'refuse a missing token', bench.quick ? 20 : 120],
	] as const) {
		const rounds = await inTurns(bench.rounds(3), sides, async (side, who) => {
			const calls = events.take(count).map(side[kind]);
			const { result, milliseconds } = await cpuWhile(ground.n8n.pid, async () =>
				bench.profiled(`refuse-${kind}-${who}`, async () => tenAtOnce(calls)),
			);
			const accepted = count - result.refused;
			if (accepted > 0) throw new Error(`${accepted} ${kind} requests were accepted`);
			return { perSecond: count / result.seconds, cpu: milliseconds / count };
		});
		const beside = (what: 'perSecond' | 'cpu') =>
			rounds.map(({ trigger, webhook }) => ({ ours: trigger[what], theirs: webhook[what] }));
		figures.push(
			compared(`${name}, beside Webhook`, 'requests/s', beside('perSecond'), { least: 1 }),
			compared(`${name}, n8n's processor time, beside Webhook`, 'ms/request', beside('cpu')),
		);
	}
	figures.push(...(await besideAFlood(bench, sides, events)));
	return figures;
}

type Sides = Record<'trigger' | 'webhook', Receiver>;

/** Good requests at a pace of their own, alone and beside ten times as many forged ones. */
async function besideAFlood(
	bench: Bench,
	sides: Sides,
	events: OneContactEvents,
): Promise<Figure[]> {
	const seconds = bench.quick ? 3 : 8;
	const rounds = await inTurns(bench.rounds(1), sides, async (side) => {
		const good = () => events.take(GOOD_PER_SECOND * seconds).map(side.good);
		const forged = events.take(FLOOD * GOOD_PER_SECOND * seconds).map(side.forged);
		const undisturbed = await paced(good(), GOOD_PER_SECOND);
		const [beside] = await Promise.all([
			paced(good(), GOOD_PER_SECOND),
			atPace(forged, FLOOD * GOOD_PER_SECOND),
		]);
		return { undisturbed, beside };
	});
	const kept = (side: keyof Sides) =>
		rounds.map((round) => ({
			ours: round[side].beside.perSecond,
			theirs: round[side].undisturbed.perSecond,
		}));
	const slower = (side: keyof Sides) =>
		median(rounds.map((round) => round[side].beside.p50 / round[side].undisturbed.p50));
	return [
		compared(
			`good traffic beside ${FLOOD} times as many forged, and alone: our trigger`,
			'requests/s',
			kept('trigger'),
			{ least: 0.9 },
		),
		compared('the same of the Webhook node', 'requests/s', kept('webhook')),
		alone('how many times as long an answer takes beside them: our trigger', 'times', [
			slower('trigger'),
		]),
		alone('the same of the Webhook node', 'times', [slower('webhook')]),
	];
}

async function paced(
	calls: readonly Call[],
	perSecond: number,
): Promise<{ perSecond: number; p50: number }> {
	const answers: Answers = await atPace(calls, perSecond);
	if (answers.refused > 0) throw new Error(`${answers.refused} good requests were refused`);
	return {
		perSecond: calls.length / answers.seconds,
		p50: quantile(answers.milliseconds, 0.5),
	};
}
