import { setGround, type Ground } from '../../scripts/story/stage.mts';
import { Peer, type Reply } from '../support/peer.mts';

interface Tool {
	function: { name: string; description: string; parameters: { properties: object } };
}

interface Message {
	role: string;
	content: unknown;
}

interface Completion {
	messages: Message[];
	tools: Tool[];
}

/** One thing that the model does: which tool it looks for, by the description alone, and what it fills in. */
type Step = [description: RegExp, filledIn: object];

/**
 * A chat model that follows a script, behind the part of OpenAI's API that n8n's node uses. It knows of its tools what n8n
 * tells it, and goes on when a tool has answered.
 */
const scripted =
	(steps: Step[]) =>
	({ body }: { body: unknown }): Reply => {
		const { messages, tools } = body as Completion;
		const answered = messages.filter(({ role }) => role === 'tool').length;
		const step = steps[answered];
		if (!step) return completion({ content: 'All done.' }, 'stop');
		const [description, filledIn] = step;
		const found = tools.filter((one) => description.test(one.function.description));
		if (found.length !== 1) {
			const message = `${found.length} tools are described by ${description}`;
			return { status: 400, body: { error: { message } } };
		}
		const { name } = found[0].function;
		const call = { name, arguments: JSON.stringify(filledIn) };
		const calls = [{ id: `call-${answered}`, type: 'function', function: call }];
		return completion({ content: null, tool_calls: calls }, 'tool_calls');
	};

const completion = (message: object, reason: string): Reply => ({
	status: 200,
	body: {
		id: 'completion',
		object: 'chat.completion',
		created: 0,
		model: 'scripted',
		choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: reason }],
		usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
	},
});

