import fc from 'fast-check';
import { NodeHelpers } from 'n8n-workflow';

import { FIELD_NAME_PRESETS } from '../../nodes/SparkLoop/events/contactFields';
import { SparkLoopTrigger } from '../../nodes/SparkLoop/SparkLoopTrigger.node';
import { node, request, type Response } from '../support/engine.mts';
import { anyBody } from '../support/arbitraries.mts';
import { COMPLETE_SAMPLES, sample } from '../support/samples.mts';

const TOKEN = 'tok_4711';
const credentials = { sparkLoopWebhookTokenApi: { webhookToken: TOKEN } };
const headers = { 'sparkloop-token': TOKEN, 'content-type': 'application/json' };

const DEFAULTS = {
	authentication: 'sparkLoopToken',
	events: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
	items: 'contacts',
	fieldNames: 'upperCase',
	fieldValues: 'sparkLoop',
	outputs: 'single',
	respond: 'lastNode',
	options: {},
};

const trigger = (parameters: object = {}, credential = '1') =>
	node(
		'SparkLoop Trigger',
		'n8n-nodes-sparkloop.sparkLoopTrigger',
		{ ...DEFAULTS, ...parameters },
		{
			webhookId: 'w',
			credentials: { sparkLoopWebhookTokenApi: { id: credential, name: 'Token' } },
		},
	);

const receive = async (body: unknown, parameters: object = {}, sent: object = headers) =>
	await request(trigger(parameters), { headers: { ...sent }, body }, credentials);

const items = (response: Response) => (response.output ?? []).flat().map(({ json }) => json);
const IGNORED = { status: 200, output: undefined };

describe('a request without the right token', () => {
	const body = sample('fromSparkLoop/sync_subscriber.article');
	it.each([
		['none', {}],
		['a wrong one', { 'sparkloop-token': 'tok_4712' }],
		['a longer one', { 'sparkloop-token': `${TOKEN}x` }],
		['an empty one', { 'sparkloop-token': '' }],
		['it sent twice', { 'sparkloop-token': `${TOKEN}, ${TOKEN}` }],
		['it in another header', { authorization: TOKEN }],
	])('(%s) is answered 401, without an execution', async (_, sent) => {
		expect(await receive(body, {}, sent)).toEqual({
			status: 401,
			body: { message: 'SparkLoop-Token is missing or wrong' },
			output: undefined,
		});
	});

	it('is refused before the credential is read, when it has none', async () => {
		const response = await request(trigger(), { body }, {});
		expect(response.status).toBe(401);
	});

	it('is refused when the credential is blank', async () => {
		const blank = { sparkLoopWebhookTokenApi: { webhookToken: ' ' } };
		const sent = { headers: { 'sparkloop-token': ' ' }, body };
		expect((await request(trigger({}, 'blank'), sent, blank)).status).toBe(401);
	});

	it('is told by a token that is read again after five seconds at the latest', async () => {
		const clock = jest.spyOn(Date, 'now');
		const status = async (at: number, sent: string, token: string) => {
			clock.mockReturnValue(at);
			const response = await request(
				trigger({}, 'changed'),
				{ headers: { 'sparkloop-token': sent }, body },
				{ sparkLoopWebhookTokenApi: { webhookToken: token } },
			);
			return response.output ? 200 : response.status;
		};
		try {
			expect(await status(0, 'old', 'old')).toBe(200);
			expect(await status(4_999, 'old', 'new')).toBe(200);
			expect(await status(4_999, 'new', 'new')).toBe(401);
			expect(await status(5_000, 'new', 'new')).toBe(200);
			expect(await status(5_000, 'old', 'new')).toBe(401);
			// A clock that was put back must not keep it for longer.
			expect(await status(0, 'newer', 'newer')).toBe(200);
		} finally {
			clock.mockRestore();
		}
	});

	it('is told by the token of its own credential', async () => {
		for (const token of ['one', 'other', 'one']) {
			const response = await request(
				trigger({}, token),
				{ headers: { 'sparkloop-token': token }, body },
				{ sparkLoopWebhookTokenApi: { webhookToken: token } },
			);
			expect(response.output).toHaveLength(1);
		}
	});

	it('is not told by a credential that could not be read', async () => {
		const sent = { headers: { 'sparkloop-token': 'late' }, body };
		const late = { sparkLoopWebhookTokenApi: { webhookToken: 'late' } };
		await expect(request(trigger({}, 'late'), sent, {})).rejects.toThrow('no credential');
		expect((await request(trigger({}, 'late'), sent, late)).output).toHaveLength(1);
	});

	it('is accepted when that was chosen on purpose', async () => {
		const response = await receive(body, { authentication: 'none' }, {});
		expect(items(response)).toHaveLength(1);
	});
});

