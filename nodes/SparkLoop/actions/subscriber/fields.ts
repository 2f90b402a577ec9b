import type { INodeProperties } from 'n8n-workflow';

type Show = Record<string, string[]>;

/** What to do when SparkLoop knows nobody by this ID or address. */
export const NO_SUCH_SUBSCRIBER =
	"SparkLoop knows no such subscriber. Check 'Subscriber': an ID such as sub_4bc1056297, or the address that SparkLoop has.";

/** The parameter that every operation has: whose event it is. */
export const emailField = (show: Show, description: string): INodeProperties => ({
	displayName: 'Email',
	name: 'email',
	type: 'string',
	placeholder: 'e.g. nathan@example.com',
	default: '',
	required: true,
	displayOptions: { show },
	description,
});

export const firstNameOption: INodeProperties = {
	displayName: 'First Name',
	name: 'firstName',
	type: 'string',
	default: '',
	placeholder: 'e.g. Nathan',
	description: 'Given name. Left out when blank.',
};

export const nameOption: INodeProperties = {
	displayName: 'Name',
	name: 'name',
	type: 'string',
	default: '',
	placeholder: 'e.g. Nathan Smith',
	description: 'Full name. Left out when blank.',
};

/** A date of the event; `name` is the key in the collection. */
export const dateOption = (
	displayName: string,
	name: string,
	description: string,
): INodeProperties => ({
	displayName,
	name,
	type: 'dateTime',
	default: '',
	description: `${description}. A date of n8n, ISO 8601 text (without an offset, in the workflow's time zone), or unix seconds or milliseconds.`,
});
