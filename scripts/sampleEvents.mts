import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
const SAMPLES = path.join(ROOT, 'test/fixtures/fromSparkLoop');

const REVISIONS: Readonly<Record<string, string>> = {
	article: "SparkLoop's article on custom integrations",
	docs: 'docs.sparkloop.app/webhooks',
};

/** The page of sample events, made of the payloads that the tests use. */
export function sampleEventsPage(): string {
	const samples = readdirSync(SAMPLES)
		.sort()
		.map((file) => {
			const [type, revision] = file.split('.');
			const payload = readFileSync(path.join(SAMPLES, file), 'utf8').trim();
			return `## ${type}\n\nFrom ${REVISIONS[revision]}.\n\n\`\`\`json\n[${payload}]\n\`\`\`\n`;
		});
	return `# Sample events

To build a workflow before SparkLoop sends anything: set the trigger's *Items* to *Event as Received*, open its output, choose *edit output* (the pencil), and
paste one of these; n8n pins it. For items per contact, import [SparkLoop to your ESP](../workflows/sparkloop-to-your-esp.json), whose trigger has some pinned.

${samples.join('\n')}`;
}

if (import.meta.main) writeFileSync(path.join(ROOT, 'docs/sample-events.md'), sampleEventsPage());
