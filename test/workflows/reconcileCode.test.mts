import fc from 'fast-check';

import { runCodeFile, runsOf } from '../support/code.mts';

/** What SparkLoop's list of subscribers may be: published nowhere. */
const WORLDS = ['all', 'withStatus', 'confirmedOnly'] as const;
type World = (typeof WORLDS)[number];

const SETTINGS = {
	byHand: 'no',
	nightly: 'repair',
	onDemand: 'dry run',
	unsubscribeUnknown: 'yes',
	askForLinks: 'no',
	thorough: 'no',
	brakePercent: 100,
	brakePeople: 0,
	settle: 3_600_000,
	batchSize: 3,
	pagesPerPart: 5,
	toldPerPart: 1_000,
	rowsPerKind: 5,
	toLookAt: 'SparkLoop drift to look at',
	startedAt: Date.now(),
};
type Settings = Partial<typeof SETTINGS>;

interface Person {
	state: 'active' | 'pending' | 'gone';
	email: string;
	subscriberId: string;
	link: string;
	createdAt: string;
	name: string;
	referrer: string;
}

interface Subscriber {
	uuid: string;
	email: string;
	status: 'confirmed' | 'unsubscribed';
	created_at: string;
}

interface Drift {
	kind: string;
	email: string;
	uuid: string;
	previous?: string;
	[more: string]: unknown;
}

interface Found {
	subscribers: number;
	contacts: number;
	active: number;
	young: number;
	tellsStatus: boolean;
	drift: Drift[];
	forget: string[];
}

interface Plan extends Found {
	counts: Record<string, number>;
	stop: string;
	tooMuch: string;
	isDryRun: boolean;
	batches: Array<{ kind: string; batch: string }>;
}

interface Report {
	[column: string]: unknown;
	text: string;
	problem: string;
	rows: Array<{ kind: string; email: string; other: string; todo: string }>;
}

interface Event {
	type: string;
	subscriber: { email: string; previous_email?: string };
}

interface Outcome {
	kind: string;
	done: number;
	saved: number;
	failed: object[];
	down: boolean;
	remember: Array<{ email: string }>;
	forget: Array<{ email: string }>;
}

const LONG_AGO = '2025-01-31T08:30:00.000Z';
const person = (email: string, more: Partial<Person> = {}): Person => ({
	state: 'active',
	email,
	subscriberId: '',
	link: `https://example.com?rh_ref=${email}`,
	createdAt: LONG_AGO,
	name: '',
	referrer: '',
	...more,
});
const gone = (email: string, more: Partial<Person> = {}) =>
	person(email, { state: 'gone', ...more });
const subscriber = (uuid: string, email: string, more: Partial<Subscriber> = {}): Subscriber => ({
	uuid,
	email,
	status: 'confirmed',
	created_at: LONG_AGO,
	...more,
});
const keyOf = (email: string) => email.toLowerCase();

/** SparkLoop, as far as its API tells of it. */
class Model {
	readonly world: World;
	readonly subscribers: Subscriber[];

	constructor(world: World, subscribers: Subscriber[]) {
		this.world = world;
		this.subscribers = subscribers.map((one) => ({ ...one }));
	}

	list(): object[] {
		return this.subscribers
			.filter(({ status }) => this.world !== 'confirmedOnly' || status === 'confirmed')
			.map(({ status, ...rest }) => (this.world === 'withStatus' ? { status, ...rest } : rest));
	}

	/** What the SparkLoop node puts out for the event. */
	tell({ type, subscriber: told }: Event): object {
		const known = (email: string) =>
			this.subscribers.find((one) => keyOf(one.email) === keyOf(email));
		const failed = (error: string) => ({ error, details: { retry: false, attempts: 1 } });
		const one = known(told.previous_email ?? told.email);
		if (type === 'subscribe') {
			if (one) one.status = 'confirmed';
			else this.subscribers.push(subscriber(`sub_new_${this.subscribers.length}`, told.email));
			return { type, delivery: { attempts: 1, status: 200 } };
		}
		if (!one) return failed('SparkLoop does not know the address');
		if (type === 'update') {
			if (known(told.email)) return failed('Email has already been taken');
			one.email = told.email;
			return { type, delivery: { attempts: 1, status: 200 } };
		}
		const changed = one.status === 'confirmed';
		one.status = 'unsubscribed';
		return { type, delivery: { attempts: 1, status: 200, changed } };
	}
}

