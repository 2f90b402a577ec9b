import { clock, el, json, link, tag } from './dom.js';

export const KINDS = { incomingWebhook: 'Incoming Webhook', rest: 'REST v2', esp: 'ESP' };
const cell = (content, className) => el('td', className ? { class: className } : {}, content ?? '');

/**
 * What each tab shows: `list` picks its items from the state, `key` tells them apart, `columns` are
 * the heads of its table (none: a list of blocks), `make` draws one, `failed` says which went wrong.
 */
export function views({ act, rename, refer }) {
	return {
		subscribers: {
			empty:
				'Nobody has signed up yet. Sign somebody up under People, or through your own workflow.',
			columns: ['E-mail', 'Status', 'Link', '#Referrals', 'Last reward', 'Coupon', ''],
			list: ({ subscribers }) => subscribers,
			key: ({ id }) => id,
			make: (person) =>
				el(
					'tr',
					{},
					cell([person.email, el('div', { class: 'quiet' }, person.name ?? '')]),
					cell(statusOf(person), 'fixed'),
					cell(link(person.referral_link, person.referral_code), 'fixed'),
					cell(String(person.tot_referrals), 'number'),
					cell(person.wins.at(-1)?.rewardName),
					cell(person.coupon ? el('code', {}, person.coupon) : ''),
					cell(
						[
							['Refer', () => refer(person.email)],
							['Change e-mail', () => rename(person.email)],
							['Unsubscribe', () => act('unsubscribe', { email: person.email }, 'Unsubscribed.')],
						].flatMap(([text, onclick]) => [
							el(
								'button',
								{
									class: 'small',
									'aria-label': `${text} ${person.email}`,
									onclick,
									disabled:
										text === 'Unsubscribe' && person.status === 'unsubscribed' ? '' : undefined,
								},
								text,
							),
							' ',
						]),
						'actions',
					),
				),
		},
		wins: {
			empty: 'No reward has been won yet.',
			columns: ['Won at', 'Winner', 'Reward', '#Referrals', 'Coupon'],
			list: ({ subscribers }) =>
				subscribers
					.flatMap(({ email, wins }) => wins.map((win, index) => ({ ...win, email, index })))
					.reverse()
					.sort((a, b) => b.wonAt - a.wonAt),
			key: ({ email, index }) => `${email} ${index}`,
			make: (win) =>
				el(
					'tr',
					{},
					cell(clock(win.wonAt * 1000), 'fixed'),
					cell(win.email),
					cell([win.rewardName, el('div', { class: 'quiet' }, win.rewardId)]),
					cell(String(win.referrals), 'number'),
					cell(win.coupon ? el('code', {}, win.coupon) : ''),
				),
		},
		deliveries: {
			empty:
				'No event has been sent yet. Enter a webhook under Webhooks; every attempt shows here.',
			columns: ['At', 'Event', 'To', '#Attempt', 'Answer', '#ms', 'Next attempt'],
			list: ({ deliveries }) => deliveries,
			key: ({ id }) => id,
			failed: ({ ok }) => !ok,
			make: (attempt) =>
				el(
					'tr',
					{},
					cell(clock(attempt.startedAt), 'fixed'),
					cell([
						json(`${attempt.type} #${attempt.eventNumber}`, attempt.event),
						el('div', { class: 'quiet' }, peopleOf(attempt.event)),
					]),
					cell(attempt.url),
					cell(
						[attempt.duplicate ? tag('duplicate', 'warn') : '', ` ${attempt.attempt}`],
						'number',
					),
					cell(attempt.ok ? tag('200', 'good') : tag(attempt.error, 'bad')),
					cell(String(attempt.durationMs), 'number'),
					cell(attempt.nextAttemptAt ? clock(attempt.nextAttemptAt) : '', 'fixed'),
				),
		},
		calls: {
			empty: 'Nobody has called the Incoming Webhook, REST v2 or the ESP yet.',
			columns: ['At', 'To', 'Call', 'Answer', '#ms'],
			list: ({ calls }) => calls,
			key: ({ id }) => id,
			failed: ({ status }) => status === null || status > 299,
			make: (one) =>
				el(
					'tr',
					{},
					cell(clock(one.at), 'fixed'),
					cell(KINDS[one.kind], 'fixed'),
					cell(
						one.body === null
							? `${one.method} ${one.path}`
							: json(`${one.method} ${one.path}`, one.body),
					),
					cell(
						one.status === null
							? tag('dropped', 'bad')
							: tag(String(one.status), one.status < 300 ? 'good' : 'bad'),
					),
					cell(String(one.durationMs), 'number'),
				),
		},
		contacts: {
			empty: 'The stand-in ESP has no contact yet.',
			columns: ['E-mail', 'Fields', '#Writes', 'Written at'],
			list: ({ contacts }) => contacts,
			key: ({ email }) => email,
			make: (contact) =>
				el(
					'tr',
					{},
					cell(contact.email),
					cell(
						Object.entries(contact.fields).map(([name, value]) =>
							el('div', {}, el('span', { class: 'quiet' }, `${name} `), String(value)),
						),
					),
					cell(String(contact.writes), 'number'),
					cell(clock(contact.updatedAt), 'fixed'),
				),
		},
		mails: {
			empty:
				'No mail has come yet. Point your mail server settings at the SMTP address under Addresses and keys.',
			list: ({ mails }) => mails,
			key: ({ id }) => id,
			make: (mail) =>
				el(
					'article',
					{ class: 'mail' },
					el('h3', {}, mail.subject || 'No subject'),
					el('p', { class: 'quiet' }, `${clock(mail.receivedAt)} to ${mail.to.join(', ')}`),
					el('pre', {}, mail.text.trim()),
					mail.links.length
						? el(
								'ul',
								{},
								mail.links.map((address) => el('li', {}, link(address))),
							)
						: '',
				),
		},
	};
}

function statusOf({ status, referred, referral_status }) {
	const tags = [tag(status, status === 'confirmed' ? 'good' : '')];
	if (referral_status === 'rejected') tags.push(' ', tag('rejected', 'bad'));
	else if (referred) tags.push(' ', tag('referred'));
	return tags;
}

function peopleOf({ subscriber, referrer, lead }) {
	return [referrer?.email, subscriber?.email, lead?.email].filter(Boolean).join(' ← ');
}
