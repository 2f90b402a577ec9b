import { alone, compared, type Figure } from '../figure.mts';
import { COMPRESSED_LIMIT } from '../ground.mts';
import { node } from '../graphs.mts';
import type { Bench } from '../part.mts';
import { sender } from '../senders.mts';

/** People through SparkLoop's API at the pace that it allows, its minute compressed. */
export async function pace(bench: Bench): Promise<Figure[]> {
	const { max, windowMs } = COMPRESSED_LIMIT;
	const count = bench.quick ? max * 2 : 1_200;
	const ground = await bench.ground();
	const importing = node(
		'Import Through API',
		'n8n-nodes-sparkloop.sparkLoop',
		1,
		{
			resource: 'import',
			operation: 'throughApi',
			email: '={{ $json.email }}',
			additionalFields: { name: '={{ $json.first_name }}' },
			options: { rateLimit: max, rateWindow: windowMs / 1000 },
		},
		{ credential: ground.credentials.api },
	);
	const { send } = await sender(ground, importing);
	const { calls } = ground.sandbox;
	const rates: number[] = [];
	const refusals: number[] = [];
	for (let round = 0; round < bench.rounds(2); round += 1) {
		const from = calls.log.length;
		const { items, error } = await bench.profiled('pace', async () => await send(count));
		if (items !== count) throw new Error(`${items} of ${count} people came out: ${error ?? ''}`);
		const made = calls.log
			.slice(from)
			.map(({ at, status }) => ({ at: Date.parse(at), status }))
			.sort((one, other) => one.at - other.at);
		const [first, last] = [made[0].at, made.at(-1)!.at];
		// The first window's share comes at once, and would make any rate look better than it is.
		rates.push(((count - max) * windowMs) / (last - first));
		refusals.push(made.filter(({ at, status }) => status === 429 && at > first + windowMs).length);
	}
	return [
		compared(
			'pace, people in a compressed minute, beside the limit',
			'people',
			rates.map((ours) => ({ ours, theirs: max })),
			{ least: 0.97 },
		),
		alone('pace, refusals after the first minute', 'answers', refusals, { most: 0 }),
	];
}
