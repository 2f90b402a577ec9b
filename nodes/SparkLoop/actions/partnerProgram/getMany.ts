import type { IDataObject } from 'n8n-workflow';

import { isJsonObject } from '../../events/json';
import type { ApiOperation } from '../apiOperation';
import { limitFields, limitOf, simplifyField } from '../fields';

const show = { resource: ['partnerProgram'], operation: ['getAll'] };

export const getMany: ApiOperation = {
	description: [...limitFields(show), simplifyField(show)],
	list(read) {
		const limit = limitOf(read);
		if ('problem' in limit) return { problems: [limit.problem] };
		return {
			path: '/partner_programs',
			of: 'partner programs',
			key: 'partner_programs',
			paged: true,
			...limit,
			...(read('simplify') === true ? { output: simpleProgram } : {}),
			notFound: "Check 'Base URL' in the credential.",
		};
	},
};

const KEYS = [
	'uuid',
	'status',
	'cpa',
	'redirect_url',
	'referral_pending_duration',
	'requires_approval',
	'created_at',
];

/** The publication's name and address beside the program's own values (docs.sparkloop.app, Partner Program Object). */
function simpleProgram(program: IDataObject): IDataObject {
	const publication = isJsonObject(program.publication) ? program.publication : {};
	return {
		...Object.fromEntries(KEYS.filter((key) => key in program).map((key) => [key, program[key]])),
		publication_name: publication.name ?? null,
		publication_url: publication.url ?? null,
	};
}
