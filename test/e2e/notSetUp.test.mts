import { fillIn } from '../../scripts/story/fillIn.mts';
import { workflowFile } from '../../scripts/story/importing.mts';
import { setGround, type Ground } from '../../scripts/story/stage.mts';

let ground: Ground;
beforeAll(async () => {
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
}, 180_000);
afterAll(async () => {
	await ground?.close();
}, 60_000);

/** The file, the trigger of its runs, and its lease: the setting that names the table, and the name of its row. */
const WORKFLOWS = [
	['alerts.json', 'Every minute', 'leases', 'alerts'],
	['outbox.json', 'Every minute', 'leases', 'outbox'],
	['import-existing-subscribers.json', 'Every minute', 'progress', 'Existing subscribers'],
	['reconcile.json', 'Every night', 'leases', 'reconcile'],
] as const;

describe.each(WORKFLOWS)('%s, never set up', (file, schedule, setting, row) => {
	const run = async (table: string) => {
		const workflow = workflowFile(file);
		fillIn(workflow, { [setting]: table });
		const { api } = ground.n8n;
		const id = await api.importWorkflow(workflow);
		const { status, data } = await api.waitForExecution(await api.runWorkflow(id, schedule));
		return { status, message: data.resultData.error?.message };
	};
	const failsBecause = (missing: string) => ({
		status: 'error',
		message: `Nothing was done: run 'Set up (run once)' of this workflow, which makes what is missing (${missing}).`,
	});

	it('says so when its table is missing', async () => {
		const table = `Nowhere for ${file}`;
		expect(await run(table)).toEqual(failsBecause(`Data table with name "${table}" not found`));
	}, 30_000);

	it('says so when its row is missing in the table that others have made', async () => {
		const { dataTables } = ground.n8n.api;
		const table = `Others beside ${file}`;
		const { id } = await dataTables.create(table, { name: 'string', until: 'number' });
		await dataTables.insert(id, [{ name: 'another', until: 0 }]);
		expect(await run(table)).toEqual(failsBecause(`no row '${row}' in the Data Table '${table}'`));
	}, 30_000);

	it('says what else is wrong with its table', async () => {
		const table = `Wrong for ${file}`;
		await ground.n8n.api.dataTables.create(table, { other: 'string' });
		expect(await run(table)).toEqual({
			status: 'error',
			message: expect.stringMatching(
				/^Nothing was done: Filter validation failed: Column\(s\) "name" do not exist.*[^.]\.$/,
			) as string,
		});
	}, 30_000);
});
