import { tenAtOnce } from '../../scripts/measuring/load.mts';
import type { CsvResult, CsvTask } from '../csvProcess.mts';
import { OneContactEvents } from '../events.mts';
import { compared, median, type Figure } from '../figure.mts';
import { inFreshProcess } from '../fresh.mts';
import type { Bench } from '../part.mts';
import { ourTrigger } from '../receivers.mts';
import { incomingWebhookTo, ourNode, sender } from '../senders.mts';
import { Target } from '../target.mts';
import { bodiesOf, mapAll, perSecond } from './map.mts';

/** What an event costs when there is one portion of them, when there are ten, and when there are a hundred. */
type Costs = [once: number, tenfold: number, hundredfold: number];

const SIZES = [1, 10, 100] as const;
/** How often each size is measured in a round, so that small ones are not left to chance. */
const TIMES = [10, 3, 1] as const;

/** Whether an event among many costs more than one among few. */
export async function growth(bench: Bench): Promise<Figure[]> {
	return [
		...figures('receive', 'ms/event', await receiving(bench)),
		...figures('send', 'ms/event', await sending(bench)),
		...figures('map', 'µs/event', await mapping(bench)),
		...figures('csv', 'µs/row', await writing(bench)),
	];
}

const figures = (what: string, unit: string, rounds: readonly Costs[]): Figure[] =>
	[10, 100].map((times, index) =>
		compared(
			`growth of ${what}, at ${times} times the size, beside once`,
			unit,
			rounds.map((costs) => ({ ours: costs[index + 1], theirs: costs[0] })),
			{ most: 1.1 },
		),
	);

/** Measures each size as often as it needs, all sizes in each round. @param cost of one event among so many */
async function inRounds(
	rounds: number,
	base: number,
	cost: (size: number) => Promise<number>,
): Promise<Costs[]> {
	const results: Costs[] = [];
	for (let round = 0; round < rounds; round += 1) {
		const costs: number[] = [];
		for (const [index, factor] of SIZES.entries()) {
			const some: number[] = [];
			for (let time = 0; time < TIMES[index]; time += 1) some.push(await cost(base * factor));
			costs.push(median(some));
		}
		results.push(costs as Costs);
	}
	return results;
}

async function receiving(bench: Bench): Promise<Costs[]> {
	const { good } = await ourTrigger(await bench.ground());
	const events = new OneContactEvents();
	const base = bench.quick ? 1 : 5;
	await tenAtOnce(events.take(base * 4).map(good));
	return await inRounds(1, base, async (size) => {
		const { seconds, refused } = await tenAtOnce(events.take(size).map(good));
		if (refused > 0) throw new Error(`${refused} requests were not answered with 200`);
		return (seconds * 1000) / size;
	});
}

async function sending(bench: Bench): Promise<Costs[]> {
	const ground = await bench.ground();
	const target = await Target.open();
	try {
		const { send } = await sender(ground, ourNode(await incomingWebhookTo(ground, target)));
		const base = bench.quick ? 2 : 50;
		await send(base * 10);
		return await inRounds(bench.rounds(2), base, async (size) => {
			const { seconds, items, error } = await send(size);
			if (items !== size) throw new Error(`${items} of ${size} came out: ${error ?? ''}`);
			return (seconds * 1000) / size;
		});
	} finally {
		await target.close();
	}
}

async function mapping(bench: Bench): Promise<Costs[]> {
	const base = bench.quick ? 20 : 500;
	const bodies = bodiesOf(base * 100);
	mapAll(bodies);
	return await inRounds(bench.rounds(5), base, async (size) => {
		const again = (base * 100) / size;
		const work = () => {
			for (let time = 0; time < again; time += 1)
				mapAll(bodies.slice(time * size, (time + 1) * size));
		};
		return 1_000_000 / perSecond(work, base * 100);
	});
}

async function writing(bench: Bench): Promise<Costs[]> {
	const base = bench.quick ? 10 : 1_000;
	const task: CsvTask = {
		side: 'ours',
		sizes: SIZES.map((factor) => ({ rows: base * factor, times: 100 / factor })),
		warmUp: base * 20,
	};
	const results: Costs[] = [];
	for (let round = 0; round < bench.rounds(3); round += 1) {
		const { perRow } = await inFreshProcess<CsvResult>('csvProcess.mts', task);
		results.push(perRow as Costs);
	}
	return results;
}
