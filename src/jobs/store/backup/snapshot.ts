import type pg from 'pg';
import { type AppliedMigration, appliedMigrations } from '../connection/migrate.js';
import { type Column, inTransaction, quoted, readTables, type TextRow } from './session.js';

const ROWS_AT_ONCE = 500;

/** All tables as they were at one moment. */
export interface Snapshot {
  readonly migrations: readonly AppliedMigration[];
  readonly tables: ReadonlyMap<string, readonly Column[]>;
  /** The rows of one table. One table at a time. */
  rows(table: string): AsyncGenerator<TextRow>;
}

/** Reads a database in one transaction, while others write. It takes no lock that they would wait for. */
export function readSnapshot<T>(databaseUrl: string, use: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  return inTransaction(databaseUrl, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', async (client) => {
    // The first statement takes the snapshot.
    const migrations = await appliedMigrations(client);
    const tables = await readTables(client);
    return use({ migrations, tables, rows: (table) => rowsOf(client, table, tables.get(table) ?? []) });
  });
}

async function* rowsOf(
  client: pg.Client,
  table: string,
  columns: readonly Column[],
): AsyncGenerator<TextRow> {
  const values = columns.map(({ name }) => `${quoted(name)}::text`).join(', ');
  await client.query(`DECLARE backup_rows NO SCROLL CURSOR FOR SELECT ${values} FROM ${quoted(table)}`);
  for (;;) {
    const text = `FETCH ${ROWS_AT_ONCE} FROM backup_rows`;
    const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' });
    if (rows.length === 0) break;
    yield* rows;
  }
  await client.query('CLOSE backup_rows');
}
