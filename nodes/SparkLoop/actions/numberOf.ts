/**
 * The number that somebody entered, as such or as text. A blank text, a list or a date is none, whatever JavaScript makes
 * of it.
 *
 * @returns NaN for what is no number
 */
export function numberOf(value: unknown): number {
	if (typeof value === 'number') return value;
	return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}
