import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { createSubscriber, isTaken } from '../../transport/throughApi';
import { segment } from '../../transport/restV2';
import { objectOf, type ApiOperation } from '../apiOperation';
import { problemsOf } from '../locators';
import type { ParameterProblem } from '../parameterProblem';
import { emailField } from './fields';
import { NEW_SUBSCRIBER_FIELDS, newSubscriber } from './newSubscriber';

const show = { resource: ['subscriber'], operation: ['upsert'] };

const statusOption: INodeProperties = {
	displayName: 'Status',
	name: 'status',
	type: 'options',
	options: [
		{ name: 'Confirmed', value: 'confirmed', description: 'The person gets the newsletter' },
		{
			name: 'Unsubscribed',
			value: 'unsubscribed',
			description: 'The person left; SparkLoop bills by active subscribers',
		},
	],
	default: 'confirmed',
	description:
		'Whether the person gets the newsletter. Left out, the status of an existing subscriber stays as it is.',
};

/** Creates a subscriber, or changes the name and the status of the one that there is. */
export const upsert: ApiOperation = {
	description: [
		emailField(show, 'Address by which SparkLoop knows the person, or will know a new one'),
		{
			displayName: 'Additional Fields',
			name: 'additionalFields',
			type: 'collection',
			placeholder: 'Add Field',
			default: {},
			displayOptions: { show },
			description:
				"What else SparkLoop is told. Of an existing subscriber only the name and the status are changed; for a new address use the operation 'Update'.",
			options: [...NEW_SUBSCRIBER_FIELDS, statusOption].sort((a, b) =>
				a.displayName.localeCompare(b.displayName),
			),
		},
	],
	request(read, zone) {
		const entered = newSubscriber(read, zone);
		const status = statusOf((read('additionalFields') as IDataObject).status);
		if ('problems' in entered || 'problem' in status) {
			return {
				problems: [...('problems' in entered ? entered.problems : []), ...problemsOf(status)],
			};
		}
		const { subscriber, details } = entered;
		const path = `/subscribers/${segment(subscriber.email)}`;
		const change = {
			...(subscriber.name === undefined ? {} : { name: subscriber.name }),
			...status,
		};
		return {
			key: `upsert ${subscriber.email}`,
			persons: [subscriber.email.toLowerCase()],
			notFound:
				"The subscriber may have been deleted meanwhile: try again. Otherwise check 'Base URL' in the credential.",
			async attempt(call) {
				const created = await createSubscriber(call, subscriber, details);
				const isNew = 'status' in created && created.status < 300;
				if (isNew && status.status !== 'unsubscribed') return created;
				if (isNew) return await call('PUT', path, { body: status });
				if (!isTaken(created)) return created;
				return Object.keys(change).length > 0
					? await call('PUT', path, { body: change })
					: await call('GET', path);
			},
			output: ({ answer }) => objectOf(answer, 'subscriber'),
		};
	},
};

/** An expression may give anything. Blank, the status stays as it is. */
function statusOf(value: unknown): { status?: string } | { problem: ParameterProblem } {
	const status = typeof value === 'string' ? value.trim() : (value ?? '');
	if (status === '') return {};
	if (status === 'confirmed' || status === 'unsubscribed') return { status };
	return {
		problem: {
			parameter: 'Status',
			what: "is neither 'confirmed' nor 'unsubscribed'",
			todo: 'Choose one of them, or leave it out',
		},
	};
}