let ground: Ground;
let credentials: Record<string, { id: string; name: string }>;
beforeAll(async () => {
	ground = await setGround({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
	credentials = Object.fromEntries(
		[ground.credentials.api, ground.credentials.incomingWebhook].map(({ type, id }) => [
			type,
			{ id, name: type },
		]),
	);
}, 180_000);
afterAll(async () => await ground?.close(), 60_000);

const fromAi = (key: string, type = 'string') => `={{ $fromAI('${key}', '', '${type}') }}`;
const subscriber = { __rl: true, mode: 'email', value: fromAi('email') };

const tool = (name: string, parameters: object) => ({
	id: name,
	name,
	type: 'n8n-nodes-sparkloop.sparkLoopTool',
	typeVersion: 1,
	position: [0, 0],
	parameters: { descriptionType: 'auto', ...parameters },
	credentials,
});

/** Names that say nothing: the descriptions have to do. */
const TOOLS = () => [
	tool('Tool A', {
		resource: 'subscriber',
		operation: 'subscribe',
		email: fromAi('email'),
		additionalFields: { name: fromAi('name') },
	}),
	tool('Tool B', { resource: 'subscriber', operation: 'get', subscriber }),
	tool('Tool C', {
		resource: 'subscriber',
		operation: 'getAll',
		limit: fromAi('limit', 'number'),
	}),
	tool('Tool D', {
		resource: 'event',
		operation: 'create',
		subscriber,
		campaign: { __rl: true, mode: 'id', value: ground.sandbox.program.campaign.id },
		value: fromAi('value', 'number'),
		additionalFields: { description: fromAi('description') },
	}),
	tool('Tool E', { resource: 'subscriber', operation: 'unsubscribe', email: fromAi('email') }),
	tool('Tool F', { resource: 'subscriber', operation: 'delete', subscriber }),
];

/** Lets n8n's agent work with the tools and a model that follows the script. @returns all that the model was asked */
async function letAgentWork(steps: Step[]): Promise<{ asked: Completion[]; said: unknown }> {
	const { api } = ground.n8n;
	const model = await Peer.start(scripted(steps));
	try {
		const url = `${model.url}/v1`;
		const openAi = await api.importCredential({
			name: 'Scripted model',
			type: 'openAiApi',
			data: { apiKey: 'none', url },
		});
		const tools = TOOLS();
		const toAgent = (type: string) => ({ [type]: [[{ node: 'Agent', type, index: 0 }]] });
		const at = { typeVersion: 1, position: [0, 0] };
		const id = await api.importWorkflow({
			name: 'Agent',
			nodes: [
				{ ...at, id: 'start', name: 'Start', type: 'n8n-nodes-base.manualTrigger', parameters: {} },
				{
					...at,
					id: 'agent',
					name: 'Agent',
					type: '@n8n/n8n-nodes-langchain.agent',
					typeVersion: 3,
					parameters: { promptType: 'define', text: 'Do your work' },
				},
				{
					...at,
					id: 'model',
					name: 'Model',
					type: '@n8n/n8n-nodes-langchain.lmChatOpenAi',
					typeVersion: 1.2,
					parameters: { model: { __rl: true, mode: 'id', value: 'scripted' }, options: {} },
					credentials: { openAiApi: { id: openAi, name: 'Scripted model' } },
				},
				...tools,
			],
			connections: {
				Start: { main: [[{ node: 'Agent', type: 'main', index: 0 }]] },
				Model: toAgent('ai_languageModel'),
				...Object.fromEntries(tools.map(({ name }) => [name, toAgent('ai_tool')])),
			},
			settings: { executionOrder: 'v1' },
		});
		const { data } = await api.waitForExecution(await api.runWorkflow(id, 'Start'));
		if (data.resultData.error) throw new Error(data.resultData.error.message);
		const [run] = data.resultData.runData.Agent;
		return {
			asked: model.received.map(({ body }) => body as Completion),
			said: run.data?.main?.[0]?.[0].json.output,
		};
	} finally {
		await model.stop();
	}
}

const answersOfTools = (asked: Completion[]) =>
	asked
		.at(-1)!
		.messages.filter(({ role }) => role === 'tool')
		.map(({ content }) => String(content));

describe("n8n's agent", () => {
	it('finds the operation by what n8n says of it, fills it in, and reads what came out', async () => {
		const { program } = ground.sandbox;
		const { asked, said } = await letAgentWork([
			[/^Subscribe person who signed up/, { email: 'ann@example.com', name: 'Ann' }],
			[/^Get subscriber/, { email: 'ann@example.com' }],
			[
				/custom event.*such as purchase/,
				{ email: 'ann@example.com', value: 23.9, description: 'Premium' },
			],
			[/^Get many subscribers/, { limit: 5 }],
		]);
		expect(said).toBe('All done.');
		const ann = program.find('ann@example.com')!;
		expect(ann).toMatchObject({ name: 'Ann', status: 'confirmed' });
		expect(ann.customEvents).toMatchObject([{ value: 23.9, description: 'Premium' }]);
		const answers = answersOfTools(asked);
		expect(answers).toHaveLength(4);
		for (const answer of [answers[1], answers[3]]) {
			expect(answer).toContain(ann.referralCode);
			expect(answer).toContain('"email":"ann@example.com"');
		}
	});

	it('tells unsubscribing from deleting, and hears why something failed', async () => {
		const { program } = ground.sandbox;
		program.subscribe({ email: 'ben@example.com' });
		const { asked } = await letAgentWork([
			[/^Unsubscribe person who left/, { email: 'ben@example.com' }],
			[/^Get subscriber/, { email: 'nobody@example.com' }],
			[/^Subscribe person/, { email: 'no address', name: '' }],
		]);
		expect(program.find('ben@example.com')?.status).toBe('unsubscribed');
		const [, unknown, wrong] = answersOfTools(asked);
		expect(unknown).toContain('SparkLoop refused the request with status 404');
		expect(unknown).not.toContain('nobody@');
		expect(wrong).toContain("'Email' is not one email address");
	});

	it('offers the model no two tools of the same description', async () => {
		const { asked } = await letAgentWork([]);
		const told = asked[0].tools.map((one) => one.function);
		expect(new Set(told.map(({ description }) => description)).size).toBe(TOOLS().length);
		expect(told.find(({ name }) => name === 'Tool_D')?.parameters.properties).toMatchObject({
			email: { type: 'string' },
			value: { type: 'number' },
			description: { type: 'string' },
		});
	});
});

describe('the editor', () => {
	it.each(['sparkLoop', 'sparkLoopTool'])(
		'is given the schema of what %s puts out',
		async (type) => {
			const path = `/schemas/n8n-nodes-sparkloop.${type}/1.0.0/subscriber/get.json`;
			const response = await fetch(ground.n8n.url + path);
			expect(response.status).toBe(200);
			expect(await response.json()).toMatchObject({
				type: 'object',
				properties: { email: { type: 'string' } },
				version: 1,
			});
		},
	);
});
