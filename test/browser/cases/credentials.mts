import { CredentialForm } from '../../../scripts/browser/credentialForm.mts';
import type { BrowserStage } from '../support/browserStage.mts';

/** Nothing listens there: it is the port that discards. */
const UNREACHABLE = 'http://127.0.0.1:9';
const WRONG = 'wr0ng-secret';

const GOOD = 'Connection tested successfully';
const BAD = 'Couldn’t connect with these settings';

/** What a type is filled in with → what the form says of it. */
interface Case {
	type: string;
	labels: string[];
	good: (stage: BrowserStage) => Record<string, string>;
	/** Why it cannot be → with what. */
	bad: Array<[why: string, (stage: BrowserStage) => Record<string, string>, says: string]>;
}

const CASES: Case[] = [
	{
		type: 'sparkLoopApi',
		labels: ['API Key', 'Base URL'],
		good: ({ ground: { sandbox } }) => ({ apiKey: sandbox.apiKey, baseUrl: sandbox.apiUrl }),
		bad: [
			[
				'a wrong key',
				({ ground }) => ({ apiKey: WRONG, baseUrl: ground.sandbox.apiUrl }),
				'SparkLoop does not know this API key',
			],
			[
				'a wrong address',
				({ ground }) => ({ apiKey: WRONG, baseUrl: `${ground.sandbox.url}/elsewhere` }),
				"There is no SparkLoop API at this 'Base URL'",
			],
			['no address', () => ({ apiKey: WRONG, baseUrl: 'sparkloop' }), "'Base URL' is not a URL"],
			[
				'an unreachable server',
				() => ({ apiKey: WRONG, baseUrl: `${UNREACHABLE}/v2` }),
				'ECONNREFUSED',
			],
		],
	},
	{
		type: 'sparkLoopIncomingWebhookApi',
		labels: ['Incoming Webhook URL'],
		good: ({ ground }) => ({ webhookSecretUrl: ground.sandbox.incomingWebhookUrl }),
		bad: [
			['no address', () => ({ webhookSecretUrl: WRONG }), "'Incoming Webhook URL' is not a URL"],
			[
				'an unreachable server',
				() => ({ webhookSecretUrl: `${UNREACHABLE}/${WRONG}` }),
				'ECONNREFUSED',
			],
		],
	},
	{
		type: 'sparkLoopWebhookTokenApi',
		labels: ['SparkLoop Token'],
		good: ({ ground }) => ({ webhookToken: ground.sandbox.webhookToken }),
		bad: [
			[
				'what no token can be',
				() => ({ webhookToken: `${WRONG} ${WRONG}` }),
				"'SparkLoop Token' contains blanks",
			],
		],
	},
];

/** Credentials made and tested in their form. */
export function credentials(stage: () => BrowserStage): void {
	it.each(CASES)('$type asks for what it needs, and says whether it is good', async (one) => {
		const form = await CredentialForm.open(stage().editor, stage().credentialType(one.type));
		// n8n adds a field of its own to what can be used in an HTTP Request.
		const labels = (await form.labels()).filter((label) => !label.startsWith('Allowed HTTP'));
		expect(labels).toEqual(one.labels);
		for (const [why, values, says] of one.bad) {
			const verdict = await form.save(values(stage()));
			expect({ [why]: verdict }).toEqual({ [why]: expect.stringContaining(BAD) as string });
			expect({ [why]: verdict }).toEqual({ [why]: expect.stringContaining(says) as string });
			expect({ [why]: verdict }).not.toEqual({ [why]: expect.stringContaining(WRONG) as string });
		}
		expect(await form.save(one.good(stage()))).toContain(GOOD);
		await form.close();
	});
}
