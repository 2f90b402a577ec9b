import { referralLink } from '../../sandbox/referralLink.mts';
import { createProgram, refer } from './support/program.mts';

const PERSON = [
	'id',
	'first_name',
	'name',
	'email',
	'referral_code',
	'referral_link',
	'referred',
	'tot_referrals',
	'next_reward',
];
const REWARD = ['id', 'name', 'referrals', 'recurring'];

// The names in the samples of each source.
const SHAPES = {
	article: {
		sync_subscriber: { top: ['campaign_id'], person: [...PERSON, 'last_reward'] },
		new_referral: {
			top: ['campaign_id', 'referrer'],
			person: [...PERSON, 'last_reward', 'created_at'],
		},
		reward_unlocked: {
			top: ['campaign_id', 'reward'],
			person: [...PERSON, 'last_reward', 'created_at'],
		},
	},
	docs: {
		sync_subscriber: { top: ['campaign_id'], person: [...PERSON, 'created_at'] },
		new_referral: { top: ['campaign_id', 'referrer'], person: [...PERSON, 'created_at'] },
		reward_unlocked: {
			top: ['campaign_id', 'reward', 'referrals', 'coupon_code'],
			person: [...PERSON, 'created_at'],
		},
	},
} as const;

describe.each(['article', 'docs'] as const)('the payloads of the %s', (revision) => {
	it('have exactly the names of its samples', () => {
		const { program, events } = createProgram({
			revision,
			rewards: [{ name: 'Report', referrals: 1, coupon: true }],
		});
		const { subscriber } = program.subscribe({ email: 'a@x.org' });
		refer(program, subscriber.referralCode, 1);

		for (const [type, { top, person }] of Object.entries(SHAPES[revision])) {
			const event = events.find((one) => one.type === type);
			expect(Object.keys(event ?? {}).sort()).toEqual(['type', 'subscriber', ...top].sort());
			expect(Object.keys(event?.subscriber ?? {}).sort()).toEqual([...person].sort());
			if (event?.reward) expect(Object.keys(event.reward).sort()).toEqual([...REWARD].sort());
		}
	});
});

describe('a referral link', () => {
	it.each([
		['https://mywebsite.com', 'https://mywebsite.com?rh_ref=c0de'],
		['https://mywebsite.com/', 'https://mywebsite.com/?rh_ref=c0de'],
		['https://mywebsite.com/join?a=1', 'https://mywebsite.com/join?a=1&rh_ref=c0de'],
		['https://mywebsite.com/join?', 'https://mywebsite.com/join?rh_ref=c0de'],
		['https://mywebsite.com/join?a=1&', 'https://mywebsite.com/join?a=1&rh_ref=c0de'],
		['https://mywebsite.com/#form', 'https://mywebsite.com/?rh_ref=c0de#form'],
		['https://mywebsite.com/?a=1#/x?y', 'https://mywebsite.com/?a=1&rh_ref=c0de#/x?y'],
	])('for %s is %s', (site, link) => {
		expect(referralLink(site, 'c0de')).toBe(link);
	});
});
