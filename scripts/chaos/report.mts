import type { Finding } from './oracle.mts';
import type { Verdict } from './run.mts';

/** Whether nothing was lost, doubled, wrong or out of order, and no more unclear than kills and silence explain. */
export const holds = ({
	lost,
	doubled,
	wrong,
	outOfOrder,
	unclear,
	mostUnclear,
}: Verdict): boolean =>
	[lost, doubled, wrong, outOfOrder].every((findings) => findings.length === 0) &&
	unclear <= mostUnclear;

const MOST_SHOWN = 20;

const listed = (title: string, findings: readonly Finding[]): string[] => [
	`${title.padEnd(34)}${findings.length}`,
	...findings.slice(0, MOST_SHOWN).map(({ who, what }) => `    ${who}: ${what}`),
];

/** The verdict as a table to read. */
export function report(verdict: Verdict): string {
	const row = (title: string, value: number | string) => `${title.padEnd(34)}${value}`;
	return [
		row('Seed', verdict.seed),
		row('Events from SparkLoop', `${verdict.fromSparkLoop} in ${verdict.deliveries} deliveries`),
		row('Events to SparkLoop', `${verdict.toSparkLoop} in ${verdict.reports} reports`),
		row('Contacts compared', verdict.contacts),
		row('Wins', verdict.wins),
		row('Kills', verdict.crashes),
		'',
		...listed('Lost', verdict.lost),
		...listed('Doubled fulfilments', verdict.doubled),
		...listed('Wrong', verdict.wrong),
		...listed('Out of order', verdict.outOfOrder),
		'',
		row('Set back by a late sync, and healed', verdict.staleSyncs),
		row('Wins reported as unclear', `${verdict.unclear} (at most ${verdict.mostUnclear})`),
		row('Told to SparkLoop once more', verdict.repeated),
		row('Failures noted', verdict.failures),
		row('Alerts raised', verdict.alerts),
		row('Seconds', verdict.seconds),
		'',
		holds(verdict) ? 'Everything holds.' : 'It does not hold.',
	].join('\n');
}
