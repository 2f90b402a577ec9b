import type { INode } from 'n8n-workflow';

import { chain, node, outputs, request, run } from '../support/engine.mts';
import { sample } from '../support/samples.mts';

const TRIGGER = node('Trigger', 'n8n-nodes-sparkloop.sparkLoopTrigger', {
	authentication: 'none',
	events: ['new_referral'],
	items: 'contacts',
	fieldNames: 'upperCase',
	fieldValues: 'sparkLoop',
	outputs: 'single',
	options: {},
});

async function compare(contacts: object[], parameters: object = {}, extra: Partial<INode> = {}) {
	const { output = [] } = await request(TRIGGER, {
		body: sample('fromSparkLoop/new_referral.docs'),
	});
	const events = output.flat().map(({ json }) => json);
	const graph = {
		nodes: [
			node('Start', 'n8n-nodes-base.noOp', {}),
			node(
				'Compare',
				'n8n-nodes-sparkloop.sparkLoop',
				{
					resource: 'contact',
					operation: 'compare',
					event: '={{ $json.event }}',
					knownReferrals: '={{ $json.contact.RH_TOTREF }}',
					knownGuard: '={{ $json.contact.RH_GUARD }}',
					...parameters,
				},
				extra,
			),
		],
		connections: chain('Start', 'Compare'),
	};
	const items = contacts.map((contact, index) => ({ json: { event: events[index], contact } }));
	return await run(graph, 'Start', items as never);
}

it('takes the items of the trigger, and leaves in them what is new for each contact', async () => {
	const result = await compare([{ RH_TOTREF: '3' }, { RH_TOTREF: 1 }]);
	const [items] = outputs(result, 'Compare');
	expect(items).toMatchObject([
		{
			json: { role: 'referrer', stale: false, fields: { RH_TOTREF: 4 }, payload: {} },
			pairedItem: { item: 0 },
		},
		{ json: { role: 'subscriber', stale: true, fields: {} }, pairedItem: { item: 1 } },
	]);
});

it('takes a contact that has nothing yet for one that everything is new to', async () => {
	const [items] = outputs(await compare([{}, { RH_TOTREF: null }]), 'Compare');
	expect(items.map(({ json }) => json.stale)).toEqual([false, false]);
});

it('says which item is no event, and what to give', async () => {
	const result = await compare([{}], { event: '={{ { type: "new_referral" } }}' });
	expect(result.data.resultData.error).toMatchObject({
		message: "'Event' is no item of the SparkLoop Trigger [item 0]",
		description: expect.stringMatching(/'Items' has to be 'One per Contact to Update'/),
	});
});

it('lets the others through when it continues on error', async () => {
	const result = await compare([{ RH_TOTREF: 'many' }, {}], {}, { onError: 'continueErrorOutput' });
	const [good, bad] = outputs(result, 'Compare');
	expect(good).toMatchObject([{ json: { role: 'subscriber' } }]);
	expect(bad).toMatchObject([{ json: { error: "'Known Referrals' is no whole number [item 0]" } }]);
});
