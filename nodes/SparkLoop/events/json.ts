/** A JSON value as `JSON.parse` makes it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export const isJsonObject = (value: unknown): value is JsonObject =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object's own value under `key`: a body may carry keys such as `__proto__` or `constructor`. */
export const own = (object: JsonObject, key: string): Json | undefined =>
	Object.prototype.hasOwnProperty.call(object, key) ? object[key] : undefined;

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

/** How many levels of arrays and objects lie within each other; counted without recursion, up to `limit` + 1. */
export function nesting(value: Json, limit: number): number {
	let level: Json[] = [value];
	for (let depth = 0; depth <= limit; depth += 1) {
		level = level.filter((entry) => typeof entry === 'object' && entry !== null);
		if (level.length === 0) return depth;
		level = level.flatMap((entry) => Object.values(entry as object));
	}
	return limit + 1;
}

/** One text for all spellings of the same JSON value: keys sorted, no white space. */
export function canonical(value: Json | undefined): string {
	if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
	if (isJsonObject(value)) {
		const entries = Object.keys(value)
			.sort()
			.map((key) => `${JSON.stringify(key)}:${canonical(own(value, key))}`);
		return `{${entries.join(',')}}`;
	}
	return JSON.stringify(value ?? null);
}
