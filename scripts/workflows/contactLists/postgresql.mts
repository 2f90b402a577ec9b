import { ASKING_FOR_PAGE, findPeople, READ_PAGE, type ContactList } from './contactList.mts';

const CONTACTS = "{{ $('Settings').first().json.contacts }}";

// `to_jsonb(contact)->>` gives what a column holds if there is such a column.
const PAGE = `SELECT
	(SELECT count(*) FROM ${CONTACTS}) AS total,
	COALESCE((SELECT jsonb_agg(one ORDER BY one.id) FROM (
		SELECT id, email, COALESCE(name, first_name) AS name, rh_subid, rh_reflink,
			COALESCE(to_jsonb(contact)->>'created_at', to_jsonb(confirmed_at)->>0) AS created_at,
			to_jsonb(contact)->>'ip_address' AS ip_address,
			to_jsonb(contact)->>'referred_by' AS referred_by,
			CASE WHEN unsubscribed_at IS NOT NULL THEN 'gone' WHEN confirmed_at IS NULL THEN 'pending' ELSE 'active' END AS state
		FROM ${CONTACTS} AS contact
		WHERE id > COALESCE(NULLIF($1, '')::bigint, 0)
		ORDER BY id LIMIT $2::integer
	) AS one), '[]') AS contacts;`;

const MAPPING = `const page = $input.first().json;
const list = page.contacts;
const next = list?.at(-1)?.id;
const total = page.total;
const personOf = (one) => ({
	contact: one.id,
	email: one.email,
	name: one.name,
	createdAt: one.created_at,
	ipAddress: one.ip_address,
	referrer: one.referred_by,
	state: one.state,
	subscriberId: one.rh_subid,
	link: one.rh_reflink,
});
`;

/** The table of contacts that the workflow for PostgreSQL makes, or one of the user's own. */
export const postgreSql: ContactList = {
	name: 'PostgreSQL',
	settings: { contacts: 'newsletter_contacts', pageSize: 100 },
	read(canvas, [column, row], cursor) {
		canvas.node(
			READ_PAGE,
			'postgres',
			[column, row],
			{
				operation: 'executeQuery',
				query: PAGE,
				options: {
					queryReplacement: `={{ [String(${cursor}), $('Settings').first().json.pageSize] }}`,
				},
			},
			ASKING_FOR_PAGE,
		);
		const last = findPeople(canvas, [column + 1, row], MAPPING, cursor);
		canvas.chain(READ_PAGE, last);
		return { first: READ_PAGE, last, columns: 2 };
	},
	note: `- **${READ_PAGE}**: choose your **Postgres** credential. A role that may read the table will do.
- **Settings → contacts** names the table, as *PostgreSQL and SparkLoop* makes it. Your own will do: change the columns in the query to yours. Columns \`created_at\`, \`ip_address\` and \`referred_by\` (a referral code or an email address) are used if there are any.
- A contact counts as signed up once \`confirmed_at\` is set and \`unsubscribed_at\` is not.`,
};
