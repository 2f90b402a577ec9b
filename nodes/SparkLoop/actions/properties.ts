import type { INodeProperties } from 'n8n-workflow';

import * as compare from './contact/compare';
import * as createCsv from './import/createCsv';
import * as sendAsIs from './subscriber/sendAsIs';
import * as subscribe from './subscriber/subscribe';
import * as unsubscribe from './subscriber/unsubscribe';
import * as update from './subscriber/update';

export const PROPERTIES: INodeProperties[] = [
	{
		displayName: 'Resource',
		name: 'resource',
		type: 'options',
		noDataExpression: true,
		options: [
			{ name: 'Contact', value: 'contact' },
			{ name: 'Import', value: 'import' },
			{ name: 'Subscriber', value: 'subscriber' },
		],
		default: 'subscriber',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['contact'] } },
		options: [
			{
				name: 'Compare',
				value: 'compare',
				action: 'Compare an event with a contact',
				description:
					'Leave out of an event of SparkLoop what is older than what the contact in your ESP has',
			},
		],
		default: 'compare',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['subscriber'] } },
		options: [
			{
				name: 'Send As Is',
				value: 'sendAsIs',
				action: 'Send an event as it is',
				description:
					"Send an event exactly as it is given, such as one that left this node's error output",
			},
			{
				name: 'Subscribe',
				value: 'subscribe',
				action: 'Subscribe a person',
				description: 'Tell SparkLoop that a person signed up, which creates the referral link',
			},
			{
				name: 'Unsubscribe',
				value: 'unsubscribe',
				action: 'Unsubscribe a person',
				description: 'Tell SparkLoop that a person unsubscribed',
			},
			{
				name: 'Update',
				value: 'update',
				action: 'Update an email address',
				description: 'Tell SparkLoop that a person has a new email address',
			},
		],
		default: 'subscribe',
	},
	{
		displayName: 'Operation',
		name: 'operation',
		type: 'options',
		noDataExpression: true,
		displayOptions: { show: { resource: ['import'] } },
		options: [
			{
				name: 'Create CSV',
				value: 'createCsv',
				action: 'Create a CSV to import',
				description: "Make the CSV files with which SparkLoop's dashboard imports subscribers",
			},
		],
		default: 'createCsv',
	},
	{
		displayName: 'Send Through',
		name: 'sendThrough',
		type: 'options',
		options: [
			{
				name: 'API',
				value: 'api',
				description:
					"SparkLoop's REST API v2, with an API key. Knows more about a new subscriber, such as who referred them.",
			},
			{
				name: 'Incoming Webhook',
				value: 'incomingWebhook',
				description: "The Incoming Webhook URL from SparkLoop's Integrations page",
			},
		],
		default: 'incomingWebhook',
		noDataExpression: true,
		displayOptions: { show: { resource: ['subscriber'] } },
		description: 'Which way SparkLoop is told',
	},
	...compare.description,
	...createCsv.description,
	...sendAsIs.description,
	...subscribe.description,
	...update.description,
	...unsubscribe.description,
	{
		displayName: 'Options',
		name: 'options',
		type: 'collection',
		placeholder: 'Add option',
		default: {},
		displayOptions: { show: { resource: ['subscriber'] } },
		options: [
			{
				displayName: 'Concurrency',
				name: 'concurrency',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 10,
				description:
					'How many items are sent at the same time. Items of one person always go one after the other.',
			},
			{
				displayName: 'Longest Pause',
				name: 'longestPause',
				type: 'number',
				typeOptions: { minValue: 0 },
				default: 60,
				description:
					'Seconds to wait at most before another attempt. When SparkLoop asks for a longer pause, the item is given up instead.',
			},
			{
				displayName: 'Max Attempts',
				name: 'maxAttempts',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 5,
				description: 'How often each item is tried while SparkLoop is busy or cannot be reached',
			},
			{
				displayName: 'Timeout',
				name: 'timeout',
				type: 'number',
				typeOptions: { minValue: 1 },
				default: 30,
				description: 'Seconds to wait for the answer to one request',
			},
		],
	},
];
