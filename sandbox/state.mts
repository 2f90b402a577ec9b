import type { Sandbox } from './server.mts';

const SHOWN = 300;

/** All that the page shows, newest first and cut to what a page can bear. */
export function stateOf(sandbox: Sandbox) {
	const { program, deliveries, mailbox, calls, esp, site, faults } = sandbox;
	const { subscribers } = program;
	const newest = <T,>(list: readonly T[]) => list.slice(-SHOWN).reverse();

	return {
		addresses: {
			incomingWebhookUrl: sandbox.incomingWebhookUrl,
			apiUrl: sandbox.apiUrl,
			apiKey: sandbox.apiKey,
			webhookToken: sandbox.webhookToken,
			espUrl: sandbox.espUrl,
			espKey: sandbox.espKey,
			smtp: sandbox.smtp,
		},
		settings: {
			siteUrl: program.siteUrl,
			signUpTarget: site.signUpTarget ?? null,
			webhooks: deliveries.webhooks,
		},
		campaign: program.campaign,
		rewards: program.rewards,
		totals: {
			subscribers: subscribers.length,
			wins: subscribers.reduce((sum, { wins }) => sum + wins.length, 0),
			attempts: deliveries.log.length,
			pending: deliveries.pending,
			mails: mailbox.mails.length,
			calls: calls.log.length,
			contacts: esp.contacts.length,
		},
		subscribers: newest(subscribers).map((subscriber) => ({
			...program.describe(subscriber),
			status: subscriber.status,
			coupon: subscriber.wins.at(-1)?.coupon ?? null,
			wins: subscriber.wins,
			membership: subscriber.membership,
			customEvents: subscriber.customEvents,
		})),
		deliveries: newest(deliveries.log),
		mails: newest(mailbox.mails).map(({ html: _html, ...mail }) => mail),
		calls: newest(calls.log),
		contacts: newest(esp.contacts),
		faults: { inbound: faults.inbound.state, outbound: faults.outbound.state },
	};
}
