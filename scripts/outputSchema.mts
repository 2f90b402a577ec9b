export type JsonType = 'string' | 'number' | 'boolean' | 'null' | 'object' | 'array';

/** JSON Schema, in the form of n8n's own `__schema__` files: no `required`, an item's keys in the order of its output. */
export interface OutputSchema {
	/** Absent where nothing is known of the value. A list begins with the type that the editor is to show. */
	type?: JsonType | JsonType[];
	properties?: Record<string, OutputSchema>;
	items?: OutputSchema;
}

type JsonObject = Record<string, unknown>;

const ORDER: JsonType[] = ['object', 'array', 'string', 'number', 'boolean', 'null'];

function typeOf(value: unknown): JsonType {
	if (value === null) return 'null';
	if (Array.isArray(value)) return 'array';
	return typeof value as JsonType;
}

/**
 * What values have in common: the union of their types and, all through them, of their keys.
 *
 * n8n's editor shows the keys of an object, and the items of a list, only where the type is that one word: so what is an
 * object or a list at times has no other type here.
 *
 * @param values JSON values, in any order
 */
export function outputSchema(values: readonly unknown[]): OutputSchema {
	const types = ORDER.filter((type) => values.some((value) => typeOf(value) === type));
	if (types.includes('object')) {
		return { type: 'object', properties: propertiesOf(values.filter(isObject)) };
	}
	if (types.includes('array')) {
		return { type: 'array', items: outputSchema(values.filter(Array.isArray).flat()) };
	}
	if (types.length === 0) return {};
	return { type: types.length === 1 ? types[0] : types };
}

function propertiesOf(objects: JsonObject[]): Record<string, OutputSchema> {
	const keys = [...new Set(objects.flatMap((object) => Object.keys(object)))];
	return Object.fromEntries(
		keys.map((key) => [
			key,
			outputSchema(objects.filter((object) => Object.hasOwn(object, key)).map((o) => o[key])),
		]),
	);
}

const isObject = (value: unknown): value is JsonObject => typeOf(value) === 'object';

/**
 * Where a value does not fit: each place with what is wrong, such as `subscriber.email: null is no string`. A key that
 * the schema does not name is wrong; an absent one, or null for an object or a list, is not.
 */
export function misfits(schema: OutputSchema, value: unknown, place = ''): string[] {
	const { type, properties = {}, items = {} } = schema;
	if (type === undefined) return [];
	const actual = typeOf(value);
	if (type === 'object' && isObject(value)) {
		return Object.entries(value).flatMap(([key, inner]) => {
			const innerPlace = place === '' ? key : `${place}.${key}`;
			return Object.hasOwn(properties, key)
				? misfits(properties[key], inner, innerPlace)
				: [`${innerPlace}: not in the schema`];
		});
	}
	if (type === 'array' && Array.isArray(value)) {
		return value.flatMap((inner, index) => misfits(items, inner, `${place}[${index}]`));
	}
	const allowed = [type].flat();
	const fits =
		allowed.includes(actual) || (actual === 'null' && (type === 'object' || type === 'array'));
	return fits ? [] : [`${place}: ${actual} is no ${allowed.join(' or ')}`];
}
