import fc from 'fast-check';

import { missingEmail, parseEvent } from '../../nodes/SparkLoop/events/parseEvent';
import { anyBody } from '../support/arbitraries.mts';
import { COMPLETE_SAMPLES, sample } from '../support/samples.mts';

const parsed = (body: unknown) => {
	const result = parseEvent(body);
	if ('reason' in result) throw new Error(result.reason);
	return result.event;
};

describe('reading a body', () => {
	it.each([
		[undefined, 'The body is empty, not a JSON object'],
		['', 'The body is empty, not a JSON object'],
		[null, 'The body is null, not a JSON object'],
		[[], 'The body is an array, not a JSON object'],
		['text', 'The body is a string, not a JSON object'],
		[1, 'The body is a number, not a JSON object'],
		[{}, "The body has no text under 'type'"],
		[{ type: 1 }, "The body has no text under 'type'"],
		[{ type: '' }, "The body has no text under 'type'"],
		[JSON.parse('{"__proto__": {"type": "sync_subscriber"}}'), "The body has no text under 'type'"],
	])('refuses %j', (body, reason) => {
		expect(parseEvent(body)).toEqual({ reason });
	});

	it('refuses what is nested so deep that working on it would end the process', () => {
		const deep = JSON.parse('{"type":"x","a":' + '['.repeat(20_000) + ']'.repeat(20_000) + '}');
		expect(parseEvent(deep)).toEqual({ reason: 'The body is nested deeper than 64 levels' });
	});

	it('accepts what is nested as deep as any real payload could be', () => {
		const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
		expect(parseEvent({ type: 'x', a: nested(63) })).toHaveProperty('event');
		expect(parseEvent({ type: 'x', a: nested(64) })).toHaveProperty('reason');
	});

	it.each(COMPLETE_SAMPLES)('reads %s and keeps it untouched', (name) => {
		const body = sample(name);
		const event = parsed(body);
		expect(event).toMatchObject({ type: body.type, campaignId: 'MF6319db9890' });
		expect(event.payload).toEqual(sample(name));
		expect(missingEmail(event)).toBeUndefined();
	});

	it.each([
		[{ campaign_id: 'a' }, 'a'],
		[{ campaign_id: 7 }, '7'],
		[{ campaign_id: ' a ' }, 'a'],
		[{ campaign_id: 'a', campaign: { id: 'b' } }, 'a'],
		[{ campaign: { id: 'b', referral_code: 'c' } }, 'b'],
		[{ campaign_id: null, campaign: { id: 'b' } }, 'b'],
		[{ campaign_id: '  ', campaign: 'text' }, undefined],
		[{}, undefined],
	])('finds the campaign in %j', (body, campaignId) => {
		expect(parsed({ type: 'x', ...body }).campaignId).toBe(campaignId);
	});

	it('never throws and gives one line, whatever the body', () => {
		fc.assert(
			fc.property(anyBody, (body) => {
				const result = parseEvent(body);
				if ('reason' in result) expect(result.reason).toMatch(/^[^\n]+$/);
				else expect(result.event.payload).toBe(body);
			}),
			{ numRuns: 10_000 },
		);
	});
});

describe('a missing e-mail', () => {
	it.each([
		['sync_subscriber', {}, 'subscriber.email'],
		['sync_subscriber', { subscriber: null }, 'subscriber.email'],
		['sync_subscriber', { subscriber: { email: ' ' } }, 'subscriber.email'],
		['reward_unlocked', { subscriber: { email: 5 } }, 'subscriber.email'],
		['new_referral', { subscriber: { email: 'a@b.co' } }, 'referrer.email'],
		['new_referral', { referrer: { email: 'a@b.co' } }, 'subscriber.email'],
		['new_offer_lead', {}, undefined],
		['new_partner_referral', { subscriber: {} }, undefined],
		['reward_redeemed', {}, undefined],
		['account_specific', {}, undefined],
	])('of %s with %j is %s', (type, body, missing) => {
		expect(missingEmail(parsed({ type, ...body }))).toBe(missing);
	});
});
