import { type Canvas, type Place, when } from './canvas.mts';
import { giveLeaseBack, leaseOf, takeLease } from './leases.mts';
import { record } from './recordings.mts';

/** The trigger for SparkLoop's events, in every flow that writes them into contacts. */
export const TRIGGER = 'When SparkLoop sends an event';

const LOOP = 'One contact at a time';

/** The trigger's item that is being handled, an expression without its braces. */
export const EVENT = `$('${LOOP}').first().json`;

/** What was found out about the contact in the ESP, an expression without its braces. */
export const CONTACT = `$('Find its fields').first().json`;

const WENT_WRONG = "$('What went wrong').first().json";

/**
 * Whom SparkLoop tells of as somebody who is there or has just come. A referrer or a winner who is not in the ESP has left
 * it: they may have unsubscribed and been erased, while their link still brings friends. No braces.
 */
const MAY_BE_ADDED = `${EVENT}.role === 'subscriber' && ${EVENT}.event !== 'reward_unlocked'`;

/** Settings of a node that asks the ESP for something: whatever fails ends in 'What went wrong'. */
export const FAILING = { onError: 'continueErrorOutput' };

/** The same for a node that writes. Two tries of one contact and their time-outs stay below the execution's own. */
export const WRITING = { ...FAILING, retryOnFail: true, maxTries: 2, waitBetweenTries: 2000 };

/** How one ESP keeps contacts. */
export interface ContactsOfEsp {
	/** Who answers, as messages call it. */
	name: string;
	/** Whose contacts, as the leases are called. Two flows with the same name never write at the same time. */
	lease: string;
	/** How many contacts at most are written at the same time. */
	shares: number;
	/** Adds nodes that ask for the contact of `EVENT`; the last one is named 'Read the contact'. @returns the first node, or more */
	read(canvas: Canvas, place: Place): string | Reading;
	/**
	 * What 'Read the contact' put out → `{ status, found, fields, … }`, an expression without its braces. `status`: of the
	 * answer. `found`: whether there is such a contact; one that is not is added if the settings want it, and always
	 * where this is left out. `fields`: name → value, `{}` when there is no such contact; anything but an object when they
	 * were not where they should be. `problem`: why nothing can be written, if so; `answeredBy`: the node whose answer says
	 * so, unless the problem is one of our own.
	 */
	find: string;
	/** What the ESP says is wrong, of an error as `$json.error`, where n8n's own message leaves it out; the same way. */
	complaint?: string;
	/** Adds nodes that write `$json.fields` of the trigger's item into the contact of `$json.email`. */
	write(canvas: Canvas, place: Place): Written;
}

/** The nodes that read a contact, where 'Read the contact' is not the only one. */
export interface Reading {
	first: string;
	/** The one whose second output says that there is no such contact. */
	missing?: string;
	/** Columns that they take. */
	columns: number;
}

/** The nodes that write a contact. */
export interface Written {
	first: string;
	last: string[];
	/** Those whose second output is a failure, `{ problem, answeredBy }`, beyond those that hand an error on. */
	checks?: string[];
	/** Columns that they take. */
	columns: number;
}

/**
 * What the user can do about a failure, or a blank when all that helps is to wait; an expression without its braces.
 *
 * @param status of the answer, the same way; a native node leaves nothing of it but n8n's words for it
 * @param text what was said of it, the same way
 */
export const adviceOn = (status: string, text: string): string =>
	`((status, text) => {
		const saysSo = (words) => !(status >= 400) && words.test(text);
		if ([401, 403].includes(status) || saysSo(/credentials|api key|authentication failed|permission denied/i)) return 'Check the credential of that node.';
		const isRefusal = status >= 400 && status < 500 && ![408, 429].includes(status);
		return isRefusal || saysSo(/^(Bad request|Payment required|The resource you are requesting could not be found|Method not allowed|Your request is invalid)| does not exist$/) ? 'Look in the execution at what that node sent.' : '';
	})(Number(${status}), ${text})`.replace(/\s+/g, ' ');

/**
 * Of what reached 'What went wrong' → `{ reason, advice }`, an expression without its braces. The node that is named is
 * the one that got the answer: 'Are they there?' only judges it. A problem of our own names none, because its text says
 * where to look. n8n's Postgres node puts the message beside its error; of a 429, its HTTP Request node says nothing but
 * how to set it up otherwise. No error may carry anybody's address.
 */
const whatWentWrong = ({ name, complaint }: ContactsOfEsp): string =>
	`(() => {
		const isJudged = $prevNode.name === 'Are they there?';
		const status = Number($json.error ? $json.error.httpCode ?? $json.error.statusCode ?? $json.error.status : $json.status);
		const isAsExpected = isJudged && [200, 404].includes(status);
		const error = status === 429 ? undefined : [$json.error?.message, $json.message, $json.error].find((one) => one && typeof one === 'string');
		const answered = Number.isFinite(status) ? '${name} answered with status ' + status : '${name} gave an answer without a status';
		const said = $json.problem ?? ${complaint ? `${complaint} ?? ` : ''}error ?? (isAsExpected ? "the fields are not where 'Find its fields' looks for them" : answered);
		const text = String(said).replace(/[^\\s@(,;:<>"']+@/g, '…@').replace(/^(?=\\d{3} - )/, '${name} answered ').replace(/\\.+$/, '');
		const node = $json.answeredBy ?? (!isJudged ? $prevNode.name : isAsExpected || $json.problem ? '' : 'Read the contact');
		if (!node) return { reason: text, advice: '' };
		return { reason: text + " (node '" + node + "')", advice: ${adviceOn('status', 'text')} };
	})()`.replace(/\s+/g, ' ');

