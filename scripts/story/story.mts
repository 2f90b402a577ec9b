import { equal, match, ok } from 'node:assert/strict';

import {
	calls,
	contact,
	expectedFields,
	runImport,
	runOutbox,
	same,
	settled,
	subscriber,
	waiting,
} from './checks.mts';
import { submitForm } from './forms.mts';
import type { Stage } from './stage.mts';

/** One thing that happens, done over HTTP as people and services do it, and checked. */
export interface Step {
	title: string;
	/**
	 * @returns what to show of it
	 * @throws when anything is not as it should be
	 */
	play(stage: Stage): Promise<string>;
}

const ANN = 'ann@example.com';
const ANNE = 'anne.new@example.com';
const FRIENDS = ['bob@example.com', 'cleo@example.com', 'dan@example.com'];

/** Signs somebody up through a form, opens the mail, and confirms. @param form with its query */
async function join(stage: Stage, form: string, email: string, name: string): Promise<void> {
	await submitForm(form, [email, name]);
	await confirm(stage, email);
	await settled(stage);
}

async function confirm({ sandbox }: Stage, email: string): Promise<void> {
	const mail = await sandbox.mailbox.nextMail({ to: email, after: confirmed.get(email) ?? 0 });
	confirmed.set(email, mail.id);
	await submitForm(mail.links[0], []);
}

/** The last mail that each person has acted on. */
const confirmed = new Map<string, number>();

/** The answer to a report of one's own ESP. */
async function report(yourEsp: Stage['yourEsp'], event: object): Promise<number> {
	const { status } = await fetch(yourEsp.url, {
		method: 'POST',
		headers: { 'content-type': 'application/json', [yourEsp.header.name]: yourEsp.header.value },
		body: JSON.stringify(event),
	});
	return status;
}

