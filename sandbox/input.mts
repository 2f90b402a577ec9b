import { HttpError } from './httpErrors.mts';

export type Fields = Record<string, unknown>;

/** A body that must be a JSON object; anything else is answered 400. */
export function objectFrom(body: unknown, what = 'The body'): Fields {
	if (typeof body !== 'object' || body === null || Array.isArray(body)) {
		throw new HttpError(400, `${what} must be a JSON object`);
	}
	return body as Fields;
}

/** A text that may be missing; null counts as missing. */
export function optionalText(fields: Fields, name: string): string | undefined {
	const value = fields[name];
	if (value === undefined || value === null) return undefined;
	if (typeof value !== 'string') throw new HttpError(400, `${name} must be a string`);
	return value;
}

/** A text that must be there and not blank. */
export function requiredText(fields: Fields, name: string): string {
	const value = optionalText(fields, name);
	if (value === undefined || value.trim() === '') throw new HttpError(400, `${name} is required`);
	return value;
}

/** A number from 0 that may be missing. */
export function optionalNumber(fields: Fields, name: string): number | undefined {
	const value = fields[name];
	if (value === undefined || value === null) return undefined;
	if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
		throw new HttpError(400, `${name} must be a number from 0`);
	}
	return value;
}

/** A list of texts that may be missing. */
export function optionalTexts(fields: Fields, name: string): string[] | undefined {
	const value = fields[name];
	if (value === undefined || value === null) return undefined;
	if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
		throw new HttpError(400, `${name} must be a list of strings`);
	}
	return value;
}
