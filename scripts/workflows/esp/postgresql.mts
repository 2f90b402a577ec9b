import type { Canvas, Place } from '../canvas.mts';
import { EVENT, FAILING, WRITING } from '../guardedWrite.mts';
import { fieldsOf } from './fields.mts';
import type { Esp } from './espWorkflow.mts';
import { writtenBy } from './writing.mts';

const CONTACTS = "{{ $('Settings').first().json.contacts }}";
const CHANGES = "{{ $('Settings').first().json.changes }}";

const FIELDS = fieldsOf('lowerCase');
const columnType = (type: string): string => (type === 'number' ? 'integer' : 'text');

/** Adds a node that runs SQL. `values`: an expression that gives an array, so that no value is ever cut at a comma. */
const query = (
	canvas: Canvas,
	name: string,
	place: Place,
	sql: string,
	values?: string,
	settings: object = {},
): string =>
	canvas.node(
		name,
		'postgres',
		place,
		{
			operation: 'executeQuery',
			query: sql,
			options: values ? { queryReplacement: `={{ ${values} }}` } : {},
		},
		settings,
	);

const CREATE = `CREATE TABLE IF NOT EXISTS ${CONTACTS} (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	email text NOT NULL CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
	first_name text,
	name text,
	confirmed_at timestamptz,
	unsubscribed_at timestamptz
);
CREATE UNIQUE INDEX IF NOT EXISTS ${CONTACTS}_email ON ${CONTACTS} (lower(email));
${FIELDS.map(({ name, type }) => `ALTER TABLE ${CONTACTS} ADD COLUMN IF NOT EXISTS ${name} ${columnType(type)};`).join('\n')}
CREATE TABLE IF NOT EXISTS ${CHANGES} (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	contact text NOT NULL,
	email text NOT NULL,
	previous_email text,
	state text NOT NULL,
	first_name text,
	name text,
	at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE OR REPLACE FUNCTION ${CHANGES}_note() RETURNS trigger LANGUAGE plpgsql AS $note$
DECLARE
	was boolean := TG_OP <> 'INSERT' AND OLD.confirmed_at IS NOT NULL AND OLD.unsubscribed_at IS NULL;
	is_now boolean := TG_OP <> 'DELETE' AND NEW.confirmed_at IS NOT NULL AND NEW.unsubscribed_at IS NULL;
BEGIN
	IF TG_OP = 'DELETE' THEN
		IF OLD.confirmed_at IS NOT NULL THEN
			INSERT INTO ${CHANGES} (contact, email, state) VALUES (OLD.id, OLD.email, 'deleted');
		END IF;
	ELSIF was AND NOT is_now THEN
		INSERT INTO ${CHANGES} (contact, email, state) VALUES (OLD.id, OLD.email, 'gone');
	ELSIF is_now AND NOT was THEN
		-- A contact that comes into being with SparkLoop's fields was written by SparkLoop's own event.
		IF TG_OP = 'UPDATE' OR NEW.rh_subid IS NULL THEN
			INSERT INTO ${CHANGES} (contact, email, state, first_name, name)
			VALUES (NEW.id, NEW.email, 'active', NEW.first_name, NEW.name);
		END IF;
	ELSIF is_now AND NEW.email <> OLD.email THEN
		INSERT INTO ${CHANGES} (contact, email, previous_email, state, first_name, name)
		VALUES (NEW.id, NEW.email, OLD.email, '', NEW.first_name, NEW.name);
	END IF;
	RETURN NULL;
END
$note$;
CREATE OR REPLACE TRIGGER ${CHANGES}_note
	AFTER INSERT OR DELETE OR UPDATE OF email, confirmed_at, unsubscribed_at ON ${CONTACTS}
	FOR EACH ROW EXECUTE FUNCTION ${CHANGES}_note();`;

const given = ({ name, type }: { name: string; type: string }): string =>
	`(given.fields->>'${name}')::${columnType(type)}`;

