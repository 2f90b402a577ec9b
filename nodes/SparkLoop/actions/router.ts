import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';

import { askApi } from './apiRequests';
import type { ApiOperation } from './apiOperation';
import { campaign } from './campaign';
import { compare } from './contact/compare';
import { event } from './event';
import { importResource } from './import';
import { createCsv } from './import/createCsv';
import { partnerProgram } from './partnerProgram';
import { sendEvents } from './sendEvents';
import { subscriber } from './subscriber';

const API: Record<string, Record<string, ApiOperation>> = {
	campaign: campaign.operations,
	event: event.operations,
	import: importResource.operations,
	partnerProgram: partnerProgram.operations,
	subscriber: subscriber.operations,
};

/** The node's outputs: Create CSV has a second one. */
export const OUTPUTS =
	'={{ $parameter["operation"] === "createCsv" ? [{ type: "main", displayName: "Files" }, { type: "main", displayName: "Invalid Rows" }] : ["main"] }}';

/** Does what the node is set to. @returns the items of each output */
export async function route(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const resource = this.getNodeParameter('resource', 0) as string;
	const operation = this.getNodeParameter('operation', 0) as string;
	if (resource === 'contact') return [compare.call(this)];
	if (operation === 'createCsv') return await createCsv.call(this);
	const asked = API[resource]?.[operation];
	return [asked ? await askApi.call(this, asked) : await sendEvents.call(this)];
}
