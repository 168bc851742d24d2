import pg from 'pg';
import { STATEMENT_MS } from '../../process/limits.js';
import type { PostgresAddresses } from './addresses.js';

/** Roles are altered by one process at a time: Postgres refuses the second of two at the same moment. */
const ADVISORY_LOCK = 72_707_370;
const SETTINGS = ['statement_timeout', 'idle_in_transaction_session_timeout'];

/**
 * Gives the role of this process time limits in this database where DATABASE_URL is a pooler: it drops those that a process
 * gives its connections. Limits that the role has already stay. Sessions from before keep theirs, so this goes before the first
 * statement through the pooler. The direct connections of a process bring their own limits.
 * @throws Error that names DATABASE_DIRECT_URL, if it cannot be reached
 */
export async function limitRole({ directUrl }: PostgresAddresses, limitMs = STATEMENT_MS): Promise<void> {
  if (directUrl === undefined) return;
  const client = new pg.Client({ connectionString: directUrl, connectionTimeoutMillis: STATEMENT_MS });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(limitsOf(limitMs));
  } catch (error) {
    throw new Error(`DATABASE_DIRECT_URL: the role cannot be given its time limits (${String(error)})`, {
      cause: error,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Takes the limits of its role from a session that may work for minutes: a migration, a back-up. */
export async function workWithoutLimits(client: pg.ClientBase): Promise<void> {
  await client.query(SETTINGS.map((name) => `SET ${name} = 0`).join(';'));
}

/** A role may alter itself. Each setting is one that the role lacks for this database and for all. */
function limitsOf(limitMs: number): string {
  const alterations = SETTINGS.map(
    (name) => `
    IF NOT EXISTS (
      SELECT FROM pg_db_role_setting, unnest(setconfig) AS setting
      WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = current_user)
        AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND setting LIKE '${name}=%'
    ) THEN
      EXECUTE format('ALTER ROLE CURRENT_USER IN DATABASE %I SET ${name} = ${Math.round(limitMs)}', current_database());
    END IF;`,
  );
  return `DO $$ BEGIN PERFORM pg_advisory_xact_lock(${ADVISORY_LOCK});${alterations.join('')} END $$`;
}
