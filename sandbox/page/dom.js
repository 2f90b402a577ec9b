/**
 * An element. Text is always set as text, never as markup: what the page shows was written by
 * strangers. `on…` names an event, `class` and `data-…` an attribute.
 */
export function el(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
		else if (value !== undefined && value !== false) element.setAttribute(name, value);
	}
	element.append(...children.flat().filter((child) => child !== null && child !== undefined));
	return element;
}

/** A link, or plain text when the address is not http: such an address could be a script. */
export function link(address, text = address) {
	return /^https?:\/\//i.test(address)
		? el('a', { href: address, target: '_blank', rel: 'noreferrer' }, text)
		: text;
}

export function tag(text, tone = '') {
	return el('span', { class: `tag ${tone}` }, text);
}

/** A time of day; the day itself hardly matters here. */
export function clock(iso) {
	return iso ? new Date(iso).toLocaleTimeString('en-GB') : '';
}

/** Something to open: the JSON behind a line. */
export function json(summary, value) {
	const box = el('details', {}, el('summary', {}, summary));
	box.addEventListener('toggle', () => {
		if (box.open && !box.querySelector('pre')) {
			box.append(el('pre', {}, JSON.stringify(value, null, 2)));
		}
	});
	return box;
}

const FOCUSABLE = 'a, button, input, summary';

/** Puts an element in another's place, and the focus on the same part of it. */
function swap(old, made) {
	const parts = [...old.querySelectorAll(FOCUSABLE)];
	const focused = parts.indexOf(document.activeElement);
	old.replaceWith(made);
	made.querySelectorAll(FOCUSABLE)[focused]?.focus();
}

/**
 * Brings the children of `parent` to those of `items`, keeping the elements of items that have not
 * changed, so that what is open or in focus stays so.
 */
export function keyed(parent, items, keyOf, make) {
	const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
	let previous = null;
	for (const item of items) {
		const key = String(keyOf(item));
		const text = JSON.stringify(item);
		let child = known.get(key);
		known.delete(key);
		if (!child || child.dataset.text !== text) {
			const made = make(item);
			made.dataset.key = key;
			made.dataset.text = text;
			if (child) swap(child, made);
			child = made;
		}
		const place = previous ? previous.nextSibling : parent.firstChild;
		if (child !== place) parent.insertBefore(child, place);
		previous = child;
	}
	for (const child of known.values()) child.remove();
}
