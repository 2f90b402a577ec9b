import { alone, compared, type Figure } from '../figure.mts';
import type { Bench } from '../part.mts';
import { httpRequest, incomingWebhookTo, ourNode, sender } from '../senders.mts';
import { Target } from '../target.mts';
import { inTurns } from '../turns.mts';

const PER_SECOND = 100;

/** 2,000 events to a server that takes 100 in any second and answers the others with 429 and `Retry-After: 1`. */
export async function sendLimited(bench: Bench): Promise<Figure[]> {
	const count = bench.quick ? 300 : 2_000;
	const ground = await bench.ground();
	const target = await Target.open({ perSecond: PER_SECOND });
	try {
		const sides = {
			ours: await sender(ground, ourNode(await incomingWebhookTo(ground, target))),
			http: await sender(ground, {
				...httpRequest('HTTP Request', target),
				onError: 'continueRegularOutput',
			}),
		};
		const rounds = await inTurns(bench.rounds(2), sides, async (side, name) => {
			target.reset();
			await bench.profiled(`sendLimited-${name}`, async () => await side.send(count));
			const { accepted, refused, began, ended } = target;
			// The first second's share comes at once, and would make any rate look better than it is.
			const perSecond = ((accepted - PER_SECOND) * 1000) / (ended - began);
			return { accepted, refused, perSecond };
		});
		return [
			compared(
				'send to a limit, delivered, beside all',
				'events',
				rounds.map(({ ours }) => ({ ours: ours.accepted, theirs: count })),
				{ least: 1 },
			),
			compared(
				'send to a limit, rate, beside the limit',
				'events/s',
				rounds.map(({ ours }) => ({ ours: ours.perSecond, theirs: PER_SECOND })),
				{ least: 0.95 },
			),
			alone(
				'send to a limit, refusals on the way',
				'answers',
				rounds.map(({ ours }) => ours.refused),
			),
			alone(
				'send to a limit, delivered share of HTTP Request',
				'share',
				rounds.map(({ http }) => http.accepted / count),
			),
		];
	} finally {
		await target.close();
	}
}
