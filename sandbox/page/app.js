import { el, keyed, tag } from './dom.js';
import { guide } from './guide.js';
import { KINDS, views as viewsWith } from './tables.js';

const byId = (id) => document.getElementById(id);
const COUNTS = {
	subscribers: 'subscribers',
	wins: 'wins',
	deliveries: 'attempts',
	calls: 'calls',
	contacts: 'contacts',
	mails: 'mails',
};

let state;
let current = 'subscribers';
const views = viewsWith({ act, rename, refer });

async function post(path, body) {
	const response = await fetch(`/control/${path}`, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	const answer = await response.json();
	if (!response.ok) throw new Error(answer.error);
	return answer;
}

async function act(path, body, done) {
	try {
		const answer = await post(path, body);
		toast(typeof done === 'function' ? done(answer) : done);
		return true;
	} catch (error) {
		toast(error.message, true);
		return false;
	}
}

let toastTimer;
function toast(text, bad = false) {
	const box = byId('toast');
	box.textContent = text;
	box.className = bad ? 'toast bad' : 'toast';
	box.hidden = false;
	clearTimeout(toastTimer);
	toastTimer = setTimeout(() => (box.hidden = true), bad ? 8000 : 3000);
}

function refer(referrer) {
	const email = `friend-${crypto.randomUUID().slice(0, 8)}@example.com`;
	return act('refer', { referrer, email }, `${email} signed up through the link of ${referrer}.`);
}

function rename(email) {
	const dialog = byId('rename');
	const form = dialog.querySelector('form');
	form.reset();
	form.querySelector('p').textContent = email;
	dialog.onclose = () => {
		if (dialog.returnValue !== 'ok') return;
		const newEmail = form.elements.newEmail.value;
		void act('change-email', { email, newEmail }, `${email} is now ${newEmail}.`);
	};
	// It must not be a submit button: Enter would press it, as the first of the form.
	form.querySelector('[type=button]').onclick = () => dialog.close();
	dialog.returnValue = '';
	dialog.showModal();
}

function valuesOf(form) {
	const values = {};
	for (const input of form.elements) {
		if (!input.name) continue;
		if (input.type === 'checkbox') values[input.name] = input.checked;
		else if (input.value !== '') {
			values[input.name] = input.type === 'number' ? Number(input.value) : input.value;
		}
	}
	return values;
}

const INBOUND = ['faults/fail-next', 'faults/drop-next', 'faults/slow'];
const kind = () => (byId('kind').value ? { kind: byId('kind').value } : {});

for (const form of document.querySelectorAll('form[data-path]')) {
	form.addEventListener('submit', async (submitted) => {
		submitted.preventDefault();
		const values = valuesOf(form);
		let path = form.dataset.path;
		if (path === 'sign-up' && values.referrer) path = 'refer';
		if (INBOUND.includes(path)) Object.assign(values, kind());
		const done = await act(path, values, form.dataset.done);
		if (done && form.dataset.path === 'sign-up') form.reset();
	});
}

byId('webhooks').addEventListener('submit', (submitted) => {
	submitted.preventDefault();
	const rows = submitted.target
		.querySelector('textarea')
		.value.split('\n')
		.map((line) => line.trim().split(/[\s,]+/))
		.filter(([url]) => url)
		.map(([url, ...events]) => (events.length ? { url, events } : { url }));
	void act('webhooks', { rows }, 'Webhooks changed.');
});

byId('import').addEventListener('submit', async (submitted) => {
	submitted.preventDefault();
	const [file] = submitted.target.querySelector('input').files;
	await act('import', { csv: await file.text() }, ({ imported, errors }) =>
		[`${imported} imported.`, ...errors.map(({ row, error }) => `Row ${row}: ${error}.`)].join(' '),
	);
	submitted.target.reset();
});

byId('friend').addEventListener('click', () => {
	const referrer = byId('referrers').value || state?.subscribers.at(-1)?.email;
	if (referrer) void refer(referrer);
	else toast('There is no subscriber yet who could refer somebody.', true);
});
byId('reset').addEventListener('click', () => {
	if (confirm('Set the number of referrals of everybody to 0?')) {
		void act('reset-campaign', {}, 'Reset. Everybody is synced again.');
	}
});
byId('down').addEventListener('click', () => act('faults/down', kind(), 'Down.'));
byId('up').addEventListener('click', () => act('faults/up', kind(), 'Up again.'));
byId('repair').addEventListener('click', () => act('faults/clear', {}, 'Nothing is broken now.'));

const tabs = [...document.querySelectorAll('[role=tab]')];
for (const button of tabs) {
	button.append(el('span'));
	button.addEventListener('click', () => show(button.dataset.view));
	button.addEventListener('keydown', ({ key }) => {
		const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
		if (!step) return;
		const next = tabs.at((tabs.indexOf(button) + step) % tabs.length);
		next.focus();
		next.click();
	});
}
function show(view) {
	current = view;
	history.replaceState(null, '', `#${current}`);
	drawView(true);
}

const drawGuide = guide(byId('guide'), (view) => {
	show(view);
	byId(`tab-${view}`).focus();
});

byId('filter').addEventListener('input', () => drawView());
byId('failed-only').addEventListener('change', () => drawView());

function drawView(fresh = false) {
	const view = views[current];
	const box = byId('view');
	for (const button of tabs) {
		const selected = button.dataset.view === current;
		button.setAttribute('aria-selected', selected);
		button.tabIndex = selected ? 0 : -1;
		if (state) button.lastElementChild.textContent = state.totals[COUNTS[button.dataset.view]];
	}
	box.setAttribute('aria-labelledby', `tab-${current}`);
	byId('failed-only').hidden = !view.failed;
	if (!state) return;

	const all = view.list(state);
	const wanted = byId('filter').value.toLowerCase();
	const failedOnly = view.failed && byId('failed-only').firstElementChild.checked;
	const items = all
		.filter((item) => !failedOnly || view.failed(item))
		.filter((item) => !wanted || JSON.stringify(item).toLowerCase().includes(wanted));
	byId('shown').textContent = items.length < all.length ? `${items.length} of ${all.length}` : '';

	if (items.length === 0) {
		box.replaceChildren(el('p', { class: 'empty' }, all.length ? 'Nothing fits.' : view.empty));
		box.dataset.view = '';
		return;
	}
	if (fresh || box.dataset.view !== current) {
		box.dataset.view = current;
		box.replaceChildren(view.columns ? tableFor(view.columns) : el('div'));
	}
	const make = (item) => labelled(view.make(item), view.columns);
	keyed(box.querySelector('tbody') ?? box.firstElementChild, items, view.key, make);
}

// A # before a column's name marks numbers. The roles stay when a narrow page lays the cells out as blocks.
function tableFor(columns) {
	const heads = columns.map((name) =>
		el(
			'th',
			{ role: 'columnheader', class: name.startsWith('#') ? 'number' : undefined },
			name.replace('#', ''),
		),
	);
	return el(
		'table',
		{ role: 'table' },
		el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, heads)),
		el('tbody', { role: 'rowgroup' }),
	);
}

