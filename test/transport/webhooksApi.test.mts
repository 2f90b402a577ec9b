import fc from 'fast-check';
import type { IHookFunctions } from 'n8n-workflow';

import { Pacer } from '../../nodes/SparkLoop/transport/pacer';
import { DOCUMENTED_PACE } from '../../nodes/SparkLoop/transport/restV2';
import {
	API_EVENTS,
	readWebhook,
	readWebhooks,
	webhooksApi,
} from '../../nodes/SparkLoop/transport/webhooksApi';
import { StillTime } from '../support/stillTime.mts';

const KEY = 'key_of_the_account';
const WEBHOOK = { uuid: 'webhook_ac06a45cb5', url: 'https://n8n.example/w', events: {} };

interface Request {
	method: string;
	url: string;
	body?: unknown;
}
type Reply = { statusCode: number; body?: unknown; headers?: object } | Error;

/** The API towards a server that answers as told, with the requests that there were. */
async function against(replies: Reply[], baseUrl = 'https://api.sparkloop.app/v2') {
	const requests: Request[] = [];
	const time = new StillTime();
	const context = {
		getNode: () => ({ name: 'SparkLoop Trigger' }),
		getCredentials: async () => ({ baseUrl, apiKey: ` ${KEY}\n` }),
		helpers: {
			async httpRequestWithAuthentication(_type: string, request: Request) {
				const { method, url, body } = request;
				requests.push({ method, url, body });
				const reply = replies[Math.min(requests.length, replies.length) - 1];
				if (reply instanceof Error) throw reply;
				return { headers: {}, ...reply };
			},
		},
	} as unknown as IHookFunctions;
	const api = await webhooksApi.call(context, new Pacer(DOCUMENTED_PACE, time));
	return { api, requests, time };
}

describe('what is asked', () => {
	it('names every flag, so that what was chosen before is taken back', async () => {
		const { api, requests } = await against([{ statusCode: 200, body: { webhook: WEBHOOK } }]);
		await api.create('https://n8n.example/w', ['new_referral']);
		await api.change('webhook/1', 'https://n8n.example/w', ['reward_redeemed']);
		expect(requests).toEqual([
			{
				method: 'POST',
				url: '/webhooks',
				body: {
					url: 'https://n8n.example/w',
					new_partner_referral: false,
					new_referral: true,
					reward_redeemed: false,
					reward_unlocked: false,
				},
			},
			{
				method: 'PUT',
				url: '/webhooks/webhook%2F1',
				body: {
					url: 'https://n8n.example/w',
					new_partner_referral: false,
					new_referral: false,
					reward_redeemed: true,
					reward_unlocked: false,
				},
			},
		]);
	});

	it('may be gone already', async () => {
		const { api } = await against([{ statusCode: 404, body: { error: 'Not found' } }]);
		expect(await api.get('webhook_1')).toBeUndefined();
		expect(await api.change('webhook_1', 'https://n8n.example/w', [])).toBeUndefined();
		await expect(api.remove('webhook_1')).resolves.toBeUndefined();
	});

	it.each([200, 204])('is deleted when the answer is a blank %s', async (statusCode) => {
		const { api } = await against([{ statusCode, body: '' }]);
		await expect(api.remove('webhook_1')).resolves.toBeUndefined();
	});
});

describe('too many requests', () => {
	const tooMany = (seconds?: string) => ({
		statusCode: 429,
		body: { error: 'Too many requests' },
		headers: seconds === undefined ? {} : { 'retry-after': seconds },
	});
	const fine = { statusCode: 200, body: { webhooks: [] } };

	it('waits as long as it is told', async () => {
		const { api, time } = await against([tooMany('3'), tooMany('0'), fine]);
		const started = time.now();
		expect(await time.until(api.list())).toEqual([]);
		expect(time.now() - started).toBe(3_000);
	});

	it.each([
		['three times', [tooMany('1'), tooMany('1'), tooMany('1'), fine], 3],
		['once, when the pause is too long', [tooMany('11'), fine], 1],
		['once, when nobody says how long', [tooMany(), fine], 1],
	])('are given up after being asked %s', async (_, replies, count) => {
		const { api, time, requests } = await against(replies);
		const asked = api.list().catch((error: Error) => error.message);
		expect(await time.until(asked)).toBe(
			"SparkLoop's API takes no more requests for now (status 429: Too many requests). Try again in a minute.",
		);
		expect(requests).toHaveLength(count);
	});
});

