import fc from 'fast-check';

import { Queue } from '../../sandbox/queue.mts';

const move = fc.oneof(
	{ weight: 6, arbitrary: fc.integer().map((thing) => ({ what: 'push' as const, thing })) },
	{ weight: 5, arbitrary: fc.constant({ what: 'shift' as const }) },
	{ weight: 1, arbitrary: fc.constant({ what: 'clear' as const }) },
);

it('a queue does what an array does', () => {
	fc.assert(
		fc.property(fc.array(move, { maxLength: 200 }), (moves) => {
			const queue = new Queue<number>();
			const model: number[] = [];
			for (const one of moves) {
				if (one.what === 'push') {
					queue.push(one.thing);
					model.push(one.thing);
				} else if (one.what === 'shift') {
					expect(queue.shift()).toBe(model.shift());
				} else {
					queue.clear();
					model.length = 0;
				}
				expect([queue.size, queue.peek()]).toEqual([model.length, model[0]]);
			}
		}),
	);
});