/** Gives each cell the head of its column, for where there is no room for a head. */
function labelled(row, columns) {
	if (!columns) return row;
	row.setAttribute('role', 'row');
	for (const [index, cell] of [...row.cells].entries()) {
		cell.setAttribute('role', 'cell');
		if (columns[index]) cell.dataset.label = columns[index].replace('#', '');
	}
	return row;
}

function drawHeader({ campaign, rewards, totals, faults }) {
	const offers = rewards.map(
		({ name, referrals, recurring }) => `${name} ${recurring ? 'every' : 'at'} ${referrals}`,
	);
	byId('campaign').textContent = `${campaign.id} · ${offers.join(' · ')}`;
	const { inbound, outbound } = faults;
	const broken = [
		...inbound.down.map((one) => [`${KINDS[one]} down`, 'bad']),
		...inbound.planned.map(({ action, left, status }) => [
			`${action} next ${left}${action === 'fail' ? ` (${status ?? 500})` : ''}`,
			'warn',
		]),
		...Object.entries(inbound.slowMs).map(([one, ms]) => [`${KINDS[one]} +${ms} ms`, 'warn']),
		outbound.duplicateNext && [`duplicate next ${outbound.duplicateNext}`, 'warn'],
		outbound.reorderNext && [`reorder next ${outbound.reorderNext}`, 'warn'],
		totals.pending && [`${totals.pending} pending`, ''],
	].filter(Boolean);
	byId('faults').replaceChildren(...broken.map(([text, tone]) => el('li', {}, tag(text, tone))));
}

function drawReferrers({ subscribers, settings }) {
	const select = byId('referrers');
	const people = [{ id: '', email: '' }, ...subscribers].map(({ id, email }) => ({ id, email }));
	const chosen = select.value;
	keyed(
		select,
		people,
		({ id }) => id,
		({ email }) => el('option', { value: email }, email || 'Nobody'),
	);
	select.value = people.some(({ email }) => email === chosen) ? chosen : '';
	byId('via').textContent = settings.signUpTarget
		? 'On the site, which tells your workflow.'
		: 'Straight into SparkLoop. To go through your workflow, say under Settings whom the site tells.';
}

// What somebody is typing is not overwritten.
function fill(input, value) {
	if (document.activeElement !== input && input.dataset.was !== value) input.value = value;
	input.dataset.was = value;
}

function drawSettings({ settings, addresses }) {
	fill(byId('site-url'), settings.siteUrl);
	fill(byId('sign-up-target'), settings.signUpTarget ?? '');
	const rows = settings.webhooks.map(({ url, events }) => [url, ...(events ?? [])].join(' '));
	fill(byId('webhooks').querySelector('textarea'), rows.join('\n'));

	const entries = [
		['Incoming Webhook URL', addresses.incomingWebhookUrl],
		['REST v2', addresses.apiUrl],
		['X-Api-Key', addresses.apiKey],
		['SparkLoop-Token', addresses.webhookToken],
		['ESP', addresses.espUrl],
		['ESP key', addresses.espKey],
		['SMTP', `${addresses.smtp.host}:${addresses.smtp.port}`],
	].map(([name, value]) => ({ name, value }));
	keyed(
		byId('addresses'),
		entries,
		({ name }) => name,
		({ name, value }) =>
			el(
				'div',
				{},
				el('dt', {}, name),
				el('dd', {}, el('code', {}, value), copyButton(name, value)),
			),
	);
}

function copyButton(name, value) {
	const onclick = async () => {
		await navigator.clipboard.writeText(value);
		toast(`${name} copied.`);
	};
	return el('button', { class: 'small', onclick, 'aria-label': `Copy ${name}` }, 'Copy');
}

const { types } = await (await fetch('/control/event-types')).json();
byId('types').append(...types.map((type) => el('option', {}, type)));
if (views[location.hash.slice(1)]) current = location.hash.slice(1);
drawView(true);

const live = new EventSource('/control/live');
live.onopen = () => {
	byId('live').textContent = 'Live';
	byId('live').classList.add('on');
};
live.onerror = () => {
	byId('live').textContent = 'Not connected';
	byId('live').classList.remove('on');
};
live.onmessage = ({ data }) => {
	state = JSON.parse(data);
	drawHeader(state);
	drawGuide(state, keyed);
	drawReferrers(state);
	drawSettings(state);
	drawView();
};
