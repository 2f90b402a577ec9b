// Which rows of this page may be sent now? An event waits behind every earlier one of the same person,
// also behind one on an earlier page: the addresses met so far are handed on.
const met = new Set($('Read from here').last().json.met);
const now = Date.now();
const rows = $input
	.all()
	.map(({ json }) => json)
	.filter(({ id }) => id !== undefined);

const blocked = new Set(met);
const due = [];
for (const row of rows) {
	const people = row.person.trim().split(' ');
	const mayGo = row.due <= now && !people.some((person) => blocked.has(person));
	if (mayGo) due.push(row);
	for (const person of people) {
		met.add(person);
		if (!mayGo) blocked.add(person);
	}
}

return [
	{
		json: {
			due,
			met: [...met],
			after: rows.at(-1)?.id ?? 0,
			more: rows.length === $('Settings').first().json.pageSize,
		},
	},
];
