import type { IExecuteFunctions } from 'n8n-workflow';

import { Pacer } from '../../nodes/SparkLoop/transport/pacer';
import { restV2, type CallSettings } from '../../nodes/SparkLoop/transport/restV2';
import { StillTime } from '../support/stillTime.mts';

const NEVER = new AbortController().signal;
let accounts = 0;
const newKey = () => `key ${(accounts += 1)}`;

/** Calls with a key at a server that answers by the given statuses, then by 200. */
async function callsWith(
	credential: { apiKey: string; baseUrl?: string },
	statuses: Array<{ status: number; retryAfter?: string; body?: unknown } | 'broken'> = [],
	settings: Partial<CallSettings> = {},
) {
	let requests = 0;
	const context = {
		getCredentials: async () => ({ baseUrl: 'https://api.example/v2', ...credential }),
		helpers: {
			httpRequestWithAuthentication: async () => {
				const answer = statuses[requests] ?? { status: 200 };
				requests += 1;
				if (answer === 'broken') throw new Error('broken');
				return {
					statusCode: answer.status,
					body: answer.body,
					headers: answer.retryAfter === undefined ? {} : { 'retry-after': answer.retryAfter },
				};
			},
		},
	};
	const call = await restV2.call(context as unknown as IExecuteFunctions, {
		timeout: 1_000,
		signal: NEVER,
		...settings,
	});
	return { call: async () => await call('GET', '/x'), requests: () => requests };
}

const HOUR = [{ status: 429, retryAfter: '3600' }];

describe('a success', () => {
	it.each(['<html><body>Welcome</body></html>', 'ok'])(
		'with the body %j is not from SparkLoop, and nothing was done',
		async (body) => {
			const { call } = await callsWith({ apiKey: newKey() }, [{ status: 200, body }]);
			expect(await call()).toEqual({
				noAnswer: expect.stringContaining("not from SparkLoop's API, whose address is https://"),
			});
		},
	);

	it.each([undefined, '', ' \n', { subscriber: {} }, []])('may have the body %j', async (body) => {
		const { call } = await callsWith({ apiKey: newKey() }, [{ status: 204, body }]);
		expect(await call()).toMatchObject({ status: 204 });
	});

	it('is asked for only of a success: an error page is what it is', async () => {
		const { call } = await callsWith({ apiKey: newKey() }, [{ status: 404, body: '<html>' }]);
		expect(await call()).toMatchObject({ status: 404, text: '<html>' });
	});
});

describe('calls with one key', () => {
	it('are all refused at once, without a request, while SparkLoop wants none for an hour', async () => {
		const apiKey = newKey();
		const first = await callsWith({ apiKey }, HOUR);
		expect(await first.call()).toMatchObject({ status: 429, pause: 3_600_000 });
		const second = await callsWith({ apiKey });
		const answer = await second.call();
		expect(answer).toMatchObject({ status: 429, text: '', headers: {} });
		expect('status' in answer && answer.pause).toBeGreaterThan(3_590_000);
		expect(second.requests()).toBe(0);
	});

	it.each([
		['another key', () => ({ apiKey: newKey() })],
		['another address', (apiKey: string) => ({ apiKey, baseUrl: 'https://other.example/v2' })],
	])('do not slow down those with %s', async (_, other) => {
		const apiKey = newKey();
		await (await callsWith({ apiKey }, HOUR)).call();
		expect(await (await callsWith(other(apiKey))).call()).toMatchObject({ status: 200 });
	});

	it('wait for nothing longer than a minute unless they are told to', async () => {
		const apiKey = newKey();
		await (await callsWith({ apiKey }, [{ status: 429, retryAfter: '62' }])).call();
		expect(await (await callsWith({ apiKey })).call()).toMatchObject({ status: 429 });
		const cancel = new AbortController();
		const patient = { longestPause: 62_000, signal: cancel.signal };
		const waiting = (await callsWith({ apiKey }, [], patient)).call();
		await new Promise((next) => setImmediate(next));
		cancel.abort();
		expect(await waiting).toEqual({ noAnswer: expect.any(String), unsent: true });
	});

	it('keep the pace that was set last when they are given none', async () => {
		const apiKey = newKey();
		const pace = { calls: 1, window: 3_600_000 };
		expect(await (await callsWith({ apiKey }, [], { pace })).call()).toMatchObject({ status: 200 });
		const second = await callsWith({ apiKey }, [], { signal: AbortSignal.timeout(20) });
		expect(await second.call()).toMatchObject({ unsent: true });
		expect(second.requests()).toBe(0);
	});
});

describe('the place of a call', () => {
	it.each([
		['was answered', { status: 200 }],
		['failed', { status: 500 }],
		['got no answer', 'broken' as const],
		['was refused for its rate', { status: 429, retryAfter: '0' }],
	])('is free again after it %s', async (_, status) => {
		const time = new StillTime();
		const pacer = new Pacer({ calls: 1, window: 1_000 }, time);
		const { call, requests } = await callsWith({ apiKey: newKey() }, [status], { pacer });
		await time.until(call());
		await time.until(call());
		expect(requests()).toBe(2);
	});
});
