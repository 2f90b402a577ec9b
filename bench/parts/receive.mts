import { quantile, tenAtOnce } from '../../scripts/measuring/load.mts';
import { cpuWhile } from '../cpu.mts';
import { OneContactEvents } from '../events.mts';
import { compared, type Figure } from '../figure.mts';
import type { Bench } from '../part.mts';
import { ourTrigger, threeNodes, webhookAlone } from '../receivers.mts';
import { inTurns } from '../turns.mts';

/** Requests a second and how long the slowest take, with ten connections, until the workflow has finished. */
export async function receive(bench: Bench): Promise<Figure[]> {
	const ground = await bench.ground();
	const sides = {
		trigger: await ourTrigger(ground),
		webhook: await webhookAlone(ground),
		nodes: await threeNodes(ground),
	};
	const events = new OneContactEvents();
	const count = bench.quick ? 10 : 50;
	for (const side of Object.values(sides)) {
		await expectAccepted(tenAtOnce(events.take(bench.quick ? 5 : 30).map(side.good)));
	}
	const rounds = await inTurns(bench.rounds(5), sides, async (side, name) => {
		const calls = events.take(count).map(side.good);
		const { result, milliseconds } = await cpuWhile(ground.n8n.pid, async () =>
			bench.profiled(`receive-${name}`, async () => expectAccepted(tenAtOnce(calls))),
		);
		return { ...result, cpu: milliseconds / count };
	});

	const perSecond = rounds.map(({ trigger, webhook, nodes }) => ({
		trigger: count / trigger.seconds,
		webhook: count / webhook.seconds,
		nodes: count / nodes.seconds,
	}));
	// A round is too short for a 99th part; all rounds together are not.
	const p99 = (side: keyof typeof sides) =>
		quantile(
			rounds.flatMap((round) => round[side].milliseconds).sort((one, other) => one - other),
			0.99,
		);
	return [
		compared(
			'receive, beside Webhook',
			'requests/s',
			perSecond.map(({ trigger, webhook }) => ({ ours: trigger, theirs: webhook })),
			{ least: 0.95 },
		),
		compared(
			'receive, beside Webhook + Switch + Edit Fields',
			'requests/s',
			perSecond.map(({ trigger, nodes }) => ({ ours: trigger, theirs: nodes })),
			{ least: 1.15 },
		),
		compared(
			'receive, p99 of all rounds, beside Webhook',
			'ms',
			[{ ours: p99('trigger'), theirs: p99('webhook') }],
			{ most: 1 },
		),
		...(['webhook', 'nodes'] as const).map((side) =>
			compared(
				`receive, n8n's processor time, beside ${side === 'webhook' ? 'Webhook' : 'Webhook + Switch + Edit Fields'}`,
				'ms/request',
				rounds.map((round) => ({ ours: round.trigger.cpu, theirs: round[side].cpu })),
			),
		),
	];
}

async function expectAccepted<T extends { refused: number }>(answers: Promise<T>): Promise<T> {
	const { refused } = await answers;
	if (refused > 0) throw new Error(`${refused} requests were not answered with 200`);
	return await answers;
}
