import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { NodeHelpers, type INodeProperties, type INodePropertyOptions } from 'n8n-workflow';

import { SparkLoopApi } from '../../credentials/SparkLoopApi.credentials';
import { SparkLoopIncomingWebhookApi } from '../../credentials/SparkLoopIncomingWebhookApi.credentials';
import { SparkLoopWebhookTokenApi } from '../../credentials/SparkLoopWebhookTokenApi.credentials';
import { SparkLoop } from '../../nodes/SparkLoop/SparkLoop.node';
import { SparkLoopTrigger } from '../../nodes/SparkLoop/SparkLoopTrigger.node';
import { sampleEventsPage } from '../../scripts/sampleEvents.mts';
import { ESPS } from '../../scripts/workflows/esp/esps.mts';
import { sampleItems } from '../../scripts/workflows/sampleItems.mts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const text = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const withoutCode = (page: string) => page.replace(/^```[^]*?^```$/gm, '');

const pages = globSync('**/*.md', {
	cwd: ROOT,
	exclude: (file) => ['node_modules', 'dist'].includes(path.basename(file)),
}).map((file) => file.replaceAll(path.sep, '/'));

/** The anchors of a page, as GitHub makes them of its headings: of two equal ones, the second has a number. */
function anchorsOf(page: string): string[] {
	const seen = new Map<string, number>();
	return [...withoutCode(text(page)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => {
		const anchor = heading
			.toLowerCase()
			.replace(/[^\p{L}\p{N} _-]/gu, '')
			.replaceAll(' ', '-');
		const count = seen.get(anchor) ?? 0;
		seen.set(anchor, count + 1);
		return count === 0 ? anchor : `${anchor}-${count}`;
	});
}

/** The links and pictures of a page that do not lead out of the repository: file (blank for the page itself), anchor. */
const linksOf = (page: string): Array<[file: string, anchor: string | undefined]> =>
	[
		...withoutCode(text(page)).matchAll(
			/(?:\]\(|(?:href|src|srcset)=")(?!https?:|mailto:)([^)\s"]*)/g,
		),
	].map(([, link]) => {
		const [file, anchor] = link.split('#');
		return [decodeURIComponent(file), anchor];
	});

it('there are pages', () => {
	expect(pages).toEqual(
		expect.arrayContaining(['README.md', 'bench/README.md', 'docs/sparkloop.md']),
	);
});

