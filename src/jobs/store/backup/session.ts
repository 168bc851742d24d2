import pg from 'pg';
import { workWithoutLimits } from '../connection/role-limits.js';
import { useUtc } from '../connection/session.js';

/** A column, and its type as Postgres writes it in SQL. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** Values are read and written as text, which must have one form: with it, every value comes back as it was. */
const FORMS = ["SET datestyle = 'ISO, YMD'", 'SET extra_float_digits = 1', "SET bytea_output = 'hex'"];

/** Runs `use` in a transaction of a connection of its own. It is rolled back if `use` throws. */
export async function inTransaction<T>(
  databaseUrl: string,
  begin: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'strata-backup' });
  // A lost connection fails the query in progress. Without a handler it would end the process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await useUtc(client);
    await workWithoutLimits(client);
    for (const form of FORMS) await client.query(form);
    await client.query(begin);
    const result = await use(client);
    await client.query('COMMIT');
    return result;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Columns of all tables by table, without the list of migrations. */
export async function readTables(client: pg.Client): Promise<Map<string, Column[]>> {
  const { rows } = await client.query<{ table: string; name: string; type: string }>(`
    SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> '_prisma_migrations'
      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY c.relname, a.attnum`);
  const tables = new Map<string, Column[]>();
  for (const { table, ...column } of rows) tables.set(table, [...(tables.get(table) ?? []), column]);
  return tables;
}

export function quoted(name: string): string {
  return pg.escapeIdentifier(name);
}

/** A row as the texts of its values, in the order of the columns. */
export type TextRow = readonly (string | null)[];
