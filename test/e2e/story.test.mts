import { setStage, type Stage } from '../../scripts/story/stage.mts';
import { STORY } from '../../scripts/story/story.mts';

let stage: Stage;
beforeAll(async () => {
	stage = await setStage({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
}, 180_000);
afterAll(async () => await stage?.close(), 60_000);

describe('the story, on a real n8n', () => {
	it.each(STORY.map((step) => [step.title, step] as const))(
		'%s',
		async (_, step) => {
			expect(await step.play(stage)).not.toBe('');
		},
		120_000,
	);
});
