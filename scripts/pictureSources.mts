import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '..');
const IMAGES = path.join(ROOT, 'docs', 'images');
/** Name of a picture → {@link fingerprintOf} what it shows, when it was taken. */
const RECORD = path.join(IMAGES, 'pictures.json');

interface CanvasNode {
	name: string;
	type: string;
	parameters: Record<string, unknown>;
	[other: string]: unknown;
}

interface Workflow {
	nodes: CanvasNode[];
	connections: object;
	pinData?: Record<string, unknown>;
}

interface Property {
	displayOptions?: { show?: Record<string, unknown[]> };
	[other: string]: unknown;
}

interface Description {
	properties: Property[];
	[other: string]: unknown;
}

/** Where the picture of this name lies. */
export const pictureFile = (name: string): string => path.join(IMAGES, `${name}.png`);

/** The workflow that the trigger's picture is taken in, and the node's name there. */
export const TRIGGER_SHOWN = {
	file: 'sparkloop-to-your-esp.json',
	node: 'When SparkLoop sends an event',
};

/** What the node's picture shows. */
export const NODE_SHOWN = {
	resource: 'subscriber',
	operation: 'subscribe',
	sendThrough: 'api',
	email: '={{ $json.email }}',
	additionalFields: {
		name: '={{ $json.name }}',
		createdAt: '={{ $json.createdAt }}',
		referrerCode: '={{ $json.referrer_code }}',
	},
};

/** Pictures of something else than the canvas of a file in `workflows/` → what they show. */
const OTHERS: Readonly<Record<string, () => unknown>> = {
	trigger: () => {
		const { nodes, pinData } = workflow(TRIGGER_SHOWN.file);
		const { parameters } = nodes.find(({ name }) => name === TRIGGER_SHOWN.node)!;
		return [description('SparkLoopTrigger'), parameters, pinData?.[TRIGGER_SHOWN.node]];
	},
	node: () => {
		const { properties, ...rest } = description('SparkLoop');
		return [rest, properties.filter(isShown), NODE_SHOWN];
	},
	sandbox: () => {
		const folder = path.join(ROOT, 'sandbox', 'page');
		return readdirSync(folder)
			.sort()
			.map((file) => readFileSync(path.join(folder, file), 'utf8'));
	},
};

/** Names of the pictures that can be taken: `esp/kit` is the canvas of `workflows/esp/kit.json`. */
export function picturesToTake(): string[] {
	const files = globSync('{*,esp/*}.json', { cwd: path.join(ROOT, 'workflows') });
	return [...Object.keys(OTHERS), ...files.map((file) => file.replace(/\.json$/, '')).sort()];
}

/** Names of the pictures that are there. */
export const picturesTaken = (): string[] =>
	globSync('{*,esp/*}.png', { cwd: IMAGES })
		.map((file) => file.replace(/\.png$/, ''))
		.sort();

/**
 * Sums up what a picture shows, so that a change of what it shows is seen without taking it again. Reads the package as it
 * was built last.
 *
 * @returns 16 hexadecimal digits; undefined when nothing of that name can be taken
 */
export function fingerprintOf(name: string): string | undefined {
	const shown = name in OTHERS ? OTHERS[name]() : canvasOf(name);
	if (shown === undefined) return undefined;
	return createHash('sha256').update(JSON.stringify(shown)).digest('hex').slice(0, 16);
}

/** The fingerprints of the pictures as they were taken. */
export const recorded = (): Record<string, string> =>
	existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, 'utf8')) as Record<string, string>) : {};

/** Notes that a picture was taken of what is there now. */
export function record(name: string): void {
	const fingerprints = { ...recorded(), [name]: fingerprintOf(name) };
	const sorted = Object.fromEntries(
		Object.entries(fingerprints).sort(([a], [b]) => (a < b ? -1 : 1)),
	);
	writeFileSync(RECORD, `${JSON.stringify(sorted, null, 2)}\n`);
}

/** Everything of a canvas that is seen: nodes with what stands under their names, notes and lines. */
function canvasOf(name: string): unknown {
	if (!existsSync(path.join(ROOT, 'workflows', `${name}.json`))) return undefined;
	const { nodes, connections } = workflow(`${name}.json`);
	const ours = nodes.some(({ type }) => type.startsWith('n8n-nodes-sparkloop.'));
	return [
		nodes.map(({ parameters, name: called, type, position, disabled, notes, onError }) => [
			called,
			type,
			position,
			disabled,
			notes,
			onError,
			seen(type, parameters),
		]),
		connections,
		ours && readFileSync(path.join(ROOT, 'icons', 'sparkloop.svg'), 'utf8'),
	];
}

/** The parameters that a canvas may show: a note's are all seen, of other nodes only what fits on a line. */
const seen = (type: string, parameters: Record<string, unknown>): unknown =>
	type.endsWith('.stickyNote')
		? parameters
		: Object.entries(parameters).filter(
				([, value]) => typeof value !== 'object' && !String(value).includes('\n'),
			);

const isShown = ({ displayOptions }: Property): boolean =>
	(['resource', 'operation'] as const).every(
		(name) => displayOptions?.show?.[name]?.includes(NODE_SHOWN[name]) ?? true,
	);

const workflow = (file: string): Workflow =>
	JSON.parse(readFileSync(path.join(ROOT, 'workflows', file), 'utf8')) as Workflow;

function description(node: string): Description {
	const load = createRequire(import.meta.url);
	const loaded = load(path.join(ROOT, `dist/nodes/SparkLoop/${node}.node.js`)) as Record<
		string,
		new () => { description: Description }
	>;
	return new loaded[node]().description;
}
