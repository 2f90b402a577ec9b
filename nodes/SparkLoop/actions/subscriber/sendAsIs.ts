import type { INodeProperties } from 'n8n-workflow';

const show = { resource: ['subscriber'], operation: ['sendAsIs'] };

export const description: INodeProperties[] = [
	{
		displayName: 'Event',
		name: 'event',
		type: 'json',
		default: '={{ $json.details.payload }}',
		required: true,
		displayOptions: { show },
		description:
			"An event with its <code>type</code> and <code>subscriber</code>, as this node's error output holds it under <code>details.payload</code>",
	},
];
