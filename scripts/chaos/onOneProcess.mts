import { killAndRestart, setGround } from '../story/stage.mts';
import { chaos, sandboxOptions, type ChaosOptions, type Verdict } from './run.mts';
import { buildWorld } from './world.mts';

/** A run on n8n as one process with SQLite, which is killed as a whole. */
export async function onOneProcess(options: ChaosOptions): Promise<Verdict> {
	const ground = await setGround(
		{ n8nPort: 0, sandboxPort: 0, progress: options.say },
		sandboxOptions(options.seed),
	);
	try {
		const world = await buildWorld(
			{
				get api() {
					return ground.n8n.api;
				},
				webhookUrl: ground.n8n.url,
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
		await ground.close();
	}
}
