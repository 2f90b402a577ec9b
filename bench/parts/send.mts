import { killAndRestart } from '../../scripts/story/stage.mts';
import { alone, compared, median, type Figure, type Round } from '../figure.mts';
import type { Bench } from '../part.mts';
import {
	bareLoop,
	benchTarget,
	CONCURRENCY,
	httpRequest,
	incomingWebhookTo,
	loopForPeople,
	ourNode,
	sender,
	type Sender,
	type Sent,
} from '../senders.mts';
import { Target } from '../target.mts';
import { inTurns } from '../turns.mts';

const LATENCY_MS = 50;
/** As many requests begin in the time of an answer as our node has under way. */
const BATCHES = { batching: { batch: { batchSize: CONCURRENCY, batchInterval: LATENCY_MS } } };
const WARM_UP = 20;

type Measured = Sent & { sockets: number };
type Side = 'ours' | 'bare' | 'people' | 'http';

/** 5,000 events to a server that takes its time: how long, through how many sockets, and in how much memory. */
export async function send(bench: Bench): Promise<Figure[]> {
	const count = bench.quick ? 60 : 5_000;
	const ground = await bench.ground();
	const target = await Target.open({ latency: LATENCY_MS });
	try {
		const ours = ourNode(await incomingWebhookTo(ground, target));
		const batchedNode = httpRequest('HTTP Request, batched', target, BATCHES);
		const sides: Record<Side, Sender> = {
			ours: await sender(ground, ours),
			bare: await sender(ground, bareLoop(target)),
			people: await sender(ground, loopForPeople(await benchTarget(ground, target))),
			http: await sender(ground, httpRequest('HTTP Request', target)),
		};
		const batchedSide = await sender(ground, batchedNode);

		const turn = async (side: Sender, name: string): Promise<Measured> => {
			// What one leaves behind in n8n's memory would make the next one look thrifty.
			if (!bench.quick) await killAndRestart(ground);
			await side.ready();
			await side.send(WARM_UP);
			target.reset();
			const sent = await bench.profiled(`send-${name}`, async () => await side.send(count));
			if (name !== 'http' && target.accepted !== count) {
				throw new Error(`${target.accepted} of ${count} events arrived: ${sent.error ?? ''}`);
			}
			return { ...sent, sockets: target.mostSockets };
		};
		const rounds = await inTurns(bench.rounds(2), sides, turn);
		const batched = await turn(batchedSide, 'batched');
		return figuresOf(rounds, batched);
	} finally {
		await target.close();
	}
}

function figuresOf(rounds: ReadonlyArray<Record<Side, Measured>>, batched: Measured): Figure[] {
	const beside = (other: Side, what: 'seconds' | 'memory' | 'sockets'): Round[] =>
		rounds.map((round) => ({ ours: round.ours[what], theirs: round[other][what] }));
	const besideBatched = (what: 'seconds' | 'memory' | 'sockets'): Round[] => [
		{ ours: median(rounds.map(({ ours }) => ours[what])), theirs: batched[what] },
	];
	return [
		compared('send, beside a bare loop', 's', beside('bare', 'seconds'), { most: 1.05 }),
		compared('send, beside a bare loop for people', 's', beside('people', 'seconds')),
		compared('send, beside HTTP Request', 's', beside('http', 'seconds')),
		compared('send, beside HTTP Request in batches', 's', besideBatched('seconds')),
		compared(
			'send, most sockets, beside the concurrency set',
			'sockets',
			rounds.map(({ ours }) => ({ ours: ours.sockets, theirs: CONCURRENCY })),
			{ most: 1 },
		),
		alone(
			'send, most sockets of HTTP Request',
			'sockets',
			rounds.map(({ http }) => http.sockets),
		),
		alone('send, most sockets of HTTP Request in batches', 'sockets', [batched.sockets]),
		compared('send, extra memory, beside HTTP Request', 'MB', beside('http', 'memory'), {
			most: 0.6,
		}),
		compared('send, extra memory, beside HTTP Request in batches', 'MB', besideBatched('memory')),
		compared('send, extra memory, beside a bare loop', 'MB', beside('bare', 'memory')),
		compared('send, extra memory, beside a bare loop for people', 'MB', beside('people', 'memory')),
	];
}
