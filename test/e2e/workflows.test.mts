import { readdirSync } from 'node:fs';
import path from 'node:path';

import { n8nCli } from '../../scripts/n8n/cli.mts';
import {
	contact,
	expectedFields,
	runOutbox,
	settled,
	subscriber,
	waiting,
} from '../../scripts/story/checks.mts';
import { submitForm } from '../../scripts/story/forms.mts';
import { workflowFile } from '../../scripts/story/importing.mts';
import { setStage, type Stage } from '../../scripts/story/stage.mts';
import { STORY } from '../../scripts/story/story.mts';
import { sample } from '../support/samples.mts';

let stage: Stage;
beforeAll(async () => {
	stage = await setStage({ n8nPort: 0, sandboxPort: 0, progress: () => {} });
}, 180_000);
afterAll(async () => await stage?.close(), 60_000);

describe('the story, on a real n8n', () => {
	it.each(STORY.map((step) => [step.title, step] as const))(
		'%s',
		async (_, step) => {
			expect(await step.play(stage)).not.toBe('');
		},
		120_000,
	);
});

it('every file is imported as it is, by the command line too', async () => {
	const { api, userFolder } = stage.n8n;
	const names = async () => (await api.listWorkflows()).map(({ name }) => name).sort();
	const before = await names();
	const folder = path.join(import.meta.dirname, '..', '..', 'workflows');
	await n8nCli(userFolder, ['import:workflow', '--separate', `--input=${folder}`]);
	const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
	const imported = files.map((file) => workflowFile(file).name);
	expect(await names()).toEqual([...before, ...imported].sort());
}, 60_000);

