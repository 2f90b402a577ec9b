/** A value of a form by the name of its field in the workflow. */
export type Answers = Readonly<Record<string, string>>;

interface Field {
	/** What the browser sends it as. */
	id: string;
	hidden: boolean;
	value: string;
}

/**
 * Fills in an n8n form and sends it, as a browser does: opens the page, keeps the hidden values that the page took from
 * its address, and posts the rest.
 *
 * @param address with its query
 * @param visible the values of the visible fields, in their order on the page
 * @throws when the page or the answer is none that a person could go on from
 */
export async function submitForm(address: string, visible: string[]): Promise<void> {
	const page = await fetch(address);
	const html = await page.text();
	if (!page.ok) throw new Error(`The form answered ${page.status}`);
	const fields = fieldsOf(html);
	const body = new FormData();
	const waiting = [...visible];
	for (const { id, hidden, value } of fields)
		body.set(id, hidden ? value : (waiting.shift() ?? ''));
	if (waiting.length > 0) throw new Error(`The form has ${fields.length} fields only`);
	const answer = await fetch(address, { method: 'POST', body });
	if (!answer.ok)
		throw new Error(`The form could not be sent: ${answer.status} ${await answer.text()}`);
}

const fieldsOf = (html: string): Field[] =>
	[...html.matchAll(/<(?:input|select|textarea)\b[^>]*>/g)]
		.map(([tag]) => ({
			id: attribute(tag, 'name') ?? '',
			hidden: attribute(tag, 'type') === 'hidden',
			value: attribute(tag, 'value') ?? '',
		}))
		.filter(({ id }) => /^field-\d+$/.test(id));

const attribute = (tag: string, name: string): string | undefined =>
	new RegExp(`\\b${name}=["']([^"']*)["']`).exec(tag)?.[1];
