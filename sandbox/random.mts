/** A stream of numbers that is the same whenever its seed is: what makes a run repeatable. */
export interface Random {
	/** A number from 0 up to, not including, 1. */
	next(): number;
	/** A whole number from 0 up to, not including, `limit`. */
	below(limit: number): number;
	/** True in `share` (0 to 1) of all calls. */
	chance(share: number): boolean;
	/** `length` characters of the alphabet. */
	text(alphabet: string, length: number): string;
	/** The same things in another order. */
	shuffled<T>(things: readonly T[]): T[];
}

export const HEX = '0123456789abcdef';
export const LOWER = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * A generator for one purpose. Every purpose has a stream of its own under the same seed, so that a
 * fault drawn in one place does not change the codes drawn in another. Not for real secrets.
 */
export function createRandom(seed: string | number, purpose: string): Random {
	let state = hash(`${seed}/${purpose}`);

	// mulberry32
	const next = () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
	const below = (limit: number) => Math.floor(next() * limit);

	return {
		next,
		below,
		chance: (share) => next() < share,
		text: (alphabet, length) =>
			Array.from({ length }, () => alphabet[below(alphabet.length)]).join(''),
		shuffled: (things) => {
			const order = [...things];
			for (let index = order.length - 1; index > 0; index -= 1) {
				const other = below(index + 1);
				[order[index], order[other]] = [order[other], order[index]];
			}
			return order;
		},
	};
}

// FNV-1a
function hash(text: string): number {
	let value = 0x811c9dc5;
	for (const character of text) {
		value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193);
	}
	return value | 0;
}
