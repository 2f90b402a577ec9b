import type { FastifyInstance } from 'fastify';

import { controlFaults } from './controlFaults.mts';
import { importCsv } from './csvImport.mts';
import { EVENT_TYPES } from './events.mts';
import { answerErrors, HttpError, REST_STATUSES } from './httpErrors.mts';
import { type Fields, objectFrom, optionalText, optionalTexts, requiredText } from './input.mts';
import type { Live } from './live.mts';
import { partnerEvent, type PartnerEventType } from './partnerEvents.mts';
import { PARTNER_REFERRAL_STATUSES } from './partnerPrograms.mts';
import { sampleEvent } from './samples.mts';
import type { Sandbox } from './server.mts';
import { stateOf } from './state.mts';

export interface ControlContext {
	sandbox: Sandbox;
	live: Live;
}

const PARTNER_TYPES: readonly PartnerEventType[] = [
	'new_partner_pending_referral',
	'new_partner_referral',
	'new_offer_lead',
];

/** `/control/*`: everything the page does, as JSON. Errors are `{"error": "…"}`. */
export async function control(scope: FastifyInstance, context: ControlContext): Promise<void> {
	answerErrors(scope, REST_STATUSES);
	scope.addContentTypeParser('text/csv', { parseAs: 'string' }, (_request, body, done) =>
		done(null, { csv: String(body) }),
	);
	scope.addHook('onResponse', async () => context.live.changed());
	controlPeople(scope, context);
	controlSettings(scope, context);
	controlPartners(scope, context);
	controlFaults(scope, context.sandbox.faults);
	controlReading(scope, context);
}

function controlPeople(scope: FastifyInstance, { sandbox }: ControlContext): void {
	const { program, site } = sandbox;

	const signUp = async (person: { email: string; name?: string; code?: string }, via: string) => {
		if (via === 'site') {
			await site.signUp(person);
			return { email: person.email, via };
		}
		const { email, name, code } = person;
		const { subscriber } = program.subscribe({ email, name, referrerCode: code });
		return { email, via, id: subscriber.id };
	};

	post(scope, '/control/sign-up', async (body) =>
		signUp(
			{
				email: requiredText(body, 'email'),
				name: optionalText(body, 'name'),
				code: optionalText(body, 'code'),
			},
			viaFrom(body, sandbox),
		),
	);
	post(scope, '/control/refer', async (body) => {
		const referrer = program.find(requiredText(body, 'referrer'));
		if (!referrer) throw new HttpError(404, 'The referrer is not a subscriber');
		const code = referrer.referralCode;
		const email = requiredText(body, 'email');
		return await signUp({ email, name: optionalText(body, 'name'), code }, viaFrom(body, sandbox));
	});
	post(scope, '/control/visit', (body) =>
		site.recordVisit(requiredText(body, 'email'), requiredText(body, 'code')),
	);
	post(scope, '/control/unsubscribe', (body) => program.unsubscribe(requiredText(body, 'email')));
	post(scope, '/control/delete', (body) => program.delete(requiredText(body, 'email')));
	post(scope, '/control/add-to-campaign', (body) =>
		program.addToCampaign(requiredText(body, 'email')),
	);
	post(scope, '/control/remove-from-campaign', (body) =>
		program.removeFromCampaign(requiredText(body, 'email')),
	);
	post(scope, '/control/change-email', (body) =>
		program.update(requiredText(body, 'email'), { email: requiredText(body, 'newEmail') }),
	);
	post(scope, '/control/reset-campaign', () => program.resetCampaign());
	post(scope, '/control/redeem', (body) =>
		program.redeem(
			requiredText(body, 'email'),
			requiredText(body, 'rewardId'),
			objectFrom(body.shippingDetails ?? {}, 'shippingDetails'),
		),
	);
	post(scope, '/control/import', (body) => importCsv(requiredText(body, 'csv'), program));
}

