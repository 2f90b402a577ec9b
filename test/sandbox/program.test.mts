import { createProgram, refer } from './support/program.mts';

const THREE = { name: 'Report', referrals: 3, coupon: true };
const FIVE = { name: 'Month', referrals: 5, recurring: true, coupon: true };

describe('a sign-up', () => {
	it('gets a link, a code and one sync_subscriber', () => {
		const { program, events } = createProgram();

		const { subscriber } = program.subscribe({ email: 'john.doe@email.com', name: 'John Doe' });

		expect(events).toEqual([
			{
				type: 'sync_subscriber',
				campaign_id: program.campaign.id,
				subscriber: {
					id: subscriber.id,
					first_name: 'John',
					name: 'John Doe',
					email: 'john.doe@email.com',
					referral_code: subscriber.referralCode,
					referral_link: `https://mywebsite.com?rh_ref=${subscriber.referralCode}`,
					referred: false,
					tot_referrals: 0,
					last_reward: null,
					next_reward: 3,
					created_at: 1767225600,
				},
			},
		]);
		expect(subscriber.id).toMatch(/^sub_[a-z0-9]{8}$/);
	});

	it.each(['', 'john', 'john@', '@x.org', 'jo hn@x.org', 'john@x'])('refuses %j', (email) => {
		expect(() => createProgram().program.subscribe({ email })).toThrow('Email is invalid');
	});

	it('of somebody known updates and confirms them, and counts for nobody', () => {
		const { program, types } = createProgram();
		const { subscriber: advocate } = program.subscribe({ email: 'a@x.org' });
		program.subscribe({ email: 'b@x.org' });
		program.unsubscribe('b@x.org');

		const again = program.subscribe({
			email: ' B@x.org',
			name: 'Bea',
			referrerCode: advocate.referralCode,
		});

		expect(again.created).toBe(false);
		expect(again.subscriber).toMatchObject({ status: 'confirmed', name: 'Bea', referrerId: null });
		expect(advocate.totReferrals).toBe(0);
		expect(types()).toEqual(['sync_subscriber', 'sync_subscriber', 'sync_subscriber']);
	});
});

describe('a referral', () => {
	it('is told as new_referral with both people, before the reward it wins', () => {
		const { program, events, types } = createProgram({ rewards: [{ ...THREE, referrals: 1 }] });
		const { subscriber: advocate } = program.subscribe({ email: 'a@x.org' });

		refer(program, advocate.referralCode, 1);

		expect(types()).toEqual([
			'sync_subscriber',
			'sync_subscriber',
			'new_referral',
			'reward_unlocked',
		]);
		expect(events[2]).toMatchObject({
			subscriber: { email: 'friend1@x.org', referred: true, referral_status: 'verified' },
			referrer: { email: 'a@x.org', tot_referrals: 1 },
		});
		expect(events[3]).toMatchObject({
			referrals: 1,
			coupon_code: advocate.wins[0].coupon,
			subscriber: { email: 'a@x.org', last_reward: program.rewards[0].id, next_reward: null },
			reward: { id: program.rewards[0].id, name: 'Report', referrals: 1, recurring: false },
		});
	});

	it('counts for nobody with an unknown code', () => {
		const { program, types } = createProgram();

		refer(program, 'nobody', 1);

		expect(types()).toEqual(['sync_subscriber']);
		expect(program.subscribers[0].referrerId).toBeNull();
	});

	it('never counts for oneself, not even through a former address', () => {
		const { program } = createProgram();
		const { subscriber } = program.subscribe({ email: 'a@x.org' });
		program.update('a@x.org', { email: 'new@x.org' });

		program.subscribe({ email: 'new@x.org', referrerCode: subscriber.referralCode });
		program.subscribe({ email: 'a@x.org', referrerCode: subscriber.referralCode });

		expect(subscriber.totReferrals).toBe(0);
	});

	it('counts a friend once, however often they leave and come back', () => {
		const { program } = createProgram();
		const { subscriber } = program.subscribe({ email: 'a@x.org' });

		for (let round = 0; round < 3; round += 1) {
			refer(program, subscriber.referralCode, 1);
			program.unsubscribe('friend1@x.org');
		}

		expect(subscriber.totReferrals).toBe(1);
	});

	it('wins a recurring reward again under the same id, with another coupon', () => {
		const { program } = createProgram({ rewards: [{ ...FIVE, referrals: 2 }] });
		const { subscriber } = program.subscribe({ email: 'a@x.org' });

		refer(program, subscriber.referralCode, 4);

		expect(subscriber.wins.map(({ rewardId }) => rewardId)).toEqual([
			program.rewards[0].id,
			program.rewards[0].id,
		]);
		expect(new Set(subscriber.wins.map(({ coupon }) => coupon)).size).toBe(2);
	});

	it('that wins two rewards tells both, the smaller threshold first', () => {
		const { program, events } = createProgram({
			rewards: [
				{ name: 'Two', referrals: 2 },
				{ name: 'One', referrals: 1, recurring: true },
			],
		});
		const { subscriber } = program.subscribe({ email: 'a@x.org' });

		refer(program, subscriber.referralCode, 2);

		expect(events.slice(-2).map(({ reward, coupon_code }) => [reward?.name, coupon_code])).toEqual([
			['One', null],
			['Two', null],
		]);
	});
});

