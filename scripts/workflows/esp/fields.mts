/** SparkLoop's fields, and the guard that tells an older win: name → whether an ESP with types holds a number. */
const FIELDS: Readonly<Record<string, 'text' | 'number'>> = {
	RH_SUBID: 'text',
	RH_CODE: 'text',
	RH_REFLINK: 'text',
	RH_ISREF: 'text',
	RH_TOTREF: 'number',
	RH_COUPON: 'text',
	RH_LASTREWARD: 'text',
	RH_GUARD: 'text',
};

/** How an ESP spells the fields: one of the trigger's presets, or each on its own. */
export type Spelling = 'upperCase' | 'lowerCase' | 'mailchimp' | ((field: string) => string);

const PRESETS = {
	upperCase: (field: string) => field,
	lowerCase: (field: string) => field.toLowerCase(),
	mailchimp: (field: string) => field.slice(0, 10),
};

export const spellerOf = (spelling: Spelling): ((field: string) => string) =>
	typeof spelling === 'function' ? spelling : PRESETS[spelling];

/** One field as an ESP has it. */
export interface EspField {
	name: string;
	type: 'text' | 'number';
}

/** All fields, as an ESP spells them. */
export const fieldsOf = (spelling: Spelling): EspField[] =>
	Object.entries(FIELDS).map(([field, type]) => ({ name: spellerOf(spelling)(field), type }));

/** The trigger's parameters for that spelling. */
export function fieldParameters(spelling: Spelling): object {
	const guard = { source: 'guard', name: spellerOf(spelling)('RH_GUARD') };
	const options = { extraFields: { field: [guard] } };
	if (typeof spelling !== 'function') return { fieldNames: spelling, options };
	const names = Object.fromEntries(
		Object.keys(FIELDS)
			.filter((field) => field !== 'RH_GUARD')
			.map((field) => [field, spelling(field)]),
	);
	return { fieldNames: 'custom', fieldNameTable: { names }, options };
}
