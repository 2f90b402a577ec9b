import { SparkLoop } from '../../nodes/SparkLoop/SparkLoop.node';
import { SparkLoopTrigger } from '../../nodes/SparkLoop/SparkLoopTrigger.node';
import { node, shownHints } from '../support/engine.mts';

const trigger = (parameters: object) =>
	shownHints(node('Trigger', 'n8n-nodes-sparkloop.sparkLoopTrigger', parameters));
const action = (parameters: object) =>
	shownHints(node('SparkLoop', 'n8n-nodes-sparkloop.sparkLoop', parameters));

const ANYONE = /'None'.*anyone who knows the URL.*write to your ESP/;
const UNHEARD = /'Immediately'.*200 before the workflow has run.*does not send again what fails/;
const WITHOUT_EFFECT = /'Include Referral Programs' has no effect while 'Simplify' is on/;

it.each([
	['that nobody has set up', {}, []],
	['that wants the token', { authentication: 'sparkLoopToken', respond: 'lastNode' }, []],
	['that takes events from anyone', { authentication: 'none' }, [ANYONE]],
	['that answers at once', { respond: 'onReceived' }, [UNHEARD]],
	['that does both', { authentication: 'none', respond: 'onReceived' }, [ANYONE, UNHEARD]],
])('the hints of a trigger %s', (_what, parameters, messages) => {
	expect(trigger(parameters)).toEqual(
		messages.map((message) => expect.stringMatching(message) as string),
	);
});

describe.each([
	{ resource: 'subscriber', operation: 'getAll' },
	{ resource: 'campaign', operation: 'getManySubscribers' },
])('the hint of $resource: $operation', (list) => {
	it('tells of a wish that has no effect', () => {
		expect(action({ ...list, simplify: true, listOptions: { expand: true } })).toEqual([
			expect.stringMatching(WITHOUT_EFFECT) as string,
		]);
	});

	it.each([
		{ simplify: false, listOptions: { expand: true } },
		{ simplify: true, listOptions: { expand: false } },
		{ simplify: true, listOptions: {} },
	])('is not there with %j', (parameters) => {
		expect(action({ ...list, ...parameters })).toEqual([]);
	});
});

it.each(['subscribe', 'get'])('there is no hint of subscriber: %s', (operation) => {
	expect(action({ resource: 'subscriber', operation })).toEqual([]);
});

it('hints stand beside the output, before a run and after it', () => {
	for (const { hints } of [new SparkLoop().description, new SparkLoopTrigger().description]) {
		expect(hints?.length).toBeGreaterThan(0);
		for (const hint of hints ?? []) {
			expect(hint).toMatchObject({ location: 'outputPane', whenToDisplay: 'always' });
		}
	}
});
