import { type Clock, seconds } from './clock.mts';
import type { Person, SparkLoopEvent } from './events.mts';
import * as payloads from './payloads.mts';
import { People } from './people.mts';
import { HEX, LOWER, type Random } from './random.mts';
import {
	DEFAULT_REWARDS,
	type ProgramReward,
	type RewardRule,
	rewardsWonAt,
	setUpRewards,
} from './rewards.mts';
import {
	type CustomEvent,
	isEmail,
	type Membership,
	type Subscriber,
	type SubscriberDetails,
} from './subscriber.mts';

export type { RewardRule, Subscriber };

/** Why the program refused something. */
export class ProgramError extends Error {
	readonly reason: 'invalid' | 'unknown' | 'taken' | 'nothingToDo';

	constructor(reason: ProgramError['reason'], message: string) {
		super(message);
		this.name = 'ProgramError';
		this.reason = reason;
	}
}

export interface ProgramOptions {
	random: Random;
	clock: Clock;
	siteUrl: string;
	campaign?: { id?: string; name?: string };
	rewards?: RewardRule[];
	revision?: payloads.PayloadRevision;
	/** Receives every event at the moment it happens, in order. */
	emit: (event: SparkLoopEvent) => void;
}

export interface SignUp {
	email: string;
	name?: string | null;
	/** Default: the first word of `name`. */
	firstName?: string | null;
	/** Whose link they came through; a code nobody has counts for nobody. */
	referrerCode?: string | null;
	/** Unix seconds; default now. */
	createdAt?: number;
	espId?: string | null;
	details?: SubscriberDetails;
}

/**
 * The rules of a referral program: who counts for whom, and what that wins. It knows no network; it
 * emits what SparkLoop would send. All its refusals are a {@link ProgramError}.
 */
export class Program {
	readonly campaign: { id: string; name: string };
	readonly rewards: ProgramReward[];
	readonly #random: Random;
	readonly #clock: Clock;
	readonly #revision: payloads.PayloadRevision;
	readonly #emit: (event: SparkLoopEvent) => void;
	readonly #people = new People();
	readonly #drawn = new Set<string>();
	#siteUrl: string;

