import type { INodeProperties } from 'n8n-workflow';

import type { Entered } from '../../events/subscriberEvent';
import { emailField } from './fields';

const show = { resource: ['subscriber'], operation: ['unsubscribe'] };

export const description: INodeProperties[] = [
	emailField(
		show,
		'Address of the person who unsubscribed. SparkLoop bills by active subscribers.',
	),
];

/** @param read reads a parameter for one item */
export const enter = (read: (name: string) => unknown): Entered => ({ email: read('email') });