const chunks = <T,>(list: T[], size: number): T[][] =>
	list.length <= size ? [list] : [list.slice(0, size), ...chunks(list.slice(size), size)];

/** What *Read a part* hands on, run by run. */
function partsOf(list: object[], people: Person[], told: string[], total = 0): object[][] {
	const parts: Array<{ what: string; next: unknown }> = [];
	const put = (file: string, input: object[], settings: object) => {
		const [part] = runCodeFile<{ what: string; next: unknown }>(file, input, {
			Settings: [{ ...SETTINGS, ...settings }],
		});
		parts.push(part);
	};
	// A full last part is followed by an empty one, of which n8n makes an empty item.
	const pages = chunks(list, 2).map((page) => (page.length > 0 ? page : [{}]));
	if (pages.at(-1)?.length === 2) pages.push([{}]);
	pages.forEach((page) =>
		put('subscriberLines.js.txt', page, { cursor: 1, pagesPerPart: 2 / 200 }),
	);
	chunks(people, 2).forEach((page, index, all) =>
		put(
			'contactLines.js.txt',
			// Some ESPs tell it with the first page only.
			[
				{
					people: page,
					total: index === 0 ? total : 0,
					next: index < all.length - 1 ? index + 1 : '',
				},
			],
			{},
		),
	);
	const rows = chunks(
		told.map((email, id) => ({ id, email })),
		2,
	);
	if (rows.at(-1)?.length === 2) rows.push([]);
	rows.forEach((page) =>
		put('toldLines.js.txt', page.length > 0 ? page : [{}], { toldPerPart: 2 }),
	);
	parts.slice(0, -1).forEach(({ next }) => expect(next).toBeTruthy());
	expect(parts.at(-1)?.next).toBe('');
	return parts.map((part) => [part]);
}

const findDrift = (
	list: object[],
	people: Person[],
	told: string[] = [],
	settings: Settings = {},
	total = 0,
): Found =>
	runCodeFile<Found>('findDrift.js.txt', [{}], {
		Settings: [{ ...SETTINGS, ...settings }],
		'Read a part': runsOf(partsOf(list, people, told, total)),
	})[0];

const planOf = (found: Found, settings: Settings = {}): Plan =>
	runCodeFile<Plan>('planRepairs.js.txt', [found], {
		Settings: [{ ...SETTINGS, ...settings }],
	})[0];

const reportOf = (plan: Plan, outcomes: Outcome[] = [], settings: Settings = {}): Report =>
	runCodeFile<Report>('reportRun.js.txt', [{}], {
		Settings: [{ ...SETTINGS, ...settings }],
		'Decide what to do': [plan],
		...(outcomes.length > 0 ? { 'Repair a batch': runsOf(outcomes.map((one) => [one])) } : {}),
	})[0];

/** One batch, and what becomes of it. */
function repair(batch: { kind: string; batch: string }, tell: (event: Event) => object): Outcome {
	const Settings = [{ ...SETTINGS, ...batch }];
	const repairs = runCodeFile<{ event?: Event }>('repairsOfBatch.js.txt', [{}], { Settings });
	const answers = repairs.map((one) => (one.event ? tell(one.event) : one));
	return runCodeFile<Outcome>('whatBecameOfBatch.js.txt', answers, {
		Settings,
		'One item per repair': repairs,
	})[0];
}

/** A whole night; `told` is the Data Table of who was told of as gone. */
function night(model: Model, people: Person[], told: Set<string>, settings: Settings = {}) {
	const plan = planOf(findDrift(model.list(), people, [...told], settings), settings);
	const outcomes = plan.batches.map((batch) => {
		const outcome = repair(batch, (event) => model.tell(event));
		outcome.remember.forEach(({ email }) => told.add(email));
		outcome.forget.forEach(({ email }) => told.delete(email));
		return outcome;
	});
	return { plan, outcomes, report: reportOf(plan, outcomes, settings) };
}

