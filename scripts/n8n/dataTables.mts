import type { RestClient } from './rest.mts';

export type ColumnType = 'string' | 'number' | 'boolean' | 'date';

export type Cell = string | number | boolean | null;

export interface DataTable {
	id: string;
	name: string;
	columns: Array<{ id: string; name: string; type: ColumnType }>;
}

export interface Row {
	id: number;
	createdAt: string;
	updatedAt: string;
	[column: string]: Cell;
}

const PAGE = 250;

/** The Data Tables of the logged-in person's own project. */
export class DataTables {
	private project?: Promise<{ id: string }>;

	private readonly rest: RestClient;

	constructor(rest: RestClient) {
		this.rest = rest;
	}

	private async path(rest = ''): Promise<string> {
		this.project ??= this.rest.call<{ id: string }>('GET', '/rest/projects/personal');
		return `/rest/projects/${(await this.project).id}/data-tables${rest}`;
	}

	/** Makes a table. @throws {N8nApiError} 409 when one of that name exists. */
	async create(name: string, columns: Record<string, ColumnType>): Promise<DataTable> {
		return await this.rest.call('POST', await this.path(), {
			name,
			columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
		});
	}

	/** All tables, or those whose name is exactly the given one. */
	async list(name?: string): Promise<DataTable[]> {
		const found = await this.rest.call<{ data: DataTable[] }>(
			'GET',
			await this.path(`?skip=0&take=${PAGE}`),
		);
		return found.data.filter((table) => name === undefined || table.name === name);
	}

	/** Every row in the order of their ids, fetched page by page so that writes in between do no harm. */
	async rows(tableId: string): Promise<Row[]> {
		const all: Row[] = [];
		for (;;) {
			const filter = JSON.stringify({
				type: 'and',
				filters: [{ columnName: 'id', condition: 'gt', value: all.at(-1)?.id ?? 0 }],
			});
			const query = new URLSearchParams({ filter, sortBy: 'id:asc', take: String(PAGE) });
			const page = await this.rest.call<{ data: Row[] }>(
				'GET',
				await this.path(`/${tableId}/rows?${query}`),
			);
			all.push(...page.data);
			if (page.data.length < PAGE) return all;
		}
	}

	/** Adds rows, and returns how many. */
	async insert(tableId: string, rows: Array<Record<string, Cell>>): Promise<number> {
		const answer = await this.rest.call<{ insertedRows: number }>(
			'POST',
			await this.path(`/${tableId}/insert`),
			{ data: rows },
		);
		return answer.insertedRows;
	}

	/** Changes the rows whose column has the given value. */
	async update(
		tableId: string,
		[columnName, value]: [column: string, value: Cell],
		data: Record<string, Cell>,
	): Promise<void> {
		await this.rest.call('PATCH', await this.path(`/${tableId}/rows`), {
			filter: { type: 'and', filters: [{ columnName, condition: 'eq', value }] },
			data,
		});
	}

	/** Removes a table and its rows. */
	async delete(tableId: string): Promise<void> {
		await this.rest.call('DELETE', await this.path(`/${tableId}`));
	}
}
