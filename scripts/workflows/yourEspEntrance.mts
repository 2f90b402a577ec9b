import { assign, switchOn, when, type Canvas, type Place } from './canvas.mts';
import { OUTBOX_SETTING } from './intoOutbox.mts';

export const TRIGGER = 'When your ESP reports a change';

/** The nodes that put out one event each, in SparkLoop's words. */
export const EVENTS = ['As a sign-up', 'As a new address', 'As an unsubscribe'];

/** The way from what any ESP reports by webhook to the events that SparkLoop knows, with the notes on it. */
export function eventsOfYourEsp(canvas: Canvas): void {
	canvas.note([1.75, -0.75], [1.8, 2], HOW_YOUR_ESP_SAYS_IT, 1);
	canvas.note([3.95, -2.15], [2.25, 2.2], DOUBLE_OPT_IN, 5);

	canvas.node(TRIGGER, 'webhook', [0, 0.3], {
		httpMethod: 'POST',
		path: canvas.webhookIdOf(TRIGGER),
		authentication: 'headerAuth',
		responseMode: 'lastNode',
		responseData: 'noData',
		options: {},
	});
	canvas.node('Settings', 'set', [1, 0.3], assign(OUTBOX_SETTING));
	canvas.node(
		'Read the event',
		'set',
		[2, 0.3],
		assign(
			{
				what: "={{ ({ subscribed: 'sign-up', email_changed: 'e-mail change', unsubscribed: 'unsubscribe' })[$json.body.event] ?? '' }}",
				confirmed: '={{ $json.body.confirmed }}',
				email: '={{ $json.body.email }}',
				previousEmail: '={{ $json.body.previous_email }}',
				firstName: '={{ $json.body.first_name }}',
				name: '={{ $json.body.name }}',
				id: '={{ $json.body.id }}',
				at: '={{ $json.body.at }}',
			},
			false,
		),
	);
	canvas.node(
		'What happened?',
		'switch',
		[3, 0.3],
		switchOn(
			'={{ $json.what }}',
			{ 'Sign-up': 'sign-up', 'E-mail change': 'e-mail change', Unsubscribe: 'unsubscribe' },
			'Anything else',
		),
	);
	canvas.node(
		'Is the address confirmed?',
		'if',
		[4.2, -1.1],
		when('={{ $json.confirmed }}', 'equals', 'true'),
	);
	canvas.node('Wait for the confirmation', 'noOp', [5.4, -0.65], {});
	canvas.node('Ignore it', 'noOp', [4.2, 2.15], {});

	const write = (name: string, place: Place, type: string, more: string) =>
		canvas.node(name, 'set', place, {
			mode: 'raw',
			jsonOutput: `={{ { type: '${type}', subscriber: { email: $json.email${more} } } }}`,
			options: {},
		});
	const names = ', first_name: $json.firstName, name: $json.name';
	write(EVENTS[0], [5.4, -1.55], 'subscribe', `, id: $json.id${names}, created_at: $json.at`);
	write(
		EVENTS[1],
		[4.2, 0.3],
		'update',
		`, previous_email: $json.previousEmail${names}, updated_at: $json.at`,
	);
	write(EVENTS[2], [4.2, 1.2], 'unsubscribe', '');

	canvas.chain(
		TRIGGER,
		'Settings',
		'Read the event',
		'What happened?',
		'Is the address confirmed?',
		EVENTS[0],
	);
	canvas.connect('Is the address confirmed?', 1, 'Wait for the confirmation');
	canvas.connect('What happened?', 1, EVENTS[1]);
	canvas.connect('What happened?', 2, EVENTS[2]);
	canvas.connect('What happened?', 3, 'Ignore it');
}

const HOW_YOUR_ESP_SAYS_IT = `### Fill in: how your ESP says it
**Read the event** turns your ESP's words into ours. \`what\` must become \`sign-up\`, \`e-mail change\` or \`unsubscribe\`; everything else is ignored.

\`confirmed\` must be \`true\` once the person has confirmed (double opt-in). Without double opt-in, write \`true\`.`;

const DOUBLE_OPT_IN = `### Double opt-in
SparkLoop wants to hear of people only **after** they confirmed, and bills by active subscribers. An unconfirmed sign-up ends here; the confirmation is an event of its own.`;
