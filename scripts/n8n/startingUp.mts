import { createHash } from 'node:crypto';

/**
 * What n8n answers to every request, with status 200, from when it listens until its database is ready
 * (`abstract-server.js`, n8n 2.41.1). Nothing was done then, and whoever sent an event takes it for delivered.
 */
export const STARTING_UP = 'n8n is starting up. Please wait';

/** The ETag that Express gives that answer, by which a proxy knows it. */
export const STARTING_UP_ETAG = `W/"${STARTING_UP.length.toString(16)}-${createHash('sha1')
	.update(STARTING_UP)
	.digest('base64')
	.slice(0, 27)}"`;