describe('a body that is no event', () => {
	it.each([
		[null, 'The body is null, not a JSON object'],
		[[{ type: 'sync_subscriber' }], 'The body is an array, not a JSON object'],
		['type=sync_subscriber', 'The body is a string, not a JSON object'],
		[{ event: 'sync_subscriber' }, "The body has no text under 'type'"],
		[{ type: { a: 1 } }, "The body has no text under 'type'"],
		[{ type: 'sync_subscriber' }, "The sync_subscriber event has no 'subscriber.email'"],
		[
			{ type: 'new_referral', subscriber: { email: 'a@b.co' } },
			"The new_referral event has no 'referrer.email'",
		],
	])('%j is answered 400 with one line, without an execution', async (body, message) => {
		expect(await receive(body)).toEqual({ status: 400, body: { message }, output: undefined });
	});

	it('is refused for its token first, so that a stranger learns nothing', async () => {
		expect((await receive(null, {}, {})).status).toBe(401);
	});
});

describe('an event that is not wanted', () => {
	it.each([
		['not chosen', sample('fromSparkLoop/new_referral.article'), { events: ['sync_subscriber'] }],
		['not chosen and without an e-mail', { type: 'reward_unlocked' }, { events: ['new_referral'] }],
		['unknown, when others are not chosen', { type: 'partner_referral_rejected' }, {}],
		[
			'of another campaign',
			sample('fromSparkLoop/sync_subscriber.article'),
			{ options: { campaignId: 'other' } },
		],
		[
			'without a campaign',
			{ type: 'sync_subscriber', subscriber: { email: 'a@b.co' } },
			{ options: { campaignId: 'MF6319db9890' } },
		],
	])(
		'(%s) is answered 200 with a blank body, without an execution',
		async (_, body, parameters) => {
			expect(await receive(body, parameters)).toEqual(IGNORED);
		},
	);

	it('is told by its campaign wherever it stands', async () => {
		const options = { campaignId: ' MF6319db9890 ' };
		const flat = await receive(sample('fromSparkLoop/sync_subscriber.article'), { options });
		expect(items(flat)).toHaveLength(1);
		const nested = await receive(
			{
				type: 'new_partner_referral',
				campaign: { id: 'MF6319db9890' },
				subscriber: { email: 'a@b.co' },
			},
			{ options, events: ['new_partner_referral'] },
		);
		expect(items(nested)).toMatchObject([{ campaignId: 'MF6319db9890', email: 'a@b.co' }]);
	});
});

