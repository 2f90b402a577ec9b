import type { Canvas, Place } from '../canvas.mts';
import { columnsOf, matching, table, tableOf } from '../dataTable.mts';
import { codeText } from '../failures.mts';
import { putIntoOutbox } from '../intoOutbox.mts';

const ADDRESSES = table("={{ $('Settings').first().json.addresses }}");

/**
 * What is remembered of each contact: its address, whether it was subscribed (`active`) or not (`gone`), and when the
 * change happened that told so, in milliseconds; blank where the ESP does not say.
 */
const ADDRESSES_COLUMNS = {
	contact: 'string',
	email: 'string',
	state: 'string',
	at: 'number',
} as const;

/** How an ESP says what happened to its contacts. */
export interface ReportsOfEsp {
	/** Adds the triggers. They lead to 'Settings', which the caller connects. @returns their names */
	entrances(canvas: Canvas, place: Place): string[];
	/**
	 * Adds nodes between the entrance and 'Read the changes', for reports that are fetched, checked or completed first.
	 *
	 * @returns the first and the last one
	 */
	prepare?(canvas: Canvas, place: Place): { first: string; last: string; columns: number };
	/**
	 * What the last of those nodes, or 'Settings' with the trigger's item, puts out → an array of changes, an expression
	 * without its braces. A change:
	 *
	 * - `contact`: the ESP's id of the contact, a text that never changes; the address where it has none
	 * - `email`: the address now; blank when it is not told
	 * - `previousEmail`: the one before, from ESPs that tell it
	 * - `state`: `active` (signed up and confirmed), `pending` (not confirmed yet), `gone` (unsubscribed), `deleted`,
	 *   `absent` (not on the newsletter's list, or not any more), or blank when it is not told
	 * - `known`: whether the contact has fields of SparkLoop's
	 * - `again`: whether a sign-up is fetched more than once, so that it is no coming back of who has left
	 * - `quiet`: whether one who is seen `gone` for the first time is remembered only, as in lists of all contacts
	 * - `firstName`, `name`, `at` (when it happened): optional
	 * - `when`: the same for comparing, from ESPs that send late what failed: unix seconds as a number, or a text that
	 *   `Date.parse` reads, with its time zone. What is older than what is remembered is passed over, address and state.
	 *   Only where it is the time of this event, or of the contact's last change: never from a list that is asked for,
	 *   and not with a blank `state` if the contact may have left before, as a late report of that would be lost
	 */
	changes: string;
	/** Whether the ESP does not tell the address before, so that it has to be remembered. */
	remembers: boolean;
	/** Whether it is asked again and again, and keeps how far it got (`polling.mts`). */
	polls?: boolean;
	/** Adds nodes that run when everything is in the outbox. @returns the first one */
	afterwards?(canvas: Canvas, place: Place): string;
}

/**
 * Adds the nodes from what the ESP reports to the outbox. What is put there is remembered afterwards, so that a crash
 * in between tells SparkLoop twice, and never not at all.
 *
 * @returns the first one
 */
export function reportChanges(canvas: Canvas, [column, row]: Place, esp: ReportsOfEsp): string {
	const prepared = esp.prepare?.(canvas, [column, row]);
	let at = column + (prepared?.columns ?? 0);
	canvas.node('Read the changes', 'set', [at++, row], {
		mode: 'raw',
		jsonOutput: `={{ { changes: ${esp.changes} } }}`,
		options: {},
	});
	canvas.node(
		'One item per change',
		'splitOut',
		[at++, row],
		{ fieldToSplitOut: 'changes', options: {} },
		// How far it got is kept also when nobody changed.
		esp.polls ? { alwaysOutputData: true } : {},
	);
	if (prepared) canvas.chain(prepared.last, 'Read the changes');
	canvas.chain('Read the changes', 'One item per change');
	if (esp.remembers) {
		canvas.node(
			'What do we remember?',
			'dataTable',
			[at++, row],
			{
				resource: 'row',
				operation: 'get',
				dataTableId: ADDRESSES,
				...matching(['contact', 'eq', '={{ $json.contact }}']),
				returnAll: false,
				limit: 1,
			},
			{ alwaysOutputData: true },
		);
		canvas.chain('One item per change', 'What do we remember?');
	}
	canvas.node('What is new?', 'code', [at++, row], {
		jsCode: codeText('whatIsNew.js.txt').replace(
			'ROWS',
			esp.remembers ? '$input.all().flatMap(({ json }) => (json.contact ? [json] : []))' : '[]',
		),
	});
	canvas.chain(esp.remembers ? 'What do we remember?' : 'One item per change', 'What is new?');

	const each = (name: string, field: string, y: number): void => {
		canvas.node(name, 'splitOut', [at, y], { fieldToSplitOut: field, options: {} });
		canvas.chain('What is new?', name);
	};
	each('One item per event', 'events', row);
	putIntoOutbox(canvas, 'Put it into the outbox', [at + 1, row]);
	canvas.chain('One item per event', 'Put it into the outbox');
	if (esp.remembers) {
		each('What to remember', 'remember', row + 0.9);
		rememberAddress(canvas, 'Remember it', [at + 1, row + 0.9], {
			contact: '$json.contact',
			email: '$json.email',
			state: '$json.state',
			at: '$json.at',
		});
		each('What to forget', 'forget', row + 1.8);
		canvas.node('Forget it', 'dataTable', [at + 1, row + 1.8], {
			resource: 'row',
			operation: 'deleteRows',
			dataTableId: ADDRESSES,
			...matching(['contact', 'eq', '={{ $json.contact }}']),
			options: {},
		});
		canvas.chain('What to remember', 'Remember it');
		canvas.chain('What to forget', 'Forget it');
	}
	const after = esp.afterwards?.(canvas, [at, row + (esp.remembers ? 2.7 : 0.9)]);
	if (after) canvas.chain('What is new?', after);
	return prepared?.first ?? 'Read the changes';
}

/** The table of what is remembered, for the branch that sets the flow up. @returns the node */
export const createAddresses = (canvas: Canvas, place: Place): string =>
	canvas.node(
		'Create the addresses',
		'dataTable',
		place,
		tableOf("={{ $('Settings').first().json.addresses }}", ADDRESSES_COLUMNS),
	);

type Column = keyof typeof ADDRESSES_COLUMNS;
type Remembered = Record<Exclude<Column, 'at'>, string> & { at?: string };

/** Adds the node that remembers a contact; its columns as expressions without their braces. @returns its name */
export const rememberAddress = (
	canvas: Canvas,
	name: string,
	place: Place,
	{ contact, email, state, at }: Remembered,
	settings: object = {},
): string =>
	canvas.node(
		name,
		'dataTable',
		place,
		{
			resource: 'row',
			operation: 'upsert',
			dataTableId: ADDRESSES,
			...matching(['contact', 'eq', `={{ ${contact} }}`]),
			columns: columnsOf({
				contact: `={{ ${contact} }}`,
				email: `={{ ${email} }}`,
				state: `={{ ${state} }}`,
				...(at && { at: `={{ ${at} }}` }),
			}),
			options: {},
		},
		settings,
	);