const kinds = ({ drift }: Found) =>
	drift.map(({ kind, email, previous }) => [kind, previous ? `${previous} → ${email}` : email]);

describe('finding what differs', () => {
	const s1 = subscriber('s1', 'ann@example.com');

	it('finds nothing where both agree, whatever the case of the addresses', () => {
		expect(kinds(findDrift([s1], [person('Ann@Example.com', { subscriberId: 's1' })]))).toEqual([]);
	});

	it('finds each kind', () => {
		const list = [
			s1,
			subscriber('s2', 'old@example.com'),
			subscriber('s3', 'left@example.com'),
			subscriber('s4', 'back@example.com', { status: 'unsubscribed' }),
			subscriber('s5', 'deleted@example.com'),
			subscriber('s6', 'blank@example.com'),
		];
		const people = [
			person('ann@example.com'),
			person('new@example.com', { subscriberId: 's2' }),
			gone('left@example.com'),
			person('back@example.com'),
			person('blank@example.com', { link: '' }),
			person('lost@example.com'),
		];
		expect(kinds(findDrift(list, people)).sort()).toEqual([
			['changed', 'old@example.com → new@example.com'],
			['lost', 'lost@example.com'],
			['returned', 'back@example.com'],
			['stillBilled', 'left@example.com'],
			['unknown', 'deleted@example.com'],
			['withoutLink', 'blank@example.com'],
		]);
	});

	it('leaves alone who has not confirmed yet, and does not call them unknown', () => {
		expect(kinds(findDrift([s1], [person('ann@example.com', { state: 'pending' })]))).toEqual([]);
		expect(kinds(findDrift([], [person('ann@example.com', { state: 'pending' })]))).toEqual([]);
	});

	it('waits with who signed up just now, and says how many', () => {
		const now = new Date().toISOString();
		const young = findDrift([], [person('ann@example.com', { createdAt: now })]);
		expect([kinds(young), young.young]).toEqual([[], 1]);
		const unixSeconds = String(Math.floor(Date.now() / 1000));
		expect(findDrift([], [person('b@example.com', { createdAt: unixSeconds })]).young).toBe(1);
		expect(kinds(findDrift([], [person('b@example.com', { createdAt: '' })]))).toHaveLength(1);
		expect(kinds(findDrift([{ ...s1, created_at: now }], [person('b@example.com')]))).toEqual([
			['lost', 'b@example.com'],
		]);
	});

	it('leaves two subscribers of one contact to a person', () => {
		const two = [s1, subscriber('s2', 'old@example.com')];
		const people = [person('ann@example.com', { subscriberId: 's2' })];
		expect(kinds(findDrift(two, people))).toEqual([['twoSubscribers', 'ann@example.com']]);
	});

	it('changes no address that somebody else has', () => {
		const people = [person('ann@example.com'), person('copy@example.com', { subscriberId: 's1' })];
		expect(kinds(findDrift([s1], people))).toEqual([['sharedId', 'copy@example.com']]);
		const both = ['b@example.com', 'c@example.com'].map((email) =>
			person(email, { subscriberId: 's1' }),
		);
		expect(kinds(findDrift([s1], both))).toEqual([
			['sharedId', 'b@example.com'],
			['sharedId', 'c@example.com'],
		]);
	});

	it('moves the address from a contact that has left to the one that took its place', () => {
		const people = [
			gone('ann@example.com', { subscriberId: 's1' }),
			person('new@example.com', { subscriberId: 's1' }),
		];
		expect(kinds(findDrift([s1], people))).toEqual([
			['changed', 'ann@example.com → new@example.com'],
		]);
	});

	it('unsubscribes nobody who is active under the same address or id', () => {
		for (const other of [
			person('ANN@example.com'),
			person('b@example.com', { subscriberId: 's1' }),
		]) {
			const left = gone('ann@example.com');
			const found = findDrift([s1], [left, other]).drift.map(({ kind }) => kind);
			expect(found).not.toContain('stillBilled');
			expect(findDrift([s1], [other, left]).drift.map(({ kind }) => kind)).toEqual(found);
		}
	});

	it('finds who has left by id too', () => {
		const left = gone('new@example.com', { subscriberId: 's1' });
		expect(kinds(findDrift([s1], [left]))).toEqual([['stillBilled', 'ann@example.com']]);
	});

	it('asks for every active contact when it is to be thorough and no status says so', () => {
		const people = [person('ann@example.com')];
		const { status: _, ...silent } = s1;
		const thorough = { thorough: 'yes' };
		expect(kinds(findDrift([silent], people, [], thorough))).toEqual([
			['confirm', 'ann@example.com'],
		]);
		expect(kinds(findDrift([s1], people, [], thorough))).toEqual([]);
	});

	it('reads a list whose pages overlapped once', () => {
		const list = [s1, s1, subscriber('s2', 'b@example.com'), s1];
		expect(findDrift(list, [person('ann@example.com'), person('b@example.com')])).toMatchObject({
			subscribers: 2,
			drift: [],
		});
	});

	it('reads the next pages of SparkLoop after a full part, and the ESP after the last', () => {
		const next = (count: number) => {
			const list = Array.from({ length: count }, (_, index) =>
				subscriber(`s${index}`, `${index}@x.org`),
			);
			return runCodeFile<{ next: object }>('subscriberLines.js.txt', list, {
				Settings: [{ ...SETTINGS, cursor: 6, pagesPerPart: 5 }],
			})[0].next;
		};
		expect(next(1_000)).toEqual({ what: 'subscribers', cursor: 11 });
		expect(next(999)).toEqual({ what: 'contacts', cursor: '' });
	});

	it('believes a status more than its own memory', () => {
		const told = ['ann@example.com'];
		expect(kinds(findDrift([s1], [person('ann@example.com')], told))).toEqual([]);
		expect(kinds(findDrift([s1], [gone('ann@example.com')], told))).toEqual([
			['stillBilled', 'ann@example.com'],
		]);
		const { status: _, ...silent } = s1;
		expect(kinds(findDrift([silent], [person('ann@example.com')], told))).toEqual([
			['returned', 'ann@example.com'],
		]);
		expect(kinds(findDrift([silent], [gone('ann@example.com')], told))).toEqual([]);
	});

	it('stops at a list in which subscribers have no address', () => {
		expect(() => findDrift([{ uuid: 's1' }], [])).toThrow(/'Base URL'/);
	});
});

