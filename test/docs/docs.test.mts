import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { sampleEventsPage } from '../../scripts/sampleEvents.mts';
import { ESPS } from '../../scripts/workflows/esp/esps.mts';
import { sampleItems } from '../../scripts/workflows/sampleItems.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const pages = [
	...readdirSync(ROOT),
	...readdirSync(path.join(ROOT, 'docs')).map((file) => `docs/${file}`),
	'sandbox/README.md',
	'workflows/README.md',
].filter((file) => file.endsWith('.md'));

describe.each(pages)('%s', (page) => {
	it('leads only to files that are there', () => {
		const links = [...text(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)];
		const missing = links
			.map(([, link]) => link)
			.filter((link) => !existsSync(path.join(ROOT, path.dirname(page), link)));
		expect(missing).toEqual([]);
	});

	it('leads only to headings that are there', () => {
		const headings = [...text(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
			heading
				.toLowerCase()
				.replace(/[^\p{L}\p{N} -]/gu, '')
				.replaceAll(' ', '-'),
		);
		const anchors = [...text(page).matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
		expect(anchors.filter((anchor) => !headings.includes(anchor))).toEqual([]);
	});
});

it.each(Object.entries(ESPS))(
	'the table of workflows has %s, with its picture',
	(file, { name }) => {
		const page = text('workflows/README.md');
		expect(page).toContain(`[${name}](esp/${file}.json)`);
		expect(page).toContain(`(../docs/images/esp/${file}.png)`);
		expect(text('README.md')).toContain(`[${name}](workflows/esp/${file}.json)`);
	},
);

it('the sample events are those the tests use', () => {
	expect(text('docs/sample-events.md')).toBe(sampleEventsPage());
});

it("the README's item has the key and the values that the trigger gives", () => {
	const [, json] = /An item:\n\n```json\n([^`]+)```/.exec(text('README.md')) ?? [];
	const shown = JSON.parse(json) as { fields: object };
	const [item] = sampleItems() as Array<{ fields: object }>;
	expect(item).toMatchObject({ ...shown, payload: {} });
});

it('the README names every parameter and every credential of the nodes', () => {
	const { PROPERTIES: trigger } = jest.requireActual<{ PROPERTIES: Named[] }>(
		'../../nodes/SparkLoop/trigger/properties',
	);
	const { PROPERTIES: action } = jest.requireActual<{ PROPERTIES: Named[] }>(
		'../../nodes/SparkLoop/actions/properties',
	);
	const names = [...trigger, ...action]
		.filter(({ type }) => type !== 'notice')
		.map(({ displayName }) => displayName)
		.filter((name) => !['Additional Fields', 'Field Name Table', 'Operation'].includes(name));
	expect(names.filter((name) => !text('README.md').includes(name))).toEqual([]);
});

interface Named {
	type: string;
	displayName: string;
}
