import { Canvas, when, type WorkflowFile } from './canvas.mts';
import {
	DOUBLE_OPT_IN,
	HOW_YOUR_ESP_SAYS_IT,
	listen,
	readTheEvent,
	tellApart,
	TRIGGER,
} from './yourEspEntrance.mts';

/** What an ESP that can send webhooks reports → SparkLoop. */
export function yourEspToSparkLoop(): WorkflowFile {
	const canvas = new Canvas('Your ESP to SparkLoop');
	canvas.note(
		[-0.35, -2.15],
		[2.95, 1],
		`## Your ESP → SparkLoop
Tells SparkLoop who signed up, changed their address or unsubscribed.

1. Webhook: create a **Header Auth** credential (any name and a long random value), and let your ESP send that header.
2. The three SparkLoop nodes: choose the credential with your **Incoming Webhook URL**.
3. Publish, and give your ESP the **Production URL** for its events on sign-ups, changes and unsubscribes.`,
		1,
	);
	canvas.note([0.75, -0.75], [1.8, 2], HOW_YOUR_ESP_SAYS_IT, 1);
	canvas.note([2.95, -2.15], [2.25, 2.2], DOUBLE_OPT_IN, 5);
	canvas.note(
		[-0.35, 1.65],
		[2.95, 0.65],
		`### When something fails
The node tries five times. If SparkLoop still cannot be reached, your ESP hears 500, and most ESPs send the event again. For those that do not, import *Your ESP to the outbox* instead.

To be told, choose an error workflow under **⋯ → Settings → Error workflow**.`,
		4,
	);

	listen(canvas, [0, 0.3]);
	readTheEvent(canvas, [1, 0.3]);
	tellApart(canvas, [2, 0.3]);
	canvas.node(
		'Is the address confirmed?',
		'if',
		[3.2, -1.1],
		when('={{ $json.confirmed }}', 'equals', 'true'),
	);
	canvas.node('Wait for the confirmation', 'noOp', [4.4, -0.65], {});
	canvas.node('Ignore it', 'noOp', [3.2, 2.15], {});

	const tell = (name: string, place: [number, number], parameters: object) =>
		canvas.node(name, 'n8n-nodes-sparkloop.sparkLoop', place, {
			resource: 'subscriber',
			sendThrough: 'incomingWebhook',
			email: '={{ $json.email }}',
			...parameters,
		});
	tell('Tell SparkLoop of the sign-up', [4.4, -1.55], {
		operation: 'subscribe',
		additionalFields: {
			id: '={{ $json.id }}',
			firstName: '={{ $json.firstName }}',
			name: '={{ $json.name }}',
			createdAt: '={{ $json.at }}',
		},
	});
	tell('Tell SparkLoop the new address', [3.2, 0.3], {
		operation: 'update',
		previousEmail: '={{ $json.previousEmail }}',
		additionalFields: {
			firstName: '={{ $json.firstName }}',
			name: '={{ $json.name }}',
			updatedAt: '={{ $json.at }}',
		},
	});
	tell('Tell SparkLoop of the unsubscribe', [3.2, 1.2], { operation: 'unsubscribe' });

	canvas.chain(
		TRIGGER,
		'Read the event',
		'What happened?',
		'Is the address confirmed?',
		'Tell SparkLoop of the sign-up',
	);
	canvas.connect('Is the address confirmed?', 1, 'Wait for the confirmation');
	canvas.connect('What happened?', 1, 'Tell SparkLoop the new address');
	canvas.connect('What happened?', 2, 'Tell SparkLoop of the unsubscribe');
	canvas.connect('What happened?', 3, 'Ignore it');
	return canvas.toFile();
}
