/** One step of a path: `.name`, `[0]`, `['a name']` or `["a name"]`; the dot before the first may be missing. */
const STEP = /(?:^|\.)([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/gy;

/**
 * Makes a function that reads one field of many objects.
 *
 * @param path a field's name, or the way to it as n8n's editor writes it when a field is dragged: `attributes.firstName`,
 * `['First Name']`, `tags[0]`. A field whose whole name is the path wins.
 * @returns reads the value; undefined when the object has no such field
 */
export function fieldReader(path: string): (object: object) => unknown {
	const steps = stepsOf(path);
	const isName = steps.length === 1 && steps[0] === path;
	return (object) => {
		const value = ownValue(object, path);
		if (value !== undefined || isName) return value;
		let at: unknown = object;
		for (const step of steps) at = ownValue(at, step);
		return at;
	};
}

/** A path that cannot be taken apart can only be a name. */
function stepsOf(path: string): string[] {
	const steps: string[] = [];
	STEP.lastIndex = 0;
	do {
		const match = STEP.exec(path);
		if (!match) return [path];
		const [, name, index, single, double] = match;
		steps.push(name ?? index ?? (single ?? double).replace(/\\(.)/g, '$1'));
	} while (STEP.lastIndex < path.length);
	return steps;
}

const ownValue = (value: unknown, key: string): unknown =>
	typeof value === 'object' && value !== null && Object.prototype.hasOwnProperty.call(value, key)
		? (value as Record<string, unknown>)[key]
		: undefined;
