import { credentials } from './cases/credentials.mts';
import { errors } from './cases/errors.mts';
import { hints } from './cases/hints.mts';
import { imported } from './cases/imported.mts';
import { nodesPanel } from './cases/nodesPanel.mts';
import { parameters } from './cases/parameters.mts';
import { trigger } from './cases/trigger.mts';
import { type BrowserStage, setBrowserStage } from './support/browserStage.mts';

jest.setTimeout(60_000);

let stage: BrowserStage;
beforeAll(async () => (stage = await setBrowserStage()), 180_000);
afterAll(async () => await stage?.close(), 60_000);
afterEach(() => expect(stage.complaints.splice(0)).toEqual([]));

/** What is tried → its tests. */
const CASES: Readonly<Record<string, (stage: () => BrowserStage) => void>> = {
	'the nodes panel': nodesPanel,
	'a credential': credentials,
	'the trigger': trigger,
	'the hints beside the output': hints,
	'a workflow file': imported,
	'a failure in the output panel': errors,
	'every parameter opens, and what does not apply is hidden': parameters,
};

describe.each(Object.keys(CASES))('%s', (title) => CASES[title](() => stage));
