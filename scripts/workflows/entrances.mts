import { assign, type Canvas, switchOn, when } from './canvas.mts';

const SET_UP = 'Set up (run once)';

/** How a workflow begins that works by itself. */
interface Entrances {
	/** Name of the trigger that starts its runs. */
	schedule: string;
	/** How often, as n8n's Schedule Trigger keeps it. */
	interval: object;
	/** Triggers below these two, on the canvas already, that start something else: name → what that is called. */
	others?: Readonly<Record<string, string>>;
	/** What the Settings node holds. */
	settings: Record<string, string | number>;
	/** Name of the node that tells the entrances apart. */
	question: string;
}

/**
 * Adds a workflow's schedule and its set-up, which lead to its settings like all its other entrances, and the node that
 * tells them apart again: a run leaves it by output 0, the set-up by 1, and whatever else by those after that.
 */
export function entrances(
	canvas: Canvas,
	{ schedule, interval, others = {}, settings, question }: Entrances,
): void {
	const all = Object.entries({ [schedule]: 'A run', [SET_UP]: 'Set-up', ...others });
	const middle = (all.length - 1) / 2;
	canvas.node(schedule, 'scheduleTrigger', [0, 0], { rule: { interval: [interval] } });
	canvas.node(SET_UP, 'manualTrigger', [0, 1], {});
	canvas.node('Settings', 'set', [1, middle], assign(settings));
	const started = (entrance: string) => `$('${entrance}').isExecuted`;
	if (all.length === 2) {
		canvas.node(
			question,
			'if',
			[2, middle],
			when(`={{ ${started(schedule)} }}`, 'true', undefined, 'boolean'),
		);
	} else {
		const called = all.map(([, what]) => what);
		const which = all.slice(0, -1).map(([name, what]) => `${started(name)} ? '${what}' : `);
		canvas.node(
			question,
			'switch',
			[2, middle],
			switchOn(
				`={{ ${which.join('')}'${called.at(-1)}' }}`,
				Object.fromEntries(called.map((what) => [what, what])),
			),
		);
	}
	for (const [entrance] of all) canvas.connect(entrance, 0, 'Settings');
	canvas.chain('Settings', question);
}