/** A person, and in which way the two sides differ about them. */
const DIFFERENCES = [
	'none',
	'lost',
	'changed',
	'stillBilled',
	'returned',
	'unknown',
	'withoutLink',
	'left',
	'pending',
	'changedAndReturned',
] as const;

function worldOf(world: World, differences: ReadonlyArray<(typeof DIFFERENCES)[number]>) {
	const people: Person[] = [];
	const subscribers: Subscriber[] = [];
	const told = new Set<string>();
	const expected: Array<[string, string]> = [];
	differences.forEach((difference, index) => {
		const email = `p${index}@example.com`;
		const uuid = `s${index}`;
		const now = `now${index}@example.com`;
		const unsubscribed = { status: 'unsubscribed' } as const;
		const one = subscriber(uuid, email);
		// Of who has left before, only this flow's own memory knows where SparkLoop does not say it.
		const leave = (address: string) => {
			if (world === 'all') told.add(address);
		};
		switch (difference) {
			case 'none':
				people.push(person(email.toUpperCase(), { subscriberId: index % 2 ? uuid : '' }));
				subscribers.push(one);
				break;
			case 'lost':
				people.push(person(email, { link: '' }));
				expected.push(['lost', email]);
				break;
			case 'changed':
				people.push(person(now, { subscriberId: uuid }));
				subscribers.push(one);
				expected.push(['changed', `${email} → ${now}`]);
				break;
			case 'stillBilled':
				people.push(gone(email));
				subscribers.push(one);
				expected.push(['stillBilled', email]);
				break;
			case 'returned':
				people.push(person(email));
				subscribers.push({ ...one, ...unsubscribed });
				leave(email);
				expected.push([world === 'confirmedOnly' ? 'lost' : 'returned', email]);
				break;
			case 'unknown':
				subscribers.push(one);
				expected.push(['unknown', email]);
				break;
			case 'withoutLink':
				people.push(person(email, { link: '' }));
				subscribers.push(one);
				expected.push(['withoutLink', email]);
				break;
			case 'left':
				people.push(gone(email));
				subscribers.push({ ...one, ...unsubscribed });
				leave(email);
				break;
			case 'pending':
				people.push(person(email, { state: 'pending', link: '' }));
				break;
			case 'changedAndReturned':
				if (world === 'confirmedOnly') break;
				people.push(person(now, { subscriberId: uuid }));
				subscribers.push({ ...one, ...unsubscribed });
				leave(email);
				expected.push(['changed', `${email} → ${now}`], ['returned', now]);
				break;
		}
	});
	return { model: new Model(world, subscribers), people, told, expected };
}

