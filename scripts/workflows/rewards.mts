import { assign, Canvas, condition, switchOn, when, type WorkflowFile } from './canvas.mts';
import { columnsOf, matching, table, tableOf } from './dataTable.mts';
import { createFailuresTable, noteFailures } from './failures.mts';
import {
	createLeases,
	giveLeaseBack,
	LEASE_SETTINGS,
	leaseOf,
	leasesOf,
	takeLease,
} from './leases.mts';

const TRIGGER = 'When somebody wins a reward';
const SCHEDULE = 'Every five minutes';
const SET_UP = 'Set up (run once)';

/** The ledger of wins: one row for each, from the claim on. */
export const LEDGER_COLUMNS = {
	win: 'string',
	email: 'string',
	reward: 'string',
	reward_name: 'string',
	coupon: 'string',
	referrals: 'number',
	state: 'string',
	note: 'string',
	at: 'number',
	until: 'number',
} as const;

const SETTINGS = "$('Settings').first().json";
const WIN = `$('${TRIGGER}').first().json`;
const LEDGER = table(`={{ ${SETTINGS}.ledger }}`);
/** What a person has to do about a win of which nobody knows whether it was fulfilled; an expression. */
const LOOK = `"Nobody knows whether they were fulfilled: look, and write 'fulfilled' or 'open' into the state of the rows that are 'unclear' in the Data Table '" + ${SETTINGS}.ledger + "'."`;
const SETTLED = 'Write down what became of it';

/** `reward_unlocked` → one fulfilment per win, whatever comes twice or is killed in between. */
export function rewards(): WorkflowFile {
	const canvas = new Canvas('Reward fulfilment', {
		// Shorter than a lease, and than a claim.
		executionTimeout: 60,
	});
	notes(canvas);
	entrances(canvas);
	claim(canvas);
	fulfil(canvas);
	lookForLeftClaims(canvas);
	setUp(canvas);
	noteFailures(canvas, [0, 6.4]);
	return canvas.toFile();
}

function notes(canvas: Canvas): void {
	canvas.note(
		[-0.35, -2.3],
		[3.1, 1.5],
		`## Reward fulfilment
One fulfilment for every win, whatever SparkLoop sends twice and whenever n8n is killed.

1. Trigger: choose the credential with your SparkLoop token.
2. **Settings → fulfilUrl** and the credential of **Fulfil it**: who hands the reward out. Any other node can stand in its place, such as one that sends a mail: give it this name, and *On Error: Continue*. When it fails, n8n passes on what went in; anything else counts as done.
3. Run **Set up (run once)**, and publish. In SparkLoop, add a webhook with the trigger's **Production URL** and tick **Reward Unlocked**.`,
		1,
	);
	canvas.note(
		[2.9, -2.3],
		[4, 1.2],
		`### Claimed first, settled after
Every win has one row in the ledger, a Data Table: \`claimed\` before anything is handed out, \`fulfilled\` afterwards. What comes a second time finds the row, and does nothing. Two at the same time cannot both look: one holds the win's **lease**.

The next win of a recurring reward is another win. A row older than 31 days holds nothing back.`,
		5,
	);
	canvas.note(
		[7.1, -2.3],
		[4, 1.2],
		`### Never repeated blindly
An answer of 4xx (but 408) means that nothing was handed out: the row is \`open\`, and tried again, with pauses from a minute to a day. After no answer, any other answer, or a kill in between nobody knows: the row is \`unclear\`, and you are told.

If your shop takes the same **Idempotency-Key** only once, write \`yes\` into **Settings → repeatable**: then all of these are finished by themselves.`,
		5,
	);
	canvas.note(
		[11.3, -2.3],
		[4, 1.2],
		`### When something fails
The run ends with an error that says how many rewards, and what to do. Failures are written down below; import *Alerts* to be told. Or choose an error workflow of your own under **⋯ → Settings → Error workflow**.

The ledger holds e-mail addresses: remove rows older than 31 days when you no longer need them.`,
		4,
	);
}

