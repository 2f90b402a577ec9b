/**
 * Lets everybody have a turn in every round, so that a machine that slows down or wakes up meets all alike. Who begins
 * changes with each round.
 *
 * @returns what each gave, round by round
 */
export async function inTurns<S, T, N extends string>(
	rounds: number,
	sides: Readonly<Record<N, S>>,
	turn: (side: S, name: N, round: number) => Promise<T>,
): Promise<Array<Record<N, T>>> {
	const names = Object.keys(sides) as N[];
	const results: Array<Record<N, T>> = [];
	for (let round = 0; round < rounds; round += 1) {
		const result = {} as Record<N, T>;
		for (let index = 0; index < names.length; index += 1) {
			const name = names[(round + index) % names.length];
			result[name] = await turn(sides[name], name, round);
		}
		results.push(result);
	}
	return results;
}