const differences = fc.array(fc.constantFrom(...DIFFERENCES), { minLength: 1, maxLength: 25 });
const shuffled = <T,>(list: T[], order: number[]): T[] =>
	list
		.map((one, index) => ({ one, at: order[index % order.length] }))
		.sort((a, b) => a.at - b.at)
		.map(({ one }) => one);

describe.each(WORLDS)('where SparkLoop lists %s', (world) => {
	it('finds exactly what differs, in whatever order the lists come', () => {
		fc.assert(
			fc.property(differences, fc.array(fc.nat(), { minLength: 1 }), (plan, order) => {
				const { model, people, told, expected } = worldOf(world, plan);
				const found = findDrift(shuffled(model.list(), order), shuffled(people, order), [...told]);
				expect(kinds(found).sort()).toEqual([...expected].sort());
			}),
			{ numRuns: 300 },
		);
	});

	it('repairs all of it, so that the next night finds nothing but missing links', () => {
		fc.assert(
			fc.property(differences, (plan) => {
				const { model, people, told, expected } = worldOf(world, plan);
				const { outcomes, report } = night(model, people, told);
				expect(outcomes.flatMap(({ failed }) => failed)).toEqual([]);
				const billed = expected.filter(([kind]) => ['stillBilled', 'unknown'].includes(kind));
				expect(report.saved).toBe(people.length > 0 ? billed.length : 0);
				if (people.length === 0) return;

				for (const { email, state } of people) {
					const one = model.subscribers.find((other) => keyOf(other.email) === keyOf(email));
					if (state === 'active') expect([email, one?.status]).toEqual([email, 'confirmed']);
					if (state === 'gone') expect(one?.status).not.toBe('confirmed');
				}
				const second = night(model, people, told);
				expect(kinds(second.plan).filter(([kind]) => kind !== 'withoutLink')).toEqual([]);
				expect(second.outcomes.every(({ done }) => done === 0)).toBe(true);
			}),
			{ numRuns: 300 },
		);
	});

	it('changes nothing in a dry run, and reports the same', () => {
		fc.assert(
			fc.property(differences, (plan) => {
				const { model, people, told, expected } = worldOf(world, plan);
				const before = JSON.stringify(model.subscribers);
				const { outcomes, report } = night(model, people, told, { nightly: 'dry run' });
				expect(outcomes).toEqual([]);
				expect(JSON.stringify(model.subscribers)).toBe(before);
				for (const kind of [
					'lost',
					'changed',
					'stillBilled',
					'returned',
					'unknown',
					'withoutLink',
				]) {
					expect([kind, report[kind]]).toEqual([
						kind,
						expected.filter(([other]) => other === kind).length,
					]);
				}
			}),
		);
	});

	it('forgets who is back, so that a second leaving is told again', () => {
		const model = new Model(world, [subscriber('s1', 'ann@example.com')]);
		const told = new Set<string>();
		for (const state of ['gone', 'gone', 'active', 'gone', 'active', 'active', 'gone'] as const) {
			night(model, [person('ann@example.com', { state }), person('b@example.com')], told);
			const [{ status }] = model.subscribers;
			expect([state, status]).toEqual([state, state === 'active' ? 'confirmed' : 'unsubscribed']);
		}
	});
});

