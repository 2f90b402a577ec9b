import type { ApiOperation } from '../apiOperation';
import { subscriberList, subscriberListFields } from '../subscriberList';

const show = { resource: ['subscriber'], operation: ['getAll'] };

export const getMany: ApiOperation = {
	description: subscriberListFields(show),
	list: (read, zone) =>
		subscriberList(read, zone, {
			path: '/subscribers',
			notFound: "Check 'Base URL' in the credential.",
		}),
};