describe('the box, when people or services misbehave', () => {
	const confirmLink = async (email: string, after = 0) =>
		(await stage.sandbox.mailbox.nextMail({ to: email, after })).links[0];
	const rows = async () => {
		const [{ id }] = await stage.n8n.api.dataTables.list(stage.box.table);
		return await stage.n8n.api.dataTables.rows(id);
	};
	const callsToSparkLoop = () =>
		stage.sandbox.calls.log.filter(({ kind }) => kind !== 'esp').length;

	afterEach(() => stage.sandbox.faults.clear());

	it.each(['no address', 'a@b', 'a@b.co, c@d.co', '"><script>@b.co '])(
		'refuses to sign up %j, whatever the browser lets through',
		async (address) => {
			const before = await rows();
			await expect(submitForm(stage.box.signUpForm, [address, ''])).rejects.toThrow('500');
			expect(await rows()).toEqual(before);
		},
	);

	it('does nothing for a link that was used, made up, or has no token at all', async () => {
		const email = 'once@example.com';
		await submitForm(stage.box.signUpForm, [email, 'Once']);
		const link = await confirmLink(email);
		await submitForm(link, []);
		await settled(stage);
		const told = callsToSparkLoop();
		const before = await rows();
		for (const again of [
			link,
			`${stage.box.confirmationForm}?token=x`,
			stage.box.confirmationForm,
		]) {
			await submitForm(again, []);
		}
		for (const stranger of ['?token=x', '?token=', '']) {
			await submitForm(stage.box.manageForm + stranger, ['Unsubscribe', '']);
			await submitForm(stage.box.manageForm + stranger, ['Change my address', 'thief@example.com']);
		}
		expect(callsToSparkLoop()).toBe(told);
		expect(await rows()).toEqual(before);
	});

	it("does not give somebody's rewards to whoever signs up with their address", async () => {
		const email = 'once@example.com';
		const before = await contact(stage, email);
		await submitForm(`${stage.box.signUpForm}?rh_ref=other`, [email.toUpperCase(), 'Thief']);
		expect(await contact(stage, email)).toMatchObject({
			status: 'subscribed',
			token: before.token,
			RH_CODE: before.RH_CODE,
		});
	});

	it('lets the first link win', async () => {
		const email = 'first@example.com';
		await submitForm(`${stage.box.signUpForm}?rh_ref=first1`, [email, '']);
		await submitForm(`${stage.box.signUpForm}?rh_ref=second`, [email, '']);
		expect((await contact(stage, email)).referrer_code).toBe('first1');
	});

	it('keeps it in the outbox while SparkLoop is down, with who brought the person, and in order', async () => {
		const email = 'patient@example.com';
		const { referralCode } = subscriber(stage.sandbox, 'once@example.com');
		await submitForm(`${stage.box.signUpForm}?rh_ref=${referralCode}`, [email, 'Patient']);
		const link = await confirmLink(email);
		stage.sandbox.faults.inbound.down();
		await submitForm(link, []);
		const { token } = await contact(stage, email);
		expect(await contact(stage, email)).toMatchObject({ status: 'subscribed' });
		stage.sandbox.faults.clear();
		await submitForm(`${stage.box.manageForm}?token=${String(token)}`, ['Unsubscribe', '']);
		expect(await contact(stage, email)).toMatchObject({ status: 'unsubscribed' });
		expect(stage.sandbox.program.find(email)).toBeUndefined();
		expect((await waiting(stage)).map(({ person }) => person)).toEqual([
			` ${email} `,
			` ${email} `,
		]);

		for (let run = 0; run < 90 && (await waiting(stage)).length > 0; run += 1) {
			await runOutbox(stage);
		}
		await settled(stage);
		expect(subscriber(stage.sandbox, email)).toMatchObject({
			status: 'unsubscribed',
			referrerCode: referralCode,
		});
		expect(await contact(stage, email)).toMatchObject(expectedFields(stage, email));
	}, 120_000);

	it('hands what SparkLoop refuses for good to the outbox, which reports it', async () => {
		const email = 'refused@example.com';
		await submitForm(stage.box.signUpForm, [email, 'Refused']);
		stage.sandbox.faults.inbound.failNext(1, { status: 403 });
		await submitForm(await confirmLink(email), []);
		await runOutbox(stage);
		expect(await waiting(stage)).toMatchObject([
			{ person: ` ${email} `, state: 'parked', reason: expect.stringMatching(/status 403/) },
		]);
	});

	it('subscribes once when the answer of SparkLoop is lost', async () => {
		const email = 'lost@example.com';
		await submitForm(stage.box.signUpForm, [email, 'Lost']);
		stage.sandbox.faults.inbound.dropNext(1, { afterHandling: true });
		await submitForm(await confirmLink(email), []);
		await settled(stage);
		const known = stage.sandbox.program.subscribers.filter((person) => person.email === email);
		expect(known).toHaveLength(1);
		expect((await contact(stage, email)).status).toBe('subscribed');
	});

	it('makes one contact of each of twenty people who sign up at once', async () => {
		const people = Array.from({ length: 20 }, (_, index) => `crowd${index}@example.com`);
		await Promise.all(people.map((email) => submitForm(stage.box.signUpForm, [email, ''])));
		const emails = (await rows()).map(({ email }) => email);
		expect(people.filter((email) => emails.filter((one) => one === email).length !== 1)).toEqual(
			[],
		);
	}, 60_000);

	it('ignores an event about somebody who is not on the list, and tells SparkLoop all is well', async () => {
		const before = await rows();
		const { url } = stage.sandbox.deliveries.webhooks[0];
		const answer = await fetch(url, {
			method: 'POST',
			headers: {
				'content-type': 'application/json',
				'sparkloop-token': stage.sandbox.webhookToken,
			},
			body: JSON.stringify(sample('fromSparkLoop/sync_subscriber.article')),
		});
		expect([answer.status, await answer.text()]).toEqual([200, '']);
		expect(await rows()).toEqual(before);
	});

	it('stops its set-up when n8n could take another table for the contact list', async () => {
		const { api } = stage.n8n;
		const { id } = await api.dataTables.create(`${stage.box.table} (old)`, { email: 'string' });
		const run = async () =>
			await api.waitForExecution(await api.runWorkflow(stage.box.id, 'Set up (run once)'));
		const stopped = await run();
		await api.dataTables.delete(id);
		expect(stopped.status).toBe('error');
		expect(stopped.data.resultData.error?.message).toMatch(/Data Table|already exists/);
		expect((await run()).status).toBe('success');
	});

	it('hears from its webhook only with the secret header', async () => {
		const told = callsToSparkLoop();
		const answer = await fetch(stage.yourEsp.url, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: '{"event":"unsubscribed","email":"once@example.com"}',
		});
		expect(answer.status).toBe(403);
		expect(callsToSparkLoop()).toBe(told);
	});
});
