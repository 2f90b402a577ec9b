import { createHash } from 'node:crypto';

/** A node as n8n exports it. */
interface NodeFile {
	id: string;
	name: string;
	type: string;
	typeVersion: number;
	position: [number, number];
	parameters: object;
	webhookId?: string;
	[setting: string]: unknown;
}

type Connections = Record<
	string,
	{ main: Array<Array<{ node: string; type: 'main'; index: number }>> }
>;

/** A workflow as n8n exports and imports it. */
export interface WorkflowFile {
	name: string;
	nodes: NodeFile[];
	connections: Connections;
	settings: object;
	pinData?: Record<string, Array<{ json: object }>>;
	meta: { templateCredsSetupCompleted: boolean };
}

/** Column and row on the canvas; a node takes one of each. */
export type Place = [column: number, row: number];

const COLUMN = 224;
const ROW = 208;
/** The editor's grid; whatever lies on it stays where it is when somebody moves its neighbour. */
const GRID = 16;
const NODE_HEIGHT = 96;
/** A node with three outputs or more grows by this for each of them. */
const OUTPUT_HEIGHT = 32;

const pixels = (units: number, unit: number): number => Math.round((units * unit) / GRID) * GRID;

/** How far a node with many outputs starts above its row, so that its middle lies on the row's. */
function rise(parameters: object): number {
	const { rules, options } = parameters as {
		rules?: { values: unknown[] };
		options?: { fallbackOutput?: string };
	};
	const outputs = (rules?.values.length ?? 0) + (options?.fallbackOutput === 'extra' ? 1 : 0);
	return outputs < 3 ? 0 : ((outputs + 1) * OUTPUT_HEIGHT - NODE_HEIGHT) / 2;
}

/** The versions of nodes, so that every file uses the same. */
const VERSIONS: Readonly<Record<string, number>> = {
	code: 2,
	crypto: 2,
	dataTable: 1.1,
	emailSend: 2.1,
	extractFromFile: 1.1,
	filter: 2.2,
	formTrigger: 2.4,
	httpRequest: 4.2,
	hubspot: 2.2,
	if: 2.2,
	mailerLite: 2,
	mailerLiteTrigger: 2,
	postgres: 2.6,
	respondToWebhook: 1.5,
	scheduleTrigger: 1.2,
	set: 3.4,
	splitInBatches: 3,
	switch: 3.2,
	wait: 1.1,
	webhook: 2.1,
	'n8n-nodes-sparkloop.sparkLoopTrigger': 1.1,
};

/** Builds one workflow file. Ids come from names, so that building twice gives the same file. */
export class Canvas {
	private readonly name: string;
	private readonly settings: object;
	private readonly nodes: NodeFile[] = [];
	private readonly connections: Connections = {};
	private readonly pinned: Record<string, Array<{ json: object }>> = {};

	/** @param settings of the workflow, beyond the order of execution */
	constructor(name: string, settings: object = {}) {
		this.name = name;
		this.settings = settings;
	}

	/**
	 * Adds a node.
	 *
	 * @param type such as `set` of n8n's own nodes, or a full one with its package
	 * @param settings whatever else n8n keeps on a node, such as `retryOnFail`
	 * @returns the name, to connect it by
	 * @throws when there is a node of that name
	 */
	node(
		name: string,
		type: string,
		place: Place,
		parameters: object,
		settings: object = {},
	): string {
		if (this.nodes.some((node) => node.name === name)) throw new Error(`Two nodes named "${name}"`);
		const listens = /webhook$|Trigger$/i.test(type) && !/^(manual|schedule)/.test(type);
		this.nodes.push({
			id: this.uuid(name),
			name,
			type: type.includes('.') ? type : `n8n-nodes-base.${type}`,
			typeVersion: VERSIONS[type] ?? 1,
			position: [pixels(place[0], COLUMN), pixels(place[1], ROW) - rise(parameters)],
			parameters,
			...(listens ? { webhookId: this.webhookIdOf(name) } : {}),
			...settings,
		});
		return name;
	}