describe('a failure', () => {
	const refused = (statusCode: number, error: string) => ({ statusCode, body: { error } });
	it.each([
		[refused(401, 'User not found!'), /did not accept the key .*User not found!.*'API Key'/],
		[refused(403, 'no'), /'API Key' in the credential 'SparkLoop API'/],
		[refused(400, 'Url must start with https://'), /Url must start with https.*WEBHOOK_URL/],
		[refused(422, 'No'), /refused the webhook \(status 422: No\).*'Manual'.*Account settings/],
		[{ statusCode: 503, body: 'down' }, /failed \(status 503: down\). Try again later/],
		[
			Object.assign(new Error('https://x'), { code: 'ECONNREFUSED' }),
			/could not be reached: the connection was refused. Check 'Base URL'/,
		],
		[{ statusCode: 200, body: '<html>' }, /the answer is no JSON.*Check 'Base URL'.*'Manual'/],
		[{ statusCode: 200, body: [] }, /no list of webhooks.*'Manual'/],
		[{ statusCode: 200, body: { webhooks: {} } }, /no list of webhooks.*'Manual'/],
		[refused(500, `x${KEY}y`), /status 500: x…y/],
		[refused(422, 'Not for ann@example.com'), /status 422: Not for …@example.com\)/],
	])('%j says what happened and what to do, without the key', async (reply, message) => {
		const { api } = await against([reply]);
		const error: Error = await api.list().then(
			() => new Error('It did not fail'),
			(reason: Error) => reason,
		);
		expect(error.message).toMatch(message);
		expect(error.message).not.toContain(KEY);
	});

	it.each([{}, { webhook: {} }, { webhook: { url: 'https://x.org' } }, []])(
		'is the answer %j to a registration: it names no webhook',
		async (body) => {
			const { api } = await against([{ statusCode: 200, body }]);
			await expect(api.create('https://n8n.example/w', [])).rejects.toThrow(
				/names no webhook.*Account settings → Integrations → Webhooks/,
			);
		},
	);

	it('is an address that may not be used, before anything is sent', async () => {
		await expect(against([], 'http://api.example')).rejects.toThrow(
			"'Base URL' has to start with https://, so that nobody can read it on its way. Open the credential 'SparkLoop API' and correct it.",
		);
	});
});

describe('a webhook as SparkLoop lists it', () => {
	it.each([
		[{ new_referral: true, reward_unlocked: false }, ['new_referral']],
		[{ new_referral: 'true', reward_redeemed: 'True', reward_unlocked: 'false' }, 'both'],
		[{ new_referral: true, new_partner_referral: null, sync_subscriber: true }, ['new_referral']],
		[null, []],
		[['new_referral'], []],
		[undefined, []],
	])('with the flags %j sends %j', (events, expected) => {
		expect(readWebhook({ ...WEBHOOK, events, more: 1 })).toEqual({
			uuid: WEBHOOK.uuid,
			url: WEBHOOK.url,
			events: expected === 'both' ? ['new_referral', 'reward_redeemed'] : expected,
		});
	});

	it('may be any JSON, which never throws', () => {
		fc.assert(
			fc.property(fc.jsonValue(), (json) => {
				const one = readWebhook(json);
				if (one) expect(API_EVENTS).toEqual(expect.arrayContaining(one.events));
				const rows = readWebhooks({ webhooks: json });
				expect(rows === undefined).toBe(!Array.isArray(json));
			}),
		);
	});

	it('keeps its uuid and its flags, whatever stands beside them', () => {
		fc.assert(
			fc.property(
				fc.stringMatching(/^webhook_[0-9a-f]{10}$/),
				fc.subarray([...API_EVENTS]),
				fc.dictionary(fc.string(), fc.jsonValue()),
				(uuid, events, more) => {
					const flags = Object.fromEntries(events.map((type) => [type, true]));
					const read = readWebhook({ ...more, uuid, url: 'https://x.org', events: flags });
					expect(read).toEqual({ uuid, url: 'https://x.org', events });
				},
			),
		);
	});
});