describe('next_reward', () => {
	it.each([
		[0, 3],
		[1, 2],
		[2, 1],
		[3, 2],
		[4, 1],
		[5, 5],
		[6, 4],
	])('after %i referrals is %i', (referrals, expected) => {
		const { program } = createProgram({ rewards: [FIVE, THREE] });
		const { subscriber } = program.subscribe({ email: 'a@x.org' });

		refer(program, subscriber.referralCode, referrals);

		expect(program.describe(subscriber).next_reward).toBe(expected);
	});
});

describe('a reset of the campaign', () => {
	it('sets every count to 0, keeps the last reward, re-syncs all and opens all rewards', () => {
		const { program, events, types } = createProgram({ rewards: [THREE] });
		const { subscriber } = program.subscribe({ email: 'a@x.org' });
		refer(program, subscriber.referralCode, 3);
		events.length = 0;

		program.resetCampaign();

		expect(types()).toEqual(Array(4).fill('sync_subscriber'));
		expect(events[0].subscriber).toMatchObject({
			tot_referrals: 0,
			last_reward: program.rewards[0].id,
			next_reward: 3,
		});

		refer(program, subscriber.referralCode, 3, 'later');
		expect(subscriber.wins).toHaveLength(2);
	});
});

describe('a change of e-mail', () => {
	it('keeps id, link, count and rewards', () => {
		const { program, events } = createProgram({ rewards: [{ ...THREE, referrals: 1 }] });
		const { subscriber } = program.subscribe({ email: 'a@x.org', name: 'Ann' });
		refer(program, subscriber.referralCode, 1);
		const before = program.describe(subscriber);

		program.update('a@x.org', { email: 'new@x.org' });

		expect(events.at(-1)).toMatchObject({
			type: 'sync_subscriber',
			subscriber: { ...before, email: 'new@x.org' },
		});
		expect(program.find('a@x.org')).toBeUndefined();
		expect(program.find('NEW@x.org')).toBe(subscriber);
	});

	it('to an address of somebody else is refused', () => {
		const { program } = createProgram();
		program.subscribe({ email: 'a@x.org' });
		program.subscribe({ email: 'b@x.org' });

		expect(() => program.update('a@x.org', { email: 'B@x.org' })).toThrow('already been taken');
	});

	it('frees the address for somebody new, who then owns it', () => {
		const { program } = createProgram();
		program.subscribe({ email: 'a@x.org' });
		program.update('a@x.org', { email: 'new@x.org' });

		const { subscriber, created } = program.subscribe({ email: 'a@x.org' });

		expect(created).toBe(true);
		expect(program.find('a@x.org')).toBe(subscriber);
	});
});

describe('the order of a hundred thousand', () => {
	it('is made once for all pages, until somebody comes or goes', () => {
		const { program } = createProgram();
		program.subscribe({ email: 'a@x.org', createdAt: 2 });
		const emails = () => program.newestFirst.map(({ email }) => email);

		expect(program.newestFirst).toBe(program.newestFirst);
		program.subscribe({ email: 'b@x.org', createdAt: 1 });
		program.subscribe({ email: 'c@x.org', createdAt: 2 });
		expect(emails()).toEqual(['c@x.org', 'a@x.org', 'b@x.org']);
		program.delete('a@x.org');
		expect(emails()).toEqual(['c@x.org', 'b@x.org']);
	});
});

