const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const V4 = new RegExp(`^${BYTE}(?:\\.${BYTE}){3}$`);
const GROUP = /^[\da-f]{1,4}$/i;

/** Whether a text is one IPv4 or IPv6 address, without port, prefix length or zone. */
export const isIpAddress = (text: string): boolean => V4.test(text) || isV6(text);

function isV6(text: string): boolean {
	// A longer text is none, and need not be taken apart.
	if (text.length > 45 || !text.includes(':')) return false;
	const halves = text.split('::');
	if (halves.length > 2) return false;
	const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
	const last = groups.at(-1);
	const endsInV4 = last !== undefined && V4.test(last) && text.endsWith(last);
	const hex = endsInV4 ? groups.slice(0, -1) : groups;
	const count = hex.length + (endsInV4 ? 2 : 0);
	return hex.every((group) => GROUP.test(group)) && (halves.length === 2 ? count < 8 : count === 8);
}
