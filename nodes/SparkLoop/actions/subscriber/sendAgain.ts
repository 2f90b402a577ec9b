import type { INodeProperties } from 'n8n-workflow';

const show = { resource: ['subscriber'], operation: ['sendAgain'] };

export const description: INodeProperties[] = [
	{
		displayName: 'Event',
		name: 'event',
		type: 'json',
		default: '={{ $json.details.payload }}',
		required: true,
		displayOptions: { show },
		description:
			"The event as it left this node's error output, under <code>details.payload</code>. It is sent as it was.",
	},
];
