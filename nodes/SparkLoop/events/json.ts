/** A JSON value as `JSON.parse` makes it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isJsonObject = (value: unknown): value is JsonObject =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object's own value under `key`: a body may carry keys such as `__proto__` or `constructor`. */
export const own = (object: JsonObject, key: string): Json | undefined =>
	Object.hasOwn(object, key) ? object[key] : undefined;

/** The object found under `key`, or an empty one. */
export const ownObject = (object: JsonObject, key: string): JsonObject => {
	const value = own(object, key);
	return isJsonObject(value) ? value : {};
};

/** The text found under `key`, trimmed; undefined when it is absent, blank or no text. */
export const ownText = (object: JsonObject, key: string): string | undefined => {
	const value = own(object, key);
	return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
};

/**
 * How many levels of arrays and objects lie within each other; counted up to `limit` + 1, so that no depth of a body can
 * exhaust the stack.
 */
export function nesting(value: Json, limit: number): number {
	if (typeof value !== 'object' || value === null) return 0;
	if (limit === 0) return 1;
	let deepest = 0;
	const entries = Array.isArray(value) ? value : Object.values(value);
	for (const entry of entries) {
		// Most entries are scalars: a call for each would take longer than all the rest.
		if (typeof entry === 'object' && entry !== null) {
			deepest = Math.max(deepest, nesting(entry, limit - 1));
		}
	}
	return deepest + 1;
}

/** One text for all spellings of the same JSON value: keys sorted, no white space. */
export function canonical(value: Json | undefined): string {
	if (isJsonObject(value)) {
		const entries = Object.keys(value)
			.sort()
			.map((key) => `${JSON.stringify(key)}:${canonical(own(value, key))}`);
		return `{${entries.join(',')}}`;
	}
	if (Array.isArray(value) && !value.every(hasNoKeys)) return `[${value.map(canonical).join(',')}]`;
	// Where there are no keys to sort, nothing is as quick as this.
	return JSON.stringify(value ?? null);
}

const hasNoKeys = (value: Json): boolean =>
	typeof value !== 'object' || value === null || (Array.isArray(value) && value.every(hasNoKeys));