describe('the brake', () => {
	const many = Array.from({ length: 100 }, (_, index) => `p${index}@example.com`);
	const list = many.map((email, index) => subscriber(`s${index}`, email));
	const brake = { brakePercent: 5, brakePeople: 20 };
	const leaving = (count: number) =>
		many.map((email, index) => (index < count ? gone(email) : person(email)));
	const stopOf = (people: Person[], subscribers: object[], settings: Settings = {}) =>
		planOf(findDrift(subscribers, people), { ...brake, ...settings });

	it('lets few leave', () => {
		expect(stopOf(leaving(20), list)).toMatchObject({ stop: '' });
		expect(stopOf(leaving(20), list).batches.length).toBeGreaterThan(0);
	});

	it('holds when many would leave, be subscribed, come back or be renamed, and says how to allow it', () => {
		const cases: Array<[RegExp, Person[], object[]]> = [
			[/^21 of 100 subscribers would be unsubscribed/, leaving(21), list],
			[/^21 of 100 contacts would be subscribed\./, leaving(0), list.slice(21)],
			[
				/^21 of 100 people would be subscribed again/,
				leaving(0),
				list.map((one, index) => ({ ...one, status: index < 21 ? 'unsubscribed' : 'confirmed' })),
			],
			[
				/^21 of 100 subscribers would get another address/,
				many.map((email, index) =>
					person(index < 21 ? `x${email}` : email, { subscriberId: `s${index}` }),
				),
				list,
			],
		];
		for (const [reason, people, subscribers] of cases) {
			const plan = stopOf(people, subscribers);
			expect(plan.stop).toMatch(reason);
			expect(plan.stop).toContain('Settings → brakePercent');
			expect(plan.batches).toEqual([]);
			expect(reportOf(plan)).toMatchObject({ outcome: 'stopped', problem: plan.stop });
			expect(stopOf(people, subscribers, { brakePercent: 100 }).stop).toBe('');
		}
	});

	it('counts the unknown only when they would be unsubscribed', () => {
		const people = leaving(0).slice(30);
		expect(stopOf(people, list).stop).toMatch(/^30 of 100/);
		expect(stopOf(people, list, { unsubscribeUnknown: 'no' }).stop).toBe('');
	});

	it('does not stop a dry run, which tells of it', () => {
		const plan = stopOf(leaving(50), list, { nightly: 'dry run' });
		expect(plan).toMatchObject({ stop: '', batches: [] });
		expect(reportOf(plan).text).toContain('A repair would stop: 50 of 100 subscribers');
	});

	it('holds for an empty list and for one that ends too early, in a dry run too', () => {
		for (const nightly of ['repair', 'dry run']) {
			expect(stopOf([], list, { nightly, brakePercent: 100 }).stop).toMatch(/list is empty/);
			const short = findDrift(list, leaving(0), [], {}, 150);
			expect(planOf(short, { nightly, brakePercent: 100 }).stop).toMatch(
				/ended after 100 of 150 contacts/,
			);
		}
		expect(planOf(findDrift(list, leaving(0), [], {}, 105)).stop).toBe('');
	});
});

