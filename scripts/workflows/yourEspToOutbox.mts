import { assign, Canvas, when, type Place, type WorkflowFile } from './canvas.mts';
import { columnsOf, table } from './dataTable.mts';
import {
	DOUBLE_OPT_IN,
	HOW_YOUR_ESP_SAYS_IT,
	listen,
	readTheEvent,
	tellApart,
	TRIGGER,
} from './yourEspEntrance.mts';

/** What an ESP that can send webhooks reports → the outbox, which sends it to SparkLoop. */
export function yourEspToOutbox(): WorkflowFile {
	const canvas = new Canvas('Your ESP to the outbox');
	notes(canvas);
	listen(canvas, [0, 0.3]);
	canvas.node('Settings', 'set', [1, 0.3], assign({ table: 'SparkLoop outbox' }));
	readTheEvent(canvas, [2, 0.3]);
	tellApart(canvas, [3, 0.3]);
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
	write('As a sign-up', [5.4, -1.55], 'subscribe', `, id: $json.id${names}, created_at: $json.at`);
	write(
		'As a new address',
		[4.2, 0.3],
		'update',
		`, previous_email: $json.previousEmail${names}, updated_at: $json.at`,
	);
	write('As an unsubscribe', [4.2, 1.2], 'unsubscribe', '');

	canvas.node('Put it into the outbox', 'dataTable', [6.6, 0.3], {
		resource: 'row',
		operation: 'insert',
		dataTableId: table("={{ $('Settings').first().json.table }}"),
		columns: columnsOf({
			person:
				"={{ ' ' + [$json.subscriber.email, $json.subscriber.previous_email].filter(Boolean).join(' ').toLowerCase() + ' ' }}",
			event: '={{ JSON.stringify($json) }}',
			state: 'waiting',
			attempts: '0',
			due: '0',
			reason: '',
		}),
		options: {},
	});

	canvas.chain(
		TRIGGER,
		'Settings',
		'Read the event',
		'What happened?',
		'Is the address confirmed?',
		'As a sign-up',
		'Put it into the outbox',
	);
	canvas.connect('Is the address confirmed?', 1, 'Wait for the confirmation');
	canvas.connect('What happened?', 1, 'As a new address');
	canvas.connect('What happened?', 2, 'As an unsubscribe');
	canvas.connect('What happened?', 3, 'Ignore it');
	canvas.connect('As a new address', 0, 'Put it into the outbox');
	canvas.connect('As an unsubscribe', 0, 'Put it into the outbox');
	return canvas.toFile();
}

function notes(canvas: Canvas): void {
	canvas.note(
		[-0.35, -2.15],
		[2.95, 1],
		`## Your ESP → outbox → SparkLoop
For an ESP that does not send again what failed: every event is written down first, and the *Outbox* sends it within a minute.

1. Import *Outbox*, do what its notes say, and publish it.
2. Webhook: create a **Header Auth** credential (any name and a long random value), and let your ESP send that header.
3. Publish, and give your ESP the **Production URL**.`,
		1,
	);
	canvas.note([1.75, -0.75], [1.8, 2], HOW_YOUR_ESP_SAYS_IT, 1);
	canvas.note([3.95, -2.15], [2.25, 2.2], DOUBLE_OPT_IN, 5);
	canvas.note(
		[-0.35, 1.65],
		[2.95, 0.65],
		`### When something fails
Your ESP hears 200 once the event is written down. From then on it survives whatever happens to n8n and to SparkLoop.

To be told when writing it down fails, choose an error workflow under **⋯ → Settings → Error workflow**.`,
		4,
	);
}