function entrances(canvas: Canvas): void {
	canvas.node(TRIGGER, 'n8n-nodes-sparkloop.sparkLoopTrigger', [0, 0], {
		authentication: 'sparkLoopToken',
		events: ['reward_unlocked'],
		items: 'contacts',
		fieldNames: 'upperCase',
		respond: 'lastNode',
	});
	canvas.node(SCHEDULE, 'scheduleTrigger', [0, 3.1], {
		rule: { interval: [{ field: 'minutes', minutesInterval: 5 }] },
	});
	canvas.node(SET_UP, 'manualTrigger', [0, 5], {});
	canvas.node(
		'Settings',
		'set',
		[1, 2],
		assign({
			ledger: 'SparkLoop rewards',
			fulfilUrl: 'https://api.your-shop.example/rewards',
			timeout: 10_000,
			repeatable: 'no',
			claimFor: 300_000,
			blocksFor: 31 * 86_400_000,
			...LEASE_SETTINGS,
			entrance: '={{ $prevNode.name }}',
		}),
	);
	canvas.node(
		'Which way in?',
		'switch',
		[2, 2],
		switchOn('={{ $json.entrance }}', {
			'A win': TRIGGER,
			'Left claims': SCHEDULE,
			'Set up': SET_UP,
		}),
	);
	for (const entrance of [TRIGGER, SCHEDULE, SET_UP]) canvas.connect(entrance, 0, 'Settings');
	canvas.chain('Settings', 'Which way in?');
}

/** Under the win's lease: looks whether it is in the ledger, and claims it if nobody has. */
function claim(canvas: Canvas): void {
	const lease = takeLease(canvas, [3, 0], leaseOf('win', `${WIN}.eventKey`));
	canvas.node(
		'Look into the ledger',
		'dataTable',
		[5, 0],
		{
			resource: 'row',
			operation: 'get',
			dataTableId: LEDGER,
			...matching(
				['win', 'eq', `={{ ${WIN}.eventKey }}`],
				['at', 'gt', `={{ Date.now() - ${SETTINGS}.blocksFor }}`],
			),
			returnAll: false,
			limit: 1,
			orderBy: true,
			orderByColumn: 'id',
			orderByDirection: 'DESC',
		},
		{ alwaysOutputData: true },
	);
	canvas.node(
		'What does it say?',
		'switch',
		[6, 0],
		switchOn(
			"={{ $json.id ? $json.state : 'nothing' }}",
			{ Nothing: 'nothing', Open: 'open' },
			'Done, or being done',
		),
	);
	canvas.node('Claim it', 'dataTable', [7.2, -0.9], {
		resource: 'row',
		operation: 'insert',
		dataTableId: LEDGER,
		columns: columnsOf({
			win: `={{ ${WIN}.eventKey }}`,
			email: `={{ ${WIN}.email }}`,
			reward: `={{ ${WIN}.payload.reward?.id ?? '' }}`,
			reward_name: `={{ ${WIN}.payload.reward?.name ?? '' }}`,
			coupon: `={{ ${WIN}.payload.coupon_code ?? '' }}`,
			referrals: `={{ ${WIN}.order.referrals ?? 0 }}`,
			state: 'claimed',
			note: '',
			at: '={{ Date.now() }}',
			until: `={{ Date.now() + ${SETTINGS}.claimFor }}`,
		}),
		options: {},
	});
	canvas.node(
		'Claim it again',
		'dataTable',
		[7.2, 0],
		{
			resource: 'row',
			operation: 'update',
			dataTableId: LEDGER,
			// The schedule may have taken it since.
			...matching(
				['id', 'eq', '={{ $json.id }}'],
				['state', 'eq', 'open'],
				['until', 'eq', '={{ $json.until }}'],
			),
			columns: columnsOf({
				state: 'claimed',
				until: `={{ Date.now() + ${SETTINGS}.claimFor }}`,
			}),
			options: {},
		},
		{ alwaysOutputData: true },
	);
	canvas.node(
		'Is it claimed?',
		'if',
		[8.2, 0.1],
		when('={{ $json.id }}', 'notEmpty', undefined, 'number'),
	);
	giveLeaseBack(canvas, 'Give the lease back', [8.4, -0.9]);
	giveLeaseBack(canvas, 'Nothing to do: give it back', [7.2, 1.1]);
	canvas.node('The claim', 'noOp', [9.6, 0.4], {});

	canvas.connect('Which way in?', 0, lease.first);
	canvas.chain(lease.taken, 'Look into the ledger', 'What does it say?', 'Claim it');
	canvas.connect('What does it say?', 1, 'Claim it again');
	canvas.chain('Claim it again', 'Is it claimed?');
	canvas.connect('Is it claimed?', 1, 'Nothing to do: give it back');
	canvas.connect('What does it say?', 2, 'Nothing to do: give it back');
	for (const claimed of ['Claim it', 'Is it claimed?']) {
		// The upper one runs first: nobody has to wait for the fulfilment.
		canvas.connect(claimed, 0, 'Give the lease back');
		canvas.connect(claimed, 0, 'The claim');
	}
}

