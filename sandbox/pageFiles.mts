import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { FastifyInstance } from 'fastify';

const FILES: Record<string, { file: string; type: string }> = {
	'/': { file: 'index.html', type: 'text/html; charset=utf-8' },
	'/page/style.css': { file: 'style.css', type: 'text/css; charset=utf-8' },
	'/page/layout.css': { file: 'layout.css', type: 'text/css; charset=utf-8' },
	'/page/app.js': { file: 'app.js', type: 'text/javascript; charset=utf-8' },
	'/page/guide.js': { file: 'guide.js', type: 'text/javascript; charset=utf-8' },
	'/page/tables.js': { file: 'tables.js', type: 'text/javascript; charset=utf-8' },
	'/page/dom.js': { file: 'dom.js', type: 'text/javascript; charset=utf-8' },
};

/** The page at `/`. Nothing may be loaded from elsewhere, and no script may stand in the markup. */
export async function pageFiles(scope: FastifyInstance): Promise<void> {
	for (const [path, { file, type }] of Object.entries(FILES)) {
		scope.get(path, async (_request, reply) =>
			reply
				.type(type)
				.header('content-security-policy', "default-src 'self'; img-src data:")
				.header('cache-control', 'no-store')
				.send(await readFile(join(import.meta.dirname, 'page', file))),
		);
	}
}
