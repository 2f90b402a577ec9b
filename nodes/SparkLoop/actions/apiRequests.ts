import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import type { ApiOperation, Problems } from './apiOperation';
import { readListings } from './listings';
import { parameterError, type Read } from './parameterProblem';
import { doTasks, type Failure, type Task } from './tasks';

/** Does an operation of SparkLoop's API for each item. */
export async function askApi(
	this: IExecuteFunctions,
	operation: ApiOperation,
): Promise<INodeExecutionData[]> {
	const zone = this.getTimezone();
	if ('list' in operation) {
		return await readListings.call(this, (item) =>
			checked(this, item, (read) => operation.list(read, zone)),
		);
	}
	return await doTasks.call(this, 'api', (item): Task | { error: Failure } => {
		const request = checked(this, item, (read) => operation.request(read, zone));
		if ('error' in request) return request;
		const { notFound, ...task } = request;
		return {
			...task,
			thing: { name: 'request', notFound },
			payload: this.getInputData()[item].json,
		};
	});
}

/** Reads the parameters of one item. An expression that n8n cannot resolve is a reason like any other. */
function checked<Wanted extends object>(
	context: IExecuteFunctions,
	item: number,
	prepare: (read: Read) => Wanted | Problems,
): Wanted | { error: Failure } {
	try {
		const prepared = prepare((name) => context.getNodeParameter(name, item));
		return 'problems' in prepared
			? { error: parameterError(context.getNode(), item, prepared.problems) }
			: prepared;
	} catch (error) {
		return { error: error as Failure };
	}
}
