import { killAndRestart, setGround } from '../story/stage.mts';
import { type Front, type OpenFront, openRelay } from './front.mts';
import { chaos, sandboxOptions, type ChaosOptions, type Verdict } from './run.mts';
import { buildWorld } from './world.mts';

/** A run on n8n as one process with SQLite behind a proxy. It is killed as a whole; the proxy is not. */
export async function onOneProcess(
	options: ChaosOptions,
	openFront: OpenFront = openRelay,
): Promise<Verdict> {
	const ground = await setGround(
		{ n8nPort: 0, sandboxPort: 0, progress: options.say },
		sandboxOptions(options.seed),
	);
	let front: Front | undefined;
	try {
		front = await openFront(ground.n8n.url);
		const world = await buildWorld(
			{
				get api() {
					return ground.n8n.api;
				},
				webhookUrl: front.url,
				crash: async () => await killAndRestart(ground),
			},
			ground.sandbox,
			ground.credentials,
			options.pattern,
		);
		try {
			return await chaos(world, options);
		} finally {
			await world.outside.close();
		}
	} finally {
		await front?.close().catch(() => {});
		await ground.close();
	}
}
