import fc from 'fast-check';

import {
	nextStep,
	ownAmong,
	sameUrl,
	type OwnWebhook,
} from '../../nodes/SparkLoop/trigger/registration';
import { API_EVENTS, type ListedWebhook } from '../../nodes/SparkLoop/transport/webhooksApi';

const URLS = ['https://n8n.example/webhook/a', 'https://n8n.example/webhook/b', 'https://x.org/'];
const url = fc.constantFrom(...URLS);
const chosen = fc.uniqueArray(
	fc.constantFrom(...API_EVENTS, 'sync_subscriber', 'new_offer_lead', 'other'),
);
const account = fc
	.array(fc.record({ url, events: fc.subarray([...API_EVENTS]) }), { maxLength: 6 })
	.map((rows): ListedWebhook[] => rows.map((row, index) => ({ ...row, uuid: `webhook_${index}` })));
const memory = fc.oneof(
	fc.constant(undefined),
	fc.record({ url, uuid: fc.constantFrom('webhook_0', 'webhook_1', 'gone') }),
	fc.record({ url, others: fc.subarray(['webhook_0', 'webhook_1', 'webhook_2']) }),
	fc.record({ url }),
);

/** What SparkLoop and the trigger know after a step. */
function after(
	listed: ListedWebhook[],
	remembered: OwnWebhook | undefined,
	target: string,
	step: ReturnType<typeof nextStep>,
): [ListedWebhook[], OwnWebhook | undefined] {
	switch (step.kind) {
		case 'nothing':
			return [listed, remembered];
		case 'create':
			return [
				[{ uuid: 'new', url: target, events: step.events }, ...listed],
				{ url: target, uuid: 'new' },
			];
		case 'change': {
			const changed = { uuid: step.uuid, url: target, events: step.events };
			return [
				listed.map((one) => (one.uuid === step.uuid ? changed : one)),
				{ url: target, uuid: step.uuid },
			];
		}
		case 'remove':
			return [listed.filter(({ uuid }) => uuid !== step.uuid), undefined];
	}
}

describe('whatever SparkLoop lists and the trigger remembers, one step', () => {
	it('has each chosen event that the API knows sent to us, and is enough', () => {
		fc.assert(
			fc.property(account, memory, url, chosen, (listed, remembered, target, events) => {
				const step = nextStep(listed, remembered, target, events);
				const [then, known] = after(listed, remembered, target, step);
				const sent = then.filter((one) => sameUrl(one.url, target)).flatMap((one) => one.events);
				for (const type of events.filter((one) => API_EVENTS.includes(one))) {
					expect(sent).toContain(type);
				}
				expect(nextStep(then, known, target, events)).toEqual({ kind: 'nothing' });
			}),
		);
	});

	it('leaves every webhook alone that is not known to be ours', () => {
		fc.assert(
			fc.property(account, memory, url, chosen, (listed, remembered, target, events) => {
				const mine = ownAmong(listed, remembered)?.uuid;
				const step = nextStep(listed, remembered, target, events);
				const [then] = after(listed, remembered, target, step);
				const others = listed.filter(({ uuid }) => uuid !== mine);
				expect(then).toEqual(expect.arrayContaining(others));
			}),
		);
	});

	it('never makes an event come twice from ours, nor sends what was not chosen', () => {
		fc.assert(
			fc.property(account, memory, url, chosen, (listed, remembered, target, events) => {
				const step = nextStep(listed, remembered, target, events);
				const [then, known] = after(listed, remembered, target, step);
				const mine = ownAmong(then, known);
				if (!mine) return;
				const others = then
					.filter((one) => one !== mine && sameUrl(one.url, target))
					.flatMap((one) => one.events);
				for (const type of mine.events) {
					expect(events).toContain(type);
					expect(others).not.toContain(type);
				}
			}),
		);
	});

	it('makes no second webhook while SparkLoop lists ours', () => {
		fc.assert(
			fc.property(account, memory, url, chosen, (listed, remembered, target, events) => {
				fc.pre(ownAmong(listed, remembered) !== undefined);
				expect(nextStep(listed, remembered, target, events).kind).not.toBe('create');
			}),
		);
	});
});

describe('a webhook whose registration was not answered', () => {
	const row = (uuid: string, target = URLS[0]) => ({ uuid, url: target, events: ['new_referral'] });
	const asked = { url: URLS[0], others: ['before'] };

	it.each([
		['is the one that was not there before', [row('new'), row('before')], asked, 'new'],
		['is none with another address', [row('new', URLS[1])], asked, undefined],
		['is none when there is no other', [row('before')], asked, undefined],
		['is none when none was asked for', [row('new')], { url: URLS[0] }, undefined],
	])('%s', (_, listed, remembered, uuid) => {
		expect(ownAmong(listed, remembered)?.uuid).toBe(uuid);
	});
});

describe('two addresses', () => {
	it.each([
		['https://n8n.example/webhook/a', 'https://N8N.example:443/webhook/a/', true],
		['https://n8n.example/webhook/a', 'https://n8n.example/webhook/A', false],
		['https://n8n.example/webhook/a', 'https://n8n.example/webhook-test/a', false],
		['https://n8n.example/webhook/a', '', false],
		['no address', 'no address', true],
	])('%s and %s are one: %s', (one, other, same) => {
		expect(sameUrl(one, other)).toBe(same);
	});
});
