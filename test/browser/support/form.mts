import {
	type INode,
	type INodeCredentialDescription,
	type INodeParameters,
	type INodeProperties,
	type INodeTypeDescription,
	type NodeParameterValueType,
	NodeHelpers,
} from 'n8n-workflow';

/** n8n adds it to every node with credentials, and it leads away from the node. */
const CUSTOM_API_CALL = '__CUSTOM_API_CALL__';

/** A parameter by which others are shown or hidden. */
export interface Switch {
	parameter: INodeProperties;
	/** Those that it does not have now. */
	otherValues: Array<string | boolean>;
}

/** What a node's form should show: derived from the node's description and what has been chosen, and from nothing else. */
export class Form {
	readonly description: INodeTypeDescription;
	readonly #chosen: INodeParameters;

	constructor(description: INodeTypeDescription, chosen: INodeParameters = {}) {
		this.description = description;
		this.#chosen = chosen;
	}

	with(name: string, value: NodeParameterValueType): Form {
		return new Form(this.description, { ...this.#chosen, [name]: value });
	}

	/** Of every visible parameter: chosen, or by default. */
	get values(): INodeParameters {
		const { description } = this;
		const { properties } = description;
		const node = this.#node;
		return (
			NodeHelpers.getNodeParameters(properties, this.#chosen, true, false, node, description) ?? {}
		);
	}

	/** From top to bottom. */
	get visible(): INodeProperties[] {
		return this.description.properties.filter((property) => this.#shows(property));
	}

	/** Names of credential types. */
	get credentials(): string[] {
		const asked = this.description.credentials ?? [];
		return asked.filter((credential) => this.#shows(credential)).map(({ name }) => name);
	}

	/** What can be added to a collection. */
	optionsOf(collection: INodeProperties): INodeProperties[] {
		return nestedIn(collection).filter((option) => this.#shows(option));
	}

	get switches(): Switch[] {
		const controllers = controllersIn(this.description.properties);
		return this.visible
			.filter(({ name, type }) => controllers.has(name) && ['boolean', 'options'].includes(type))
			.map((parameter) => ({
				parameter,
				otherValues: valuesOf(parameter).filter((value) => value !== this.values[parameter.name]),
			}));
	}

	#shows(property: INodeProperties | INodeCredentialDescription): boolean {
		return NodeHelpers.displayParameter(this.values, property, this.#node, this.description);
	}

	get #node(): INode {
		const { name: type } = this.description;
		const parameters = this.#chosen;
		return { id: '', name: type, type, typeVersion: 1, position: [0, 0], parameters };
	}
}

/** The parameters in a collection. */
export const nestedIn = ({ options }: INodeProperties): INodeProperties[] =>
	(options ?? []).filter((option): option is INodeProperties => 'type' in option);

/** What can be chosen in a drop-down, or how a switch can stand. */
export const valuesOf = ({ type, options }: INodeProperties): Array<string | boolean> =>
	type === 'boolean'
		? [false, true]
		: (options ?? [])
				.map((option) => ('value' in option ? String(option.value) : ''))
				.filter((value) => value !== CUSTOM_API_CALL);

/** How a value of a drop-down is called. */
export function labelOf({ options }: INodeProperties, value: unknown): string {
	const option = (options ?? []).find((one) => 'value' in one && one.value === value);
	return option && 'name' in option ? option.name : '';
}

/** Names of the parameters by which any of these, or any in them, is shown or hidden. */
const controllersIn = (properties: INodeProperties[]): Set<string> =>
	new Set(
		properties.flatMap((property) => [
			...Object.keys({ ...property.displayOptions?.show, ...property.displayOptions?.hide }).map(
				(name) => name.replace('/', ''),
			),
			...controllersIn(nestedIn(property)),
		]),
	);
