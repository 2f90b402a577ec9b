import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { INodeTypeDescription } from 'n8n-workflow';

import { SparkLoop } from '../../nodes/SparkLoop/SparkLoop.node';
import { SparkLoopTrigger } from '../../nodes/SparkLoop/SparkLoopTrigger.node';
import { drawnSubtitle, node } from '../support/engine.mts';

interface Codex {
	node: string;
	categories: string[];
	alias: string[];
	resources: Record<string, Array<{ url: string }>>;
}

const codexOf = (file: string) =>
	JSON.parse(
		readFileSync(path.join(import.meta.dirname, '../../nodes/SparkLoop', file), 'utf8'),
	) as Codex;

const FACES: Array<[string, INodeTypeDescription, Codex]> = [
	['SparkLoop', new SparkLoop().description, codexOf('SparkLoop.node.json')],
	['SparkLoop Trigger', new SparkLoopTrigger().description, codexOf('SparkLoopTrigger.node.json')],
];

describe.each(FACES)('%s', (name, description, codex) => {
	it('is called what n8n puts under its icon', () => {
		expect(description.displayName).toBe(name);
		expect(description.defaults.name).toBe(name);
	});

	it('says in one line what it is for', () => {
		expect(description.description).toMatch(/^\p{Lu}.*[^.]$/u);
		expect(description.description).toContain('SparkLoop');
	});

	it('is found among what has to do with newsletters and referrals', () => {
		expect(codex.node).toBe(`n8n-nodes-sparkloop.${description.name}`);
		expect(codex.categories).toEqual(['Marketing']);
		expect(codex.alias).toEqual(expect.arrayContaining(['newsletter', 'referral']));
		for (const url of Object.values(codex.resources).flat()) {
			expect(url).toEqual({
				url: expect.stringMatching(/npmjs\.com\/package\/n8n-nodes-sparkloop/) as string,
			});
		}
	});
});

it('what stands under a node says what it does', () => {
	const action = { resource: 'subscriber', operation: 'subscribe' };
	const trigger = (events: string[]) =>
		drawnSubtitle(node('T', 'n8n-nodes-sparkloop.sparkLoopTrigger', { events }));
	expect(drawnSubtitle(node('S', 'n8n-nodes-sparkloop.sparkLoop', action))).toBe(
		'subscribe: subscriber',
	);
	expect(trigger(['new_referral'])).toBe('1 event');
	expect(trigger(['new_referral', 'other'])).toBe('2 events');
});