/** Fulfils what is claimed, and settles it in the ledger. */
function fulfil(canvas: Canvas): void {
	canvas.node(
		'Fulfil it',
		'httpRequest',
		[10.8, 0.4],
		{
			method: 'POST',
			url: `={{ ${SETTINGS}.fulfilUrl }}`,
			authentication: 'genericCredentialType',
			genericAuthType: 'httpHeaderAuth',
			sendHeaders: true,
			headerParameters: { parameters: [{ name: 'Idempotency-Key', value: '={{ $json.win }}' }] },
			sendBody: true,
			specifyBody: 'json',
			jsonBody:
				'={{ { email: $json.email, reward: $json.reward, reward_name: $json.reward_name, coupon: $json.coupon, referrals: $json.referrals } }}',
			options: {
				timeout: `={{ ${SETTINGS}.timeout }}`,
				response: { response: { neverError: true, fullResponse: true } },
			},
		},
		{ onError: 'continueRegularOutput' },
	);
	canvas.node(
		'What became of it?',
		'set',
		[11.8, 0.4],
		assign(
			{
				// Whoever answers 4xx has not done it. With no answer, or 5xx, nobody knows. Another node gives no
				// status: n8n passes its input on when it fails, unless the node makes an error of its own.
				state: `={{ ($json.statusCode >= 200 && $json.statusCode < 300) || (!$json.statusCode && !$json.error && !$json.win) ? 'fulfilled' : ($json.statusCode >= 400 && $json.statusCode < 500 && $json.statusCode !== 408) || ${SETTINGS}.repeatable === 'yes' ? 'open' : 'unclear' }}`,
				note: `={{ $json.statusCode ? 'status ' + $json.statusCode : $json.error || $json.win ? 'no answer' : 'done' }}`,
			},
			false,
		),
	);
	canvas.node(SETTLED, 'dataTable', [12.8, 0.4], {
		resource: 'row',
		operation: 'update',
		dataTableId: LEDGER,
		...matching(['id', 'eq', "={{ $('The claim').item.json.id }}"], ['state', 'eq', 'claimed']),
		columns: columnsOf({
			state: '={{ $json.state }}',
			note: '={{ $json.note }}',
			// What is open is tried again after as long as it has been waiting: from a minute to a day.
			until:
				"={{ Date.now() + Math.min(Math.max(Date.now() - $('The claim').item.json.at, 60_000), 86_400_000) }}",
		}),
		options: {},
	});
	canvas.node(
		'Is it fulfilled?',
		'if',
		[13.8, 0.4],
		when(
			"={{ $input.all().every(({ json }) => json.state === 'fulfilled') }}",
			'true',
			undefined,
			'boolean',
		),
		{ executeOnce: true },
	);
	canvas.node('Done', 'noOp', [15, 0], {});
	canvas.node('Stop: not fulfilled', 'stopAndError', [15, 0.9], {
		errorMessage: `={{ (${count('unclear')} + ${count('open')}) + " rewards were not fulfilled (node 'Fulfil it': " + $('${SETTLED}').all().find(({ json }) => json.state !== 'fulfilled').json.note + '). ' + (${count('unclear')} > 0 ? ${LOOK} : 'They are tried again by themselves.') }}`,
	});
	canvas.chain('The claim', 'Fulfil it', 'What became of it?', SETTLED, 'Is it fulfilled?', 'Done');
	canvas.connect('Is it fulfilled?', 1, 'Stop: not fulfilled');
}

