const QUOTE = 0x22;
const COMMA = 0x2c;
const LF = 0x0a;
const CR = 0x0d;

/** Most cells are of such characters alone: one byte each, and no reason to quote. A pattern would be slower. */
const isPlain = (code: number): boolean =>
	code < 0x80 && code !== QUOTE && code !== COMMA && code !== LF && code !== CR;

/** RFC 4180. Blanks around a cell need no quotes here: all cells are trimmed. */
const quoted = (text: string): string =>
	/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** How many bytes of UTF-8 `writeCell` writes for this text. */
export function cellBytes(text: string): number {
	for (let index = 0; index < text.length; index += 1) {
		if (!isPlain(text.charCodeAt(index))) return Buffer.byteLength(quoted(text));
	}
	return text.length;
}

/**
 * Writes a text as one cell of a CSV, in quotes where it needs them.
 *
 * @param at index of the cell's first byte
 * @returns index after its last byte
 */
export function writeCell(file: Buffer, at: number, text: string): number {
	for (let index = 0; index < text.length; index += 1) {
		const code = text.charCodeAt(index);
		if (!isPlain(code)) return at + file.write(quoted(text), at);
		file[at + index] = code;
	}
	return at + text.length;
}
