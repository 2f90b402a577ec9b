import { assign, Canvas, when, type WorkflowFile } from './canvas.mts';
import { matching, table } from './dataTable.mts';
import { RECORDING_SETTINGS } from './recordings.mts';

const SETTINGS = "$('Settings').first().json";
const NEXT = "$('Read the next one').last().json";

/** Recorded events → the trigger of a workflow, one after the other, in the order in which they were handled. */
export function replay(): WorkflowFile {
	const canvas = new Canvas('Replay', {
		// Its data repeats the recordings.
		saveDataSuccessExecution: 'none',
		saveManualExecutions: false,
	});
	notes(canvas);
	canvas.node('Replay', 'manualTrigger', [0, 0], {});
	canvas.node(
		'Settings',
		'set',
		[1, 0],
		assign({
			recordings: RECORDING_SETTINGS.recordings,
			webhookUrl: '',
			from: '2020-01-01',
			// What a replay itself lets be recorded comes later, and is not replayed.
			to: '={{ $now.toISO() }}',
			after: 0,
		}),
	);
	canvas.node('From here', 'set', [2, 0], {
		mode: 'raw',
		jsonOutput: `={{ { after: $runIndex > 0 ? ${NEXT}.id : $json.after } }}`,
		options: {},
	});
	canvas.node(
		'Read the next one',
		'dataTable',
		[3, 0],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: table(`={{ ${SETTINGS}.recordings }}`),
			...matching(
				['id', 'gt', '={{ $json.after }}'],
				['at', 'gte', `={{ Date.parse(${SETTINGS}.from) }}`],
				['at', 'lte', `={{ Date.parse(${SETTINGS}.to) }}`],
			),
			returnAll: false,
			limit: 1,
			orderBy: true,
			orderByColumn: 'id',
			orderByDirection: 'ASC',
		},
		{ alwaysOutputData: true },
	);
	canvas.node(
		'Is there one?',
		'if',
		[4, 0],
		when('={{ $json.id }}', 'notEmpty', undefined, 'number'),
	);
	canvas.node(
		'Send it to the trigger',
		'httpRequest',
		[5, -0.4],
		{
			method: 'POST',
			url: `={{ ${SETTINGS}.webhookUrl }}`,
			authentication: 'genericCredentialType',
			genericAuthType: 'httpHeaderAuth',
			sendBody: true,
			specifyBody: 'json',
			jsonBody: '={{ $json.payload }}',
			options: { response: { response: { neverError: true, fullResponse: true } } },
		},
		{ retryOnFail: true, maxTries: 5, waitBetweenTries: 5000 },
	);
	canvas.node(
		'Was it taken?',
		'if',
		[6, -0.4],
		when('={{ $json.statusCode }}', 'equals', '200', 'number'),
	);
	canvas.node('Stop: not taken', 'stopAndError', [7, 0], {
		errorMessage: `=The trigger answered event {{ ${NEXT}.id }} of the recordings with status {{ $json.statusCode }}. Everything before it was replayed. Once the reason is mended, write {{ ${NEXT}.id - 1 }} into Settings → after, and go on from there.`,
	});
	canvas.node('All is replayed', 'noOp', [5, 0.7], {});

	canvas.chain(
		'Replay',
		'Settings',
		'From here',
		'Read the next one',
		'Is there one?',
		'Send it to the trigger',
		'Was it taken?',
		'From here',
	);
	canvas.connect('Is there one?', 1, 'All is replayed');
	canvas.connect('Was it taken?', 1, 'Stop: not taken');
	return canvas.toFile();
}

function notes(canvas: Canvas): void {
	canvas.note(
		[-0.35, -1.8],
		[3.1, 1.3],
		`## Replay
Feeds recorded events through a workflow again: after a mistake in it, or to fill another ESP.

1. In *SparkLoop to your ESP*, write \`yes\` into **Settings → record**. From then on every event that was handled is recorded.
2. **Send it to the trigger**: create a **Header Auth** credential with the name \`SparkLoop-Token\` and your token.
3. **Settings**: the **Production URL** of the workflow's trigger, and from when to when. Then click **Execute workflow**.`,
		1,
	);
	canvas.note(
		[3, -1.8],
		[2.6, 1.3],
		`### It ends where it was
The events go in one after the other, in the order in which they were handled, through the same doors. What a contact already has newer stays; what a \`sync_subscriber\` says is said again in its place. So contacts pass through earlier states, and end in the same one if nothing is missing and the replay goes up to now: **pause what your ESP starts by RH_LASTREWARD or RH_COUPON**.

*Reward fulfilment* knows every win of the last 31 days, and hands nothing out twice.`,
		5,
	);
	canvas.note(
		[5.8, -1.8],
		[2.6, 1.3],
		`### When something fails
It stops at the first event that is not taken, and says from where to go on. You see it here: n8n starts no error workflow (**⋯ → Settings → Error workflow**) for what is run by hand.

The recordings hold e-mail addresses. A Data Table can be downloaded and uploaded as a CSV file, to keep them elsewhere; all tables of an n8n together hold 200 MiB. n8n holds a whole run in memory: split a long one by *from* and *to*.`,
		4,
	);
}
