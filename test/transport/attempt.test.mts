import type { IExecuteFunctions } from 'n8n-workflow';

import { attempt, reasonOf } from '../../nodes/SparkLoop/transport/attempt';

/** One attempt at a server that behaves as told. */
const attemptAt = async (server: () => Promise<unknown>) => {
	const context = { helpers: { httpRequestWithAuthentication: server } };
	return await attempt.call(
		context as unknown as IExecuteFunctions,
		'sparkLoopApi',
		{ method: 'POST', url: '' },
		1_000,
	);
};

/** An error around others, as n8n wraps the library's, which wraps the system's. */
const wrapped = (code: string | undefined, times: number): Error =>
	times === 0
		? Object.assign(new Error('https://hooks.example/s3cr3t'), { code })
		: new Error('https://hooks.example/s3cr3t', { cause: wrapped(code, times - 1) });

describe('an attempt without an answer', () => {
	it.each([
		['ECONNABORTED', 'the time-out passed without an answer'],
		['ETIMEDOUT', 'the time-out passed without an answer'],
		['ECONNREFUSED', 'the connection was refused'],
		['ECONNRESET', 'the connection was closed without an answer'],
		['EPIPE', 'the connection was closed without an answer'],
		['EAI_AGAIN', "the server's name could not be looked up"],
		['ENOTFOUND', "the server's name is unknown"],
		['EHOSTUNREACH', 'the server cannot be reached from here'],
		['ENETUNREACH', 'there is no network'],
		['CERT_HAS_EXPIRED', "the server's certificate has expired"],
		['DEPTH_ZERO_SELF_SIGNED_CERT', "the server's certificate is self-signed"],
		['SELF_SIGNED_CERT_IN_CHAIN', "the server's certificate is self-signed"],
		['UNABLE_TO_VERIFY_LEAF_SIGNATURE', "the server's certificate cannot be verified"],
		['ERR_INVALID_CHAR', 'the request did not get through (ERR_INVALID_CHAR)'],
		['see https://hooks.example/s3cr3t', 'the request did not get through (no reason given)'],
		[undefined, 'the request did not get through (no reason given)'],
	])('because of %s says so, however deep it lies, and nothing else', async (code, noAnswer) => {
		for (const times of [0, 1, 2, 4]) {
			const result = await attemptAt(async () => {
				throw wrapped(code, times);
			});
			expect(result).toMatchObject({ noAnswer });
		}
	});

	it('does not look for the cause for ever', async () => {
		const error = new Error('round');
		error.cause = error;
		const result = await attemptAt(async () => {
			throw error;
		});
		expect(result).toMatchObject({
			noAnswer: 'the request did not get through (no reason given)',
		});
	});

	it.each([
		['ECONNREFUSED', true],
		['ENOTFOUND', true],
		['CERT_HAS_EXPIRED', true],
		['ECONNRESET', false],
		['ECONNABORTED', false],
		['ETIMEDOUT', false],
		[undefined, false],
	])('because of %s is certainly one that did not arrive: %s', async (code, unsent) => {
		const result = await attemptAt(async () => {
			throw wrapped(code, 1);
		});
		expect(result).toMatchObject({ unsent });
	});
});

describe('an attempt that lost its way', () => {
	it.each([
		['connect', true],
		[undefined, true],
		['read', false],
		['write', false],
	])('in the system call %s certainly did not arrive: %s', async (syscall, unsent) => {
		const system = Object.assign(new Error('lost'), { code: 'EHOSTUNREACH', syscall });
		for (const error of [system, Object.assign(new Error('n8n', { cause: system }), system)]) {
			const outer = Object.assign(new Error('n8n', { cause: error }), { code: 'EHOSTUNREACH' });
			for (const thrown of [error, outer]) {
				const result = await attemptAt(async () => {
					throw thrown;
				});
				expect(result).toMatchObject({ unsent });
			}
		}
	});
});

describe('an answer', () => {
	it.each([
		['text', 'text'],
		[{ error: 'no' }, '{"error":"no"}'],
		[undefined, ''],
	])('with the body %j is kept as the text %j', async (body, text) => {
		const answer = await attemptAt(async () => ({ statusCode: 418, headers: { a: 'b' }, body }));
		expect(answer).toEqual({ status: 418, headers: { a: 'b' }, text, body });
	});

	it.each([
		['{"error":"first","message":"second"}', 'first'],
		['{"message":"second"}', 'second'],
		['{"error":null,"message":"second"}', 'second'],
		['{"error":{"code":1}}', '{"error":{"code":1}}'],
		['[{"error":"first"}]', '[{"error":"first"}]'],
		['null', 'null'],
		['Bad gateway', 'Bad gateway'],
		['', ''],
	])('%s gives the reason %s', (text, reason) => {
		expect(reasonOf({ status: 400, headers: {}, text })).toBe(reason);
	});
});