const WRITE = `INSERT INTO ${CONTACTS} (email, confirmed_at, ${FIELDS.map(({ name }) => name).join(', ')})
SELECT $1, now(), ${FIELDS.map(given).join(', ')}
FROM (SELECT $2::jsonb AS fields) AS given
ON CONFLICT (lower(email)) DO UPDATE SET
${FIELDS.map(({ name }) => `	${name} = COALESCE(EXCLUDED.${name}, ${CONTACTS}.${name})`).join(',\n')}
RETURNING id;`;

/** An in-house ESP: a table of contacts, and one of changes that a trigger of the database fills. */
export const postgreSql: Esp = {
	name: 'PostgreSQL',
	spelling: 'lowerCase',
	settings: { contacts: 'newsletter_contacts', changes: 'newsletter_changes' },
	contacts: {
		find: '{ status: 200, found: $json.contact !== null, fields: $json.contact ?? {} }',
		read: (canvas, place) =>
			query(
				canvas,
				'Read the contact',
				place,
				// One row also when there is no contact: a node that puts out nothing would end the flow.
				`SELECT to_jsonb(contact) AS contact FROM (SELECT 1) AS one\nLEFT JOIN ${CONTACTS} AS contact ON lower(contact.email) = lower($1);`,
				`[${EVENT}.email]`,
				FAILING,
			),
		write: (canvas, place) =>
			writtenBy(
				query(
					canvas,
					'Write the fields',
					place,
					WRITE,
					'[$json.email, JSON.stringify($json.fields)]',
					WRITING,
				),
			),
	},
	createFields: (canvas, place) => query(canvas, 'Create tables and columns', place, CREATE),
	reports: {
		entrances: (canvas, place) => [
			canvas.node('Every minute', 'scheduleTrigger', place, {
				rule: { interval: [{ field: 'minutes', minutesInterval: 1 }] },
			}),
		],
		prepare: (canvas, place) => {
			query(
				canvas,
				'Read what changed',
				place,
				`SELECT id, contact, email, previous_email, state, first_name, name, at FROM ${CHANGES} ORDER BY id LIMIT 500;`,
			);
			canvas.node('All in one item', 'aggregate', [place[0] + 1, place[1]], {
				aggregate: 'aggregateAllItemData',
				destinationFieldName: 'rows',
				options: {},
			});
			canvas.chain('Read what changed', 'All in one item');
			return { first: 'Read what changed', last: 'All in one item', columns: 2 };
		},
		changes:
			'$json.rows.map((row) => ({ contact: row.contact, email: row.email, previousEmail: row.previous_email, state: row.state, firstName: row.first_name, name: row.name, at: row.at }))',
		// The database knows the address from before a change; this, the one that SparkLoop knows of who had left meanwhile.
		remembers: true,
		afterwards: (canvas, place) =>
			query(
				canvas,
				'Forget these changes',
				place,
				`DELETE FROM ${CHANGES} WHERE id = ANY ($1::bigint[]);`,
				"[$('All in one item').first().json.rows.map(({ id }) => id)]",
			),
	},
	notes: {
		steps: [
			'Choose your **Postgres** credential on every Postgres node. Its role needs the right to create tables, columns and a trigger, for the set-up only.',
			'**Settings → contacts** and **changes** name the tables. Your own table will do: change the columns in **Read the contact**, **Write the fields** and the set-up to yours.',
		],
		traps: [
			'An address is one contact, whatever its case: a unique index on `lower(email)` sees to it, and `INSERT … ON CONFLICT` writes by it.',
			'A field that an event does not know keeps its value.',
			'Who is in SparkLoop and not in the table yet is added as confirmed.',
			"A trigger of the database notes sign-ups, new addresses and unsubscribes in the same transaction as the change: none is ever lost, and the old address is known. Writing SparkLoop's fields does not fire it.",
		],
		reports: [
			'A contact counts as signed up once `confirmed_at` is set and `unsubscribed_at` is not.',
			'Changes are fetched every minute, put into the outbox, and only then deleted.',
		],
	},
};
