/** All http and https addresses in a mail's text and in the links of its HTML, each once. */
export function linksIn(text: string, html: string): string[] {
	const fromHtml = [...html.matchAll(/href\s*=\s*(?:"([^"]*)"|'([^']*)')/gi)]
		.map(([, double, single]) => (double ?? single).replaceAll('&amp;', '&').trim())
		.filter((address) => /^https?:\/\//i.test(address));
	const fromText = [...text.matchAll(/https?:\/\/[^\s<>"]+/gi)].map(([address]) =>
		withoutSentenceEnd(address),
	);
	return [...new Set([...fromHtml, ...fromText])];
}

// A full stop or a closing bracket after an address ends the sentence, not the address.
function withoutSentenceEnd(address: string): string {
	const trimmed = address.replace(/[.,;:!?'\]]+$/, '');
	return trimmed.endsWith(')') && !trimmed.includes('(') ? trimmed.slice(0, -1) : trimmed;
}