function controlSettings(scope: FastifyInstance, { sandbox }: ControlContext): void {
	const { deliveries } = sandbox;

	post(scope, '/control/webhooks', ({ rows }) => {
		if (!Array.isArray(rows)) throw new HttpError(400, 'rows must be a list');
		const read = rows.map((row) => {
			const fields = objectFrom(row, 'A row');
			const events = optionalTexts(fields, 'events');
			const unknown = events?.find((event) => !EVENT_TYPES.some((type) => type === event));
			if (unknown !== undefined) {
				throw new HttpError(
					400,
					`There is no event ${unknown}. SparkLoop has ${EVENT_TYPES.join(', ')}`,
				);
			}
			return { url: urlFrom(fields, 'url'), events };
		});
		sandbox.setWebhooks(read);
	});
	post(scope, '/control/site-url', (body) => sandbox.setSiteUrl(urlFrom(body, 'url')));
	post(scope, '/control/sign-up-target', (body) =>
		sandbox.setSignUpTarget(optionalText(body, 'url') ? urlFrom(body, 'url') : undefined),
	);
	post(scope, '/control/send-test', (body) => {
		const event = sampleEvent(requiredText(body, 'type'));
		const url = optionalText(body, 'url');
		const urls = url ? [urlFrom(body, 'url')] : deliveries.webhooks.map((row) => row.url);
		if (urls.length === 0) throw new HttpError(400, 'No webhook is set up: give a url');
		for (const one of urls) deliveries.publishTo(one, event);
	});
}

function controlPartners(scope: FastifyInstance, { sandbox }: ControlContext): void {
	post(scope, '/control/partner-program', (body) =>
		sandbox.partnerPrograms.add(requiredText(body, 'name')),
	);
	post(scope, '/control/partner-referral', (body) =>
		sandbox.partnerPrograms.addReferral({
			email: requiredText(body, 'email'),
			status: oneOf(PARTNER_REFERRAL_STATUSES, { status: 'confirmed', ...body }, 'status'),
			rejectionReason: optionalText(body, 'rejectionReason'),
			countryCode: optionalText(body, 'countryCode'),
			partnerProgramId: optionalText(body, 'partnerProgramId'),
		}),
	);
	post(scope, '/control/partner-event', (body) => {
		const type = oneOf(PARTNER_TYPES, body, 'type');
		const event = partnerEvent(
			type,
			{
				email: requiredText(body, 'email'),
				source: optionalText(body, 'source'),
				partnerId: optionalText(body, 'partnerId'),
				offerId: optionalText(body, 'offerId'),
			},
			sandbox.program,
		);
		sandbox.deliveries.publish(event);
		return event;
	});
}

function controlReading(scope: FastifyInstance, { sandbox, live }: ControlContext): void {
	const { deliveries, mailbox } = sandbox;
	type Query = { Querystring: Record<string, string | undefined> };
	const numberFrom = (text: string | undefined, otherwise: number) => {
		const number = Number(text ?? otherwise);
		if (!Number.isFinite(number)) throw new HttpError(400, `"${text}" is not a number`);
		return number;
	};

	scope.get('/control/state', async () => stateOf(sandbox));
	scope.get('/control/event-types', async () => ({ types: EVENT_TYPES }));
	scope.get('/control/live', (_request, reply) => {
		reply.hijack();
		live.add(reply.raw);
	});
	scope.get('/control/deliveries', async () => ({ deliveries: deliveries.log }));
	scope.get<Query>('/control/idle', async ({ query }) => {
		await deliveries.idle(numberFrom(query.timeoutMs, 30_000)).catch((error: Error) => {
			throw new HttpError(504, error.message);
		});
		return {};
	});
	scope.get('/mailbox', async () => ({ mails: mailbox.mails }));
	scope.get<Query>('/mailbox/next', async ({ query }) => {
		const wanted = { to: query.to, after: numberFrom(query.after, 0) };
		const timeoutMs = numberFrom(query.timeoutMs, 10_000);
		return await mailbox.nextMail({ ...wanted, timeoutMs }).catch((error: Error) => {
			throw new HttpError(504, error.message);
		});
	});
}

function post(scope: FastifyInstance, path: string, task: (body: Fields) => unknown): void {
	scope.post(path, async ({ body }) => (await task(objectFrom(body ?? {}))) ?? {});
}

// Without a sign-up target nobody would hear of a sign-up on the site.
function viaFrom(body: Fields, { site }: Sandbox): string {
	const via = optionalText(body, 'via') ?? (site.signUpTarget ? 'site' : 'sparkloop');
	if (via !== 'site' && via !== 'sparkloop') {
		throw new HttpError(400, 'via must be "site" or "sparkloop"');
	}
	return via;
}

function oneOf<T extends string>(choices: readonly T[], fields: Fields, name: string): T {
	const choice = choices.find((one) => one === fields[name]);
	if (!choice) throw new HttpError(400, `${name} must be one of ${choices.join(', ')}`);
	return choice;
}

function urlFrom(fields: Fields, name: string): string {
	const text = requiredText(fields, name);
	if (!URL.canParse(text) || !/^https?:/.test(text)) {
		throw new HttpError(400, `${name} must be an http or https address`);
	}
	return text;
}
