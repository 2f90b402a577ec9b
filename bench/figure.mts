/** What a figure should be; it is about the ratio, or about our own value where `of` says so. */
export interface Goal {
	least?: number;
	most?: number;
	of?: 'ours';
}

/** One round: the same thing done by us and by what we are compared with, one right after the other. */
export interface Round {
	ours: number;
	theirs: number;
}

/** One line of the result. */
export interface Figure {
	/** What is measured, beside what. */
	name: string;
	/** Median of the rounds. */
	ours: number;
	/** Median of the rounds; null where there is nothing to compare with. */
	theirs: number | null;
	/** Median of the rounds' own ratios, ours to theirs: two rounds may have met a machine in different moods. */
	ratio: number | null;
	/** Of `ours` and `theirs`. */
	unit: string;
	/** Such as `≥ 0.95`; null where a figure is only reported. */
	goal: string | null;
	/** Null without a goal. */
	holds: boolean | null;
	/** The least and the greatest of the rounds' ratios; null without ratios. */
	spread: [number, number] | null;
	rounds: number;
}

/** The middle one; of an even number, the mean of the middle two. @throws when there are none */
export function median(values: readonly number[]): number {
	if (values.length === 0) throw new Error('No values, no median');
	const sorted = [...values].sort((one, other) => one - other);
	const middle = Math.floor(sorted.length / 2);
	return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const textOf = ({ least, most, of }: Goal): string =>
	[least === undefined ? '' : `≥ ${least}`, most === undefined ? '' : `≤ ${most}`]
		.filter(Boolean)
		.join(', ') + (of ? ' (ours)' : '');

/** Makes a figure of rounds that both sides took part in. */
export function compared(
	name: string,
	unit: string,
	rounds: readonly Round[],
	goal?: Goal,
): Figure {
	const ratios = rounds.map(({ ours, theirs }) => ours / theirs).filter(Number.isFinite);
	const ours = median(rounds.map((round) => round.ours));
	const ratio = ratios.length > 0 ? median(ratios) : null;
	return {
		name,
		ours,
		theirs: median(rounds.map((round) => round.theirs)),
		ratio,
		unit,
		goal: goal ? textOf(goal) : null,
		holds: goal ? holds(goal, goal.of ? ours : ratio) : null,
		spread: ratios.length > 0 ? [Math.min(...ratios), Math.max(...ratios)] : null,
		rounds: rounds.length,
	};
}

/** Makes a figure that has no other side. */
export function alone(name: string, unit: string, values: readonly number[], goal?: Goal): Figure {
	const ours = median(values);
	return {
		name,
		ours,
		theirs: null,
		ratio: null,
		unit,
		goal: goal ? textOf(goal) : null,
		holds: goal ? holds(goal, ours) : null,
		spread: null,
		rounds: values.length,
	};
}

const holds = ({ least = -Infinity, most = Infinity }: Goal, value: number | null): boolean =>
	value !== null && value >= least && value <= most;
