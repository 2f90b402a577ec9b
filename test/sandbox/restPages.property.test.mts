import fc from 'fast-check';

import { pageOf } from '../../sandbox/restPages.mts';

const ask = (list: readonly object[], query: Record<string, unknown>) =>
	pageOf('subscribers', list, query, (one) => one) as unknown as {
		subscribers: object[];
		meta: Record<string, number>;
	};
const lists = fc.array(fc.record({ id: fc.nat() }), { maxLength: 450 });

describe('pages', () => {
	it('put together are the list, for any per_page', () => {
		fc.assert(
			fc.property(lists, fc.integer({ min: 1, max: 999 }), (list, wanted) => {
				const per_page = String(wanted);
				const first = ask(list, { per_page });
				const pages = Array.from(
					{ length: first.meta.total_pages },
					(_, index) => ask(list, { per_page, page: String(index + 1) }).subscribers,
				);

				expect(pages.flat()).toEqual(list);
				expect(first.meta).toEqual({
					per_page: Math.min(wanted, 200),
					page: 1,
					total_pages: pages.length,
					total_subscribers: list.length,
				});
				for (const page of pages.slice(0, -1)) expect(page).toHaveLength(first.meta.per_page);
				for (const page of pages) expect(page).not.toHaveLength(0);
			}),
		);
	});

	it('after the last are empty', () => {
		fc.assert(
			fc.property(lists, fc.integer({ min: 1, max: 1e8 }), (list, beyond) => {
				const { total_pages } = ask(list, {}).meta;

				expect(ask(list, { page: String(total_pages + beyond) }).subscribers).toEqual([]);
			}),
		);
	});

	it('are asked for by numbers from 1 only', () => {
		fc.assert(
			fc.property(fc.constantFrom('page', 'per_page'), fc.string(), (name, text) => {
				fc.pre(!/^[1-9]\d{0,8}$/.test(text));

				expect(() => ask([], { [name]: text })).toThrow(`${name} must be a number from 1`);
			}),
		);
	});
});
