import { ESPS } from '../../scripts/workflows/esp/esps.mts';
import { EspStage } from '../support/espStage.mts';
import { activecampaign } from './cases/activecampaign.mts';
import { beehiiv } from './cases/beehiiv.mts';
import { brevo } from './cases/brevo.mts';
import { campaignMonitor } from './cases/campaignMonitor.mts';
import { customerIo } from './cases/customer-io.mts';
import { getresponse } from './cases/getresponse.mts';
import { hubspot } from './cases/hubspot.mts';
import { iterable } from './cases/iterable.mts';
import { kit } from './cases/kit.mts';
import { klaviyo } from './cases/klaviyo.mts';
import { listmonk } from './cases/listmonk.mts';
import { loops } from './cases/loops.mts';
import { mailchimp } from './cases/mailchimp.mts';
import { mailerlite } from './cases/mailerlite.mts';
import { mautic } from './cases/mautic.mts';
import { sendgrid } from './cases/sendgrid.mts';
import { sendy } from './cases/sendy.mts';

/** File in `workflows/esp/`, without its ending → its tests. */
const CASES: Readonly<Record<string, (stage: () => EspStage) => void>> = {
	activecampaign,
	beehiiv,
	brevo,
	'campaign-monitor': campaignMonitor,
	'customer-io': customerIo,
	getresponse,
	hubspot,
	iterable,
	kit,
	klaviyo,
	listmonk,
	loops,
	mailchimp,
	mailerlite,
	mautic,
	sendgrid,
	sendy,
};
/** Those that are run for real. */
const REAL = ['ghost', 'postgresql'];

let stage: EspStage;
beforeAll(async () => (stage = await EspStage.set()), 180_000);
afterAll(async () => await stage?.close(), 60_000);
afterEach(() => expect(stage.vendors.unexpected).toEqual([]));

it('every ESP has its tests', () => {
	expect([...Object.keys(CASES), ...REAL].sort()).toEqual(Object.keys(ESPS).sort());
});

describe.each(Object.keys(CASES))('%s', (file) => CASES[file](() => stage));