describe('the items', () => {
	it('are one per contact to update, with what the event knows', async () => {
		const payload = sample('fromSparkLoop/new_referral.article');
		const response = await receive(payload);
		expect(response.status).toBeUndefined();
		const [referrer, friend] = items(response);
		expect(referrer).toEqual({
			event: 'new_referral',
			eventKey: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
			campaignId: 'MF6319db9890',
			receivedAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
			role: 'referrer',
			email: 'john.smith@email.com',
			fields: {
				RH_SUBID: 'sub_93ehus8h',
				RH_CODE: 'f9464199',
				RH_REFLINK: 'https://mywebsite.com?rh_ref=f9464199',
				RH_ISREF: 'NO',
				RH_TOTREF: 4,
				RH_LASTREWARD: 'reward_38sf38hd',
			},
			order: {
				referrals: 4,
				referralsField: 'RH_TOTREF',
				guard: null,
				guardField: null,
				rewardFields: ['RH_LASTREWARD'],
			},
			payload,
		});
		expect(friend).toMatchObject({
			eventKey: referrer.eventKey,
			role: 'subscriber',
			email: 'john.doe@email.com',
		});
	});

	it.each(COMPLETE_SAMPLES)(
		'are the untouched payload of %s when that was chosen',
		async (name) => {
			const response = await receive(sample(name), { items: 'event' });
			expect(items(response)).toEqual([sample(name)]);
		},
	);

	it('as received need no e-mail', async () => {
		const response = await receive({ type: 'sync_subscriber', new: 1 }, { items: 'event' });
		expect(items(response)).toEqual([{ type: 'sync_subscriber', new: 1 }]);
	});

	it.each([
		'new_partner_pending_referral',
		'new_partner_referral',
		'new_offer_lead',
		'reward_redeemed',
	])('of %s without its person are the whole event', async (type) => {
		const body = { type, offer_id: 'o', anything: { else: true } };
		const response = await receive(body, { events: [type] });
		expect(items(response)).toMatchObject([
			{ event: type, role: null, email: null, fields: {}, payload: body },
		]);
	});

	it('of an unknown event are the whole event, when others are chosen', async () => {
		const body = { type: 'partner_referral_rejected', subscriber: { email: 'a@b.co' } };
		const response = await receive(body, { events: ['other'] });
		expect(items(response)).toMatchObject([
			{ event: 'partner_referral_rejected', role: null, payload: body },
		]);
	});

	it('keep unknown keys', async () => {
		const body = { ...sample('fromSparkLoop/sync_subscriber.article'), added: [1, { a: null }] };
		expect(items(await receive(body))[0].payload).toEqual(body);
	});

	it('have the names and values that were chosen', async () => {
		const response = await receive(sample('fromSparkLoop/reward_unlocked.docs'), {
			fieldNames: 'custom',
			fieldNameTable: {
				names: { RH_SUBID: '', RH_CODE: 'code', RH_REFLINK: 'link', RH_ISREF: 'is_ref' },
			},
			fieldValues: 'raw',
			options: { extraFields: { field: [{ source: 'next_reward', name: ' RH_NEXT ' }] } },
		});
		expect(items(response)[0].fields).toEqual({
			code: 'f9464199',
			link: 'https://mywebsite.com?rh_ref=f9464199',
			is_ref: true,
			RH_TOTREF: 4,
			RH_COUPON: '9wusha0',
			RH_LASTREWARD: 'reward_cdebf4f013',
			RH_NEXT: 2,
		});
	});

	it('leave by the output of their event, in the order chosen', async () => {
		const parameters = {
			outputs: 'perEvent',
			events: ['reward_unlocked', 'other', 'new_referral'],
		};
		const counts = async (body: unknown) =>
			(await receive(body, parameters)).output?.map((output) => output.length);
		expect(await counts(sample('fromSparkLoop/reward_unlocked.docs'))).toEqual([1, 0, 0]);
		expect(await counts(sample('fromSparkLoop/new_referral.docs'))).toEqual([0, 0, 2]);
		expect(await counts({ type: 'brand_new' })).toEqual([0, 1, 0]);
	});
});

describe('any body at all', () => {
	it('is answered 200 or 400, or starts an execution', async () => {
		const events = [...DEFAULTS.events, 'new_offer_lead', 'other'];
		await fc.assert(
			fc.asyncProperty(anyBody, fc.constantFrom('contacts', 'event'), async (body, kind) => {
				const response = await receive(body, { events, items: kind });
				if (response.output) expect(response.output.flat().length).toBeGreaterThan(0);
				else expect([200, 400]).toContain(response.status);
			}),
			{ numRuns: 10_000 },
		);
	}, 120_000);
});

describe('the parameters', () => {
	it.each(Object.keys(FIELD_NAME_PRESETS).concat('custom'))(
		'can be chosen in the editor before anything else is filled in: field names %s',
		(fieldNames) => {
			const { description } = new SparkLoopTrigger();
			const chosen = NodeHelpers.getNodeParameters(
				description.properties,
				{ fieldNames },
				true,
				false,
				null,
				description,
			);
			expect(chosen).toMatchObject({ fieldNames, events: DEFAULTS.events });
		},
	);
});