	constructor(options: ProgramOptions) {
		this.#random = options.random;
		this.#clock = options.clock;
		this.#siteUrl = options.siteUrl;
		this.#revision = options.revision ?? 'complete';
		this.#emit = options.emit;
		this.campaign = {
			id: options.campaign?.id ?? `MF${this.#random.text(HEX, 10)}`,
			name: options.campaign?.name ?? 'Sandbox newsletter',
		};
		this.rewards = setUpRewards(options.rewards ?? DEFAULT_REWARDS, this.#random);
	}

	get siteUrl(): string {
		return this.#siteUrl;
	}

	/** Everybody, in the order in which they came; later changes do not show in it. */
	get subscribers(): readonly Subscriber[] {
		return this.#people.all;
	}

	/** Everybody by the time of the sign-up, the latest first. */
	get newestFirst(): readonly Subscriber[] {
		return this.#people.newestFirst;
	}

	/** The person as SparkLoop's events would show them now. */
	describe(subscriber: Subscriber): Person {
		return payloads.personOf(this.#context, subscriber);
	}

	/** By id or by the e-mail address that the person has now. */
	find(idOrEmail: string): Subscriber | undefined {
		return this.#people.find(idOrEmail);
	}

	findByCode(code: string): Subscriber | undefined {
		return this.#people.findByCode(code);
	}

	/** By the id of the membership that the person has now. */
	findMember(membershipId: string): Subscriber | undefined {
		return this.#people.all.find(({ membership }) => membership?.id === membershipId);
	}

	/** Whether this person once had that address, or has it now. */
	everHad(subscriber: Subscriber, email: string): boolean {
		return this.#people.everHad(subscriber, email);
	}

	/**
	 * Somebody signed up, or signed up again. A new person gets a link, becomes a member of the
	 * campaign, and counts for the owner of `referrerCode` if their address was never seen before.
	 * Somebody known is updated and confirmed again, and counts for nobody.
	 */
	subscribe(signUp: SignUp): { subscriber: Subscriber; created: boolean } {
		const email = this.#checked(signUp.email);
		const known = this.find(email);
		if (known) {
			known.status = 'confirmed';
			this.#rename(known, signUp);
			this.#sync(known);
			return { subscriber: known, created: false };
		}
		const referrer = this.#referrerFor(email, signUp.referrerCode);
		const subscriber: Subscriber = {
			id: this.#draw(() => `sub_${this.#random.text(LOWER, 8)}`),
			email,
			name: null,
			firstName: null,
			status: 'confirmed',
			referralCode: this.#draw(() => this.#random.text(HEX, 8)),
			referrerId: referrer?.id ?? null,
			referrerCode: referrer?.referralCode ?? null,
			referralStatus: referrer ? 'verified' : null,
			totReferrals: 0,
			lastReward: null,
			wins: [],
			membership: this.#newMembership(),
			customEvents: [],
			createdAt: signUp.createdAt ?? seconds(this.#clock),
			espId: signUp.espId ?? null,
			details: { ...signUp.details },
		};
		this.#rename(subscriber, signUp);
		this.#people.add(subscriber);
		this.#sync(subscriber);
		if (referrer) this.#count(referrer, subscriber);
		return { subscriber, created: true };
	}

	/** Changes name or address; link, counts and rewards stay. */
	update(
		idOrEmail: string,
		change: { email?: string; name?: string | null; firstName?: string | null },
	): Subscriber {
		const subscriber = this.#known(idOrEmail);
		if (change.email !== undefined) {
			const email = this.#checked(change.email);
			const owner = this.find(email);
			if (owner && owner !== subscriber) {
				throw new ProgramError('taken', 'Email has already been taken');
			}
			this.#people.changeEmail(subscriber, email);
		}
		this.#rename(subscriber, change);
		this.#sync(subscriber);
		return subscriber;
	}

	/** No event tells of it: no payload has a field for it. Refused when already so. */
	unsubscribe(idOrEmail: string): Subscriber {
		const subscriber = this.#known(idOrEmail);
		if (subscriber.status === 'unsubscribed') {
			throw new ProgramError('nothingToDo', 'Subscriber is already unsubscribed');
		}
		subscriber.status = 'unsubscribed';
		return subscriber;
	}

	/** Confirms somebody who had unsubscribed, or does nothing. */
	resubscribe(idOrEmail: string): Subscriber {
		const subscriber = this.#known(idOrEmail);
		if (subscriber.status === 'unsubscribed') {
			subscriber.status = 'confirmed';
			this.#sync(subscriber);
		}
		return subscriber;
	}

	/** Fraud was found in how this person was referred. The referrer's count stays as it is. */
	reject(idOrEmail: string): Subscriber {
		const subscriber = this.#known(idOrEmail);
		if (subscriber.referralStatus === null || subscriber.referralStatus === 'rejected') {
			throw new ProgramError('nothingToDo', 'Subscriber has no referral to reject');
		}
		subscriber.referralStatus = 'rejected';
		this.#sync(subscriber);
		return subscriber;
	}

	/**
	 * Takes somebody out, and their code with them; no event tells of it. Whom they brought stays, and
	 * their address stays known: who comes with it again is another person, and counts for nobody.
	 */
	delete(idOrEmail: string): Subscriber {
		const subscriber = this.#known(idOrEmail);
		this.#people.remove(subscriber);
		return subscriber;
	}

	/** Makes somebody a member of the campaign who is none; no event tells of it. */
	addToCampaign(idOrEmail: string): Membership {
		const subscriber = this.#known(idOrEmail);
		if (subscriber.membership) {
			const { email } = subscriber;
			throw new ProgramError('taken', `${email} has already been added to this campaign`);
		}
		return (subscriber.membership = this.#newMembership());
	}

	/** The person stays a subscriber, whose code still counts; no event tells of it. */
	removeFromCampaign(idOrEmail: string): Subscriber {
		const subscriber = this.#known(idOrEmail);
		if (!subscriber.membership) {
			throw new ProgramError('nothingToDo', 'Subscriber is not in this campaign');
		}
		subscriber.membership = null;
		return subscriber;
	}

	/** Notes what somebody did, as the newsletter says. It wins nothing here. */
	recordCustomEvent(
		idOrEmail: string,
		{ value, description = null }: { value: number; description?: string | null },
	): CustomEvent {
		const subscriber = this.#known(idOrEmail);
		const event = { value, description, createdAt: seconds(this.#clock) };
		subscriber.customEvents.push(event);
		return event;
	}

	/** The winner leaves an address for a physical reward. */
	redeem(idOrEmail: string, rewardId: string, shipping: Record<string, unknown> = {}): void {
		const subscriber = this.#known(idOrEmail);
		const reward = this.rewards.find(({ id }) => id === rewardId);
		if (!reward?.physical) throw new ProgramError('invalid', 'No physical reward has this id');
		const win = subscriber.wins.find((one) => one.rewardId === rewardId && !one.redeemed);
		if (!win) throw new ProgramError('nothingToDo', 'No win of this reward waits for an address');
		win.redeemed = true;
		this.#emit(payloads.rewardRedeemed(this.#context, subscriber, reward, shipping));
	}

	/** Every count starts again at 0, and every reward can be won again; all are re-synced. */
	resetCampaign(): void {
		for (const subscriber of this.#people.all) subscriber.totReferrals = 0;
		this.syncAll();
	}

	/** Changes where links lead, which re-syncs everybody. */
	setSiteUrl(siteUrl: string): void {
		if (siteUrl === this.#siteUrl) return;
		this.#siteUrl = siteUrl;
		this.syncAll();
	}

	/** One `sync_subscriber` for each subscriber. */
	syncAll(): void {
		for (const subscriber of this.#people.all) this.#sync(subscriber);
	}

	#count(referrer: Subscriber, friend: Subscriber): void {
		referrer.totReferrals += 1;
		this.#emit(payloads.newReferral(this.#context, friend, referrer));
		for (const reward of rewardsWonAt(referrer.totReferrals, this.rewards)) {
			const win = {
				rewardId: reward.id,
				rewardName: reward.name,
				referrals: referrer.totReferrals,
				coupon: reward.coupon ? this.#draw(() => this.#random.text(LOWER, 7)) : null,
				wonAt: seconds(this.#clock),
				redeemed: false,
			};
			referrer.wins.push(win);
			referrer.lastReward = reward.id;
			this.#emit(payloads.rewardUnlocked(this.#context, referrer, reward, win));
		}
	}

	#newMembership(): Membership {
		const id = this.#draw(() => `membership_${this.#random.text(HEX, 12)}`);
		return { id, createdAt: seconds(this.#clock) };
	}

	#referrerFor(email: string, code: string | null | undefined): Subscriber | undefined {
		if (!code || this.#people.everSaw(email)) return undefined;
		return this.#people.findByCode(code);
	}

	#rename(
		subscriber: Subscriber,
		{ name, firstName }: { name?: string | null; firstName?: string | null },
	): void {
		if (name !== undefined) {
			subscriber.name = name;
			subscriber.firstName = name?.trim().split(/\s+/)[0] || null;
		}
		if (firstName !== undefined) subscriber.firstName = firstName;
	}

	#sync(subscriber: Subscriber): void {
		this.#emit(payloads.syncSubscriber(this.#context, subscriber));
	}

	#known(idOrEmail: string): Subscriber {
		const subscriber = this.find(idOrEmail);
		if (!subscriber) throw new ProgramError('unknown', 'Subscriber not found');
		return subscriber;
	}

	#checked(email: string): string {
		if (!isEmail(email)) throw new ProgramError('invalid', 'Email is invalid');
		return email.trim();
	}

	#draw(make: () => string): string {
		let drawn = make();
		while (this.#drawn.has(drawn)) drawn = make();
		this.#drawn.add(drawn);
		return drawn;
	}

	get #context(): payloads.PayloadContext {
		return {
			campaignId: this.campaign.id,
			siteUrl: this.#siteUrl,
			rewards: this.rewards,
			revision: this.#revision,
		};
	}
}
