import type { SparkLoopEvent } from '../sandbox/events.mts';
import { Events } from '../scripts/capacity/events.mts';

/** Events that update one contact each, every one about somebody else: a state and a win in turn. */
export class OneContactEvents {
	private readonly events = new Events();
	private given = 0;

	take(count: number): SparkLoopEvent[] {
		return Array.from({ length: count }, () => {
			this.given += 1;
			const type = this.given % 2 === 0 ? 'reward_unlocked' : 'sync_subscriber';
			return this.events.take(type, 1)[0];
		});
	}
}
