import { type Clock, iso } from './clock.mts';
import { ProgramError } from './program.mts';
import { HEX, type Random } from './random.mts';
import { isEmail } from './subscriber.mts';

export const PARTNER_REFERRAL_STATUSES = ['confirmed', 'pending', 'rejected'] as const;
export type PartnerReferralStatus = (typeof PARTNER_REFERRAL_STATUSES)[number];

/** A partner program in the names of the api-v2 docs ("Partner Program Object"). */
export interface PartnerProgram {
	uuid: string;
	publication: Publication & {
		description: string | null;
		url: string;
		send_frequency: string;
		language: string;
		categories: string[];
	};
	status: 'active';
	terms: string | null;
	resources_url: string | null;
	redirect_url: string | null;
	thankyou_page_url: string | null;
	/** What a confirmed referral pays, in US dollars. */
	cpa: number;
	/** Days of screening. */
	referral_pending_duration: number;
	geo_restrictions: {
		allow_worldwide_referrals: boolean;
		allowed_countries: string[];
		blocked_countries: string[];
		allowed_regions: string[];
	};
	/** ISO 8601, as all times here. */
	created_at: string;
}

/** Somebody whom one newsletter recommended to another, in the names of the api-v2 docs. */
export interface PartnerReferral {
	email: string;
	referral_status: PartnerReferralStatus;
	rejection_reason: string | null;
	payable: boolean;
	country_code: string | null;
	cpa: number;
	referred_at: string;
	confirmed_at: string | null;
	rejected_at: string | null;
	recommending_publication: Publication;
}

interface Publication {
	uuid: string;
	name: string;
	logo: string | null;
}

export interface PartnerReferralInput {
	email: string;
	/** Default `confirmed`. */
	status?: PartnerReferralStatus;
	/** Only of a rejected one. */
	rejectionReason?: string;
	countryCode?: string;
	/** Default: the first partner program. */
	partnerProgramId?: string;
}

/** The newsletters that pay for referrals, and whom they were sent. One is there from the start. */
export class PartnerPrograms {
	readonly #programs: PartnerProgram[] = [];
	readonly #referrals = new Map<string, PartnerReferral[]>();
	readonly #random: Random;
	readonly #clock: Clock;
	readonly #recommending: Publication;

	constructor(random: Random, clock: Clock) {
		this.#random = random;
		this.#clock = clock;
		this.#recommending = this.#publication('Sandbox newsletter');
		this.add('Neighbour newsletter');
	}

	/** The newest first, as in all lists here. */
	get newestFirst(): readonly PartnerProgram[] {
		return this.#programs.toReversed();
	}

	find(uuid: string): PartnerProgram | undefined {
		return this.#programs.find((program) => program.uuid === uuid);
	}

	/** Whom a program was sent; nobody for a program that is none. */
	referralsOf(uuid: string): readonly PartnerReferral[] {
		return (this.#referrals.get(uuid) ?? []).toReversed();
	}

	/** Another program, of a newsletter with that name. */
	add(name: string): PartnerProgram {
		const program: PartnerProgram = {
			uuid: `partner_program_${this.#random.text(HEX, 12)}`,
			publication: {
				...this.#publication(name),
				description: null,
				url: 'https://neighbour.example',
				send_frequency: 'weekly',
				language: 'en',
				categories: ['Technology'],
			},
			status: 'active',
			terms: null,
			resources_url: null,
			redirect_url: 'https://neighbour.example/welcome',
			thankyou_page_url: 'https://neighbour.example/thanks',
			cpa: 2,
			referral_pending_duration: 10,
			geo_restrictions: {
				allow_worldwide_referrals: true,
				allowed_countries: [],
				blocked_countries: [],
				allowed_regions: [],
			},
			created_at: iso(this.#clock.now()),
		};
		this.#programs.push(program);
		this.#referrals.set(program.uuid, []);
		return program;
	}

	/**
	 * Somebody was recommended, and is where `status` says. Sends no event. Throws a
	 * {@link ProgramError} for an address that is none and for an unknown program.
	 */
	addReferral(input: PartnerReferralInput): PartnerReferral {
		const { status = 'confirmed', partnerProgramId = this.#programs[0].uuid } = input;
		const program = this.find(partnerProgramId);
		if (!program) throw new ProgramError('unknown', 'Partner program not found');
		if (!isEmail(input.email)) throw new ProgramError('invalid', 'Email is invalid');
		const now = iso(this.#clock.now());
		const referral: PartnerReferral = {
			email: input.email.trim(),
			referral_status: status,
			rejection_reason:
				status === 'rejected' ? (input.rejectionReason ?? 'Rejected in the sandbox') : null,
			payable: status === 'confirmed',
			country_code: input.countryCode ?? null,
			cpa: program.cpa,
			referred_at: now,
			confirmed_at: status === 'confirmed' ? now : null,
			rejected_at: status === 'rejected' ? now : null,
			recommending_publication: this.#recommending,
		};
		this.#referrals.get(program.uuid)?.push(referral);
		return referral;
	}

	#publication(name: string): Publication {
		return { uuid: `pub_${this.#random.text(HEX, 12)}`, name, logo: null };
	}
}