describe('a batch', () => {
	const batch = (kind: string, ...repairs: object[]) => ({ kind, batch: JSON.stringify(repairs) });
	const down = { error: 'No answer', details: { retry: true, attempts: 2 } };
	const refused = { error: 'Email is invalid', details: { retry: false, attempts: 1 } };

	it('tells SparkLoop of a lost sign-up all that the ESP knows', () => {
		const sent: Event[] = [];
		repair(
			batch(
				'lost',
				{ email: 'a@example.com', at: Date.parse(LONG_AGO), name: 'Ann', referrer: 'f9464199' },
				{ email: 'b@example.com', at: 0, name: '', referrer: 'ann@example.com' },
			),
			(event) => {
				sent.push(event);
				return {};
			},
		);
		expect(sent).toEqual([
			{
				type: 'subscribe',
				subscriber: { email: 'a@example.com', name: 'Ann', created_at: 1738312200 },
				details: { referrer_code: 'f9464199' },
			},
			{ type: 'subscribe', subscriber: { email: 'b@example.com' } },
		]);
	});

	it('remembers and forgets only whom SparkLoop took', () => {
		const leaving = batch(
			'stillBilled',
			{ email: 'A@example.com', remember: true },
			{ email: 'b@example.com', remember: true },
		);
		const outcome = repair(leaving, ({ subscriber: { email } }) =>
			email === 'A@example.com' ? { delivery: { changed: true } } : refused,
		);
		expect(outcome).toMatchObject({
			done: 1,
			saved: 1,
			failed: [{ email: 'b@example.com', reason: 'Email is invalid' }],
			down: false,
			remember: [{ email: 'a@example.com' }],
		});
		const back = batch('returned', { email: 'a@example.com', forget: 'a@example.com' });
		expect(repair(back, () => refused).forget).toEqual([]);
		expect(repair(back, () => ({})).forget).toEqual([{ email: 'a@example.com' }]);
	});

	it('ends the run when nothing of a batch gets through', () => {
		const two = batch('lost', { email: 'a@example.com' }, { email: 'b@example.com' });
		expect(repair(two, () => down).down).toBe(true);
		expect(repair(two, () => refused).down).toBe(false);
		let calls = 0;
		expect(repair(two, () => (calls++ === 0 ? {} : down)).down).toBe(false);
	});
});

describe('the report', () => {
	const people = Array.from({ length: 8 }, (_, index) => person(`p${index}@example.com`));

	it('says what was done, what failed and what is left, with no address in it', () => {
		const plan = planOf(findDrift([subscriber('s1', 'x@example.com')], people, [], {}), {
			unsubscribeUnknown: 'no',
		});
		const refused = { error: 'Email is invalid', details: { retry: false, attempts: 1 } };
		const outcomes = plan.batches.map((one) =>
			repair(one, ({ subscriber: { email } }) => (email === 'p3@example.com' ? refused : {})),
		);
		const report = reportOf(plan, outcomes, { unsubscribeUnknown: 'no' });
		expect(report).toMatchObject({ repaired: 7, failed: 1, lost: 8, unknown: 1, problem: '' });
		expect(report.text).toContain('7 subscribed, 1 failed');
		expect(report.text).not.toContain('@');
		expect(report.rows.map(({ kind, email }) => [kind, email])).toEqual([
			['lost', 'p3@example.com'],
			['unknown', 'x@example.com'],
		]);
	});

	it('stops when SparkLoop does not answer, and says what is left to the next run', () => {
		const plan = planOf(findDrift([], people));
		const down = repair(plan.batches[0], () => ({ error: 'No answer', details: { retry: true } }));
		const report = reportOf(plan, [down]);
		expect(report.problem).toBe('SparkLoop did not answer: No answer');
		expect(report.text).toContain('The next run finds what is left');
	});

	it('lists no more than so many of each kind, and says so', () => {
		const plan = planOf(findDrift([], people, [], {}), { nightly: 'dry run' });
		const report = reportOf(plan, [], { nightly: 'dry run' });
		expect(report.rows).toHaveLength(5);
		expect(report.text).toContain('the first 5 of each kind');
	});

	it("holds SparkLoop's own bar against who has no link", () => {
		const bar = (count: number) => {
			const list = people.map(({ email }, index) => subscriber(`s${index}`, email));
			const some = people.map((one, index) => (index < count ? { ...one, link: '' } : one));
			return reportOf(planOf(findDrift(list, some))).text;
		};
		expect(bar(2)).toContain('without a link, holds');
		expect(bar(3)).toContain('without a link, does not hold');
	});
});
