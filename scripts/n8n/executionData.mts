export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Unpacks what n8n stores of an execution: a list in which every string inside an object or array is the
 * index of the value that belongs there (the "flatted" form, which can hold circular references).
 */
export function unpackExecutionData(packed: string): Json {
	const values = JSON.parse(packed) as Json[];
	const done = new Map<number, Json>();
	const at = (index: number): Json => {
		const known = done.get(index);
		if (known !== undefined) return known;
		const value = values[index];
		if (value === null || typeof value !== 'object') return value;
		const result: Json[] | Record<string, Json> = Array.isArray(value) ? [] : {};
		done.set(index, result);
		for (const [key, inner] of Object.entries(value)) {
			Object.assign(result, { [key]: typeof inner === 'string' ? at(Number(inner)) : inner });
		}
		return result;
	};
	return at(0);
}
