import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { isJsonObject } from '../events/json';
import { isStatus } from '../transport/attempt';
import { mayHaveArrived, type Answer } from '../transport/delivery';
import type { Listing } from './listings';
import type { ParameterProblem, Read } from './parameterProblem';
import type { Task } from './tasks';
import type { Thing } from './undelivered';

export type Problems = { problems: ParameterProblem[] };

/** What an item asks for, without what every request has in common. */
export type Request = Omit<Task, 'thing' | 'payload'> & Pick<Thing, 'notFound'>;

/** One operation of SparkLoop's REST API v2: its parameters, and what they ask for. */
export type ApiOperation = { description: INodeProperties[] } & (
	| {
			/** One request for each item, which gives one item. `zone`: IANA name for dates without an offset. */
			request(read: Read, zone: string): Request | Problems;
	  }
	| {
			/** A list for each item, which gives an item for each entry. */
			list(read: Read, zone: string): Listing | Problems;
	  }
);

/** What a resource of the node has. */
export interface Resource {
	/** Its operations and all their parameters. */
	description: INodeProperties[];
	operations: Record<string, ApiOperation>;
}

/** The object under `key` in an answer, or the answer's body if it has no such object. */
export function objectOf({ body }: Answer, key: string): IDataObject {
	if (!isJsonObject(body)) return {};
	const inner = body[key];
	return (isJsonObject(inner) ? inner : body) as IDataObject;
}

/** What deletes something: 404 is success as well once an earlier attempt may have got through. */
export function deletion(path: string): Pick<Request, 'attempt' | 'output'> {
	let mayBeDone = false;
	return {
		async attempt(call) {
			const answer = await call('DELETE', path);
			if (mayBeDone && isStatus(answer, 404)) return { ...answer, status: 200 };
			mayBeDone ||= mayHaveArrived(answer);
			return answer;
		},
		output: () => ({ deleted: true }),
	};
}
