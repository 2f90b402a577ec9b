import type { FastifyError, FastifyInstance } from 'fastify';

import { ProgramError } from './program.mts';

/** A refusal with the status to answer it by. */
export class HttpError extends Error {
	readonly status: number;

	constructor(status: number, message: string) {
		super(message);
		this.name = 'HttpError';
		this.status = status;
	}
}

type ProgramStatuses = Record<ProgramError['reason'], number>;

/** How REST v2 answers what the program refuses. */
export const REST_STATUSES: ProgramStatuses = {
	invalid: 400,
	taken: 400,
	unknown: 404,
	nothingToDo: 409,
};

/** Makes all errors of a scope `{"error": "…"}`, the shape that SparkLoop's API v2 docs give. */
export function answerErrors(scope: FastifyInstance, statuses: ProgramStatuses): void {
	scope.setErrorHandler((error: FastifyError | Error, _request, reply) => {
		const status =
			error instanceof ProgramError
				? statuses[error.reason]
				: error instanceof HttpError
					? error.status
					: ('statusCode' in error && error.statusCode) || 500;
		return reply.code(status).send({ error: error.message });
	});
}