/** Asks one node first whether there is something to do. @returns the node */
export function isAboutAContact(canvas: Canvas, [column, row]: Place): string {
	canvas.node(
		'Is it about a contact?',
		'if',
		[column, row],
		when('={{ $json.email }}', 'notEmpty'),
	);
	canvas.node('Nothing to write', 'noOp', [column + 0.9, row + 1.1], {});
	canvas.connect('Is it about a contact?', 1, 'Nothing to write');
	return 'Is it about a contact?';
}

/**
 * Adds the nodes that read each contact, leave out of the event what is older than that, and write the rest, all under
 * the contact's lease.
 *
 * @param place of the first node, in a row of about ten
 * @returns the first node, which takes the trigger's items
 */
export function guardedWrite(canvas: Canvas, [column, row]: Place, esp: ContactsOfEsp): string {
	const others = canvas.handingErrorsOn();
	canvas.node(LOOP, 'splitInBatches', [column, row], { batchSize: 1, options: {} });
	const lease = takeLease(
		canvas,
		[column + 1, row],
		leaseOf(esp.lease, `${EVENT}.email.toLowerCase()`, esp.shares),
	);
	const reads = esp.read(canvas, [column + 3, row]);
	const read: Reading = typeof reads === 'string' ? { first: reads, columns: 1 } : reads;
	const found = column + 3 + read.columns;
	canvas.node('Find its fields', 'set', [found, row], {
		mode: 'raw',
		jsonOutput: `={{ ${esp.find} }}`,
		options: {},
	});
	canvas.node(
		'Are they there?',
		'if',
		[found + 1, row],
		// Looked for in the wrong place, everything would be new.
		when(
			"={{ [200, 404].includes($json.status) && !$json.problem && typeof ($json.fields ?? '') === 'object' && !Array.isArray($json.fields) }}",
			'true',
			undefined,
			'boolean',
		),
	);
	canvas.node(
		'Leave out what is older',
		'n8n-nodes-sparkloop.sparkLoop',
		[found + 2, row],
		{
			resource: 'contact',
			operation: 'compare',
			event: `={{ ${EVENT} }}`,
			knownReferrals: `={{ $json.fields[${EVENT}.order.referralsField] }}`,
			knownGuard: `={{ $json.fields[${EVENT}.order.guardField] }}`,
		},
		FAILING,
	);
	canvas.node(
		'Is anything new?',
		'if',
		[found + 3, row],
		when(
			`={{ !$json.stale && (${CONTACT}.found !== false || ($('Settings').first().json.addMissing === 'yes' && ${MAY_BE_ADDED})) }}`,
			'true',
			undefined,
			'boolean',
		),
	);
	const written = esp.write(canvas, [found + 4, row]);
	const end = found + 4 + written.columns;
	giveLeaseBack(canvas, 'Give the lease back', [end, row]);
	canvas.node('What went wrong', 'set', [end, row + 1.1], {
		mode: 'raw',
		jsonOutput: `={{ ${whatWentWrong(esp)} }}`,
		options: {},
	});
	giveLeaseBack(canvas, 'Give it back all the same', [end + 1, row + 1.1]);
	canvas.node('Stop: not written', 'stopAndError', [end + 2, row + 1.1], {
		errorMessage: `=The contact was not written: {{ ${WENT_WRONG}.reason }}. {{ [${WENT_WRONG}.advice, $execution.mode === 'test' ? 'It ran in the editor: only what SparkLoop sent to the Test URL is sent again.' : 'SparkLoop sends the event again.'].filter(Boolean).join(' ') }}`,
	});

	canvas.connect(LOOP, 0, record(canvas, [column + 1, row - 1], `$('${TRIGGER}').first().json`));
	canvas.connect(LOOP, 1, lease.first);
	canvas.chain(lease.taken, read.first);
	if (read.missing) canvas.connect(read.missing, 1, 'Find its fields');
	canvas.chain(
		'Read the contact',
		'Find its fields',
		'Are they there?',
		'Leave out what is older',
		'Is anything new?',
		written.first,
	);
	canvas.connect('Is anything new?', 1, 'Give the lease back');
	for (const last of written.last) canvas.chain(last, 'Give the lease back');
	canvas.chain('Give the lease back', LOOP);
	// One that leads nowhere would end as if all were written.
	const failing = canvas.handingErrorsOn().filter((name) => !others.includes(name));
	for (const step of ['Are they there?', ...failing, ...(written.checks ?? [])]) {
		canvas.connect(step, 1, 'What went wrong');
	}
	canvas.chain('What went wrong', 'Give it back all the same', 'Stop: not written');
	return LOOP;
}
