import { outputs, run } from '../support/engine.mts';
import { Peer, type Behaviour } from '../support/peer.mts';
import { withCredentials, workflow } from '../support/workflow.mts';
import { sampleItems } from '../../scripts/workflows/sampleItems.mts';

let peer: Peer;
afterEach(async () => await peer.stop());

const TRIGGER = 'When SparkLoop sends an event';

async function receive(items: object[], behaviour?: Behaviour) {
	peer = await Peer.start(behaviour);
	const graph = withCredentials(
		workflow('sparkloop-to-your-esp.json', { contactUrl: `${peer.url}/contacts/{email}` }),
	);
	const json = items.map((item) => ({ json: { ...item } }));
	return await run(graph, TRIGGER, json, {
		httpHeaderAuth: { name: 'Authorization', value: 'Bearer key' },
		sparkLoopWebhookTokenApi: { webhookToken: 'token' },
	});
}

it('writes the fields of every contact, each to its own address', async () => {
	const result = await receive(sampleItems());
	expect(result.status).toBe('success');
	const written = peer.received.map(({ method, path, body, headers }) => ({
		method,
		path,
		body,
		key: headers.authorization,
	}));
	expect(written).toHaveLength(2);
	expect(written).toContainEqual({
		method: 'PUT',
		path: '/contacts/john.smith%40email.com',
		key: 'Bearer key',
		body: {
			email: 'john.smith@email.com',
			fields: {
				RH_SUBID: 'sub_93ehus8h',
				RH_CODE: 'f9464199',
				RH_REFLINK: 'https://mywebsite.com?rh_ref=f9464199',
				RH_ISREF: 'NO',
				RH_TOTREF: 4,
				RH_LASTREWARD: 'reward_38sf38hd',
			},
		},
	});
});

it('encodes what is special in an address', async () => {
	await receive([{ email: 'a+b/c@b.co', fields: { RH_CODE: 'x' } }]);
	expect(peer.received[0].path).toBe('/contacts/a%2Bb%2Fc%40b.co');
});

it('fails when the ESP does, so that SparkLoop sends the event again', async () => {
	const result = await receive(sampleItems().slice(0, 1), () => ({ status: 400 }));
	expect(result.status).toBe('error');
});

it('tries again while the ESP is busy for a moment', async () => {
	const result = await receive(sampleItems().slice(0, 1), (_, count) => ({
		status: count === 1 ? 503 : 200,
	}));
	expect(result.status).toBe('success');
	expect(peer.received).toHaveLength(2);
});

it('has nothing to write for an event without a contact', async () => {
	const result = await receive([{ event: 'other', role: null, email: null, fields: {} }]);
	expect(result.status).toBe('success');
	expect(outputs(result, 'Nothing to write')[0]).toHaveLength(1);
	expect(peer.received).toHaveLength(0);
});
