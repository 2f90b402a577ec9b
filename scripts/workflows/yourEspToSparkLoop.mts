import { Canvas, type WorkflowFile } from './canvas.mts';
import { noteFailures } from './failures.mts';
import { sendOrKeep } from './intoOutbox.mts';
import { EVENTS, eventsOfYourEsp } from './yourEspEntrance.mts';

/** What an ESP that can send webhooks reports → SparkLoop, or the outbox when that is not there. */
export function yourEspToSparkLoop(): WorkflowFile {
	const canvas = new Canvas('Your ESP to SparkLoop');
	notes(canvas);
	eventsOfYourEsp(canvas);
	const { first } = sendOrKeep(canvas, [6.6, 0.3], 'incomingWebhook');
	for (const event of EVENTS) canvas.connect(event, 0, first);
	noteFailures(canvas, [0, 2.9]);
	return canvas.toFile();
}

function notes(canvas: Canvas): void {
	canvas.note(
		[-0.35, -2.15],
		[2.95, 1.1],
		`## Your ESP → SparkLoop
Tells SparkLoop who signed up, changed their address or unsubscribed.

1. Import *Outbox*, do what its notes say, and publish it.
2. Webhook: create a **Header Auth** credential (any name and a long random value), and let your ESP send that header.
3. **Tell SparkLoop**: choose the credential with your **Incoming Webhook URL**.
4. Publish, and give your ESP the **Production URL** for its events on sign-ups, changes and unsubscribes.`,
		1,
	);
	canvas.note(
		[-0.35, 1.5],
		[2.95, 1.1],
		`### When something fails
What SparkLoop does not take is kept in the outbox, which sends it for up to 31 days; later events of the same person wait behind it. Your ESP hears 200 once SparkLoop or the outbox has the event, and 500 otherwise.

Two events of one person that arrive at the same moment may overtake each other, and an n8n that is killed here forgets an event that your ESP does not send again. *Your ESP to the outbox* writes down first, and allows neither.

Failures are noted below; import *Alerts* to be told. Or choose an error workflow of your own under **⋯ → Settings → Error workflow**.`,
		4,
	);
}
