import type { FastifyInstance } from 'fastify';

import { HttpError } from './httpErrors.mts';
import type { Fields } from './input.mts';
import type { PartnerPrograms } from './partnerPrograms.mts';
import { pageOf } from './restPages.mts';

interface ById {
	Params: { id: string };
	Querystring: Fields;
}

/** `/partner_programs` of the api-v2 docs, which can only be read. */
export function partnerProgramRoutes(
	scope: FastifyInstance,
	{ partnerPrograms }: { partnerPrograms: PartnerPrograms },
): void {
	const wanted = (id: string) => {
		const program = partnerPrograms.find(id);
		if (!program) throw new HttpError(404, `Partner program ${id} not found!`);
		return program;
	};
	const asItIs = <T,>(one: T) => one;

	scope.get<{ Querystring: Fields }>('/partner_programs', async ({ query }) =>
		pageOf('partner_programs', partnerPrograms.newestFirst, query, asItIs),
	);

	scope.get<ById>('/partner_programs/:id', async ({ params }) => ({
		partner_program: wanted(params.id),
	}));

	scope.get<ById>('/partner_programs/:id/referrals', async ({ params, query }) => {
		const { uuid } = wanted(params.id);
		return pageOf('referrals', partnerPrograms.referralsOf(uuid), query, asItIs);
	});
}
