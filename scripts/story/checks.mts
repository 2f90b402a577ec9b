import { deepStrictEqual } from 'node:assert/strict';

import type { Sandbox } from '../../sandbox/server.mts';
import type { Row } from '../n8n/dataTables.mts';
import { fieldsOf } from './fieldsOf.mts';
import type { Stage } from './stage.mts';

/** Everything is delivered within this time, or something is wrong. Milliseconds. */
const WITHIN = 60_000;

/** Waits until SparkLoop has handed every event over. */
export const settled = async ({ sandbox }: Stage): Promise<void> =>
	await sandbox.deliveries.idle(WITHIN);

/** The row of a contact in the box. @throws when there is none, or more than one */
export async function contact({ n8n, box }: Stage, email: string): Promise<Row> {
	const [table] = await n8n.api.dataTables.list(box.table);
	const rows = (await n8n.api.dataTables.rows(table.id)).filter((row) => row.email === email);
	if (rows.length !== 1) throw new Error(`${rows.length} contacts have the address ${email}`);
	return rows[0];
}

/** What SparkLoop knows of a person. @throws when it knows nobody of that address */
export function subscriber(sandbox: Sandbox, email: string) {
	const found = sandbox.program.find(email);
	if (!found) throw new Error(`SparkLoop does not know ${email}`);
	return found;
}

/** The RH_ fields that a person should have, derived from SparkLoop's own state. */
export function expectedFields({ sandbox }: Stage, email: string): Record<string, unknown> {
	return fieldsOf(sandbox.program.describe(subscriber(sandbox, email)));
}

/** @throws when a value of `actual` is not the expected one; keys that are not expected may be anything */
export function same(what: string, actual: object, expected: Record<string, unknown>): void {
	const picked = Object.fromEntries(
		Object.keys(expected).map((key) => [key, (actual as Record<string, unknown>)[key]]),
	);
	deepStrictEqual(picked, expected, `${what} is not what it should be`);
}

/** The calls that SparkLoop was made since `from` of its log, as "METHOD path status". */
export const calls = ({ sandbox }: Stage, from: number): string[] =>
	sandbox.calls.log
		.slice(from)
		.filter(({ kind }) => kind !== 'esp')
		.map(({ method, path, status }) => `${method} ${path} ${status}`);

/** What the outbox keeps. */
export async function waiting({ n8n, outbox }: Stage): Promise<Row[]> {
	const [{ id }] = await n8n.api.dataTables.list(outbox.table);
	return await n8n.api.dataTables.rows(id);
}

/** Lets the outbox send what is due now, as its owner can by hand, instead of waiting for its next minute. */
export async function runOutbox({ n8n, outbox }: Stage): Promise<void> {
	await n8n.api.waitForExecution(await n8n.api.runWorkflow(outbox.id, 'Every minute'));
}

/** Runs the import until it is done. @returns its row of the table of imports */
export async function runImport({ n8n, importing }: Stage): Promise<Row> {
	const run = await n8n.api.runWorkflow(importing.id, 'Every minute');
	await n8n.api.waitForExecution(run);
	const [{ id }] = await n8n.api.dataTables.list(importing.table);
	const [row] = await n8n.api.dataTables.rows(id);
	return row;
}