describe.each(pages)('%s', (page) => {
	const target = (file: string) => (file === '' ? page : path.join(path.dirname(page), file));

	it('leads only to files that are there', () => {
		const missing = linksOf(page).filter(([file]) => !existsSync(path.join(ROOT, target(file))));
		expect(missing).toEqual([]);
	});

	it('leads only to headings that are there', () => {
		const lost = linksOf(page).filter(
			([file, anchor]) =>
				anchor !== undefined &&
				target(file).endsWith('.md') &&
				existsSync(path.join(ROOT, target(file))) &&
				!anchorsOf(target(file)).includes(anchor),
		);
		expect(lost).toEqual([]);
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

it('the item of the reference has the key and the values that the trigger gives', () => {
	const [, json] = /### Items\n\n```json\n([^`]+)```/.exec(text('docs/operations.md')) ?? [];
	const shown = JSON.parse(json) as { fields: object };
	const [item] = sampleItems() as Array<{ fields: object }>;
	expect(item).toMatchObject({ ...shown, payload: {} });
});

/** A heading of the reference and what stands below it, up to the next heading of its level or above. */
function section(heading: string): string {
	const page = withoutCode(text('docs/operations.md'));
	const [level] = heading.split(' ');
	const [, rest] = page.split(`\n${heading}\n`);
	return rest?.split(new RegExp(`^#{1,${level.length}} `, 'm'))[0] ?? '';
}

/** The names in italics: those of the editor. `*Options → Campaign ID*` is two. */
const namesIn = (part: string): string[] =>
	[...part.matchAll(/(?<!\*)\*([^*\n]+)\*(?!\*)/g)].flatMap(([, names]) => names.split(' → '));

/** What the editor shows of a parameter: its own name, and those of what can be chosen or added in it. */
function shownNames({ displayName, options = [], modes = [] }: INodeProperties): string[] {
	return [
		displayName,
		...modes.map((mode) => mode.displayName),
		...options.flatMap((option) => {
			if ('values' in option) return [option.displayName, ...option.values.flatMap(shownNames)];
			return 'type' in option ? shownNames(option) : [(option as INodePropertyOptions).name];
		}),
	];
}

const { properties, ...node } = new SparkLoop().description;
const optionsOf = (name: string, resource: string): INodePropertyOptions[] =>
	properties
		.filter((one) => one.name === name && isShown(one, { resource }))
		.flatMap(({ options }) => options as INodePropertyOptions[]);

/** Whether a parameter is there with these values of others. What it says of further ones does not matter. */
function isShown(one: INodeProperties, values: Record<string, string>): boolean {
	const { show = {}, hide = {} } = one.displayOptions ?? {};
	const known = ([name]: [string, unknown]) => name in values;
	return NodeHelpers.displayParameter(
		values,
		{
			...one,
			displayOptions: {
				show: Object.fromEntries(Object.entries(show).filter(known)),
				hide: Object.fromEntries(Object.entries(hide).filter(known)),
			},
		},
		{ typeVersion: 1 },
		{ ...node, properties },
	);
}

const operations = optionsOf('resource', '').flatMap((resource) =>
	optionsOf('operation', String(resource.value)).map((operation) => ({
		heading: `### ${resource.name}: ${operation.name}`,
		values: { resource: String(resource.value), operation: String(operation.value) },
	})),
);

it('the reference has a heading for each operation, and for no other', () => {
	expect(operations.length).toBeGreaterThan(15);
	const headings = text('docs/operations.md').match(/^### .+: .+$/gm) ?? [];
	const others = ['### Webhook Setup: Automatic'];
	expect(headings.filter((heading) => !others.includes(heading)).toSorted()).toEqual(
		operations.map(({ heading }) => heading).toSorted(),
	);
});

it.each(operations)('the reference has all parameters of $heading', ({ heading, values }) => {
	const own = namesIn(section(heading));
	// What many operations have in common is explained once.
	const common = namesIn(section('### Lists') + section('### Options'));
	const shown = properties.filter(
		(one) =>
			!['resource', 'operation'].includes(one.name) &&
			one.type !== 'notice' &&
			isShown(one, values),
	);
	const top = shown.map(({ displayName }) => displayName);
	expect(top.filter((name) => !own.includes(name))).toEqual([]);
	const [first] = properties.filter(({ name }) => name === 'sendThrough');
	const names = shown.filter((one) => one !== first).flatMap(shownNames);
	const sendThrough = namesIn(section('### Subscriber: Subscribe'));
	expect(names.filter((name) => ![...own, ...common].includes(name))).toEqual([]);
	expect(shownNames(first).filter((name) => !sendThrough.includes(name))).toEqual([]);
});

it('the reference has all parameters of the trigger', () => {
	const names = new SparkLoopTrigger().description.properties
		.filter(({ type }) => type !== 'notice')
		.flatMap(shownNames);
	const known = namesIn(section('## SparkLoop Trigger'));
	expect(names.filter((name) => !known.includes(name))).toEqual([]);
});

it('the README names every credential, as it is called in n8n', () => {
	const names = [...node.credentials!, ...new SparkLoopTrigger().description.credentials!].map(
		({ name }) => name,
	);
	const types = [
		new SparkLoopApi(),
		new SparkLoopIncomingWebhookApi(),
		new SparkLoopWebhookTokenApi(),
	];
	expect(types.map(({ name }) => name).toSorted()).toEqual([...new Set(names)].toSorted());
	expect(types.filter(({ displayName }) => !text('README.md').includes(displayName))).toEqual([]);
});
