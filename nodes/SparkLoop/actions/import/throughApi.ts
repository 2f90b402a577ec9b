import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { isEmail } from '../../events/email';
import type { Call } from '../../transport/attempt';
import type { Answer, NoAnswer } from '../../transport/delivery';
import { segment } from '../../transport/restV2';
import { createSubscriber, isTaken } from '../../transport/throughApi';
import { objectOf, type ApiOperation } from '../apiOperation';
import type { ParameterProblem } from '../parameterProblem';
import { emailField } from '../subscriber/fields';
import { NEW_SUBSCRIBER_FIELDS, newSubscriber } from '../subscriber/newSubscriber';

const show = { resource: ['import'], operation: ['throughApi'] };

const referrerField: INodeProperties = {
	displayName: 'Referrer',
	name: 'referrerCode',
	type: 'string',
	default: '',
	placeholder: 'e.g. f9464199',
	description:
		'Referral code or email address of who brought this person. An address costs one more call, once for each referrer, and SparkLoop has to know them by then: import referrers first.',
};

/**
 * Tells SparkLoop of somebody who signed up before it was there: one call for each person. Who is there already is left
 * as they are, so it is safe to run again.
 */
export const throughApi: ApiOperation = {
	description: [
		emailField(show, 'Address of a confirmed subscriber of your newsletter'),
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			displayOptions: { show },
			description:
				'What else SparkLoop is told of the person. Who is there already is left as they are.',
			options: [
				...NEW_SUBSCRIBER_FIELDS.filter(({ name }) => name !== referrerField.name),
				referrerField,
			].sort((a, b) => a.displayName.localeCompare(b.displayName)),
		},
	],
	request(read, zone) {
		const entered = newSubscriber(read, zone);
		if ('problems' in entered) return { problems: entered.problems.map(inWordsOfImport) };
		const { subscriber, details } = entered;
		const referrer = details.referrer_code;
		const byEmail =
			referrer !== undefined && isEmail(referrer) ? referrer.toLowerCase() : undefined;
		if (byEmail === undefined && referrer?.includes('@')) {
			return {
				problems: [
					{
						parameter: 'Referrer',
						what: 'is neither a referral code nor one email address',
						todo: 'Correct it, or leave it out: who is imported without a referrer stays so',
					},
				],
			};
		}
		const email = subscriber.email.toLowerCase();
		return {
			key: `import ${email}`,
			// After the referrer, should they be among the items.
			persons: byEmail === undefined ? [email] : [email, byEmail],
			notFound:
				byEmail === undefined
					? "Check 'Base URL' in the credential."
					: "SparkLoop does not know the referrer. Import them first, or correct 'Referrer'.",
			async attempt(call) {
				if (byEmail === undefined) return await create(call, subscriber, details);
				const found = await codeOf(call, byEmail);
				if ('answer' in found) return found.answer;
				return await create(call, subscriber, { ...details, referrer_code: found.code });
			},
			output: ({ attempts, answer }) => ({
				email: subscriber.email,
				...resultOf(answer),
				delivery: { attempts, status: answer.status },
			}),
		};
	},
};

/** What the other operations call 'Referrer Code' may be an address here. */
const inWordsOfImport = (problem: ParameterProblem): ParameterProblem =>
	problem.parameter === 'Referrer Code' ? { ...problem, parameter: 'Referrer' } : problem;

async function create(
	call: Call,
	...person: Parameters<typeof createSubscriber> extends [Call, ...infer Rest] ? Rest : never
): Promise<Answer | NoAnswer> {
	const answer = await createSubscriber(call, ...person);
	return isTaken(answer) ? { ...answer, status: 200, body: ALREADY_THERE } : answer;
}

/** Stands for the body of an answer that says that there is nothing to create. */
const ALREADY_THERE = {};

function resultOf(answer: Answer): IDataObject {
	if (answer.body === ALREADY_THERE) return { result: 'alreadyThere' };
	const { uuid, ref_code: code } = objectOf(answer, 'subscriber');
	return { result: 'imported', uuid: uuid ?? null, ref_code: code ?? null };
}

type Found = { code: string } | { answer: Answer | NoAnswer };

/** The codes of the referrers that were asked for already, for each node that makes calls. */
const CODES = new WeakMap<Call, Map<string, string>>();

async function codeOf(call: Call, email: string): Promise<Found> {
	const codes = CODES.get(call) ?? new Map<string, string>();
	CODES.set(call, codes);
	const known = codes.get(email);
	if (known !== undefined) return { code: known };
	const answer = await call('GET', `/subscribers/${segment(email)}`);
	if (!('status' in answer) || answer.status >= 300) return { answer };
	const { ref_code: code } = objectOf(answer, 'subscriber');
	if (typeof code !== 'string' || code === '') return { answer: { ...answer, status: 404 } };
	codes.set(email, code);
	return { code };
}
