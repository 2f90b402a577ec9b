/**
 * Finds out which texts may occur more than once, so that only these have to be remembered. Most lists repeat none, and
 * to remember a hundred thousand texts takes longer than to compare their hashes, which are numbers.
 *
 * @param count how many texts there are
 * @param textOf the text with an index
 * @returns whether another text is the same as the one with an index, or (one in thousands of lists) has the same hash
 */
export function mayRepeat(
	count: number,
	textOf: (index: number) => string,
): (index: number) => boolean {
	const hashes = new Uint32Array(count);
	for (let index = 0; index < count; index += 1) hashes[index] = hashOf(textOf(index));
	const shared = new Set<number>();
	const sorted = hashes.toSorted();
	for (let index = 1; index < count; index += 1) {
		if (sorted[index] === sorted[index - 1]) shared.add(sorted[index]);
	}
	return (index) => shared.size > 0 && shared.has(hashes[index]);
}

/** FNV-1a with 32 bits, of UTF-16 codes. */
function hashOf(text: string): number {
	let hash = 0x811c9dc5;
	for (let index = 0; index < text.length; index += 1) {
		hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
	}
	return hash >>> 0;
}
