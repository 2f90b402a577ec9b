import { systemClock } from '../../sandbox/clock.mts';
import type { SparkLoopEvent } from '../../sandbox/events.mts';
import { Program } from '../../sandbox/program.mts';
import { createRandom } from '../../sandbox/random.mts';

/** Every friend wins something, so that there are as many wins as one wants. */
const REWARDS = [{ name: 'Report', referrals: 1, recurring: true, coupon: true }];

/** Events as SparkLoop sends them, each about people of its own. */
export class Events {
	private readonly made: Record<string, SparkLoopEvent[]> = {};
	private readonly program = new Program({
		random: createRandom(1, 'capacity'),
		clock: systemClock,
		siteUrl: 'https://newsletter.example/',
		rewards: REWARDS,
		emit: (event) => void (this.made[event.type] ??= []).push(event),
	});
	private people = 0;

	/** Takes events of one type, which are not given out again. */
	take(type: 'sync_subscriber' | 'new_referral' | 'reward_unlocked', count: number) {
		while ((this.made[type]?.length ?? 0) < count) this.addFriend();
		return this.made[type].splice(0, count);
	}

	private addFriend(): void {
		const add = (name: string, referrerCode?: string) =>
			this.program.subscribe({
				email: `${name.toLowerCase()}${++this.people}@example.com`,
				name: `${name} ${this.people}`,
				referrerCode,
			});
		add('Friend', add('Reader').subscriber.referralCode);
	}
}
