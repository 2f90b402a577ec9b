import fc from 'fast-check';

import { misfits, outputSchema } from '../../scripts/outputSchema.mts';

const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })));

describe('a schema made of examples', () => {
	it('names the types and keys of all of them', () => {
		const examples = [
			{ name: 'Ann', count: 1, worth: 1, tags: [{ id: 1 }], more: { a: true } },
			{ name: null, count: 2, worth: 1.5, tags: [{ id: 'x' }, { to: 1 }], more: { b: null } },
		];
		expect(outputSchema(examples)).toEqual({
			type: 'object',
			properties: {
				name: { type: ['string', 'null'] },
				count: { type: 'number' },
				worth: { type: 'number' },
				tags: {
					type: 'array',
					items: {
						type: 'object',
						properties: { id: { type: ['string', 'number'] }, to: { type: 'number' } },
					},
				},
				more: { type: 'object', properties: { a: { type: 'boolean' }, b: { type: 'null' } } },
			},
		});
	});

	it('lets the editor show the keys of what is null at times', () => {
		expect(outputSchema([{ by: null }, { by: { id: 1 } }])).toEqual({
			type: 'object',
			properties: { by: { type: 'object', properties: { id: { type: 'number' } } } },
		});
	});

	it('says nothing of a list that was always empty', () => {
		expect(outputSchema([[]])).toEqual({ type: 'array', items: {} });
	});

	const withoutMixtures = fc
		.dictionary(fc.string(), fc.constantFrom('text', 'number', 'list', 'object'))
		.chain((kinds) =>
			fc.array(
				fc.record(
					Object.fromEntries(
						Object.entries(kinds).map(([key, kind]) => [
							key,
							{
								text: fc.option(fc.string()),
								number: fc.option(fc.oneof(fc.integer(), fc.double({ noNaN: true }))),
								list: fc.option(fc.array(fc.integer())),
								object: fc.option(fc.dictionary(fc.string(), fc.boolean())),
							}[kind],
						]),
					),
					{ requiredKeys: [] },
				),
			),
		);

	it('fits each of them', () => {
		fc.assert(
			fc.property(withoutMixtures, (examples) => {
				const schema = outputSchema(examples);
				expect(examples.flatMap((example) => misfits(schema, example))).toEqual([]);
			}),
		);
	});

	it('is the same whatever their order and number', () => {
		fc.assert(
			fc.property(objects, (examples) => {
				const schema = outputSchema(examples);
				expect(outputSchema([...examples].reverse())).toEqual(schema);
				expect(outputSchema([...examples, ...examples])).toEqual(schema);
			}),
		);
	});
});

describe('a value', () => {
	const schema = outputSchema([{ id: 1, by: { name: 'Ann' }, list: [{ a: 'x' }] }]);

	it.each([
		[{}, []],
		[{ by: null, list: null }, []],
		[{ id: 'x' }, ['id: string is no number']],
		[{ id: null }, ['id: null is no number']],
		[{ by: { email: 'x' } }, ['by.email: not in the schema']],
		[
			{ list: [{ a: 'y' }, { a: 1, b: 2 }] },
			['list[1].a: number is no string', 'list[1].b: not in the schema'],
		],
		[[], [': array is no object']],
	])('%j: %j', (value, wrong) => {
		expect(misfits(schema, value)).toEqual(wrong);
	});

	it('does not fit with a key that no example had', () => {
		fc.assert(
			fc.property(objects, fc.string(), (examples, key) => {
				fc.pre(!examples.some((example) => Object.hasOwn(example, key)));
				fc.pre(examples.length > 0);
				const value = Object.fromEntries([[key, 1]]);
				expect(misfits(outputSchema(examples), value)).toEqual([`${key}: not in the schema`]);
			}),
		);
	});
});
