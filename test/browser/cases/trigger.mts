import { byTestId } from '../../../scripts/browser/editor.mts';
import { NodesPanel } from '../../../scripts/browser/nodesPanel.mts';
import type { NodeDetails } from '../../../scripts/browser/nodeDetails.mts';
import { SandboxPage } from '../../../scripts/browser/sandboxPage.mts';
import { until } from '../../../scripts/browser/waiting.mts';
import { type BrowserStage, TRIGGER } from '../support/browserStage.mts';

/** What the trigger shows before a workflow is published. */
export function trigger(stage: () => BrowserStage): void {
	/** Adds the trigger to an empty canvas by clicking. */
	async function add(): Promise<NodeDetails> {
		const { editor } = stage();
		await editor.newWorkflow();
		const panel = new NodesPanel(editor);
		await panel.open();
		await panel.openFound(await panel.find('SparkLoop', 'SparkLoop'));
		return await panel.add('Triggers', 'On new referral');
	}

	const notice = (name: string) =>
		stage()
			.description(TRIGGER)
			.properties.find((property) => property.name === name)!.displayName;

	it('shows both URLs, and where to paste them in SparkLoop', async () => {
		const details = await add();
		const { url } = stage().ground.n8n;
		expect(await details.webhookUrl('test')).toMatch(`${url}/webhook-test/`);
		expect(await details.webhookUrl('production')).toMatch(`${url}/webhook/`);
		expect(await details.labels()).toContain(notice('setupNotice'));

		await details.choose('webhookSetup', 'Automatic');
		await until('the other notice is there', async () => {
			return !(await details.labels()).includes(notice('setupNotice'));
		});
		// A new referral is among what the API registers.
		expect(await details.labels()).not.toContain(notice('byHandNotice'));
		await details.choose('events', 'Subscriber Created or Updated');
		await until('it says what is left to do by hand', async () =>
			(await details.labels()).includes(notice('byHandNotice')),
		);
	});

	it("shows the event of the sandbox's Send test webhook while it listens", async () => {
		const details = await add();
		await details.chooseCredential('SparkLoop Webhook Token API', 'SparkLoop Webhook Token');
		const testUrl = await details.webhookUrl('test');
		await byTestId(details.root, 'trigger-execute-button').click();
		await details.root.getByText('Listening for test event').waitFor();

		const page = await stage().newPage();
		try {
			const sandbox = await SandboxPage.open(page, stage().ground.sandbox.url);
			await sandbox.setWebhooks(testUrl);
			await sandbox.sendTest('new_referral');
		} finally {
			await page.close();
		}

		const output = details.part('output-panel');
		await details.part('ndv-items-count', output).getByText('2 items').waitFor();
		await details.part('radio-button-json', output).click();
		const item = details.part('ndv-data-container', output);
		await item.getByText('RH_TOTREF').first().waitFor();
		expect(await item.innerText()).toContain('new_referral');
	});
}
