import { assign, Canvas, when, type WorkflowFile } from './canvas.mts';
import { sampleItems } from './sampleItems.mts';

const TRIGGER = 'When SparkLoop sends an event';

/** SparkLoop's events → the fields of the contact, in any ESP with an HTTP API. */
export function sparkLoopToYourEsp(): WorkflowFile {
	const canvas = new Canvas('SparkLoop to your ESP');
	canvas.note(
		[-0.35, -1.7],
		[2, 1.35],
		`## SparkLoop → your ESP
Writes SparkLoop's data (link, code, counts, coupon, reward) into the fields of your contacts.

1. Create the fields in your ESP: RH_SUBID, RH_CODE, RH_REFLINK, RH_ISREF, RH_TOTREF, RH_COUPON, RH_LASTREWARD.
2. Trigger: choose the credential with your SparkLoop token, and how your ESP spells the fields.
3. Publish. In SparkLoop, add a webhook with the trigger's **Production URL** and tick **Subscriber Created or Updated**, **New Referral** and **Reward Unlocked**.`,
		1,
	);
	canvas.note(
		[1.75, -0.8],
		[2.15, 1.6],
		`### Fill in: where your contacts live
**Settings → contactUrl** is the address of one contact in your ESP's API. \`{email}\` stands for the address of the contact.

**Write the fields → Credential** is the key of that API. Change method and body there if your ESP wants others.`,
		1,
	);
	canvas.note(
		[1.75, -1.7],
		[2.15, 0.8],
		`### When something fails
SparkLoop hears 200 only once the fields are written. While your ESP is down it hears 500 and sends the event again, for up to a month: nothing is lost, and writing twice does no harm.

To be told, choose an error workflow under **⋯ → Settings → Error workflow**.`,
		4,
	);

	canvas.node(TRIGGER, 'n8n-nodes-sparkloop.sparkLoopTrigger', [0, 0], {
		authentication: 'sparkLoopToken',
		events: ['sync_subscriber', 'new_referral', 'reward_unlocked'],
		items: 'contacts',
		fieldNames: 'upperCase',
		respond: 'lastNode',
	});
	canvas.node('Is it about a contact?', 'if', [1, 0], when('={{ $json.email }}', 'notEmpty'));
	canvas.node(
		'Settings',
		'set',
		[2, 0],
		assign({ contactUrl: 'https://api.your-esp.example/contacts/{email}' }),
	);
	canvas.node(
		'Write the fields',
		'httpRequest',
		[3, 0],
		{
			method: 'PUT',
			url: "={{ $json.contactUrl.replace('{email}', encodeURIComponent($json.email)) }}",
			authentication: 'genericCredentialType',
			genericAuthType: 'httpHeaderAuth',
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '={{ { email: $json.email, fields: $json.fields } }}',
			options: { timeout: 30_000 },
		},
		{ retryOnFail: true, maxTries: 3, waitBetweenTries: 2000 },
	);
	canvas.node('Nothing to write', 'noOp', [2, 0.95], {});

	canvas.chain(TRIGGER, 'Is it about a contact?', 'Settings', 'Write the fields');
	canvas.connect('Is it about a contact?', 1, 'Nothing to write');
	canvas.pin(TRIGGER, sampleItems());
	return canvas.toFile();
}
