import { emailKey, type Subscriber } from './subscriber.mts';

/** Who is in SparkLoop, found in every way, and who once had which address. */
export class People {
	readonly #byId = new Map<string, Subscriber>();
	readonly #byCode = new Map<string, Subscriber>();
	/** Every address ever seen, and who had it last; those who were deleted stay in it. */
	readonly #everSeen = new Map<string, Subscriber>();
	#all: readonly Subscriber[] | undefined;
	#newestFirst: readonly Subscriber[] | undefined;

	/** Everybody, in the order in which they came; later changes do not show in it. */
	get all(): readonly Subscriber[] {
		return (this.#all ??= [...this.#byId.values()]);
	}

	/** Everybody by the time of the sign-up, the latest first, and of equal ones who came last. */
	get newestFirst(): readonly Subscriber[] {
		return (this.#newestFirst ??= this.all.toReversed().sort((a, b) => b.createdAt - a.createdAt));
	}

	/** By id or by the e-mail address that the person has now. */
	find(idOrEmail: string): Subscriber | undefined {
		const byId = this.#byId.get(idOrEmail);
		if (byId) return byId;
		const seen = this.#everSeen.get(emailKey(idOrEmail));
		const has = seen && this.#byId.has(seen.id) && emailKey(seen.email) === emailKey(idOrEmail);
		return has ? seen : undefined;
	}

	findByCode(code: string): Subscriber | undefined {
		return this.#byCode.get(code);
	}

	/** Whether anybody ever had that address. */
	everSaw(email: string): boolean {
		return this.#everSeen.has(emailKey(email));
	}

	/** Whether this person once had that address, or has it now. */
	everHad(subscriber: Subscriber, email: string): boolean {
		return this.#everSeen.get(emailKey(email)) === subscriber;
	}

	add(subscriber: Subscriber): void {
		this.#byId.set(subscriber.id, subscriber);
		this.#byCode.set(subscriber.referralCode, subscriber);
		this.#everSeen.set(emailKey(subscriber.email), subscriber);
		this.#forgetOrder();
	}

	changeEmail(subscriber: Subscriber, email: string): void {
		subscriber.email = email;
		this.#everSeen.set(emailKey(email), subscriber);
	}

	/** The address stays seen: whoever comes with it again is new to nobody. */
	remove(subscriber: Subscriber): void {
		this.#byId.delete(subscriber.id);
		this.#byCode.delete(subscriber.referralCode);
		this.#forgetOrder();
	}

	#forgetOrder(): void {
		this.#all = undefined;
		this.#newestFirst = undefined;
	}
}
