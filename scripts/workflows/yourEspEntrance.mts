import { assign, switchOn, type Canvas, type Place } from './canvas.mts';

export const TRIGGER = 'When your ESP reports a change';

/** What a user fills in, whichever way the events go on. */
export const HOW_YOUR_ESP_SAYS_IT = `### Fill in: how your ESP says it
**Read the event** turns your ESP's words into ours. \`what\` must become \`sign-up\`, \`e-mail change\` or \`unsubscribe\`; everything else is ignored.

\`confirmed\` must be \`true\` once the person has confirmed (double opt-in). Without double opt-in, write \`true\`.`;

export const DOUBLE_OPT_IN = `### Double opt-in
SparkLoop wants to hear of people only **after** they confirmed, and bills by active subscribers. An unconfirmed sign-up ends here; the confirmation is an event of its own.`;

/** The webhook that any ESP can call, with its secret header. */
export function listen(canvas: Canvas, place: Place): string {
	return canvas.node(TRIGGER, 'webhook', place, {
		httpMethod: 'POST',
		path: canvas.webhookIdOf(TRIGGER),
		authentication: 'headerAuth',
		responseMode: 'lastNode',
		responseData: 'noData',
		options: {},
	});
}

/** The node in which a user says where in their ESP's event everything stands. */
export function readTheEvent(canvas: Canvas, place: Place): string {
	return canvas.node(
		'Read the event',
		'set',
		place,
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
}

/** Tells sign-ups, new addresses, unsubscribes and the rest apart: outputs 0 to 3. */
export function tellApart(canvas: Canvas, place: Place): string {
	return canvas.node(
		'What happened?',
		'switch',
		place,
		switchOn(
			'={{ $json.what }}',
			{ 'Sign-up': 'sign-up', 'E-mail change': 'e-mail change', Unsubscribe: 'unsubscribe' },
			'Anything else',
		),
	);
}