const count = (state: string): string =>
	`$('${SETTLED}').all().filter(({ json }) => json.state === '${state}').length`;

/** Tries again what is open, and finds the claims of executions that were killed: to finish or to report them. */
function lookForLeftClaims(canvas: Canvas): void {
	const due = (state: string): Array<[string, string, string]> => [
		['state', 'eq', state],
		['until', 'lt', '={{ Date.now() }}'],
	];
	const find = (name: string, place: [number, number], state: string) =>
		canvas.node(
			name,
			'dataTable',
			place,
			{
				resource: 'row',
				operation: 'get',
				dataTableId: LEDGER,
				...matching(...due(state)),
				returnAll: false,
				limit: 50,
			},
			{ alwaysOutputData: true },
		);
	const takeOver = (name: string, place: [number, number]) =>
		canvas.node(name, 'dataTable', place, {
			resource: 'row',
			operation: 'update',
			dataTableId: LEDGER,
			// Whoever changes 'until' first has it.
			...matching(
				['id', 'eq', '={{ $json.id }}'],
				['state', 'eq', '={{ $json.state }}'],
				['until', 'eq', '={{ $json.until }}'],
			),
			columns: columnsOf({
				state: 'claimed',
				until: `={{ Date.now() + ${SETTINGS}.claimFor }}`,
			}),
			options: {},
		});
	const anything = (name: string, place: [number, number]) =>
		canvas.node(name, 'filter', place, {
			conditions: condition('={{ $json.id }}', 'notEmpty', undefined, 'number'),
			options: {},
		});

	find('Find what is open', [3.4, 3.9], 'open');
	anything('Is anything open?', [4.4, 3.9]);
	takeOver('Take each over', [5.4, 3.9]);

	find('Find left claims', [3.4, 2.4], 'claimed');
	anything('Is anything left?', [4.4, 2.4]);
	canvas.node(
		'May it be repeated?',
		'if',
		[5.4, 2.4],
		when(`={{ ${SETTINGS}.repeatable }}`, 'equals', 'yes'),
	);
	takeOver('Take the claims over', [6.6, 2.2]);
	canvas.node('Mark them as unclear', 'dataTable', [6.6, 3], {
		resource: 'row',
		operation: 'update',
		dataTableId: LEDGER,
		...matching(
			['id', 'eq', '={{ $json.id }}'],
			['state', 'eq', 'claimed'],
			['until', 'eq', '={{ $json.until }}'],
		),
		columns: columnsOf({ state: 'unclear', note: 'n8n ended while it was being fulfilled' }),
		options: {},
	});
	canvas.node('Stop: unclear', 'stopAndError', [7.6, 3], {
		errorMessage: `={{ $input.all().length + ' rewards were being fulfilled when n8n ended. ' + ${LOOK} }}`,
	});
	// The upper branch first: it ends in an error, but only once for each claim.
	canvas.connect('Which way in?', 1, 'Find left claims');
	canvas.connect('Which way in?', 1, 'Find what is open');
	canvas.chain('Find what is open', 'Is anything open?', 'Take each over', 'The claim');
	canvas.chain('Find left claims', 'Is anything left?', 'May it be repeated?');
	canvas.chain('May it be repeated?', 'Take the claims over', 'The claim');
	canvas.connect('May it be repeated?', 1, 'Mark them as unclear');
	canvas.chain('Mark them as unclear', 'Stop: unclear');
}

function setUp(canvas: Canvas): void {
	canvas.node(
		'Create the ledger',
		'dataTable',
		[3.4, 5],
		tableOf(`={{ ${SETTINGS}.ledger }}`, LEDGER_COLUMNS),
	);
	canvas.connect('Which way in?', 2, 'Create the ledger');
	const failures = createFailuresTable(canvas, [4.4, 5]);
	canvas.chain('Create the ledger', failures, createLeases(canvas, [5.4, 5], leasesOf('win')));
}
