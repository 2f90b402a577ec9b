import path from 'node:path';

import { byTestId } from '../../../scripts/browser/editor.mts';
import type { BrowserStage } from '../support/browserStage.mts';

const FILE = path.join(import.meta.dirname, '../../../workflows/sparkloop-to-your-esp.json');
const EVENTS = 'When SparkLoop sends an event';

/** A workflow as a newcomer brings it into service: with the mouse alone. */
export function imported(stage: () => BrowserStage): void {
	it('is imported, gets what its notes ask for, is published, and handles an event', async () => {
		const { editor, ground } = stage();
		const { sandbox, n8n } = ground;
		await editor.newWorkflow();
		await editor.importFile(FILE);

		for (const name of await editor.nodesWithIssues()) {
			const node = await editor.openNode(name);
			await node.chooseCredential('Header Auth', 'API key of your ESP');
			await node.close();
		}
		expect(await editor.nodesWithIssues()).toEqual([]);

		const settings = await editor.openNode('Settings');
		await settings.assign('contactUrl', `${sandbox.espUrl}/contacts/{email}`);
		await settings.close();

		const events = await editor.openNode(EVENTS);
		await events.chooseCredential('SparkLoop Webhook Token API', 'SparkLoop Webhook Token');
		const productionUrl = await events.webhookUrl('production');
		await events.close();

		await editor.executeFrom('Set up (run once)');
		await editor.publish();
		await n8n.api.waitForWebhook(new URL(productionUrl).pathname);

		sandbox.setWebhooks([{ url: productionUrl }]);
		const email = 'ann@example.com';
		const { subscriber } = sandbox.program.subscribe({ email });
		await sandbox.deliveries.idle(30_000);
		expect(sandbox.deliveries.log.at(-1)).toMatchObject({ type: 'sync_subscriber', ok: true });
		expect(sandbox.esp.find(email)?.fields).toMatchObject({
			RH_SUBID: subscriber.id,
			RH_CODE: subscriber.referralCode,
		});
		await byTestId(editor.page, 'workflow-active-version-indicator').waitFor();
	});
}
