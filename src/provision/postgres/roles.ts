import pg from 'pg';

/** The role that initdb makes, a superuser. Only the set-up of the database uses it; older versions gave it to the service. */
export const ADMIN = 'strata';
/** The role of the service. It owns the database and what lies in it, and nothing else. */
export const SERVICE = 'strata_service';
export const DATABASE = 'strata';

const QUOTED = pg.escapeIdentifier(SERVICE);

// Sequences of a column follow their table, and indexes do.
const TAKE_OVER = `
DO $$
DECLARE command text;
BEGIN
  FOR command IN
    SELECT format('ALTER TABLE %s OWNER TO ${QUOTED}', oid::regclass) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relowner <> '${SERVICE}'::regrole AND relkind IN ('r', 'p', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
        AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i'))
    UNION ALL
    SELECT format('ALTER TYPE %s OWNER TO ${QUOTED}', oid::regtype) FROM pg_type
    WHERE typnamespace = 'public'::regnamespace AND typowner <> '${SERVICE}'::regrole AND typtype IN ('e', 'd')
    UNION ALL
    SELECT format('ALTER ROUTINE %s OWNER TO ${QUOTED}', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proowner <> '${SERVICE}'::regrole
  LOOP EXECUTE command; END LOOP;
END $$`;

/**
 * Makes the database and the role of the service, which owns it. A database of an older version, whose service was a
 * superuser, is handed over.
 * @param adminUrl a database of the server, as the role ADMIN
 */
export async function prepareDatabase(adminUrl: string, password: string): Promise<void> {
  await within(adminUrl, async (admin) => {
    const exists = async (table: string, column: string, name: string) =>
      (await admin.query(`SELECT 1 FROM ${table} WHERE ${column} = $1`, [name])).rowCount === 1;
    if (!(await exists('pg_roles', 'rolname', SERVICE))) await admin.query(`CREATE ROLE ${QUOTED}`);
    await admin.query(
      `ALTER ROLE ${QUOTED} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD ${pg.escapeLiteral(password)}`,
    );
    if (await exists('pg_database', 'datname', DATABASE))
      await admin.query(`ALTER DATABASE ${DATABASE} OWNER TO ${QUOTED}`);
    else await admin.query(`CREATE DATABASE ${DATABASE} OWNER ${QUOTED}`);
  });
  const url = new URL(adminUrl);
  url.pathname = DATABASE;
  await within(url.href, (admin) => admin.query(TAKE_OVER));
}

async function within(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await work(client).finally(() => client.end());
}