describe('deleting somebody', () => {
	it('takes them and their code away, tells nobody, and leaves the counts', () => {
		const { program, types } = createProgram();
		const { subscriber } = program.subscribe({ email: 'a@x.org' });
		refer(program, subscriber.referralCode, 2);
		const before = types().length;

		expect(program.delete('friend1@x.org').email).toBe('friend1@x.org');
		expect(subscriber.totReferrals).toBe(2);
		program.delete(subscriber.id);

		expect(types()).toHaveLength(before);
		expect(program.subscribers.map(({ email }) => email)).toEqual(['friend2@x.org']);
		for (const gone of ['a@x.org', subscriber.id]) {
			expect(program.find(gone)).toBeUndefined();
			expect(() => program.delete(gone)).toThrow('Subscriber not found');
		}
		refer(program, subscriber.referralCode, 1, 'late');
		expect(program.find('late1@x.org')?.referrerId).toBeNull();
	});

	it('makes nobody new who comes with any address they ever had', () => {
		const { program } = createProgram();
		const { subscriber } = program.subscribe({ email: 'a@x.org' });
		refer(program, subscriber.referralCode, 1);
		program.update('friend1@x.org', { email: 'moved@x.org' });
		program.delete('moved@x.org');

		for (const email of ['friend1@x.org', 'moved@x.org']) {
			const again = program.subscribe({ email, referrerCode: subscriber.referralCode });
			expect(again).toMatchObject({ created: true, subscriber: { referrerId: null } });
		}

		expect(subscriber.totReferrals).toBe(1);
	});

	it('frees the address for somebody else', () => {
		const { program } = createProgram();
		program.subscribe({ email: 'a@x.org' });
		const { subscriber } = program.subscribe({ email: 'b@x.org' });
		program.delete('a@x.org');

		program.update('b@x.org', { email: 'a@x.org' });

		expect(program.find('a@x.org')).toBe(subscriber);
	});
});

describe('the rest of a life', () => {
	it('unsubscribing is told by no event, and refused the second time', () => {
		const { program, types } = createProgram();
		program.subscribe({ email: 'a@x.org' });

		program.unsubscribe('a@x.org');

		expect(types()).toEqual(['sync_subscriber']);
		expect(() => program.unsubscribe('a@x.org')).toThrow('already unsubscribed');
		expect(program.resubscribe('a@x.org').status).toBe('confirmed');
	});

	it('a rejected referral is synced as such, once', () => {
		const { program, events } = createProgram();
		const { subscriber } = program.subscribe({ email: 'a@x.org' });
		refer(program, subscriber.referralCode, 1);

		program.reject('friend1@x.org');

		expect(events.at(-1)?.subscriber).toMatchObject({ referral_status: 'rejected' });
		expect(() => program.reject('friend1@x.org')).toThrow('no referral to reject');
		expect(() => program.reject('a@x.org')).toThrow('no referral to reject');
	});

	it('a physical reward is redeemed once per win', () => {
		const physical = { variantName: 'L', variantSku: 'MUG-L' };
		const { program, events } = createProgram({
			rewards: [{ name: 'Mug', referrals: 1, physical }],
		});
		const { subscriber } = program.subscribe({ email: 'a@x.org' });
		const [{ id }] = program.rewards;
		expect(() => program.redeem('a@x.org', id)).toThrow('No win');
		refer(program, subscriber.referralCode, 1);

		program.redeem('a@x.org', id, { city: 'Berlin' });

		expect(events.at(-1)).toMatchObject({
			type: 'reward_redeemed',
			subscriber: { email: 'a@x.org' },
			reward: { id },
			reward_variant_name: 'L',
			reward_variant_sku: 'MUG-L',
			shipping_details: { city: 'Berlin' },
		});
		expect(() => program.redeem('a@x.org', id)).toThrow('No win');
	});

	it('another site address re-syncs everybody with another link', () => {
		const { program, events } = createProgram();
		refer(program, '', 2);
		events.length = 0;

		program.setSiteUrl('https://join.site/?a=1#top');

		expect(events).toHaveLength(2);
		expect(program.describe(program.subscribers[0]).referral_link).toBe(
			`https://join.site/?a=1&rh_ref=${program.subscribers[0].referralCode}#top`,
		);
	});

	it('has no reward at a threshold that is no count', () => {
		expect(() => createProgram({ rewards: [{ name: 'Zero', referrals: 0 }] })).toThrow('Zero');
	});
});
