import { outputs, run } from '../support/engine.mts';
import { Peer, type Behaviour } from '../support/peer.mts';
import { sample } from '../support/samples.mts';
import { withCredentials, workflow } from '../support/workflow.mts';

let peer: Peer;
afterEach(async () => await peer.stop());

async function report(body: object, behaviour?: Behaviour) {
	peer = await Peer.start(behaviour);
	const graph = withCredentials(workflow('your-esp-to-sparkloop.json'));
	return await run(graph, 'When your ESP reports a change', [{ json: { headers: {}, body } }], {
		httpHeaderAuth: { name: 'X-Esp', value: 'secret' },
		sparkLoopIncomingWebhookApi: { webhookSecretUrl: `${peer.url}/incoming` },
	});
}

const PERSON = {
	email: 'john.doe@email.com',
	first_name: 'John',
	name: 'John Doe',
	at: 1564400550,
};

it.each([
	['subscribe', { event: 'subscribed', confirmed: true, id: 123, ...PERSON }],
	['update', { event: 'email_changed', previous_email: 'john.doe.previous@email.com', ...PERSON }],
	['unsubscribe', { event: 'unsubscribed', ...PERSON }],
])('tells SparkLoop %s', async (type, event) => {
	const result = await report(event);
	expect(result.status).toBe('success');
	const expected = sample(`toSparkLoop/${type}`) as { subscriber: { id?: unknown } };
	// Set nodes make text of the ESP's ID; SparkLoop's article does not say which it wants.
	if (expected.subscriber.id) expected.subscriber.id = String(expected.subscriber.id);
	expect(peer.received.map(({ body }) => body)).toEqual([expected]);
});

it('tells nothing of a sign-up that is not confirmed', async () => {
	const result = await report({ event: 'subscribed', confirmed: false, ...PERSON });
	expect(outputs(result, 'Wait for the confirmation')[0]).toHaveLength(1);
	expect(peer.received).toHaveLength(0);
});

it('ignores what else an ESP reports', async () => {
	const result = await report({ event: 'opened', ...PERSON });
	expect(result.status).toBe('success');
	expect(outputs(result, 'Ignore it')[0]).toHaveLength(1);
	expect(peer.received).toHaveLength(0);
});

it.each([
	[{ event: 'unsubscribed' }, "'Email' is missing [item 0]"],
	[{ event: 'email_changed', ...PERSON }, "'Previous Email' is missing [item 0]"],
])('fails with a clear message for %j, so that the ESP hears of it', async (event, message) => {
	const result = await report(event);
	expect(result.status).toBe('error');
	expect(result.data.resultData.error?.message).toBe(message);
});

it('fails when SparkLoop refuses, so that the ESP hears of it', async () => {
	const result = await report({ event: 'unsubscribed', ...PERSON }, () => ({ status: 404 }));
	expect(result.status).toBe('error');
});
