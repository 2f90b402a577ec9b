import type { INodeProperties } from 'n8n-workflow';

import type { NodeDetails } from '../../../scripts/browser/nodeDetails.mts';
import { until } from '../../../scripts/browser/waiting.mts';
import { ACTION, type BrowserStage, TRIGGER } from '../support/browserStage.mts';
import { Form, labelOf, nestedIn, valuesOf } from '../support/form.mts';

const NODE = 'The node';

/** Every parameter of every operation, opened and compared with the node's description. */
export function parameters(stage: () => BrowserStage): void {
	/** Collections by what could be added to them when it was tried: operations share many. */
	const tried = new Map<INodeProperties, Set<string>>();
	function isNew(collection: INodeProperties, form: Form): boolean {
		const options = form
			.optionsOf(collection)
			.map(({ name }) => name)
			.join();
		const before = tried.get(collection) ?? new Set();
		tried.set(collection, new Set([...before, options]));
		return !before.has(options);
	}

	/** Puts the node on a canvas of its own, and opens it. */
	async function open(type: string): Promise<NodeDetails> {
		const { ground, editor } = stage();
		const node = { id: 'node', name: NODE, type, typeVersion: 1, position: [0, 0], parameters: {} };
		const file = { name: `Parameters of ${type}`, nodes: [node], connections: {} };
		await editor.openWorkflow(await ground.n8n.api.importWorkflow(file));
		return await editor.openNode(NODE);
	}

	/** Compares the open form with what it should be, and adds whatever can be added. */
	async function compare(details: NodeDetails, form: Form): Promise<void> {
		const expected = form.visible.map(({ displayName }) => displayName);
		// The editor needs a moment; the last look is the one that is reported.
		await until(
			'the form is as described',
			async () => (await details.labels()).join() === expected.join(),
		).catch(() => {});
		expect(await details.labels()).toEqual(expected);
		const types = form.credentials.map(stage().credentialType);
		const asked = await details.credentials();
		// A credential that is the only one is sometimes asked for without its name.
		expect(asked).toEqual(asked[0] === 'Credential' ? types.fill(asked[0], 0, 1) : types);

		for (const parameter of form.visible) {
			if (parameter.type === 'collection' && isNew(parameter, form)) {
				const options = form.optionsOf(parameter).map(({ displayName }) => displayName);
				const added = await details.addAll(parameter.displayName);
				expect({ [parameter.name]: added.sort() }).toEqual({ [parameter.name]: options.sort() });
			}
			for (const group of [parameter, ...nestedIn(parameter)]) {
				if (group.type !== 'fixedCollection') continue;
				const [{ values }] = group.options as Array<{ values: INodeProperties[] }>;
				expect(await details.addGroup(group.name)).toEqual(
					values.map(({ displayName }) => displayName),
				);
			}
		}
	}

	/**
	 * Compares a form, and once more with each value of whatever shows and hides others.
	 *
	 * @returns the names of the parameters that were seen
	 */
	async function compareAll(details: NodeDetails, form: Form): Promise<string[]> {
		const seen: string[] = [];
		const look = async (one: Form) => {
			await compare(details, one);
			seen.push(...one.visible.map(({ name }) => name));
		};
		await look(form);
		for (const { parameter, otherValues } of form.switches) {
			if (['resource', 'operation'].includes(parameter.name)) continue;
			for (const value of otherValues) {
				await set(details, parameter, value);
				await look(form.with(parameter.name, value));
			}
			await set(details, parameter, form.values[parameter.name]);
		}
		return seen;
	}

	it('of the trigger', async () => {
		const form = new Form(stage().description(TRIGGER));
		const seen = await compareAll(await open(TRIGGER), form);
		expect(new Set(seen)).toEqual(new Set(form.description.properties.map(({ name }) => name)));
	});

	it('of every operation', async () => {
		const details = await open(ACTION);
		const description = stage().description(ACTION);
		const seen: string[] = [];
		const [resource] = description.properties;
		for (const value of valuesOf(resource)) {
			await set(details, resource, value);
			const ofResource = new Form(description, { resource: value });
			const operation = ofResource.visible.find(({ name }) => name === 'operation')!;
			for (const one of valuesOf(operation)) {
				await set(details, operation, one);
				seen.push(...(await compareAll(details, ofResource.with('operation', one))));
			}
		}
		expect(new Set(seen)).toEqual(new Set(description.properties.map(({ name }) => name)));
	}, 180_000);
}

/** Chooses or switches in the form that is open. */
async function set(
	details: NodeDetails,
	parameter: INodeProperties,
	value: unknown,
): Promise<void> {
	if (parameter.type === 'boolean') await details.toggle(parameter.name, value === true);
	else await details.choose(parameter.name, labelOf(parameter, value));
}
