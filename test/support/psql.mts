import type { Postgres } from '../../scripts/n8n/services.mts';

/** The environment in which `psql` talks to a database that was started for a test. */
export const psqlEnvironment = ({ host, port, user, password, database }: Postgres) => ({
	...process.env,
	PGHOST: host,
	PGPORT: String(port),
	PGUSER: user,
	PGPASSWORD: password,
	PGDATABASE: database,
});
