import { ESPS } from '../../scripts/workflows/esp/esps.mts';
import { EspStage } from '../support/espStage.mts';
import { beehiiv } from './cases/beehiiv.mts';
import { kit } from './cases/kit.mts';
import { klaviyo } from './cases/klaviyo.mts';
import { loops } from './cases/loops.mts';
import { mailerlite } from './cases/mailerlite.mts';

/** File in `workflows/esp/`, without its ending → its tests. */
const CASES: Readonly<Record<string, (stage: () => EspStage) => void>> = {
	beehiiv,
	kit,
	klaviyo,
	loops,
	mailerlite,
};
/** Those that are run for real. */
const REAL = ['postgresql'];

let stage: EspStage;
beforeAll(async () => (stage = await EspStage.set()), 180_000);
afterAll(async () => await stage?.close(), 60_000);
afterEach(() => expect(stage.vendors.unexpected).toEqual([]));

it('every ESP has its tests', () => {
	expect([...Object.keys(CASES), ...REAL].sort()).toEqual(Object.keys(ESPS).sort());
});

describe.each(Object.keys(CASES))('%s', (file) => CASES[file](() => stage));
