'use strict';

// Not published: a credential for the bench alone, which n8n loads as it is.

/** Leads a request to where it is sent, as that of the Incoming Webhook does. */
class BenchTarget {
	name = 'benchTarget';

	displayName = 'Bench Target';

	properties = [{ displayName: 'URL', name: 'url', type: 'string', default: '' }];

	authenticate = async ({ url }, options) => ({ ...options, url });
}

module.exports = { BenchTarget };
