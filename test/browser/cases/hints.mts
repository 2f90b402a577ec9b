import type { NodeDetails } from '../../../scripts/browser/nodeDetails.mts';
import { until } from '../../../scripts/browser/waiting.mts';
import { ACTION, type BrowserStage, TRIGGER } from '../support/browserStage.mts';

const NODE = 'The node';

/** What stands above the output before a node ran, as the parameters are chosen. */
export function hints(stage: () => BrowserStage): void {
	async function open(type: string, parameters: object = {}): Promise<NodeDetails> {
		const { ground, editor } = stage();
		const node = { id: 'node', name: NODE, type, typeVersion: 1, position: [0, 0], parameters };
		const file = { name: `Hints of ${type}`, nodes: [node], connections: {} };
		await editor.openWorkflow(await ground.n8n.api.importWorkflow(file));
		return await editor.openNode(NODE);
	}

	/** Waits until these hints are there and no others, as the description has them. */
	async function expectHints(details: NodeDetails, type: string, about: RegExp[]): Promise<void> {
		const { hints: known = [] } = stage().description(type);
		const expected = known
			.map(({ message }) => message)
			.filter((message) => about.some((one) => one.test(message)));
		expect(expected).toHaveLength(about.length);
		// The editor needs a moment; the last look is the one that is reported.
		await until(
			'the hints are as described',
			async () => (await details.hints()).join() === expected.join(),
		).catch(() => {});
		expect(await details.hints()).toEqual(expected);
	}

	it('of the trigger: that anyone can write to the ESP, that SparkLoop does not send again', async () => {
		const ANYONE = /^'Authentication' is 'None'/;
		const NOT_AGAIN = /^'Respond' is 'Immediately'/;
		const details = await open(TRIGGER);
		await expectHints(details, TRIGGER, []);
		await details.choose('authentication', 'None');
		await expectHints(details, TRIGGER, [ANYONE]);
		await details.choose('respond', 'Immediately');
		await expectHints(details, TRIGGER, [ANYONE, NOT_AGAIN]);
		await details.choose('authentication', 'SparkLoop Token');
		await expectHints(details, TRIGGER, [NOT_AGAIN]);
		await details.choose('respond', 'When the Workflow Finishes');
		await expectHints(details, TRIGGER, []);
	});

	it('of a list: that a wish has no effect', async () => {
		const list = { resource: 'subscriber', operation: 'getAll', listOptions: { expand: true } };
		const details = await open(ACTION, list);
		await expectHints(details, ACTION, [/^'Include Referral Programs' has no effect/]);
		await details.toggle('simplify', false);
		await expectHints(details, ACTION, []);
	});
}
