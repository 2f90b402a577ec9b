import type { INodeProperties } from 'n8n-workflow';

import { campaign } from './campaign';
import * as contact from './contact';
import { OPTIONS } from './deliveryOptions';
import { event } from './event';
import { importResource } from './import';
import { partnerProgram } from './partnerProgram';
import { subscriber } from './subscriber';

export const PROPERTIES: INodeProperties[] = [
	{
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		options: [
			{ name: 'Campaign', value: 'campaign' },
			{ name: 'Contact', value: 'contact' },
			{ name: 'Event', value: 'event' },
			{ name: 'Import', value: 'import' },
			{ name: 'Partner Program', value: 'partnerProgram' },
			{ name: 'Subscriber', value: 'subscriber' },
		],
		default: 'subscriber',
	},
	...campaign.description,
	...contact.description,
	...event.description,
	...importResource.description,
	...partnerProgram.description,
	...subscriber.description,
	OPTIONS,
];
