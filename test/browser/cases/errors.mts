import type { NodeDetails } from '../../../scripts/browser/nodeDetails.mts';
import { ACTION, type BrowserStage } from '../support/browserStage.mts';

const WRONG = 'wr0ng-secret';
const NODE = 'Tell SparkLoop';

/** Failures as they stand in the output panel. */
export function errors(stage: () => BrowserStage): void {
	afterEach(() => stage().ground.sandbox.faults.clear());

	/** A workflow that tells SparkLoop of a person, opened at its node. */
	async function open(
		email: string,
		credential: { id: string; type: string },
		parameters: object = {},
	): Promise<NodeDetails> {
		const { ground, editor } = stage();
		const at = (x: number) => ({ typeVersion: 1, position: [x, 0] });
		const id = await ground.n8n.api.importWorkflow({
			name: 'A failure',
			nodes: [
				{ id: 'a', name: 'Start', type: 'n8n-nodes-base.manualTrigger', parameters: {}, ...at(0) },
				{
					id: 'b',
					name: NODE,
					type: ACTION,
					parameters: { resource: 'subscriber', operation: 'subscribe', email, ...parameters },
					credentials: { [credential.type]: { id: credential.id, name: 'SparkLoop' } },
					...at(300),
				},
			],
			connections: { Start: { main: [[{ node: NODE, type: 'main', index: 0 }]] } },
		});
		await editor.openWorkflow(id);
		return await editor.openNode(NODE);
	}

	/** Runs the node, and waits until its failure is there. @returns all that the output panel says */
	async function fail(details: NodeDetails) {
		await details.execute();
		const text = async (id: string) => await details.part(id).first().innerText();
		return {
			title: await text('node-error-message'),
			description: await text('node-error-description'),
			panel: await text('output-panel'),
		};
	}

	it('a bad address: which parameter, which item, what to do', async () => {
		const details = await open('not an address', stage().ground.credentials.incomingWebhook);
		const { title, description } = await fail(details);
		expect(title).toBe("'Email' is not one email address [item 0]");
		expect(description).toBe("'Email': Give a single address such as nathan@example.com.");
	});

	it('a wrong key: what to correct, and no key', async () => {
		const { n8n, sandbox } = stage().ground;
		const type = 'sparkLoopApi';
		const data = { apiKey: WRONG, baseUrl: sandbox.apiUrl };
		const id = await n8n.api.importCredential({ name: 'Wrong', type, data });
		const details = await open('ann@example.com', { id, type }, { sendThrough: 'api' });
		const { title, description, panel } = await fail(details);
		expect(title).toBe('SparkLoop refused the event with status 401 [item 0]');
		expect(description).toContain("Check 'API Key' in the credential.");
		expect(panel).not.toContain(WRONG);
		expect(panel).not.toContain('ann@');
	});

	it('SparkLoop is down: that it is, and no address of the Incoming Webhook', async () => {
		const { sandbox, credentials } = stage().ground;
		sandbox.faults.inbound.down();
		const details = await open('ann@example.com', credentials.incomingWebhook, {
			options: { maxAttempts: 1 },
		});
		const { title, description, panel } = await fail(details);
		expect(title).toMatch(/^SparkLoop did not take the event in 1 attempt: .+ \[item 0\]$/);
		expect(description).toMatch(/Sending it again later makes sense|set 'On Error'/);
		expect(panel).not.toContain(new URL(sandbox.incomingWebhookUrl).pathname.split('/').at(-1));
		expect(panel).not.toContain('ann@');
	});
}
