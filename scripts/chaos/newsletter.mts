import { setTimeout as sleep } from 'node:timers/promises';

import type { Random } from '../../sandbox/random.mts';
import type { World } from './world.mts';

/** What the ESP tells of a person. */
export interface Report {
	event: 'subscribed' | 'email_changed' | 'unsubscribed';
	email: string;
	previous_email?: string;
	confirmed?: boolean;
	first_name?: string;
}

/** A person as the ESP knows them. */
export interface Reader {
	/** The address they have now. */
	email: string;
	subscribed: boolean;
	/** What the ESP has told of them and been answered 200 for, in order. */
	told: Report[];
}

/** What a run lets happen, in numbers. */
export interface Extent {
	/** People who come through the ESP. */
	readers: number;
	/** Their friends, who come through SparkLoop's own site and are no business of the ESP's before that. */
	friends: number;
	/** Further reports of the ESP: unsubscribes, new sign-ups of the same people, new addresses. */
	changes: number;
}

const POLL_MS = 20;

/** How many events may wait to be delivered before nothing new happens: so many fit into n8n at once. */
const MOST_PENDING = 40;

/** The newsletter's life: who comes, brings friends, moves and leaves. The same seed, the same life. */
export class Newsletter {
	readonly readers: Reader[] = [];
	/** How many reports the ESP has sent, repeated ones included. */
	attempts = 0;
	private readonly world: World;
	private readonly random: Random;
	private readonly extent: Extent;
	private readonly underWay = new Map<Reader, Promise<void>>();
	private left: Array<'reader' | 'friend' | 'change'>;
	private friends = 0;
	private moved = 0;

	constructor(world: World, random: Random, extent: Extent) {
		this.world = world;
		this.random = random;
		this.extent = extent;
		this.left = this.plan();
	}

	/** What will happen, shuffled, but with people before what they do. */
	private plan(): Array<'reader' | 'friend' | 'change'> {
		const { readers, friends, changes } = this.extent;
		const plan = [
			...Array.from({ length: readers }, () => 'reader' as const),
			...Array.from({ length: friends }, () => 'friend' as const),
			...Array.from({ length: changes }, () => 'change' as const),
		];
		// The first tenth of the readers comes first, so that there is somebody to do anything.
		const first = plan.splice(0, Math.ceil(readers / 10));
		return [...first, ...this.random.shuffled(plan)];
	}

	/** The addresses that people have now. */
	get addresses(): Set<string> {
		return new Set([
			...this.readers.map(({ email }) => email),
			...Array.from({ length: this.friends }, (_, index) => `friend${index + 1}@example.com`),
		]);
	}

	get size(): number {
		return this.left.length;
	}

	/** Lets the next thing happen, once n8n is not too far behind. @returns whether there was one */
	async next(): Promise<boolean> {
		const what = this.left.shift();
		if (!what) return false;
		while (this.world.sandbox.deliveries.pending > MOST_PENDING) await sleep(POLL_MS);
		if (what === 'reader') this.comes();
		else if (what === 'friend') await this.bringsFriend();
		else this.changes();
		return true;
	}

	/** Waits until the ESP has been answered 200 for everything. */
	async settled(): Promise<void> {
		await Promise.all(this.underWay.values());
	}

	private comes(): void {
		const number = this.readers.length + 1;
		const reader: Reader = { email: `reader${number}@example.com`, subscribed: true, told: [] };
		const advocate = this.random.chance(0.8) ? this.somebodyWithLink() : undefined;
		if (advocate) this.world.sandbox.site.recordVisit(reader.email, advocate);
		this.readers.push(reader);
		this.report(reader, {
			event: 'subscribed',
			confirmed: true,
			email: reader.email,
			first_name: `Reader ${number}`,
		});
	}

	/** A friend is known to SparkLoop at once: its script on the site told it. */
	private async bringsFriend(): Promise<void> {
		let code = this.somebodyWithLink();
		while (!code) {
			await sleep(POLL_MS);
			code = this.somebodyWithLink();
		}
		this.friends += 1;
		this.world.sandbox.program.subscribe({
			email: `friend${this.friends}@example.com`,
			name: `Friend ${this.friends}`,
			referrerCode: code,
		});
	}

	/**
	 * The last third of the readers bring nobody: they are those whose address changes. SparkLoop names people by their
	 * address, so an event that is under way while its person moves finds the old one.
	 */
	private somebodyWithLink(): string | undefined {
		const advocates = this.readers.filter((_, index) => index % 3 !== 2);
		const { email } = advocates[this.random.below(Math.min(advocates.length, 40))] ?? {};
		return email ? this.world.sandbox.program.find(email)?.referralCode : undefined;
	}

	private changes(): void {
		const index = this.random.below(this.readers.length);
		const reader = this.readers[index];
		if (!reader.subscribed) {
			reader.subscribed = true;
			this.report(reader, { event: 'subscribed', confirmed: true, email: reader.email });
		} else if (index % 3 === 2 && this.random.chance(0.5)) {
			this.moved += 1;
			const previous = reader.email;
			reader.email = `moved${this.moved}@example.com`;
			this.report(reader, {
				event: 'email_changed',
				email: reader.email,
				previous_email: previous,
			});
		} else {
			reader.subscribed = false;
			this.report(reader, { event: 'unsubscribed', email: reader.email });
		}
	}

	/** The ESP tells one thing after the other of a person, and repeats each until it hears 200. */
	private report(reader: Reader, report: Report): void {
		const before = this.underWay.get(reader) ?? Promise.resolve();
		this.underWay.set(
			reader,
			before.then(async () => {
				for (let pause = 250; !(await this.isTaken(report)); pause = Math.min(pause * 2, 4_000)) {
					await sleep(pause);
				}
				reader.told.push(report);
			}),
		);
	}

	private async isTaken(report: Report): Promise<boolean> {
		const { engine, reportTo } = this.world;
		this.attempts += 1;
		try {
			const answer = await fetch(engine.webhookUrl + reportTo.path, {
				method: 'POST',
				headers: {
					'content-type': 'application/json',
					[reportTo.header.name]: reportTo.header.value,
				},
				body: JSON.stringify(report),
				signal: AbortSignal.timeout(20_000),
			});
			await answer.arrayBuffer();
			return answer.status === 200;
		} catch {
			return false;
		}
	}
}
