import { table, type Row } from '../scripts/measuring/columns.mts';
import type { Figure } from './figure.mts';

/** Three digits that count; thousands are whole. */
const digits = (value: number | null): string => {
	if (value === null) return '';
	if (Math.abs(value) >= 100 || Number.isInteger(value)) return value.toFixed(0);
	return value.toPrecision(3);
};

const rowOf = ({ name, ours, theirs, ratio, unit, goal, holds, spread }: Figure): Row => ({
	figure: name,
	unit,
	ours: digits(ours),
	theirs: digits(theirs),
	ratio: ratio === null ? '' : ratio.toFixed(2),
	spread: spread === null ? '' : spread.map((value) => value.toFixed(2)).join('–'),
	goal: goal ?? '',
	holds: holds === null ? '' : holds ? 'yes' : 'no',
});

/** All figures, one a line. @returns blank when there are none */
export const tableOf = (figures: readonly Figure[]): string =>
	figures.length === 0 ? '' : table(figures.map(rowOf));

/** The same for a page of documentation. */
export function markdownOf(figures: readonly Figure[]): string {
	const rows = figures.map(rowOf);
	const lines = rows.map((row) => `| ${Object.values(row).join(' | ')} |`);
	return [
		'| figure | unit | ours | theirs | ratio | spread | goal | holds |',
		'|---|---|---:|---:|---:|---:|---:|---|',
		...lines,
	].join('\n');
}