/** The story that the start command plays and the tests hold: every way through the workflows. */
export const STORY: readonly Step[] = [
	{
		title:
			'Twenty readers subscribed before SparkLoop was there: the import tells SparkLoop of them, and their links come back',
		async play(stage) {
			const { esp, program } = stage.sandbox;
			const readers = Array.from({ length: 20 }, (_, number) => `reader${number}@example.com`);
			for (const email of readers) esp.upsert(email, {});
			esp.upsert('gone@example.com', {}, { status: 'unsubscribed' });

			const row = await runImport(stage);
			same('The import', row, { state: 'done', imported: readers.length, done: 21 });
			equal(program.find('gone@example.com'), undefined, 'Somebody was imported who has left');
			await settled(stage);
			for (const email of readers) {
				same(email, esp.find(email)?.fields ?? {}, expectedFields(stage, email));
			}
			return String(row.progress);
		},
	},
	{
		title: 'Ann signs up in the form, and gets a mail to confirm; SparkLoop hears nothing yet',
		async play(stage) {
			confirmed.clear();
			const from = stage.sandbox.calls.log.length;
			await submitForm(stage.box.signUpForm, [ANN, 'Ann Archer']);
			const mail = await stage.sandbox.mailbox.nextMail({ to: ANN });
			match(mail.subject, /Please confirm/);
			same('The contact', await contact(stage, ANN), { status: 'pending', RH_REFLINK: null });
			equal(calls(stage, from).length, 0, 'SparkLoop was told before the confirmation');
			return mail.subject;
		},
	},
	{
		title: 'Ann confirms: subscribe → SparkLoop → sync_subscriber → her contact has its link',
		async play(stage) {
			const from = stage.sandbox.calls.log.length;
			await confirm(stage, ANN);
			await settled(stage);
			equal(calls(stage, from).join(), 'POST /v2/subscribers 200');
			const row = await contact(stage, ANN);
			same('The contact', row, { status: 'subscribed', ...expectedFields(stage, ANN) });
			return String(row.RH_REFLINK);
		},
	},
	{
		title: 'Bob joins through that link: new_referral → both contacts are right',
		async play(stage) {
			const link = String((await contact(stage, ANN)).RH_REFLINK);
			await join(stage, link, FRIENDS[0], 'Bob Baker');
			same('The referrer', await contact(stage, ANN), expectedFields(stage, ANN));
			same('The friend', await contact(stage, FRIENDS[0]), {
				status: 'subscribed',
				...expectedFields(stage, FRIENDS[0]),
				RH_ISREF: 'YES',
			});
			equal((await contact(stage, ANN)).RH_TOTREF, 1);
			return 'Ann has 1 referral, Bob was referred';
		},
	},
	{
		title: 'Two more friends join: reward_unlocked → coupon and reward are there',
		async play(stage) {
			const link = String((await contact(stage, ANN)).RH_REFLINK);
			await join(stage, link, FRIENDS[1], 'Cleo Cook');
			await join(stage, link, FRIENDS[2], 'Dan Dyer');
			const [win] = subscriber(stage.sandbox, ANN).wins;
			ok(win?.coupon, 'SparkLoop gave no coupon');
			const row = await contact(stage, ANN);
			same('The winner', row, {
				...expectedFields(stage, ANN),
				RH_TOTREF: 3,
				RH_COUPON: win.coupon,
				RH_LASTREWARD: win.rewardId,
			});
			return `${String(row.RH_LASTREWARD)}, coupon ${String(row.RH_COUPON)}`;
		},
	},
	{
		title:
			'Ann changes her address and confirms the new one: update → her link and rewards stay hers',
		async play(stage) {
			const before = await contact(stage, ANN);
			const { id } = subscriber(stage.sandbox, ANN);
			const form = `${stage.box.manageForm}?token=${String(before.token)}`;
			await submitForm(form, ['Change my address', ANNE]);
			same('The contact before the confirmation', await contact(stage, ANN), {
				pending_email: ANNE,
			});
			await confirm(stage, ANNE);
			await settled(stage);
			equal(
				subscriber(stage.sandbox, ANNE).id,
				id,
				'SparkLoop took the new address for a new person',
			);
			same('The contact', await contact(stage, ANNE), {
				status: 'subscribed',
				RH_SUBID: id,
				RH_CODE: before.RH_CODE,
				RH_COUPON: before.RH_COUPON,
				RH_TOTREF: 3,
			});
			return `${id} is ${ANNE} now`;
		},
	},
	{
		title: 'Bob unsubscribes: unsubscribe → SparkLoop bills one less',
		async play(stage) {
			const { token } = await contact(stage, FRIENDS[0]);
			const form = `${stage.box.manageForm}?token=${String(token)}`;
			await submitForm(form, ['Unsubscribe', '']);
			same('The contact', await contact(stage, FRIENDS[0]), { status: 'unsubscribed' });
			equal(subscriber(stage.sandbox, FRIENDS[0]).status, 'unsubscribed');
			return `${FRIENDS[0]} is unsubscribed on both sides`;
		},
	},
	{
		title: 'An ESP of your own reports a sign-up: SparkLoop hears of it once it is confirmed',
		async play(stage) {
			const from = stage.sandbox.calls.log.length;
			const person = { email: 'eve@example.com', id: 42, first_name: 'Eve', at: 1564400550 };
			equal(await report(stage.yourEsp, { event: 'subscribed', confirmed: false, ...person }), 200);
			equal(calls(stage, from).length, 0, 'SparkLoop was told before the confirmation');
			equal(await report(stage.yourEsp, { event: 'subscribed', confirmed: true, ...person }), 200);
			await settled(stage);
			equal(calls(stage, from).length, 1);
			const written = stage.sandbox.esp.find(person.email);
			same('The contact in the ESP', written?.fields ?? {}, expectedFields(stage, person.email));
			return `Its contact has ${String(written?.fields.RH_REFLINK)}`;
		},
	},
	{
		title: 'That ESP reports a new address, then an unsubscribe: both reach SparkLoop',
		async play(stage) {
			const { id } = subscriber(stage.sandbox, 'eve@example.com');
			const change = { email: 'eve.new@example.com', previous_email: 'eve@example.com' };
			equal(await report(stage.yourEsp, { event: 'email_changed', ...change }), 200);
			equal(subscriber(stage.sandbox, change.email).id, id);
			equal(await report(stage.yourEsp, { event: 'unsubscribed', email: change.email }), 200);
			equal(subscriber(stage.sandbox, change.email).status, 'unsubscribed');
			await settled(stage);
			return `${id} is ${change.email} now, and unsubscribed`;
		},
	},
	{
		title:
			'SparkLoop is down while that ESP reports: the outbox keeps the events, and delivers them in order once it is back',
		async play(stage) {
			const { sandbox, yourEspToOutbox } = stage;
			const [old, now] = ['finn@example.com', 'finn.new@example.com'];
			sandbox.faults.inbound.down();
			const events = [
				{ event: 'subscribed', confirmed: true, email: old, first_name: 'Finn' },
				{ event: 'email_changed', email: now, previous_email: old },
			];
			for (const event of events) equal(await report(yourEspToOutbox, event), 200);
			await runOutbox(stage);
			const kept = await waiting(stage);
			equal(kept.length, events.length, 'The outbox did not keep what SparkLoop could not take');
			equal(sandbox.program.find(old), undefined);

			sandbox.faults.inbound.up();
			for (let run = 0; run < 60 && (await waiting(stage)).length > 0; run += 1) {
				await runOutbox(stage);
			}
			equal((await waiting(stage)).length, 0, 'The outbox did not deliver what it kept');
			const { id } = subscriber(sandbox, now);
			await settled(stage);
			return `${events.length} events were kept; ${id} is ${now} now`;
		},
	},
	{
		title: 'Every execution succeeded, and SparkLoop heard 200 with a blank body every time',
		async play({ n8n, sandbox }) {
			const executions = await n8n.api.listExecutions();
			const failed = executions.filter(({ status }) => status !== 'success');
			equal(failed.length, 0, `${failed.length} executions failed`);
			const refused = sandbox.deliveries.log.filter(({ status }) => status !== 200);
			equal(refused.length, 0, `${refused.length} deliveries were not taken`);
			return `${executions.length} executions, ${sandbox.deliveries.log.length} deliveries`;
		},
	},
];
