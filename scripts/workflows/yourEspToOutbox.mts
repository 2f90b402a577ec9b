import { Canvas, type WorkflowFile } from './canvas.mts';
import { noteFailures } from './failures.mts';
import { putIntoOutbox } from './intoOutbox.mts';
import { EVENTS, eventsOfYourEsp } from './yourEspEntrance.mts';

/** What an ESP that can send webhooks reports → the outbox, which sends it to SparkLoop. */
export function yourEspToOutbox(): WorkflowFile {
	const canvas = new Canvas('Your ESP to the outbox');
	notes(canvas);
	eventsOfYourEsp(canvas);
	putIntoOutbox(canvas, 'Put it into the outbox', [6.6, 0.3]);
	for (const event of EVENTS) canvas.connect(event, 0, 'Put it into the outbox');
	noteFailures(canvas, [0, 2.9]);
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
	canvas.note(
		[-0.35, 1.65],
		[2.95, 0.65],
		`### When something fails
Your ESP hears 200 once the event is written down. From then on it survives whatever happens to n8n and to SparkLoop.

When writing it down fails, your ESP hears 500, and the failure is noted below; import *Alerts* to be told. Or choose an error workflow of your own under **⋯ → Settings → Error workflow**.`,
		4,
	);
}
