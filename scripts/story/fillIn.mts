interface Assignment {
	name: string;
	value: unknown;
}

/**
 * Fills in values of a workflow's Settings node, as its notes ask a user to.
 *
 * @throws when the workflow has no such setting
 */
export function fillIn(
	file: { nodes: Array<{ name: string; parameters: object }> },
	values: Readonly<Record<string, string | number>>,
): void {
	const settings = file.nodes.find(({ name }) => name === 'Settings');
	const { assignments } = (
		settings?.parameters as { assignments: { assignments: Assignment[] } } | undefined
	)?.assignments ?? { assignments: [] };
	for (const [name, value] of Object.entries(values)) {
		const assignment = assignments.find((entry) => entry.name === name);
		if (!assignment) throw new Error(`The Settings node has no '${name}'`);
		assignment.value = value;
	}
}
