import { clock, el } from './dom.js';

const REMEMBERED = 'guide';

const many = (count, one) => `${count} ${one}${count === 1 ? '' : 's'}`;

/** What became of the event that was sent last, in a line; the tone is that of a tag. */
function lastEvent({ settings, deliveries, totals }) {
	const [last] = deliveries;
	if (!last && settings.webhooks.length === 0) {
		return ["No webhook yet: enter the URL of n8n's trigger under Webhooks.", 'warn'];
	}
	if (!last) return [totals.pending ? 'The first event is on its way.' : 'No event yet.', ''];
	if (last.ok) return [`${last.type} arrived at ${clock(last.startedAt)}.`, 'good'];
	const again = last.nextAttemptAt
		? `Sent again at ${clock(last.nextAttemptAt)}.`
		: 'Not sent again.';
	return [`${last.type} was not taken: ${last.error}. ${again}`, 'bad'];
}

/** What a referral program does, step by step, with what has happened of it so far. */
const steps = (state) => {
	const { subscribers, rewards, totals } = state;
	const referrals = subscribers.reduce((sum, { tot_referrals }) => sum + tot_referrals, 0);
	const offers = rewards.map(
		({ name, referrals: count, recurring }) => `${name} ${recurring ? 'every' : 'at'} ${count}`,
	);
	return [
		{
			title: 'Somebody signs up',
			text: 'SparkLoop makes a referral link for them.',
			view: 'subscribers',
			so: [many(totals.subscribers, 'subscriber')],
		},
		{
			title: 'A friend joins through the link',
			text: 'That is a referral; it counts for whoever shared the link.',
			view: 'subscribers',
			so: [many(referrals, 'referral')],
		},
		{
			title: 'Enough referrals win a reward',
			text: `${offers.join(', ')}.`,
			view: 'wins',
			so: [`${many(totals.wins, 'reward')} won`],
		},
		{
			title: 'SparkLoop sends each as an event',
			text: 'To your webhook: n8n takes it and writes the fields into the ESP.',
			view: 'deliveries',
			so: lastEvent(state),
		},
	].map((step) => ({ ...step, so: { text: step.so[0], tone: step.so[1] ?? '' } }));
};

/** Draws the steps, and remembers whether they are folded. @returns what draws them anew */
export function guide(box, open) {
	box.open = localStorage.getItem(REMEMBERED) !== 'folded';
	// At the click itself: the event 'toggle' comes later, and a page that is left at once would miss it.
	box
		.querySelector('summary')
		.addEventListener('click', () =>
			localStorage.setItem(REMEMBERED, box.open ? 'folded' : 'open'),
		);
	const list = box.querySelector('ol');
	return (state, keyed) =>
		keyed(
			list,
			steps(state),
			({ title }) => title,
			({ title, text, view, so }) =>
				el(
					'li',
					{},
					el('h3', {}, title),
					el('p', { class: 'quiet' }, text),
					el('button', { class: `link ${so.tone}`, onclick: () => open(view) }, so.text),
				),
		);
}