	/** The last part of a form's or webhook's address. */
	webhookIdOf(name: string): string {
		return this.uuid(`webhook of ${name}`);
	}

	/** Adds a sticky note. `size`: columns and rows. Colours: 1 yellow … 7 grey. */
	note(place: Place, size: Place, content: string, color = 7): void {
		this.nodes.push({
			id: this.uuid(content),
			name: `Note ${this.nodes.filter(({ type }) => type.endsWith('stickyNote')).length + 1}`,
			type: 'n8n-nodes-base.stickyNote',
			typeVersion: 1,
			position: [pixels(place[0], COLUMN), pixels(place[1], ROW)],
			parameters: {
				content,
				width: pixels(size[0], COLUMN),
				height: pixels(size[1], ROW),
				color,
			},
		});
	}

	/** Leads from each node's first output to the next. */
	chain(...names: string[]): void {
		names.slice(1).forEach((to, index) => this.connect(names[index], 0, to));
	}

	/** Leads from one output of a node to another node. */
	connect(from: string, output: number, to: string): void {
		for (const name of [from, to]) {
			if (!this.nodes.some((node) => node.name === name)) throw new Error(`No node "${name}"`);
		}
		const { main } = (this.connections[from] ??= { main: [] });
		while (main.length <= output) main.push([]);
		main[output].push({ node: to, type: 'main', index: 0 });
	}

	/** Names of the nodes so far that hand their errors on through a second output, instead of failing. */
	handingErrorsOn(): string[] {
		return this.nodes
			.filter(({ onError }) => onError === 'continueErrorOutput')
			.map(({ name }) => name);
	}

	/** Sample items, so that the workflow can be tried before SparkLoop is connected. */
	pin(name: string, items: object[]): void {
		this.pinned[name] = items.map((json) => ({ json }));
	}

	toFile(): WorkflowFile {
		return {
			name: this.name,
			nodes: this.nodes,
			connections: this.connections,
			settings: { executionOrder: 'v1', ...this.settings },
			...(Object.keys(this.pinned).length > 0 ? { pinData: this.pinned } : {}),
			meta: { templateCredsSetupCompleted: false },
		};
	}

	private uuid(name: string): string {
		const hex = createHash('sha256').update(`${this.name}\n${name}`).digest('hex');
		return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
	}
}

/** Parameters of a Set node. `keep`: whether the item's other fields stay. */
export const assign = (values: Record<string, string | number>, keep = true): object => ({
	assignments: {
		assignments: Object.entries(values).map(([name, value]) => ({
			id: name,
			name,
			type: typeof value,
			value,
		})),
	},
	includeOtherFields: keep,
	options: {},
});

/** One condition of an If, Filter or Switch node; `right` may be left out for operations that need none. */
export const condition = (
	left: string,
	operation: string,
	right?: string,
	type = 'string',
): object => ({
	options: { caseSensitive: true, leftValue: '', typeValidation: 'loose', version: 2 },
	combinator: 'and',
	conditions: [
		{
			id: `${left} ${operation}`,
			leftValue: left,
			rightValue: right ?? '',
			operator: { type, operation, ...(right === undefined ? { singleValue: true } : {}) },
		},
	],
});

/** Parameters of an If node. */
export const when = (...args: Parameters<typeof condition>): object => ({
	conditions: condition(...args),
	options: {},
});

/** Parameters of a Switch node that compares one value, with a named output for each, and one for the rest. */
export const switchOn = (
	value: string,
	outputs: Record<string, string>,
	fallback?: string,
): object => ({
	rules: {
		values: Object.entries(outputs).map(([label, expected]) => ({
			conditions: condition(value, 'equals', expected),
			renameOutput: true,
			outputKey: label,
		})),
	},
	options: fallback ? { fallbackOutput: 'extra', renameFallbackOutput: fallback } : {},
});
