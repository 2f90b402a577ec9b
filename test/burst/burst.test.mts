import { setTimeout as sleep } from 'node:timers/promises';

import { mailerLite } from '../../scripts/workflows/esp/mailerLite.mts';
import { paceOf } from '../../scripts/workflows/esp/pace.mts';
import { EspStage } from '../support/espStage.mts';
import { fromSparkLoop, type EspInService } from '../support/espInService.mts';
import type { Reply } from '../support/peer.mts';
import type { Heard } from '../support/vendors.mts';

const EVENTS = 1_000;
/** How many deliveries SparkLoop has under way at a time. */
const AT_A_TIME = 12;
/** How much faster than in reality time passes: for the ESP's limit, and for the flow's pauses. */
const FASTER = 4;

/** MailerLite's limit: 120 requests in a minute. */
const LIMIT = { ...mailerLite.rateLimit!, per: mailerLite.rateLimit!.per / FASTER };

let stage: EspStage;
let esp: EspInService;
const contacts = new Map<string, object>();
const asked: number[] = [];
let refused = 0;

/** MailerLite as far as the flow needs it, with its limit: what comes too soon is refused and counted. */
function answer({ method, path, body }: Heard): Reply {
	if (!path.startsWith('/api/subscribers')) return { status: 200, body: { data: [] } };
	const now = Date.now();
	if (asked.filter((at) => at > now - LIMIT.per).length >= LIMIT.requests) {
		refused += 1;
		return { status: 429, body: { message: 'Too Many Attempts.' } };
	}
	asked.push(now);
	if (method === 'GET') {
		const found = contacts.get(decodeURIComponent(path.split('/').at(-1) ?? ''));
		if (!found) return { status: 404, body: { message: 'Resource not found.' } };
		return { status: 200, body: { data: { id: '1', fields: found } } };
	}
	const { email, fields } = body as { email: string; fields: object };
	contacts.set(email, fields);
	return { status: 201, body: { data: { id: '1', email, fields } } };
}

beforeAll(async () => {
	stage = await EspStage.set();
	stage.vendors.on('connect.mailerlite.com', answer);
	const key = { type: 'mailerLiteApi', data: { apiKey: 'key', classicApi: false } };
	esp = await stage.bring({
		file: 'mailerlite',
		settings: { leaseRests: Math.ceil(paceOf(mailerLite.rateLimit!).pause / FASTER) },
		credentials: {
			mailerLiteApi: key,
			mailerLite: key,
			crypto: { type: 'crypto', data: { hmacSecret: 'secret' } },
		},
	});
}, 180_000);
afterAll(async () => await stage?.close(), 60_000);

it(`writes ${EVENTS} contacts at once, and asks the ESP no more than it allows`, async () => {
	const waiting = Array.from({ length: EVENTS }, (_, index) => `reader${index}@example.com`);
	let sentAgain = 0;
	/** Like SparkLoop: what is not answered with 200 is sent again, later. */
	const deliverAll = async (): Promise<void> => {
		for (let email = waiting.shift(); email; email = waiting.shift()) {
			if ((await esp.deliver(fromSparkLoop.sync(email, 1))) === 200) continue;
			sentAgain += 1;
			waiting.push(email);
			await sleep(1_000);
		}
	};
	const since = Date.now();
	await Promise.all(Array.from({ length: AT_A_TIME }, deliverAll));
	process.stdout.write(
		`${EVENTS} contacts in ${Math.round((Date.now() - since) / 1000)} s, ${asked.length} requests, ${refused} refused, ${sentAgain} events sent again\n`,
	);
	expect(refused).toBe(0);
	expect(contacts.size).toBe(EVENTS);
	expect([...contacts.values()]).toEqual(
		Array.from({ length: EVENTS }, () =>
			expect.objectContaining({ rh_code: 'ada90f39', rh_totref: 1 }),
		),
	);
}, 1_800_000);
