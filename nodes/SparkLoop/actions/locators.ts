import type { INodeProperties } from 'n8n-workflow';

import { isEmail } from '../events/email';
import type { ParameterProblem, Read } from './parameterProblem';

type Show = Record<string, string[]>;

interface Located {
	label: string;
	name: string;
	searchListMethod: string;
	idPlaceholder: string;
	/** Where to find the ID. */
	idHint: string;
	description: string;
}

const byListOrId = (
	{ label, name, searchListMethod, idPlaceholder, idHint, description }: Located,
	show: Show,
): INodeProperties => ({
	displayName: label,
	name,
	type: 'resourceLocator',
	default: { mode: 'list', value: '' },
	required: true,
	displayOptions: { show },
	description,
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			placeholder: `Select a ${label.toLowerCase()}...`,
			typeOptions: { searchListMethod, searchable: true },
		},
		{
			displayName: 'By ID',
			name: 'id',
			type: 'string',
			placeholder: idPlaceholder,
			hint: idHint,
		},
	],
});

export const campaignLocator = (show: Show, description: string): INodeProperties =>
	byListOrId(
		{
			label: 'Campaign',
			name: 'campaign',
			searchListMethod: 'searchCampaigns',
			idPlaceholder: 'e.g. MF6319db9890',
			idHint: "SparkLoop's events carry it as campaign_id",
			description,
		},
		show,
	);

export const partnerProgramLocator = (show: Show, description: string): INodeProperties =>
	byListOrId(
		{
			label: 'Partner Program',
			name: 'partnerProgram',
			searchListMethod: 'searchPartnerPrograms',
			idPlaceholder: 'e.g. partner_program_45e5187ede44',
			idHint: "The uuid that the operation 'Get Many' gives",
			description,
		},
		show,
	);

export function subscriberLocator(show: Show, description: string): INodeProperties {
	const locator = byListOrId(
		{
			label: 'Subscriber',
			name: 'subscriber',
			searchListMethod: 'searchSubscribers',
			idPlaceholder: 'e.g. sub_4bc1056297',
			idHint: 'Contacts in your ESP have it in RH_SUBID',
			description,
		},
		show,
	);
	const [list, id] = locator.modes ?? [];
	return {
		...locator,
		modes: [
			list,
			{
				displayName: 'By Email',
				name: 'email',
				type: 'string',
				placeholder: 'e.g. nathan@example.com',
				hint: 'The address that SparkLoop has',
			},
			id,
		],
	};
}

/**
 * Reads a resource locator.
 *
 * @param read reads a parameter for one item
 * @returns what identifies the thing in a path, or what is wrong with it
 */
export function located(
	read: Read,
	name: 'campaign' | 'partnerProgram' | 'subscriber',
): { id: string } | { problem: ParameterProblem } {
	const parameter = {
		campaign: 'Campaign',
		partnerProgram: 'Partner Program',
		subscriber: 'Subscriber',
	}[name];
	const entered = read(name);
	const { mode, value } = (
		typeof entered === 'object' && entered !== null ? entered : { value: entered }
	) as { mode?: string; value?: unknown };
	const checked = pathPart(value, parameter);
	if ('id' in checked && mode === 'email' && !isEmail(checked.id)) {
		return {
			problem: {
				parameter,
				what: 'is not one email address',
				todo: "Give a single address such as nathan@example.com, or choose 'By ID'",
			},
		};
	}
	return checked;
}

/**
 * Checks what is to identify a thing in a path.
 *
 * @param parameter its name in the editor
 */
export function pathPart(
	value: unknown,
	parameter: string,
): { id: string } | { problem: ParameterProblem } {
	const isText = typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
	const id = isText ? String(value).trim() : '';
	if (id === '' && (isText || value === undefined || value === null)) {
		return {
			problem: {
				parameter,
				what: 'is missing',
				todo: 'Fill it in, or check that the expression finds a value in this item',
			},
		};
	}
	// With dots a path would lead elsewhere, and half a character cannot be part of one.
	if (['', '.', '..'].includes(id) || /\p{Cs}/u.test(id)) {
		return {
			problem: { parameter, what: 'is not an ID', todo: 'Give an ID as SparkLoop shows it' },
		};
	}
	return { id };
}

/** The problems among what was read. */
export const problemsOf = (...read: object[]): ParameterProblem[] =>
	read.flatMap((one) => ('problem' in one ? [one.problem as ParameterProblem] : []));
